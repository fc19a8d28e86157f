"""A token that may only read sees no secrets of jobs, wherever it reads; a mask sent back keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero.methods.schema import schema_of
from schedulezero.methods.typed import SecretUrl, Url, job
from schedulezero.model import Job, Trigger
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.masks import Masks
from schedulezero.server.records.tokens import Scope
from schedulezero.server.service import ServerConfig
from tests.conftest import Api
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
