"""What the desk stands on: versions, holds, overlap, approval, bulk changes, guild rules, troubles."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest

from schedulezero.instants import from_iso, to_iso
from schedulezero.model import GuildRules
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.when.calendar.quiet_hours import forbidden
from tests.conftest import Api, execute, until
from tests.support.peers import RawHandler
from tests.support.runs import due_now, ended

GUILD = "900"
ADA = {"X-ScheduleZero-Actor": "42"}
HOURLY = {"type": "cron", "args": {"minute": 0}}


async def created(api: Api, **changes: Any) -> dict[str, Any]:
    body = {
        "handler_id": "raw", "method": "send", "params": {"channel_id": "1", "message": "hi"},
        "trigger": HOURLY, "guild_id": GUILD, "creator_id": "42", **changes,
    }  # fmt: skip
    response = await api.post("/api/jobs", json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def post(api: Api, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await api.post(f"/api/jobs/{path}", json=body, headers=ADA)
    assert response.status_code == status, response.text
    return response.json()


async def test_each_change_is_a_version_with_who_made_it(api: Api) -> None:
    job = await created(api)
    await api.patch(f"/api/jobs/{job['job_id']}", json={"name": "Renamed"}, headers=ADA)
    await post(api, f"{job['job_id']}/pause")
    await post(api, f"{job['job_id']}/pause")  # is paused already: no change, no version
    versions = (await api.get(f"/api/jobs/{job['job_id']}/versions")).json()["versions"]
    assert [(v["version"], v["action"], v["actor_id"]) for v in versions] == [
        (3, "paused", "42"), (2, "changed", "42"), (1, "created", "42"),
    ]  # fmt: skip
    assert versions[1]["job"]["name"] == "Renamed" and versions[2]["job"]["name"] is None


async def test_going_back_to_a_version_restores_all_of_it(api: Api) -> None:
    job = await created(api)
    job_id = job["job_id"]
    change = {"params": {"message": "other"}, "trigger": {"type": "cron", "args": {"hour": 3}}}
    await api.patch(f"/api/jobs/{job_id}", json=change)
    await post(api, f"{job_id}/pause")
    back = await post(api, f"{job_id}/restore", version=1)
    assert back["params"] == job["params"] and back["trigger"] == job["trigger"]
    assert (back["state"], back["next_run_at"], back["version"]) == ("active", job["next_run_at"], 4)
    gone = await post(api, f"{job_id}/restore", 404, version=77)
    assert gone["error"]["code"] == "no_such_version"


async def test_undo_never_takes_back_somebody_elses_change(api: Api) -> None:
    job_id = (await created(api))["job_id"]
    await post(api, f"{job_id}/pause")
    await api.patch(f"/api/jobs/{job_id}", json={"name": "Somebody else's"})
    refused = await post(api, f"{job_id}/restore", 409, version=1, expected=2)
    assert refused["error"]["code"] == "job_changed"


async def test_skipping_passes_over_one_instant_and_can_be_undone(api: Api) -> None:
    job = await created(api)
    skipped = await post(api, f"{job['job_id']}/skip")
    assert skipped["held_until"] == job["next_run_at"]
    assert from_iso(skipped["next_run_at"]) - from_iso(job["next_run_at"]) == timedelta(hours=1)
    assert (await post(api, f"{job['job_id']}/restore", version=1))["next_run_at"] == job["next_run_at"]


async def test_a_skip_that_names_its_run_skips_no_other_one(api: Api) -> None:
    job = await created(api)
    path, first = f"{job['job_id']}/skip", job["next_run_at"]
    once = await post(api, path, at=first)
    assert once["held_until"] == first and once["version"] == 2
    again = await post(api, path, at=first)  # is skipped already: no change, no version
    assert (again["next_run_at"], again["version"]) == (once["next_run_at"], 2)
    later = to_iso(from_iso(once["next_run_at"]) + timedelta(hours=1))
    refused = (await post(api, path, 409, at=later))["error"]
    assert (refused["code"], refused["field"]) == ("not_next_run", "at")
    assert (await post(api, path, at=once["next_run_at"]))["held_until"] == once["next_run_at"]


async def test_a_hold_ends_by_itself_and_may_not_be_for_good(api: Api) -> None:
    job_id = (await created(api))["job_id"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    held = await post(api, f"{job_id}/pause", until=to_iso(tomorrow))
    assert held["state"] == "active" and from_iso(held["next_run_at"]) > tomorrow
    resumed = await post(api, f"{job_id}/resume")
    assert resumed["held_until"] is None and from_iso(resumed["next_run_at"]) < tomorrow
    once = await created(api, trigger={"type": "date", "args": {"run_date": time.time() + 3600}})
    assert (await post(api, f"{once['job_id']}/skip", 409))["error"]["code"] == "never_again"
    assert (await post(api, f"{job_id}/pause", 400, until="2020-01-01T00:00:00Z"))["error"][
        "field"
    ] == "until"


async def test_another_schedule_ends_no_hold(api: Api) -> None:
    job_id = (await created(api))["job_id"]
    path, tomorrow = f"/api/jobs/{job_id}", datetime.now(UTC) + timedelta(days=1)
    held = await post(api, f"{job_id}/pause", until=to_iso(tomorrow))
    half_past = {"trigger": {"type": "cron", "args": {"minute": 30}}}
    changed = (await api.patch(path, json=half_past)).json()
    assert changed["held_until"] == held["held_until"] and from_iso(changed["next_run_at"]) > tomorrow
    in_an_hour = {"trigger": {"type": "date", "args": {"run_date": time.time() + 3600}}}
    for state in ({}, {"state": "pending"}):
        refused = await api.patch(path, json={**in_an_hour, **state})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "never_again")
    waits = (await api.patch(path, json={"timezone": "Asia/Tokyo", "state": "pending"})).json()
    assert waits["held_until"] == held["held_until"] and waits["next_run_at"] is None
    approved = await post(api, f"{job_id}/approve")
    assert approved["held_until"] == held["held_until"] and from_iso(approved["next_run_at"]) > tomorrow


async def test_a_pending_job_runs_only_once_it_is_approved(api: Api) -> None:
    job = await created(api, state="pending")
    assert job["next_run_at"] is None
    assert (await post(api, f"{job['job_id']}/run", 409))["error"]["code"] == "wrong_state"
    assert (await post(api, f"{job['job_id']}/resume", 409))["error"]["code"] == "wrong_state"
    approved = await post(api, f"{job['job_id']}/approve")
    assert approved["state"] == "active" and approved["next_run_at"]
    again = await api.patch(f"/api/jobs/{job['job_id']}", json={"state": "pending"})
    assert (again.json()["state"], again.json()["next_run_at"]) == ("pending", None)


async def test_a_date_that_passed_while_its_job_waited_runs_only_if_asked(api: Api) -> None:
    """Nothing checks the date of a job that waits, so a test can let it pass."""
    passed = {"type": "date", "args": {"run_date": time.time() - 60}}
    path = (await created(api, state="pending"))["job_id"]
    await api.patch(f"/api/jobs/{path}", json={"state": "pending", "trigger": passed})
    refused = (await post(api, f"{path}/approve", 400, version=2))["error"]
    assert (refused["code"], refused["field"]) == ("bad_trigger", "trigger.args.run_date")
    approved = await post(api, f"{path}/approve", version=2, past_at_once=True)
    assert approved["state"] == "active" and from_iso(approved["next_run_at"]) <= datetime.now(UTC)

    async def ran() -> bool:
        return bool((await api.get(f"/api/jobs/{path}/executions")).json()["records"])

    await until(ran)
    later = (await created(api, state="pending"))["job_id"]
    ahead = await post(api, f"{later}/approve", past_at_once=True)
    assert from_iso(ahead["next_run_at"]) > datetime.now(UTC), "what has time left waits for it"


async def test_many_jobs_change_at_once_and_each_tells_what_became_of_it(api: Api) -> None:
    ids = [(await created(api))["job_id"] for _ in range(3)]
    foreign = (await created(api, guild_id="901"))["job_id"]
    entries = [{"job_id": job_id} for job_id in [*ids, foreign, "nope"]]
    done = await post(api, "bulk", guild_id=GUILD, action="change", params={"channel_id": "7", "new": 1},
                      jobs=entries)  # fmt: skip
    assert [item["job_id"] for item in done["changed"]] == ids
    assert [item["job_id"] for item in done["refused"]] == [foreign, "nope"]
    moved = (await api.get(f"/api/jobs/{ids[0]}")).json()
    assert moved["params"] == {"channel_id": "7", "message": "hi"}
    assert (await api.get(f"/api/jobs/{foreign}")).json()["params"]["channel_id"] == "1"
    back = [
        {"job_id": item["job_id"], "version": item["before"], "expected": item["version"]}
        for item in done["changed"]
    ]
    undone = await post(api, "bulk", guild_id=GUILD, action="restore", jobs=back)
    assert len(undone["changed"]) == 3
    assert (await api.get(f"/api/jobs/{ids[0]}")).json()["params"]["channel_id"] == "1"
    assert len((await post(api, "bulk", guild_id=GUILD, action="restore", jobs=back))["refused"]) == 3


async def test_jobs_are_filtered_and_sorted(api: Api) -> None:
    for number in range(5):
        await created(
            api, name=f"Job {4 - number}", creator_id=str(number % 2), method="send" if number else "other",
            params={"channel_ids": ["11", "22"]} if number == 3 else {"channel_id": "1"},
        )  # fmt: skip

    async def names(**query: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            params = {"guild_id": GUILD, "limit": 2, **query, **({"cursor": cursor} if cursor else {})}
            page = (await api.get("/api/jobs", params=params)).json()
            found += [job["name"] for job in page["jobs"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await names(sort="name") == [f"Job {number}" for number in range(5)]
    assert await names(sort="created") == [f"Job {number}" for number in range(5)]
    assert await names(creator_id="1", sort="name") == ["Job 1", "Job 3"]
    assert await names(channel_id="22") == ["Job 1"]
    assert await names(method="other") == ["Job 4"]
    soon = to_iso(datetime.now(UTC) + timedelta(hours=2))
    assert len(await names(due_before=soon)) == 5
    assert (await api.get("/api/jobs", params={"cursor": "bm9wZQ"})).status_code == 400


@pytest.mark.parametrize(("overlap", "calls", "states"), [
    ("allow", 2, ["succeeded", "succeeded"]),
    ("wait", 2, ["succeeded", "succeeded"]),
    ("skip", 1, ["skipped", "succeeded"]),
])  # fmt: skip
async def test_overlapping_runs(
    api: Api, raw_handler: RawHandler, overlap: str, calls: int, states: list[str]
) -> None:
    hold = asyncio.Event()
    loop = asyncio.get_running_loop()

    def respond(call: dict[str, Any]) -> dict[str, Any]:
        asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(10)
        return {"success": True}

    raw_handler.respond = respond
    raw_handler.start("send", concurrency=2)
    job_id = (await created(api, overlap=overlap))["job_id"]
    await post(api, f"{job_id}/run", 202)
    await post(api, f"{job_id}/run", 202)
    if overlap == "skip":

        async def skipped() -> bool:
            records = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
            return any(record["status"] == "skipped" for record in records)

        await until(skipped)
    hold.set()

    async def all_ended() -> list[str] | None:
        records = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
        found = [record["status"] for record in records]
        return found if len(found) == 2 and "queued" not in found else None

    assert await until(all_ended) == states
    assert raw_handler.calls.qsize() == calls


async def test_a_failed_run_is_made_up_for_once(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "no", "retry": False}
    raw_handler.start("send")
    job_id = await due_now(api)
    run = await ended(api, job_id)
    raw_handler.respond = lambda call: {"success": True}
    at = [run["scheduled_at"]]
    assert len((await post(api, f"{job_id}/make-up", 202, instants=at))["runs"]) == 1
    assert (await post(api, f"{job_id}/make-up", 202, instants=at))["runs"] == []
    again = await ended(api, job_id)
    assert again["status"] == "succeeded" and again["run_id"] == run["run_id"]
    assert "<@42>" in again["note"]
    assert (await post(api, f"{job_id}/make-up", 202, instants=at))["runs"] == []
    future = to_iso(datetime.now(UTC) + timedelta(hours=1))
    assert (
        "not come yet" in (await post(api, f"{job_id}/make-up", 400, instants=[future]))["error"]["message"]
    )


@pytest.mark.long
async def test_missing_instants_are_those_without_a_good_run(api: Api) -> None:
    job_id = (await created(api, trigger={"type": "interval", "args": {"seconds": 1}}))["job_id"]
    await post(api, f"{job_id}/pause")

    async def some() -> list[str] | None:
        since, until_ = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
        found = (await post(api, f"{job_id}/missing", since=since, until=until_))["instants"]
        return found if len(found) >= 2 else None

    instants = await until(some)
    assert from_iso(instants[1]) - from_iso(instants[0]) == timedelta(seconds=1)


RULES = GuildRules(
    GUILD, "Europe/Berlin", quiet_from=clock(22), quiet_to=clock(7), dark_days=(date(2026, 12, 24),)
)


@pytest.mark.parametrize(("instant", "part"), [
    ("2026-11-24T20:59:00Z", None),
    ("2026-11-24T21:00:00Z", "quiet hours are from 22:00 to 07:00"),
    ("2026-11-25T05:59:00Z", "quiet hours"),
    ("2026-11-25T06:00:00Z", None),
    ("2026-12-23T23:30:00Z", "24 December 2026"),
    ("2026-12-24T12:00:00Z", "24 December 2026"),
])  # fmt: skip
def test_what_rules_forbid(instant: str, part: str | None) -> None:
    reason = forbidden(RULES, from_iso(instant))
    assert (reason is None) if part is None else (reason is not None and part in reason)


async def test_rules_make_runs_skipped_with_the_reason(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    now = datetime.now(UTC)
    days = [(now + timedelta(days=offset)).date().isoformat() for offset in (-1, 0, 1)]
    saved = await api.put(f"/api/guilds/{GUILD}/rules", json={"dark_days": days, "most_jobs": 1})
    assert saved.json()["dark_days"] == days
    assert (await api.get(f"/api/guilds/{GUILD}/rules")).json() == saved.json()
    job_id = await due_now(api, guild_id=GUILD)
    run = await ended(api, job_id)
    assert run["status"] == "skipped" and "is a day off" in run["note"]
    await created(api)
    refused = await api.post("/api/jobs", json={**BODY, "guild_id": GUILD})
    assert refused.status_code == 409 and "1 of 1 scheduled jobs" in refused.json()["error"]["message"]


BODY = {"handler_id": "raw", "method": "send", "params": {}, "trigger": HOURLY}


@pytest.mark.parametrize("body", [
    {"quiet_from": "22:00"},
    {"quiet_from": "25:00", "quiet_to": "07:00"},
    {"dark_days": ["2026-02-31"]},
    {"timezone": "Moon/Base"},
    {"most_jobs": 0},
    {"most_jobs": True},
    {"unknown": 1},
])  # fmt: skip
async def test_rules_that_make_no_sense_are_refused(api: Api, body: dict[str, Any]) -> None:
    answer = await api.put(f"/api/guilds/{GUILD}/rules", json=body)
    assert answer.status_code == 400 and answer.json()["error"]["message"]


async def test_a_limit_of_runs_an_hour_skips_the_rest(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    await api.put(f"/api/guilds/{GUILD}/rules", json={"most_runs_an_hour": 2})
    ids = [await due_now(api, guild_id=GUILD) for _ in range(3)]
    states = sorted([(await ended(api, job_id))["status"] for job_id in ids])
    assert states == ["skipped", "succeeded", "succeeded"]


async def test_troubles_are_told_in_order_and_waited_for(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "flat tyre", "retry": False}
    raw_handler.start("send")
    begin = (await api.get("/api/troubles")).json()
    assert begin["troubles"] == []
    waiting = asyncio.create_task(api.get(f"/api/troubles?after={begin['next']}&wait=20"))
    await due_now(api, guild_id=GUILD)
    told = (await waiting).json()
    assert [(item["kind"], item["run"]["error"]) for item in told["troubles"]] == [("failed", "flat tyre")]
    assert (await api.get(f"/api/troubles?after={told['next']}")).json()["troubles"] == []


async def test_a_database_of_an_earlier_version_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    database = SqliteDatabase(path, metadata)
    await database.open()
    await database.close()
    with sqlite3.connect(path) as old:
        for index in ("jobs_by_guild_next", "jobs_by_guild_name", "jobs_by_guild_created"):
            old.execute(f"DROP INDEX {index}")
        for column in ("overlap", "held_until", "meta", "run_count", "sort_name", "channels"):
            old.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
    again = SqliteDatabase(path, metadata)
    await again.open()
    await again.close()
    with sqlite3.connect(path) as new:
        columns = {row[1] for row in new.execute("PRAGMA table_info(jobs)")}
        indexes = {row[1] for row in new.execute("PRAGMA index_list(jobs)")}
    assert {"overlap", "held_until", "meta", "run_count"} <= columns
    assert "jobs_by_guild_next" in indexes


async def test_a_job_older_than_versions_can_be_gone_back_to(api: Api, server: ServerConfig) -> None:
    job_id = (await created(api))["job_id"]
    await execute(server.database, "DELETE FROM job_versions")
    await post(api, f"{job_id}/pause")
    assert (await post(api, f"{job_id}/restore", version=1, expected=2))["state"] == "active"
