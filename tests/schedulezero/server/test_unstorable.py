"""An answer or a row that cannot be stored is the trouble of its own run, and of no other."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from schedulezero import faults
from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig, serving
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import Database
from tests.conftest import Api, until
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended

# Read as: what a handler answers, and a word of the reason that its run is given.
UNUSABLE = {
    "half an emoji": ('{"success": true, "x": "\\ud83d"}', "surrogate"),
    "half an emoji in a key": ('{"success": true, "\\ud83d": 1}', "surrogate"),
    "a zero byte": ('{"success": true, "x": "a\\u0000b"}', "zero byte"),
    "NaN": ('{"success": true, "x": NaN}', "NaN"),
    "a number too large for a float": ('{"success": true, "x": 1e999}', "1e999"),
    "an integer of 30 digits": (f'{{"success": true, "x": {10**30}}}', "64 bits"),
    "an integer of 5000 digits": (f'{{"success": true, "x": {"9" * 5000}}}', "digits"),
    "a key twice": ('{"success": true, "x": 1, "x": 2}', "twice"),
    "a thousand levels": (f'{{"success": true, "x": {"[" * 1000}1{"]" * 1000}}}', "deep"),
    "a list": ("[1]", "not a JSON object"),
    "an error with half an emoji": ('{"success": false, "error": "\\ud83d", "retry_after": 1}', "surrogate"),
}


def answering(raw: RawHandler, texts: dict[str, str]) -> None:
    """Lets a handler answer each method with a text of its own, byte for byte."""
    raw.respond = lambda call: texts.get(call["method"], '{"success": true}')


async def test_an_answer_that_cannot_be_stored_fails_its_run_alone(api: Api, raw_handler: RawHandler) -> None:
    texts = {f"bad{number}": text for number, (text, _) in enumerate(UNUSABLE.values())}
    answering(raw_handler, texts)
    raw_handler.start("good", *texts)
    bad = [await due_now(api, method=method) for method in texts]
    good = [await due_now(api, method="good") for _ in range(3)]
    for job_id in good:
        assert (await ended(api, job_id))["status"] == "succeeded"
    for job_id, (name, (_, word)) in zip(bad, UNUSABLE.items(), strict=True):
        run = await ended(api, job_id)
        assert (run["status"], run["attempts"]) == ("failed", 1), (name, run)
        assert word in run["error"], (name, run)
    assert (await api.get("/api/health/ready")).status_code == 200


@pytest.mark.parametrize("ids", [["1" * 30], ["²"], ["1" * 20, "2"]])
async def test_an_answer_may_call_anything_a_message(
    api: Api, raw_handler: RawHandler, ids: list[str]
) -> None:
    raw_handler.respond = lambda call: {"success": True, "done": [{"message_id": one} for one in ids]}
    raw_handler.start("send")
    assert (await ended(api, await due_now(api)))["status"] == "succeeded"


async def test_a_very_long_reason_is_cut(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "no " * 100_000, "retry": False}
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert run["status"] == "failed" and run["error"].startswith("no no") and len(run["error"]) <= 2000


async def test_a_row_that_cannot_be_written_keeps_no_other_from_being_written(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second lock: even if an outcome slips through that the database refuses."""
    monkeypatch.setattr("schedulezero.wire.protocol.read_json", json.loads)
    bad = f'{{"success": true, "x": "\\ud83d", "y": {10**30}}}'
    answering(raw_handler, {"bad": bad})
    async with serving(server_config), client_of(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "good", "bad")
        jobs = [await due_now(api, method="bad" if number == 3 else "good") for number in range(8)]
        runs = [await ended(api, job_id) for job_id in jobs]
        assert [run["status"] for run in runs] == ["succeeded"] * 3 + ["failed"] + ["succeeded"] * 4
        assert "couldn't be stored" in runs[3]["error"]
        assert (await api.get("/api/health/ready")).status_code == 200


@pytest.mark.long
async def test_ready_says_when_outcomes_cannot_be_written_and_recovers(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(point: str) -> None:
        if point == "store.record":
            raise DatabaseUnavailable("The disk is full.")

    async with serving(server_config), client_of(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        monkeypatch.setattr(faults, "trouble_maker", full)
        job_id = await due_now(api)
        report = await until(lambda: readiness(api, 503))
        assert "outcome" in report["trouble"] and report["live"] is True
        monkeypatch.setattr(faults, "trouble_maker", None)
        assert (await ended(api, job_id))["status"] == "succeeded"
        await until(lambda: readiness(api, 200))


async def readiness(api: httpx.AsyncClient, status: int) -> dict[str, Any] | None:
    answer = await api.get("/api/health/ready")
    return answer.json() if answer.status_code == status else None


async def test_writes_that_are_committed_together_fail_apart(database: str) -> None:
    from schedulezero.storage.database import database_of

    opened: Database = database_of(database, metadata)
    await opened.open()

    def good(connection: sa.Connection) -> int:
        return connection.scalar(sa.text("SELECT 1")) or 0

    def bad(connection: sa.Connection) -> int:
        raise asyncio.CancelledError  # not even an Exception

    try:
        store = RunStore(opened)
        assert await store.run_counts() == []
        tasks = [asyncio.create_task(opened.write(bad if number == 4 else good)) for number in range(9)]
        async with asyncio.timeout(60):
            await asyncio.wait(tasks)
        assert [task.result() for number, task in enumerate(tasks) if number != 4] == [1] * 8
        assert tasks[4].cancelled() or tasks[4].exception() is not None
        assert await opened.write(good) == 1
    finally:
        await opened.close()
