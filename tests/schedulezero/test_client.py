"""The REST client: both dialects behind one interface, every trouble one exception with a sentence."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from schedulezero.client.client import Client
from schedulezero.client.dialect import BulkChange, Feature, JobQuery
from schedulezero.client.published_triggers import unlike_meant
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
from schedulezero.model import GuildRules, Job, JobState, MissedPolicy, OverlapPolicy, RunState, Trigger
from schedulezero.server.service import ServerConfig
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.loop_watch import held_at_most, watched_loop
from tests.support.peers import RawHandler
from tests.support.published_server import PublishedServer

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


@asynccontextmanager
async def a_published_server(
    folder: Path, endpoint: str | None = None
) -> AsyncIterator[tuple[PublishedServer, Client]]:
    """The stand-in of the published server with a handler, and a client of it."""
    rest, registration, port = free_ports(3)
    endpoint = endpoint or f"http://127.0.0.1:{rest}"
    published = PublishedServer(endpoint, f"tcp://127.0.0.1:{registration}", folder)
    await asyncio.to_thread(published.start)
    handler = RawHandler(port, published.server_address)
    await asyncio.to_thread(handler.start, "send")
    client = Client(endpoint)
    try:
        yield published, client
    finally:
        await client.close()
        await asyncio.to_thread(handler.stop)
        await asyncio.to_thread(published.stop)


@pytest_asyncio.fixture(params=["ours", "published"])
async def client(
    request: pytest.FixtureRequest, server: ServerConfig, raw_handler: RawHandler, tmp_path: Path
) -> AsyncIterator[Client]:
    """A client of either server."""
    if request.param == "ours":
        raw_handler.start("send")
        made = Client(server.api_endpoint)
        yield made
        await made.close()
    else:
        async with a_published_server(tmp_path) as (_, made):
            yield made


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


async def test_jobs_come_with_how_they_ran_last_on_either_server(client: Client) -> None:
    ran, never = await client.create(JOB), await client.create(JOB)
    assert (await client.job_and_last_run(ran.id, "1"))[1] is None
    await client.run(ran)

    async def states() -> Any:
        page = await client.jobs("1", last_states=True)
        assert {job.id for job in page.jobs} == {ran.id, never.id}
        return page.last_states if RunState.SUCCEEDED in page.last_states.values() else None

    assert await until(states) == {ran.id: RunState.SUCCEEDED}
    assert not (await client.jobs("1")).last_states
    job, last_run = await client.job_and_last_run(ran.id, "1")
    assert last_run is not None
    assert (job.id, last_run.job_id, last_run.state) == (ran.id, ran.id, RunState.SUCCEEDED)
    with pytest.raises(NotFound):
        await client.job_and_last_run(ran.id, "999")


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
        (Feature.APPROVAL, client.approve(job.id)),
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


async def test_a_schedule_that_a_server_cannot_keep_is_refused_with_the_nearest_it_can(
    tmp_path: Path,
) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    async with a_published_server(tmp_path) as (_, client):
        for text, near in {
            "every other friday at 5pm": "every Friday at 17:00",
            "every day at 9 except on 24 dec": "every day at 09:00",
            "every 2 hours until tomorrow at 18:00": "every 2 hours",
            "0 9 13 * 5": "every Friday at 17:00",
        }.items():
            trigger = understand(text, zone="UTC", locale="en-GB", now=now).trigger
            assert trigger.type == "calendar"
            with pytest.raises(NotSupported, match="doesn't support") as caught:
                await client.create(replace(JOB, trigger=trigger))
            assert near in caught.value.message


async def test_metadata_travels_inside_the_params_where_there_is_no_place_for_it(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (published, client):
        job = await client.create(
            replace(JOB, trigger=Trigger("cron", {"hour": 9}), timezone="Europe/Berlin")
        )
        body = next(body for _, path, body in published.requests if path == "/api/schedule")
        assert body["trigger"].items() >= {"type": "cron", "hour": 9, "timezone": "Europe/Berlin"}.items()
        assert body["job_params"]["_meta"]["guild_id"] == "1"
        assert (await client.job(job.id, "1")).params == {"text": "hi"}


async def test_weekday_numbers_of_an_earlier_version_keep_their_day_there(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (published, client):
        job = await client.create(replace(JOB, trigger=Trigger("cron", {"day_of_week": 0, "hour": 9})))
        assert job.trigger.args["day_of_week"] == "sun"
        body = next(body for _, path, body in published.requests if path == "/api/schedule")
        written = body["job_params"]["_meta"]["trigger"]["args"]
        assert written["day_of_week"] == "sun"
        written["day_of_week"] = 0  # as an earlier version wrote it: Monday
        async with httpx.AsyncClient(base_url=published.api_endpoint) as rest:
            await rest.post("/api/schedule", json=body)
        assert (await client.job(job.id, "1")).trigger.args["day_of_week"] == "mon"


async def test_a_run_at_once_carries_the_metadata_and_differs_from_another_press(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (published, client):
        job = await client.create(replace(JOB, timezone="Europe/Berlin", creator_id="7"))
        await client.run(job)
        await client.run(job)
        sent = [
            body["job_params"]["_meta"] for _, path, body in published.requests if path == "/api/schedule"
        ]
        ids = [meta.pop("schedule_id") for meta in sent]
        assert ids[0] == job.id and len(set(ids)) == 3
        assert sent == [sent[0]] * 3 and (sent[0]["creator_id"], sent[0]["guild_id"]) == ("7", "1")


TRIGGERS = (
    HOURLY,
    Trigger("interval", {"minutes": 90, "seconds": 30}),
    Trigger("cron", {"minute": "*/20"}),
    Trigger("cron", {"hour": 9}),
    Trigger("cron", {"hour": "0,6,12,18", "minute": 30}),
    Trigger("cron", {"day_of_week": "0", "hour": 9}),
    Trigger("cron", {"day_of_week": "*/3", "hour": 9}),
    Trigger("cron", {"day_of_week": "mon-fri", "hour": 9}),
    Trigger("cron", {"day": "last fri", "hour": 9}),
    Trigger("date", {"run_date": "2099-07-01T09:00:00"}),
)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
async def test_a_job_first_runs_on_the_published_server_when_its_preview_said(
    zone: str, tmp_path: Path
) -> None:
    async with a_published_server(tmp_path) as (published, client):
        for trigger in TRIGGERS:
            began = datetime.now(UTC)
            job = await client.create(replace(JOB, trigger=trigger, timezone=zone))
            meant = schedule_of(trigger, anchor=began, zone=zone).next_after(began)
            assert meant is not None and job.next_run_at is not None, trigger
            assert abs(job.next_run_at - meant) < timedelta(seconds=5), trigger
            assert unlike_meant(job) is None, trigger
        assert not published.records


async def test_a_first_run_that_the_server_reads_otherwise_is_noticed(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (_, client):
        job = await client.create(replace(JOB, trigger=Trigger("cron", {"hour": 9})))
        assert job.next_run_at is not None
        wrong = replace(job, next_run_at=job.next_run_at + timedelta(hours=1))
        assert unlike_meant(wrong) == (job.next_run_at, wrong.next_run_at)
        assert unlike_meant(replace(job, next_run_at=None)) == (job.next_run_at, None)


async def test_one_offs_and_runs_on_demand_are_in_the_history_of_their_guild_only(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (published, client):
        once = await client.create(replace(JOB, trigger=Trigger("date", {"run_date": time.time() + 3600})))
        hourly = await client.create(JOB)
        await client.run(hourly)
        published.advance(hours=2)

        async def history() -> Any:
            found = (await client.runs("1")).runs
            return found if len(found) == 3 and all(run.finished_at for run in found) else None

        runs = await until(history)
        assert {run.job_id for run in runs} == {once.id, hourly.id}
        assert {(run.name, run.guild_id, run.state.value) for run in runs} == {("Greeting", "1", "succeeded")}
        assert len((await client.runs("1", job_id=hourly.id)).runs) == 2
        assert (await client.runs("2")).runs == ()
        assert [job.id for job in (await client.jobs("1")).jobs] == [hourly.id]
        after_a_restart_of_the_bot = Client(client.endpoint)
        assert len((await after_a_restart_of_the_bot.runs("1")).runs) == 3
        assert (await after_a_restart_of_the_bot.runs("2")).runs == ()
        await after_a_restart_of_the_bot.close()


async def test_what_another_handler_returned_does_not_hide_the_history(tmp_path: Path) -> None:
    """The published server passes on ``NaN``, half of a surrogate pair and large numbers."""
    async with a_published_server(tmp_path) as (published, client):
        job = await client.create(JOB)
        await client.run(job)
        await until(lambda: [record for record in published.records if record["completed_at"]])
        odd = {"x": math.nan, "half": "\ud83d", "large": 10**400, "fine": "yes"}
        published.records.appendleft({**published.records[0], "result": odd})
        strange = {"job_id": None, "handler_id": "raw", "status": "success", "result": math.inf}
        published.records.appendleft(strange)
        results = [run.result for run in (await client.runs("1")).runs]
        assert {**odd, "x": None, "half": "\N{REPLACEMENT CHARACTER}"} in results and len(results) == 2


@pytest.mark.long
async def test_a_thousand_runs_do_not_hold_the_event_loop(tmp_path: Path) -> None:
    async with a_published_server(tmp_path) as (published, client):
        job = await client.create(JOB)
        await client.run(job)
        await until(lambda: [record for record in published.records if record["completed_at"]])
        published.records[0]["result"] = {"url": "https://discord.com/channels/1/2/3", "text": "x" * 200}
        published.records.extend(dict(published.records[0]) for _ in range(999))
        async with watched_loop() as busy:
            assert len((await client.runs("1", limit=1000)).runs) == 1000
        assert max(busy) < held_at_most()


async def test_a_run_under_way_is_neither_failed_nor_succeeded(tmp_path: Path) -> None:
    release = threading.Event()
    async with a_published_server(tmp_path) as (published, client):
        (port,) = free_ports(1)
        slow = RawHandler(port, published.server_address, "slow")
        slow.respond = lambda call: {"success": release.wait(60)}
        await asyncio.to_thread(slow.start, "send")
        job = await client.create(replace(JOB, handler_id="slow"))
        await client.run(job)

        async def first() -> Any:
            return (await client.runs("1")).runs

        (run,) = await until(first)
        assert run.state is RunState.QUEUED and run.finished_at is None
        release.set()

        async def ended() -> Any:
            return (await client.runs("1", state=RunState.SUCCEEDED)).runs

        await until(ended)
        await asyncio.to_thread(slow.stop)


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


async def test_nobody_there_then_somebody(server_config: ServerConfig, tmp_path: Path) -> None:
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
    async with a_published_server(tmp_path, server_config.api_endpoint):
        assert await client.lacks()  # another server took its place, and another dialect with it
    await client.close()


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
        (_silent, ServerTimeout, "isn't responding"),
        (_page, BadAnswer, "doesn't seem to be"),
        (_broken, ServerFailed, "failed to do this"),
        (_busy, ServerBusy, "At most 2 requests"),
        (_list, BadAnswer, "doesn't seem to be"),
        (_other, BadAnswer, "list “jobs” is missing"),
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
