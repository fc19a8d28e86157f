"""The REST client: both dialects behind one interface, every trouble one exception with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from schedulezero.client.client import Client
from schedulezero.client.dialect import BulkChange, Feature, JobQuery
from schedulezero.errors import (
    BadAnswer,
    Conflict,
    NotFound,
    NotSupported,
    RequestRefused,
    ServerBusy,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from schedulezero.model import GuildRules, Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.server.service import ServerConfig
from schedulezero.when.language.parse import understand
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.peers import RawHandler

HOURLY = Trigger("interval", {"hours": 1})
NOW = datetime(2026, 11, 24, tzinfo=UTC)
JOB = Job("", "raw", "send", {"text": "hi"}, HOURLY, name="Greeting", guild_id="1", creator_id="2")


@asynccontextmanager
async def an_http_server(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Somebody's HTTP server."""
    app = web.Application()
    app.router.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


class Published:
    """A server that speaks dialect B only, as the published one does: ``/api/jobs`` is 404."""

    def __init__(self) -> None:
        self.schedules: dict[str, dict[str, Any]] = {}
        self.run_at_once: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/schedule", self.create),
            web.get("/api/schedules", self.list),
            web.delete("/api/schedules/{id}", self.delete),
            web.post("/api/run_now", self.run_now),
            web.get("/api/executions", self.executions),
            web.get("/api/handlers", self.handlers),
            web.get("/api/health", self.health),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if "args" in body["trigger"]:
            return web.json_response({"error": {"code": 400, "message": "bad trigger"}}, status=400)
        self.schedules[body["job_id"]] = body
        return web.json_response({"status": "success", "job_id": body["job_id"]}, status=201)

    async def list(self, request: web.Request) -> web.Response:
        found: list[Any] = [
            {
                "id": key,
                "next_fire_time": "2099-01-01T00:00:00+00:00",
                "trigger": str(body["trigger"]),
                "args": [body["handler_id"], body["job_method"], body["job_params"], key],
            }
            for key, body in self.schedules.items()
        ]
        found.append({"id": "odd", "trigger": "x", "next_fire_time": None, "args": None})
        return web.json_response({"schedules": found, "count": len(found)})

    async def delete(self, request: web.Request) -> web.Response:
        self.schedules.pop(request.match_info["id"], None)
        return web.json_response({"status": "success", "message": "", "schedule_id": ""})

    async def run_now(self, request: web.Request) -> web.Response:
        self.run_at_once.append(await request.json())
        return web.json_response({"status": "success", "result": {"message_id": "9"}, "message": ""})

    async def executions(self, request: web.Request) -> web.Response:
        records = [
            {"job_id": key, "handler_id": "raw", "method_name": "send", "status": "success",
             "started_at": "2026-01-01T00:00:00", "duration_ms": 12.5}
            for key in [*self.schedules, "somebody-elses"]
        ]  # fmt: skip
        return web.json_response({"count": len(records), "limit": 1000, "records": records})

    async def handlers(self, request: web.Request) -> web.Response:
        info = {"id": "raw", "address": "tcp://127.0.0.1:1", "methods": ["send"], "status": "Connected"}
        return web.json_response({"handlers": [info]})

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})


@pytest_asyncio.fixture(params=["ours", "published"])
async def client(
    request: pytest.FixtureRequest, server: ServerConfig, raw_handler: RawHandler
) -> AsyncIterator[Client]:
    """A client of either server."""
    if request.param == "ours":
        raw_handler.start("send")
        made = Client(server.api_endpoint)
        yield made
        await made.close()
    else:
        async with an_http_server(*Published().routes()) as endpoint:
            made = Client(endpoint)
            yield made
            await made.close()


async def test_a_job_comes_back_as_it_went_on_either_server(client: Client) -> None:
    created = await client.create(JOB)
    assert created.id
    shown = await client.job(created.id, "1")
    for name in ("method", "params", "trigger", "name", "guild_id", "creator_id", "timezone"):
        assert getattr(shown, name) == getattr(JOB, name), name
    assert shown.state is JobState.ACTIVE and shown.next_run_at is not None
    with pytest.raises(NotFound):
        await client.job(created.id, "999")
    with pytest.raises(NotFound):
        await client.job("nope", "1")


async def test_listing_filtering_and_paging_on_either_server(client: Client) -> None:
    for number in range(5):
        await client.create(replace(JOB, name=f"Job {number}", guild_id="1" if number else "2"))
    first = await client.jobs("1", limit=3)
    assert len(first.jobs) == 3 and first.next_cursor
    second = await client.jobs("1", limit=3, cursor=first.next_cursor)
    assert len(second.jobs) == 1 and second.next_cursor is None
    assert len({job.id for job in first.jobs + second.jobs}) == 4
    assert [job.name for job in (await client.jobs("1", JobQuery(text="job 3"))).jobs] == ["Job 3"]
    assert (await client.jobs("1", JobQuery(state=JobState.PAUSED))).jobs == ()


async def test_cancel_and_run_on_either_server(client: Client) -> None:
    job = await client.create(JOB)
    run = await client.run(job)
    assert run.job_id == job.id

    async def history() -> Any:
        return [item for item in (await client.runs("1", job_id=job.id)).runs if item.finished_at]

    await until(history)
    assert (await client.runs("2")).runs == ()
    assert (await client.cancel(job)).state is JobState.CANCELLED
    assert (await client.jobs("1")).jobs == ()
    assert [info.id for info in await client.handlers()] == ["raw"]
    assert await client.health()


async def test_what_a_dialect_lacks_is_said_plainly(client: Client) -> None:
    job = await client.create(JOB)
    lacks = await client.lacks()
    if not lacks:
        assert (await client.pause(job.id)).state is JobState.PAUSED
        job = await client.resume(job.id)
        assert job.state is JobState.ACTIVE
        assert (await client.change(replace(job, name="New"), job.version)).name == "New"
        await client.cancel(job)
        assert (await client.restore(job.id)).state is JobState.ACTIVE
        return
    for feature, call in (
        (Feature.PAUSE, client.pause(job.id)),
        (Feature.PAUSE, client.resume(job.id)),
        (Feature.EDIT, client.change(job, 1)),
        (Feature.UNDO, client.restore(job.id)),
        (Feature.UNDO, client.versions(job.id)),
        (Feature.HOLD, client.skip(job.id)),
        (Feature.EDIT, client.approve(job.id)),
        (Feature.BULK, client.bulk("1", BulkChange("pause", {job.id: None}))),
        (Feature.MAKE_UP, client.missing(job.id, job.created_at or NOW, NOW)),
        (Feature.MAKE_UP, client.make_up(job.id, [NOW])),
        (Feature.TROUBLES, client.troubles()),
        (Feature.RULES, client.rules("1")),
        (Feature.RULES, client.save_rules(GuildRules("1"))),
    ):
        with pytest.raises(NotSupported) as caught:
            await call
        assert caught.value.message == lacks[feature]
    for changed in (
        {"missed": MissedPolicy.ALL},
        {"overlap": OverlapPolicy.WAIT},
        {"state": JobState.PENDING},
    ):
        with pytest.raises(NotSupported):
            await client.create(replace(JOB, **changed))
    assert [job.id async for job in client.due_before(datetime(2200, 1, 1, tzinfo=UTC))]


async def test_a_schedule_that_a_server_cannot_keep_is_refused_with_the_nearest_it_can() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    async with an_http_server(*Published().routes()) as endpoint:
        client = Client(endpoint)
        for text, near in {
            "every other friday at 5pm": "every Friday at 17:00",
            "every day at 9 except on 24 dec": "every day at 09:00",
            "every 2 hours until tomorrow at 18:00": "every 2 hours",
            "0 9 13 * 5": "every friday at 17:00",
        }.items():
            trigger = understand(text, zone="UTC", locale="en-GB", now=now).trigger
            assert trigger.type == "calendar"
            with pytest.raises(NotSupported, match="cannot keep") as caught:
                await client.create(replace(JOB, trigger=trigger))
            assert near in caught.value.message
        await client.close()


async def test_metadata_travels_inside_the_params_where_there_is_no_place_for_it() -> None:
    published = Published()
    async with an_http_server(*published.routes()) as endpoint:
        client = Client(endpoint)
        job = await client.create(
            replace(JOB, trigger=Trigger("cron", {"hour": 9}), timezone="Europe/Berlin")
        )
        body = published.schedules[job.id]
        assert body["trigger"] == {"type": "cron", "hour": 9, "timezone": "Europe/Berlin"}
        assert body["job_params"]["_meta"]["guild_id"] == "1"
        assert (await client.job(job.id, "1")).params == {"text": "hi"}
        await client.close()


async def test_a_run_at_once_carries_the_metadata_and_differs_from_another_press() -> None:
    published = Published()
    async with an_http_server(*published.routes()) as endpoint:
        client = Client(endpoint)
        job = await client.create(replace(JOB, timezone="Europe/Berlin", creator_id="7"))
        stored = published.schedules[job.id]["job_params"]["_meta"]
        kept = await client.job(job.id, "1")
        await client.run(kept)
        await client.run(kept)
        sent = [body["job_params"] for body in published.run_at_once]
        presses = [params["_meta"].pop("run_now") for params in sent]
        assert sent == [{"text": "hi", "_meta": stored}] * 2 and stored["creator_id"] == "7"
        assert len(set(presses)) == 2
        await client.close()


async def test_a_refusal_names_the_field(server: ServerConfig) -> None:
    client = Client(server.api_endpoint)
    with pytest.raises(RequestRefused) as caught:
        await client.create(replace(JOB, trigger=Trigger("cron", {"hour": 99})))
    assert caught.value.field == "trigger.args.hour"
    job = await client.create(replace(JOB, id="same"))
    with pytest.raises(Conflict):
        await client.create(replace(JOB, id="same"))
    with pytest.raises(Conflict):
        await client.change(job, version=77)
    await client.close()


async def test_nobody_there_then_somebody(server_config: ServerConfig) -> None:
    from schedulezero.server.thread import ServerThread

    client = Client(server_config.api_endpoint)
    with pytest.raises(ServerUnreachable, match="Is it running"):
        await client.jobs("1")
    server = ServerThread(server_config)
    await server.start()
    assert (await client.jobs("1")).jobs == ()
    await server.stop()
    with pytest.raises(ServerUnreachable):
        await client.jobs("1")
    async with an_http_server_at(server_config.api_endpoint):
        assert await client.lacks()  # another server took its place, and another dialect with it
    await client.close()


@asynccontextmanager
async def an_http_server_at(endpoint: str) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_routes(Published().routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(endpoint.rsplit(":", 1)[1]), reuse_address=True).start()
    yield
    await runner.cleanup()


async def _silent(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="<html>It works!</html>")


async def _broken(request: web.Request) -> web.Response:
    raise web.HTTPInternalServerError(text="boom")


async def _busy(request: web.Request) -> web.Response:
    told = {"code": "too_many_requests", "message": "At most 2 requests a second, please."}
    return web.json_response({"error": told}, status=429)


async def _list(request: web.Request) -> web.Response:
    return web.json_response([1, 2])


async def _other(request: web.Request) -> web.Response:
    return web.json_response({"hello": "world"})


async def _odd_jobs(request: web.Request) -> web.Response:
    return web.json_response({"jobs": [{"job_id": 1}], "next_cursor": None})


async def _infinite(request: web.Request) -> web.Response:
    text = '{"jobs": [], "next_cursor": 1e999}'
    return web.Response(text=text, content_type="application/json")


async def _half_an_emoji(request: web.Request) -> web.Response:
    text = '{"jobs": [{"name": "\\ud83d"}]}'
    return web.Response(text=text, content_type="application/json")


async def _not_gzip(request: web.Request) -> web.Response:
    return web.Response(body=b"none", headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "kind", "part"),
    [
        (_silent, ServerTimeout, "doesn't answer"),
        (_page, BadAnswer, "doesn't seem to be"),
        (_broken, ServerFailed, "failed on this"),
        (_busy, ServerBusy, "At most 2 requests"),
        (_list, BadAnswer, "doesn't seem to be"),
        (_other, BadAnswer, "no list of jobs"),
        (_odd_jobs, BadAnswer, "can't be read"),
        (_infinite, BadAnswer, "too large"),
        (_half_an_emoji, BadAnswer, "surrogate"),
        (_not_gzip, BadAnswer, "doesn't seem to be"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_each_trouble_is_one_exception(
    answer: Any, kind: type[Exception], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.client.http.ANSWER_SECONDS", 0.3)
    async with an_http_server(web.get("/api/jobs", answer)) as endpoint:
        client = Client(endpoint)
        with pytest.raises(kind, match=part):
            await client.jobs("1")
        await client.close()
