"""What one guild and one person can ask for is bounded, whichever way they ask."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from schedulezero.instants import from_iso, to_iso
from schedulezero.model.limits import NO_LIMITS, Limits
from schedulezero.server.service import ServerConfig, serving
from tests.conftest import Api, until
from tests.support.clocks import Clock
from tests.support.peers import RawHandler

GUILD, ADA, BO = "900", "42", "43"
HOURLY = {"type": "cron", "args": {"minute": 0}}
PERSONAL = {"guild_id": ADA, "creator_id": ADA}
MEMBER = {"X-ScheduleZero-Per-Person": "1"}


class Limited:
    """A server with limits, and a client of it."""

    def __init__(self, api: Api, clock: Clock, look: Callable[[], None]) -> None:
        self.api = api
        self.clock = clock
        self._look = look

    async def create(self, *, headers: Any = None, **changes: Any) -> httpx.Response:
        body = {
            "handler_id": "raw", "method": "send", "params": {"message": "hi"}, "trigger": HOURLY,
            "guild_id": GUILD, "creator_id": ADA, **changes,
        }  # fmt: skip
        return await self.api.post("/api/jobs", json=body, headers=headers)

    async def created(self, **changes: Any) -> dict[str, Any]:
        response = await self.create(**changes)
        assert response.status_code == 201, response.text
        return response.json()

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.api.post(f"/api/jobs/{path}", json=body)

    async def due(self, count: int = 1, **changes: Any) -> list[str]:
        """So many jobs that fall due at once in a while; their ids."""
        trigger = {"type": "date", "args": {"run_date": to_iso(self.clock() + timedelta(minutes=10))}}
        return [(await self.created(trigger=trigger, **changes))["job_id"] for _ in range(count)]

    def advance(self, **span: float) -> None:
        self.clock.offset += timedelta(**span)
        self._look()

    async def runs(self, guild_id: str = GUILD, status: str | None = None) -> list[dict[str, Any]]:
        query = {"guild_id": guild_id, "limit": "500", **({"status": status} if status else {})}
        return (await self.api.get("/api/executions", params=query)).json()["records"]

    async def have_run(self, count: int, guild_id: str = GUILD) -> list[dict[str, Any]]:
        """The runs that succeeded, once they are so many."""

        async def found() -> list[dict[str, Any]] | None:
            done = await self.runs(guild_id, "succeeded")
            return done if len(done) >= count else None

        done = await until(found)
        assert len(done) == count
        return done

    async def allowance(self, guild_id: str = GUILD, creator_id: str | None = None) -> dict[str, Any]:
        query = {"creator_id": creator_id} if creator_id else {}
        return (await self.api.get(f"/api/guilds/{guild_id}/limits", params=query)).json()


@asynccontextmanager
async def limited(
    config: ServerConfig, clock: Clock | None = None, **limits: int | None
) -> AsyncIterator[Limited]:
    """A server with these limits and no others."""
    clock = clock or Clock()
    config = replace(config, limits=replace(NO_LIMITS, **limits))
    async with serving(config, clock) as look, Api(base_url=config.api_endpoint, timeout=60) as api:
        yield Limited(api, clock, look)


def refusal(response: httpx.Response, status: int, code: str) -> str:
    """What was said, with that status and code."""
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code
    return response.json()["error"]["message"]


# -------------------------------------------------------------------- jobs


async def test_a_guild_has_so_many_jobs_and_no_more(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=2) as server:
        first = await server.created()
        await server.created(state="pending")
        said = refusal(await server.create(), 409, "too_many_jobs")
        assert "2 of 2 scheduled jobs" in said and "`limits.jobs_per_guild`" in said
        await server.created(guild_id="901")  # another guild has limits of its own
        await server.created(guild_id=None)  # and what the owner makes has none
        await server.post(f"{first['job_id']}/pause")
        refusal(await server.create(), 409, "too_many_jobs")  # paused is not over
        await server.api.delete(f"/api/jobs/{first['job_id']}")
        await server.created()
        assert await server.allowance() == {
            "limits": {**NO_LIMITS.to_json(), "jobs_per_guild": 2},
            "jobs": 2, "most_jobs": 2, "mine": None, "runs": 0,
        }  # fmt: skip


async def test_what_was_over_needs_a_place_to_come_back(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=1) as server:
        job = await server.created()
        await server.api.delete(f"/api/jobs/{job['job_id']}")
        (other,) = await server.due()
        path = job["job_id"]
        refusal(await server.post(f"{path}/restore"), 409, "too_many_jobs")
        refusal(await server.post(f"{path}/restore", version=1), 409, "too_many_jobs")
        body = {"guild_id": GUILD, "action": "restore", "jobs": [{"job_id": path, "version": 1}]}
        bulk = (await server.api.post("/api/jobs/bulk", json=body)).json()
        assert "1 of 1 scheduled jobs" in bulk["refused"][0]["message"]
        server.advance(minutes=11)

        async def is_over() -> bool:
            return (await server.api.get(f"/api/jobs/{other}")).json()["state"] == "finished"

        await until(is_over)
        assert (await server.post(f"{path}/restore")).status_code == 200
        edited = await server.api.patch(f"/api/jobs/{other}", json={"trigger": HOURLY})
        refusal(edited, 409, "too_many_jobs")  # a finished job that would run again
        assert (await server.api.patch(f"/api/jobs/{path}", json={"name": "Same"})).status_code == 200


async def test_requests_at_once_do_not_exceed_a_number(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=5) as server:
        answers = await asyncio.gather(*(server.create() for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 15
        assert (await server.allowance())["jobs"] == 5


async def test_the_lower_of_the_owners_and_the_guilds_limit_holds(server_config: ServerConfig) -> None:
    rules = f"/api/guilds/{GUILD}/rules"
    async with limited(server_config, jobs_per_guild=3, runs_per_minute=2) as server:
        above = await server.api.put(rules, json={"most_jobs": 4})
        assert "at most 3 jobs" in refusal(above, 422, "above_limit")
        above = await server.api.put(rules, json={"most_runs_an_hour": 121})
        assert "at most 120 runs an hour" in refusal(above, 422, "above_limit")
        assert (await server.api.put(rules, json={"most_jobs": 1})).status_code == 200
        await server.created()
        assert "`/schedule setup`" in refusal(await server.create(), 409, "too_many_jobs")
        assert (await server.allowance())["most_jobs"] == 1


async def test_a_guilds_older_rule_above_the_limit_does_not_block_its_others(
    server_config: ServerConfig,
) -> None:
    rules = f"/api/guilds/{GUILD}/rules"
    async with limited(server_config) as server:
        await server.api.put(rules, json={"most_jobs": 50})
    async with limited(server_config, jobs_per_guild=3) as server:
        saved = await server.api.put(rules, json={"most_jobs": 50, "timezone": "Europe/Berlin"})
        assert saved.status_code == 200
        assert (await server.allowance())["most_jobs"] == 3


async def test_who_only_may_schedule_has_a_number_of_their_own(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=5, jobs_per_person=1) as server:
        mine = await server.created(headers=MEMBER)
        said = refusal(await server.create(headers=MEMBER), 409, "too_many_jobs")
        assert f"<@{ADA}> has 1 of 1 scheduled jobs" in said and "`limits.jobs_per_person`" in said
        await server.created(headers=MEMBER, creator_id=BO)
        await server.created()  # as somebody who manages the server
        await server.api.delete(f"/api/jobs/{mine['job_id']}")
        back = await server.api.post(f"/api/jobs/{mine['job_id']}/restore", json={}, headers=MEMBER)
        refusal(back, 409, "too_many_jobs")
        assert (await server.allowance(creator_id=BO))["mine"] == 1


async def test_a_person_has_so_many_reminders(server_config: ServerConfig) -> None:
    async with limited(server_config, reminders_per_person=2, jobs_per_guild=1) as server:
        await server.due(2, **PERSONAL)
        said = refusal(await server.create(**PERSONAL), 409, "too_many_reminders")
        assert "2 of 2 reminders" in said and "`/remind list`" in said
        await server.created(guild_id=BO, creator_id=BO)
        assert (await server.allowance(ADA, ADA))["most_jobs"] == 2


async def test_what_undoes_something_is_never_refused(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=1) as server:
        await server.created()
        await server.api.put(f"/api/guilds/{GUILD}/rules", json={"most_jobs": 1})
        (ending,) = await server.due(job_id="after-1")
        assert (await server.allowance())["jobs"] == 1
        # Made into a job like any other, it needs a place like any other.
        refusal(await server.api.patch(f"/api/jobs/{ending}", json={"trigger": HOURLY}), 409, "too_many_jobs")


async def test_the_other_dialect_makes_the_owners_jobs(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, jobs_per_guild=1, shortest_interval_seconds=60) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        job = await server.created()
        body = {
            "handler_id": "raw", "job_method": "send", "trigger": {"type": "interval", "seconds": 1},
        }  # fmt: skip
        for number in range(3):
            job_ids = {} if number else {"job_id": job["job_id"]}  # the first takes the guild's job's place
            assert (await server.api.post("/api/schedule", json={**body, **job_ids})).status_code == 201
        assert (await server.allowance())["jobs"] == 0


# -------------------------------------------------------------------- intervals

TOO_OFTEN = [
    ({"type": "interval", "args": {"seconds": 59}}, "59 seconds"),
    ({"type": "cron", "args": {"second": "0,30"}}, "30 seconds"),
    ({"type": "cron", "args": {"hour": 9, "second": "0,1"}}, "1 second"),
    (
        {"type": "calendar", "args": {"interval": {"seconds": 2}, "until": "2199-01-01T00:00:00Z"}},
        "2 seconds",
    ),
    (
        {"type": "calendar", "args": {"rule": {"unit": "day", "times": ["09:00", "10:00", "10:00:20"]}}},
        "20 seconds",
    ),
]


@pytest.mark.parametrize(("trigger", "gap"), TOO_OFTEN, ids=str)
async def test_two_runs_of_a_job_keep_their_distance(
    server_config: ServerConfig, trigger: Any, gap: str
) -> None:
    async with limited(server_config, shortest_interval_seconds=60) as server:
        said = refusal(await server.create(trigger=trigger), 422, "too_often")
        assert f"{gap} apart" in said and "1 min" in said and "`limits.shortest_interval_seconds`" in said
        job = await server.created()
        refusal(
            await server.api.patch(f"/api/jobs/{job['job_id']}", json={"trigger": trigger}), 422, "too_often"
        )
        pending = {"trigger": trigger, "state": "pending"}
        refusal(await server.api.patch(f"/api/jobs/{job['job_id']}", json=pending), 422, "too_often")
        await server.created(trigger=trigger, guild_id=None, creator_id=None)


async def test_reminders_are_further_apart(server_config: ServerConfig) -> None:
    every = {"type": "interval", "args": {"minutes": 4}}
    async with limited(server_config, shortest_interval_seconds=60, shortest_reminder_seconds=300) as server:
        await server.created(trigger=every)
        said = refusal(await server.create(trigger=every, **PERSONAL), 422, "too_often")
        assert "4 minutes apart" in said and "`limits.shortest_reminder_seconds`" in said
        await server.created(trigger={"type": "interval", "args": {"minutes": 5}}, **PERSONAL)


async def test_a_job_from_before_the_limit_goes_on(server_config: ServerConfig) -> None:
    often = {"type": "interval", "args": {"seconds": 5}}
    async with limited(server_config) as server:
        job_id = (await server.created(trigger=often))["job_id"]
        await server.api.patch(f"/api/jobs/{job_id}", json={"trigger": HOURLY})
        await server.api.patch(f"/api/jobs/{job_id}", json={"trigger": often})
    async with limited(server_config, shortest_interval_seconds=60) as server:
        renamed = await server.api.patch(f"/api/jobs/{job_id}", json={"name": "Still here", "trigger": often})
        assert renamed.status_code == 200
        for step in ("pause", "resume"):
            assert (await server.post(f"{job_id}/{step}")).status_code == 200
        await server.api.delete(f"/api/jobs/{job_id}")
        assert (await server.post(f"{job_id}/restore")).status_code == 200
        await server.api.patch(f"/api/jobs/{job_id}", json={"trigger": HOURLY})
        # What it was once it does not become again.
        refusal(await server.post(f"{job_id}/restore", version=1), 422, "too_often")


# -------------------------------------------------------------------- runs


async def test_runs_over_the_number_wait_for_their_turn(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=3) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.due(7)
        await server.due(guild_id="901")
        server.advance(minutes=10)
        assert all(run["note"] is None for run in await server.have_run(3))
        await server.have_run(1, "901")
        waiting = await server.runs(status="queued")
        assert len(waiting) == 4
        assert all("This server's run limit: 3 a minute" in run["note"] for run in waiting)
        assert (await server.allowance())["runs"] == 7
        server.advance(seconds=61)
        held = await server.have_run(6)
        assert sum(bool(re.match(r"Delayed by (60|5\d) s\. ", run["note"] or "")) for run in held) == 3
        server.advance(seconds=61)
        await server.have_run(7)


async def test_a_persons_reminders_come_a_few_a_minute(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, reminder_runs_per_minute=2, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.due(3, **PERSONAL)
        server.advance(minutes=10)
        await server.have_run(2, ADA)
        (waiting,) = await server.runs(ADA, "queued")
        assert "Reminder limit per person: 2 a minute" in waiting["note"]
        server.advance(seconds=61)
        await server.have_run(3, ADA)


async def test_a_wait_outlives_a_restart(server_config: ServerConfig, raw_handler: RawHandler) -> None:
    clock = Clock()
    async with limited(server_config, clock, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.due(2)
        server.advance(minutes=10)
        await server.have_run(1)
    async with limited(server_config, clock, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.register, "send")
        await server.due(1)
        assert len(await server.runs(status="queued")) == 1 and raw_handler.calls.qsize() == 1
        server.advance(seconds=61)
        await server.have_run(2)


async def test_a_clock_that_is_set_back_keeps_no_run_waiting(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.due()
        server.advance(minutes=10)
        await server.have_run(1)
        server.advance(minutes=-30)
        assert (await server.allowance())["runs"] == 0
        await server.post(f"{(await server.created())['job_id']}/run")
        assert "Run on demand." in {run["note"] for run in await server.have_run(2)}


async def often_due(server: Limited, count: int, **changes: Any) -> str:
    """A job of every second that fell due so many times, one after the other; its id."""
    every = {"type": "interval", "args": {"seconds": 1}}
    job_id = (await server.created(trigger=every, **changes))["job_id"]
    for number in range(1, count + 1):
        server.advance(seconds=1)

        async def claimed(number: int = number) -> bool:
            return (await server.api.get(f"/api/jobs/{job_id}")).json()["run_count"] >= number

        await until(claimed)
    return job_id


async def test_a_job_that_runs_too_often_does_not_pile_up(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await often_due(server, 8)
        await server.have_run(1)
        (waiting,) = await server.runs(status="queued")
        skipped = await server.runs(status="skipped")
        assert {run["error"] for run in skipped} == {"A later run of the job replaced it."}
        assert waiting["scheduled_at"] > max(run["scheduled_at"] for run in skipped)
        told = (await server.api.get("/api/troubles", params={"after": 0})).json()["troubles"]
        assert "skipped" not in {item["kind"] for item in told}
        assert raw_handler.calls.qsize() == 1


async def test_a_job_that_wants_all_its_runs_keeps_them_within_a_bound(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.server.store.hourly_limit.MOST_WAITING", 3)
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        every = {"type": "interval", "args": {"seconds": 1}}
        job_id = (await server.created(trigger=every, missed="all"))["job_id"]
        server.advance(seconds=8)
        await server.have_run(1)
        assert len(await server.runs(status="queued")) == 3
        skipped = await server.runs(status="skipped")
        assert all("the server's limit is 1 a minute" in run["note"] for run in skipped) and skipped
        await server.api.delete(f"/api/jobs/{job_id}")
        assert await server.runs(status="queued") == []


async def test_a_wait_of_more_than_an_hour_is_not_begun(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.due(63)
        server.advance(minutes=10)
        await server.have_run(1)

        async def all_claimed() -> bool:
            return len(await server.runs()) == 63

        await until(all_claimed)
        assert len(await server.runs(status="queued")) == 60
        assert len(await server.runs(status="skipped")) == 2
        told = (await server.api.get("/api/troubles", params={"after": 0})).json()["troubles"]
        assert [item["kind"] for item in told] == ["skipped", "skipped"]


@pytest.mark.long
async def test_an_ending_does_not_wait_and_counts(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await server.api.put(f"/api/guilds/{GUILD}/rules", json={"most_runs_an_hour": 1})
        await server.due(job_id="after-1")
        await server.due(job_id="after-2")
        server.advance(minutes=10)
        assert {run["job_id"] for run in await server.have_run(2)} == {"after-1", "after-2"}
        await server.api.put(f"/api/guilds/{GUILD}/rules", json={})
        await server.post(f"{(await server.created())['job_id']}/run")
        (waiting,) = await server.runs(status="queued")
        assert "Delayed" in waiting["note"]


async def test_runs_by_hand_count_wait_and_are_bounded(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = (await server.created())["job_id"]
        answers = [await server.post(f"{job_id}/run") for _ in range(12)]
        assert [answer.status_code for answer in answers] == [202] * 11 + [409]
        said = refusal(answers[-1], 409, "too_many_runs")
        assert "limit is 1 a minute" in said and "`limits.runs_per_minute`" in said
        assert re.match(r"Run on demand\. Delayed by (60|5\d) s\. ", answers[1].json()["note"])
        await server.have_run(1)
        for number in range(2, 5):  # none gives way to a later one
            server.advance(seconds=61)
            await server.have_run(number)
        entries = (await server.api.get("/api/audit", params={"guild_id": GUILD})).json()["entries"]
        assert sum(entry["action"] == "run" for entry in entries) == 11


async def test_runs_that_are_made_up_for_wait_too(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=2) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        job = await server.created(trigger={"type": "interval", "args": {"minutes": 1}})
        since = from_iso(job["created_at"])
        instants = [to_iso(since + timedelta(microseconds=number)) for number in range(1, 5)]
        await asyncio.sleep(0.01)
        made = (await server.post(f"{job['job_id']}/make-up", instants=instants)).json()["runs"]
        assert [run["note"] == "Backfilled." for run in made] == [True, True, False, False]
        await server.have_run(2)
        server.clock.offset += timedelta(seconds=30)
        again = (await server.post(f"{job['job_id']}/make-up", instants=instants)).json()["runs"]
        assert again == []  # two succeeded, and two wait
        too_many = [to_iso(since + timedelta(microseconds=number)) for number in range(10, 40)]
        refused = await server.post(f"{job['job_id']}/make-up", instants=too_many)
        refusal(refused, 409, "too_many_runs")
        assert len(await server.runs()) == 4


async def test_a_run_that_waits_for_the_one_before_waits_for_its_turn_too(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        await often_due(server, 3, overlap="wait")
        await server.have_run(1)
        assert len(await server.runs(status="queued")) == 2
        server.advance(seconds=61)
        await server.have_run(2)


async def test_skipped_runs_use_nothing_up(server_config: ServerConfig, raw_handler: RawHandler) -> None:
    async with limited(server_config, runs_per_minute=1) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        today = {
            "dark_days": [f"{server.clock():%Y-%m-%d}", f"{server.clock() + timedelta(hours=1):%Y-%m-%d}"]
        }
        await server.api.put(f"/api/guilds/{GUILD}/rules", json=today)
        await server.due(2)
        server.advance(minutes=10)

        async def skipped() -> bool:
            return len(await server.runs(status="skipped")) == 2

        await until(skipped)
        assert (await server.allowance())["runs"] == 0
        await server.post(f"{(await server.created())['job_id']}/run")
        await server.have_run(1)


async def test_refusals_are_counted_by_limit(server_config: ServerConfig) -> None:
    def counted() -> float:
        found = REGISTRY.get_sample_value("schedulezero_limit_refusals_total", {"limit": "jobs_per_guild"})
        return found or 0.0

    before = counted()
    async with limited(server_config, jobs_per_guild=1) as server:
        job = await server.created()
        await server.create()
        await server.api.delete(f"/api/jobs/{job['job_id']}")
        await server.created()
        body = {"guild_id": GUILD, "action": "restore", "jobs": [{"job_id": job["job_id"]}]}
        await server.api.post("/api/jobs/bulk", json=body)
        assert counted() - before == 2


async def test_the_defaults_are_limits(server_config: ServerConfig) -> None:
    assert ServerConfig("http://127.0.0.1:1", "tcp://127.0.0.1:2", "x.db").limits == Limits()
    async with limited(server_config, **Limits().to_json()) as server:
        said = refusal(
            await server.create(trigger={"type": "interval", "args": {"seconds": 1}}, **PERSONAL),
            422,
            "too_often",
        )
        assert "5 min" in said
        bad = await server.api.get(f"/api/guilds/{GUILD}/limits", params={"creator_id": "x"})
        assert bad.status_code == 400


async def test_an_ending_runs_on_a_free_day_and_in_quiet_hours(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    """Somebody who may set the rules must not keep a role by making the day of its end a free one."""
    async with limited(server_config) as server:
        await asyncio.to_thread(raw_handler.start, "send")
        rules = {
            "dark_days": [f"{server.clock() + timedelta(days=days):%Y-%m-%d}" for days in (0, 1)],
            "quiet_from": "00:00",
            "quiet_to": "23:59",
        }
        saved = await server.api.put(f"/api/guilds/{GUILD}/rules", json=rules)
        assert saved.status_code == 200
        await server.due(job_id="after-1")
        server.advance(minutes=10)
        (run,) = await server.have_run(1)
        assert (run["job_id"], run["status"]) == ("after-1", "succeeded")


async def test_many_jobs_in_one_request_do_not_exceed_a_number(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=5) as server:
        job = {"handler_id": "raw", "method": "send", "trigger": HOURLY, "guild_id": GUILD, "creator_id": ADA}
        answer = await server.api.post("/api/jobs/bulk-create", json={"jobs": [job] * 20})
        results = answer.json()["results"]
        assert [result["status"] for result in results] == [201] * 5 + [409] * 15
        assert results[5]["error"]["code"] == "too_many_jobs"
        ids = [{"job_id": result["job"]["job_id"]} for result in results[:5]]
        body = {"guild_id": GUILD, "jobs": ids}
        await server.api.post("/api/jobs/bulk", json={**body, "action": "cancel"})
        for _ in range(3):
            await server.created()
        restored = await server.api.post("/api/jobs/bulk", json={**body, "action": "restore"})
        assert (len(restored.json()["changed"]), len(restored.json()["refused"])) == (2, 3)


async def test_what_nobody_created_takes_one_place_each(server_config: ServerConfig) -> None:
    async with limited(server_config, jobs_per_guild=6) as server:
        job = {"handler_id": "raw", "method": "send", "trigger": HOURLY, "guild_id": GUILD}

        async def codes(*ids: str) -> list[str | int]:
            body = {"jobs": [{**job, "job_id": job_id} for job_id in ids]}
            results = (await server.api.post("/api/jobs/bulk-create", json=body)).json()["results"]
            return [result.get("error", {}).get("code", result["status"]) for result in results]

        assert await codes(*"abcd") == [201] * 4
        # What is there is said to be there, and takes no room from the rest, however full the guild is.
        assert await codes(*"abcdef") == ["job_exists"] * 4 + [201] * 2
        assert await codes(*"gabcdef") == ["too_many_jobs", *["job_exists"] * 6]
        again = await server.api.post("/api/jobs", json={**job, "job_id": "a"})
        refusal(again, 409, "job_exists")
        assert (await server.allowance())["jobs"] == 6
