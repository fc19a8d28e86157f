"""An error and a note as data, from handler to client: code and values travel beside the words."""

from __future__ import annotations

import asyncio
import json
from string import Template
from typing import Any

from schedulezero.client.client import Client
from schedulezero.errors import JobFailed, NotFound, RequestRefused
from schedulezero.handler.handler import Handler
from schedulezero.model import Job, RunState, Trigger
from schedulezero.sentences import Sentence, code_of
from schedulezero.server.service import ServerConfig, serving
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api, execute, until
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended


def fail(bot: Any, params: dict[str, Any]) -> None:
    """Fail as it is told."""
    match params["how"]:
        case "with a code":
            raise JobFailed(
                "There is no shelf {shelf!r} in {room}.",
                retry=False,
                code="shelf_missing",
                shelf="{room}",
                room=Sentence("room {number}", "room", number=5),
            )
        case "in a library":
            Template("$id").substitute()
        case "in its own words":
            raise JobFailed("There is no shelf {shelf}.", retry=False)
        case _:
            raise ValueError("no such {how}")


async def test_a_code_and_its_values_reach_the_history(server: ServerConfig, api: Api) -> None:
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    handler = Handler(None, "raw", address, server.server_address)
    handler.register_sprocket("fail", fail)
    handler.start()
    try:
        await until(lambda: handler.registered)
        coded = await ended(api, await due_now(api, method="fail", params={"how": "with a code"}))
        plain = await ended(api, await due_now(api, method="fail", params={"how": "in its own words"}))
        missing = await ended(api, await due_now(api, method="fail"))
        foreign = await ended(api, await due_now(api, method="fail", params={"how": "in a library"}))
    finally:
        handler.stop()
    assert (coded["error"], coded["error_code"]) == ("There is no shelf '{room}' in room 5.", "shelf_missing")
    room = {"message": "room 5", "code": "room", "values": {"number": 5}}
    assert coded["error_values"] == {"shelf": "{room}", "room": room}
    assert (plain["error"], plain["error_code"], plain["error_values"]) == (
        "There is no shelf {shelf}.", "job_failed", None,
    )  # fmt: skip
    assert (missing["error_code"], missing["error_values"]) == (
        "parameter_missing_key",
        {"method": "fail", "key": "how"},
    )
    assert foreign["error_code"] == "job_raised"


async def test_a_handler_that_knows_no_codes_is_shown_as_it_is(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "My {own} words.", "retry": False}
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert (run["error"], run["error_code"], run["error_values"]) == ("My {own} words.", None, None)


async def test_a_forged_code_is_dropped(api: Api, raw_handler: RawHandler) -> None:
    forged: dict[str, dict[str, Any]] = {
        "number": {"error_code": 5},
        "words": {"error_code": "No code!", "error_values": {"a": 1}},
        "list": {"error_code": "job_failed", "error_values": [1, 2]},
        "deep": {"error_code": "job_failed", "error_values": {"a": json.loads("[" * 9 + "]" * 9)}},
        "large": {"error_code": "job_failed", "error_values": {"a": "x" * 100_000}},
        "many": {"error_code": "job_failed", "error_values": {f"a{i}": i for i in range(1000)}},
    }
    raw_handler.respond = lambda call: {
        "success": False, "error": "No.", "retry": False, **forged[call["method"]],
    }  # fmt: skip
    raw_handler.start(*forged)
    for job_id in [await due_now(api, method=method) for method in forged]:
        run = await ended(api, job_id)
        assert (run["status"], run["error"]) == ("failed", "No.")
        assert (run["error_code"], run["error_values"]) == (None, None)


async def test_the_client_has_the_same_sentence(
    server: ServerConfig, api: Api, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {
        "success": False, "error": "No shelf 5.", "error_code": "shelf_missing", "error_values": {"shelf": 5},
        "retry": False,
    }  # fmt: skip
    raw_handler.start("send")
    client = Client(server.api_endpoint)
    try:
        after = (await client.troubles())[1]
        job_id = await due_now(api, guild_id="1")
        await ended(api, job_id)
        (run,) = (await client.runs("1")).runs
        (trouble,) = (await client.troubles(after))[0]
        for said in (run.error, trouble.run.error):
            assert isinstance(said, Sentence) and said == "No shelf 5."
            assert (said.code, dict(said.values)) == ("shelf_missing", {"shelf": 5})
    finally:
        await client.close()


async def test_a_refusal_is_data(server: ServerConfig, api: Api) -> None:
    response = await api.get("/api/jobs/nobody")
    assert response.json()["error"] == {
        "code": "job_not_found", "message": "There is no job 'nobody'.", "field": "job_id",
        "message_code": "job_missing", "message_values": {"job_id": "nobody"},
    }  # fmt: skip
    plain = (await api.get("/api/jobs", params={"limit": "x"})).json()["error"]
    assert plain.keys() <= {"code", "message", "field"}
    client = Client(server.api_endpoint)
    try:
        await client.health()
        job = await client.create(Job("", "raw", "send", {}, Trigger("interval", {"hours": 1}), guild_id="1"))
        try:
            await client.approve(job.id)
        except RequestRefused as error:
            assert (error.code, code_of(error.message)) == ("wrong_state", "not_to_be_approved")
            assert code_of(error.values["state"]) == "state_active"
        else:
            raise AssertionError("a job that runs was approved")
        try:
            await client.resume("nobody")
        except NotFound as error:
            assert (error.code, code_of(error.message)) == ("job_not_found", "job_missing")
        else:
            raise AssertionError("nobody was resumed")
    finally:
        await client.close()


async def test_a_note_is_data(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    body = {
        "handler_id": "raw",
        "method": "send",
        "params": {},
        "trigger": {"type": "interval", "args": {"hours": 1}},
    }
    job_id = (await api.post("/api/jobs", json=body)).json()["job_id"]
    run = (await api.post(f"/api/jobs/{job_id}/run", headers={"X-ScheduleZero-Actor": "7"})).json()
    assert (run["note"], run["note_code"], run["note_values"]) == (
        "Run on demand by <@7>.", "run_on_demand_by", {"by": "7"},
    )  # fmt: skip
    assert (await ended(api, job_id))["note_code"] == "run_on_demand_by"


async def test_rows_of_earlier_versions_have_no_code(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with serving(server_config), client_of(server_config) as api:
        raw_handler.respond = lambda call: {"success": False, "error": "Old words.", "retry": False}
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api)
        await ended(api, job_id)
    for column in ("error_code", "error_values", "note_code", "note_values"):
        await execute(server_config.database, f"ALTER TABLE runs DROP COLUMN {column}")
    async with serving(server_config), client_of(server_config) as api:
        run = await ended(api, job_id)
        assert (run["status"], run["error"]) == (RunState.FAILED, "Old words.")
        assert (run["error_code"], run["error_values"], run["note_code"], run["note_values"]) == (None,) * 4
