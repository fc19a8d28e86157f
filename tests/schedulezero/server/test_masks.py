"""A token that may only read sees no secrets of jobs, wherever it reads; a mask sent back keeps them."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from schedulezero.methods.schema import schema_of
from schedulezero.methods.typed import SecretUrl, Url, job
from schedulezero.model import Job, Trigger
from schedulezero.server.http.answering import is_large, json_answer
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.masks import Masks
from schedulezero.server.records.tokens import Scope
from schedulezero.server.service import ServerConfig
from tests.conftest import Api
from tests.support.peers import RawHandler
from tests.support.tokens import bearer, make_token

SECRET = "https://calendar.example/private-S3CRET/basic.ics"
MASK = "https://calendar.example/…"
PART = {"id": "t1", "method": "call_web", "params": {"url": SECRET, "body": "S3CRET"}, "after_seconds": 60}
JOB: dict[str, Any] = {
    "job_id": "follower",
    "handler_id": "nobody",
    "method": "follow_calendar",
    "guild_id": "1",
    "params": {"calendar_url": SECRET, "before": "15 minutes", "ping_url": SECRET},
    "parts": [PART],
    "trigger": {"type": "interval", "args": {"seconds": 600}},
}
READ = (
    "/api/jobs", "/api/jobs/follower?last_run=1", "/api/jobs/follower/versions",
    "/api/jobs/follower/executions", "/api/executions", "/api/executions?guild_id=1", "/api/schedules",
    "/api/audit", "/api/troubles?after=0",
)  # fmt: skip


async def test_a_token_that_may_only_read_sees_no_secret(api: Api, server_config: ServerConfig) -> None:
    assert (await api.post("/api/jobs", json=JOB)).status_code == 201
    changed = {"params": {**JOB["params"], "calendar_url": f"{SECRET}?2"}, "parts": []}
    assert (await api.patch("/api/jobs/follower", json=changed)).status_code == 200
    assert (await api.post("/api/jobs/follower/run", json={})).status_code == 202
    reader = bearer(await make_token(server_config, Scope.READ))
    writer = bearer(await make_token(server_config, Scope.WRITE))
    for path in READ:
        for_reader, for_writer = [await api.get(path, headers=who) for who in (reader, writer)]
        assert "S3CRET" not in for_reader.text, path
        assert for_reader.status_code == for_writer.status_code, path
        if "S3CRET" in for_writer.text:
            assert MASK in for_reader.text and "15 minutes" in for_reader.text, path
    read = (await api.get("/api/jobs/follower", headers=reader)).json()
    assert read["params"] == {"calendar_url": MASK, "before": "15 minutes", "ping_url": MASK}


async def test_a_mask_that_comes_back_keeps_the_secret(api: Api, server_config: ServerConfig) -> None:
    assert (await api.post("/api/jobs", json=JOB)).status_code == 201
    reader = bearer(await make_token(server_config, Scope.READ))
    read = (await api.get("/api/jobs/follower", headers=reader)).json()
    edited = {"params": {**read["params"], "before": "1 hour"}, "parts": read["parts"]}
    assert read["parts"][0]["params"] == {"url": MASK, "body": "…"}
    found = (await api.patch("/api/jobs/follower", json=edited)).json()
    assert found["params"] == {**JOB["params"], "before": "1 hour"}
    assert found["parts"][0]["params"] == PART["params"]
    bulk = {"action": "change", "guild_id": "1", "jobs": [{"job_id": "follower"}]}
    await api.post("/api/jobs/bulk", json={**bulk, "params": {"calendar_url": MASK}})
    assert (await api.get("/api/jobs/follower")).json()["params"]["calendar_url"] == SECRET
    # Where there is no such value, a mask is an error.
    for answer in (
        await api.patch("/api/jobs/follower", json={"params": {"calendar_url": "https://other.example/…"}}),
        await api.post("/api/jobs", json={**JOB, "job_id": "copy", "params": read["params"]}),
    ):
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "masked_value", answer.text


def test_a_method_says_which_of_its_params_are_secret() -> None:
    @job()
    async def look(bot: object, calendar_url: SecretUrl, image_url: Url = "", text: str = "") -> None:
        """Look."""

    schemas = {("h", "look"): schema_of(look.spec)}
    masks = Masks(lambda handler_id, method: schemas.get((handler_id, method)))
    params = {"calendar_url": SECRET, "image_url": "https://a.example/b.png", "text": "…"}
    shown = masks.masked({"handler_id": "h", "method": "look", "params": params})
    assert shown["params"] == {**params, "calendar_url": MASK}
    masks.check(Job("", "h", "look", {"text": "…"}, Trigger("date", {})))
    with pytest.raises(ApiError):
        masks.check(Job("", "h", "look", {"calendar_url": "…"}, Trigger("date", {})))
    with pytest.raises(TypeError, match="its name must say so"):

        @job()
        async def wrong(bot: object, feed: SecretUrl) -> None:
            """Look."""


# Read as: params of a method without a schema, and as they are shown.
BY_NAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"URL": SECRET, "Token": "s", "apiKey": "s"}, {"URL": MASK, "Token": "…", "apiKey": "…"}),
    ({"webhook_urls": [SECRET], "api_key": "s"}, {"webhook_urls": "…", "api_key": "…"}),
    ({"call": {"url": SECRET, "a": 1}}, {"call": {"url": MASK, "a": 1}}),
    ({"links": [{"access-token": "s"}, 2]}, {"links": [{"access-token": "…"}, 2]}),
    ({"url": "S3CRET://host/x", "password": ""}, {"url": "…", "password": ""}),
    ({"message_url": SECRET, "key": "up", "note": "x"}, {"message_url": SECRET, "key": "up", "note": "x"}),
]


@pytest.mark.parametrize(("params", "shown"), BY_NAME, ids=str)
def test_names_tell_at_any_depth_and_in_any_case(params: dict[str, Any], shown: dict[str, Any]) -> None:
    masks = Masks(lambda handler_id, method: None)
    assert masks.masked({"handler_id": "h", "method": "look", "params": params})["params"] == shown
    before = Job("j", "h", "look", params, Trigger("date", {}))
    assert masks.kept(before, replace(before, params=shown)) == before


FEED = {"type": "string", "writeOnly": True}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"Call": {"properties": {"pin": FEED}, "additionalProperties": {"$ref": "#/$defs/Call"}}},
    "properties": {
        "feed": FEED,
        "url": {"type": "string"},
        "maybe": {"anyOf": [FEED, {"type": "null"}]},
        "creds": {"type": "object", "properties": {"login": FEED, "user": {"type": "string"}}},
        "calls": {"type": "array", "items": {"$ref": "#/$defs/Call"}},
        "free": {"type": "object"},
    },
}
PARAMS = {
    "feed": "S3CRET", "url": "u", "maybe": "S3CRET",
    "creds": {"login": "S3CRET", "user": "ann", "token": "S3CRET"},
    "calls": [{"pin": "S3CRET", "next": {"pin": "S3CRET"}}], "free": {"url": "x"}, "token": "S3CRET",
}  # fmt: skip


def test_a_schema_tells_at_any_depth() -> None:
    masks = Masks(lambda handler_id, method: SCHEMA)
    shown = masks.masked({"handler_id": "h", "method": "look", "params": PARAMS})["params"]
    assert shown == {
        "feed": "…", "url": "u", "maybe": "…", "creds": {"login": "…", "user": "ann", "token": "…"},
        "calls": [{"pin": "…", "next": {"pin": "…"}}], "free": {"url": "x"}, "token": "…",
    }  # fmt: skip
    before = Job("j", "h", "look", PARAMS, Trigger("date", {}))
    edited = {**shown, "creds": {**shown["creds"], "user": "bea"}}
    after = masks.kept(before, replace(before, params=edited))
    assert after.params == {**PARAMS, "creds": {"login": "S3CRET", "user": "bea", "token": "S3CRET"}}
    with pytest.raises(ApiError, match="'pin' is masked"):
        masks.kept(before, replace(before, params={**shown, "calls": [*shown["calls"], {"pin": "…"}]}))


async def test_no_change_and_no_search_tells_a_secret(
    api: Api, server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.start("look", schemas={"look": SCHEMA})
    made = {**JOB, "handler_id": "raw", "method": "look", "name": "Look up", "params": PARAMS, "parts": []}
    assert (await api.post("/api/jobs", json=made)).status_code == 201
    changed = {"feed": "S3CRET2", "maybe": None, "calls": [], "creds": {"login": "S3CRET3", "user": "bea"}}
    changed_parts = [{**PART, "method": "look", "params": {"feed": "S3CRET"}}]
    body = {"params": {**PARAMS, **changed}, "parts": changed_parts}
    assert (await api.patch("/api/jobs/follower", json=body)).status_code == 200
    reader = bearer(await make_token(server_config, Scope.READ))
    audit = await api.get("/api/audit", headers=reader)
    assert "params.feed" in audit.text and "S3CRET" not in audit.text
    for text, total in (("s3cret", 0), ("bea", 0), ("look", 1), ("LOOK UP", 1)):
        found = await api.get("/api/jobs", params={"text": text, "total": 1}, headers=reader)
        assert (found.json()["total"], len(found.json()["jobs"])) == (total, total), text
    assert (await api.get("/api/jobs", params={"text": "bea", "total": 1})).json()["total"] == 1


async def test_large_answers_are_written_and_masked_beside_the_loop() -> None:
    masks = Masks(lambda handler_id, method: None)
    job = {"handler_id": "h", "method": "m", "params": {"rows": [{"a": 1}] * 2000, "token": "S3CRET"}}
    assert not is_large({"jobs": [{**job, "params": {}}]}) and is_large({"jobs": [job] * 40})
    loop_thread, threads = threading.get_ident(), set[int]()

    def change(data: Any) -> Any:
        threads.add(threading.get_ident())
        return masks.masked(data)

    for count in (0, 40):
        answer = json_answer({"jobs": [job] * count, "next_cursor": None, "at": float("inf"), "x": "\ud800"})
        await answer.encode(change)
        await answer.encode(None)  # what is masked stays so
        assert isinstance(answer.body, bytes) and b"S3CRET" not in answer.body
        read = json.loads(answer.body)
        assert len(read["jobs"]) == count and read["next_cursor"] is None
        assert all(item["params"]["token"] == "…" for item in read["jobs"])
        assert (loop_thread in threads) is (count == 0)
        threads.clear()
