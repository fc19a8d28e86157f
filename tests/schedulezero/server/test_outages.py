"""Restarts, clocks that jump, handlers that ask to wait: what becomes of attempts and of waiting runs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from schedulezero import faults
from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.service import ServerConfig, serving
from tests.conftest import until
from tests.support.clocks import Clock
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended


@asynccontextmanager
async def running(config: ServerConfig, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(config, clock), client_of(config) as api:
        yield api


async def records(api: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]]:
    return (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]


@pytest.mark.long
async def test_attempts_and_waits_outlive_a_restart(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "no luck"}
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api)
        await until(lambda: _attempted(api, job_id))
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.register, "send")
        run = await ended(api, job_id)
    assert (run["status"], run["attempts"]) == ("failed", 3)
    attempts = [raw_handler.calls.get_nowait()["attempt"] for _ in range(raw_handler.calls.qsize())]
    assert attempts == [1, 2, 3]


async def _attempted(api: httpx.AsyncClient, job_id: str) -> bool:
    return any(record["attempts"] == 1 for record in await records(api, job_id))


async def test_a_handler_that_asks_to_wait_for_too_long_misses_the_run(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "down", "retry_after": 7200}
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        run = await ended(api, await due_now(api))
    assert (run["status"], run["attempts"], run["error"]) == ("missed", 0, "down")


@pytest.mark.long
async def test_a_refusal_that_people_must_mend_pauses_the_job(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    answer = {"success": False, "error": "gone", "retry": False, "pause": True}
    raw_handler.respond = lambda call: answer
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        trigger = {"type": "interval", "args": {"seconds": 1}}
        job_id = await due_now(api, trigger=trigger)
        run = await ended(api, job_id)
        assert run["status"] == "failed"
        assert (await api.get(f"/api/jobs/{job_id}")).json()["state"] == "paused"
        versions = (await api.get(f"/api/jobs/{job_id}/versions")).json()["versions"]
        assert [item["action"] for item in versions] == ["paused", "created"]
        (entry, _) = (await api.get("/api/audit")).json()["entries"]
        assert (entry["action"], entry["via"]) == ("paused", "server")


async def test_a_job_that_fails_ten_times_in_the_same_way_is_paused(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    answers = itertools.chain(
        [_refused("other")] * 3,
        [_refused("closed")] * 9,
        [{"success": True}],
        itertools.repeat(_refused("closed")),
    )
    raw_handler.respond = lambda call: next(answers)
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api, trigger={"type": "interval", "args": {"days": 1}})
        for number in range(23):
            assert (await api.get(f"/api/jobs/{job_id}")).json()["state"] == "active", number
            await api.post(f"/api/jobs/{job_id}/run")

            async def over(number: int = number) -> bool:
                found = await records(api, job_id)
                return len([r for r in found if r["status"] in ("failed", "succeeded")]) > number

            await until(over)
        assert (await api.get(f"/api/jobs/{job_id}")).json()["state"] == "paused"
        (entry, *_) = (await api.get("/api/audit")).json()["entries"]
        assert (entry["action"], entry["via"]) == ("paused", "server")


def _refused(code: str) -> dict[str, Any]:
    return {"success": False, "error": "no", "error_code": code, "retry": False}


async def test_a_rate_limit_may_put_a_run_off_for_longer_than_an_hour(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    clock = Clock()
    told = itertools.count(1)
    raw_handler.respond = lambda call: {
        "success": False, "error": f"slow {next(told)}", "retry_after": 3000, "limited": True
    }  # fmt: skip
    async with serving(server_config, clock) as look, client_of(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api)
        for number in range(1, 4):
            await until(lambda number=number: _waits(api, job_id, number))
            clock.offset += timedelta(seconds=3001)
            look()
            await until(lambda number=number: raw_handler.calls.qsize() > number)
        raw_handler.respond = lambda call: {"success": True}
        await until(lambda: _waits(api, job_id, 4))
        clock.offset += timedelta(seconds=3001)
        look()
        await until(lambda: _succeeded(api, job_id))


async def _waits(api: httpx.AsyncClient, job_id: str, calls: int) -> bool:
    found = [(record["status"], record["error"]) for record in await records(api, job_id)]
    return found == [("queued", f"slow {calls}")]


async def test_an_uncertain_answer_is_recorded_so_and_tried_again_in_another_round(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "who knows", "uncertain": True}
    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api)
        run = await ended(api, job_id)
        assert (run["status"], run["attempts"]) == ("uncertain", 1)
        troubles = (await api.get("/api/troubles", params={"after": 0})).json()["troubles"]
        assert [item["kind"] for item in troubles] == ["uncertain"]
        raw_handler.respond = lambda call: {"success": True}
        await api.post(f"/api/jobs/{job_id}/make-up", json={"instants": [run["scheduled_at"]]})
        await until(lambda: _succeeded(api, job_id))
    rounds = [raw_handler.calls.get_nowait()["round"] for _ in range(2)]
    assert rounds == [1, 2]


async def _succeeded(api: httpx.AsyncClient, job_id: str) -> bool:
    return (await records(api, job_id))[0]["status"] == "succeeded"


@pytest.mark.long
async def test_a_clock_set_back_runs_no_instant_twice(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    clock = Clock()
    async with running(server_config, clock) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api, trigger={"type": "interval", "args": {"seconds": 1}})
        await until(lambda: raw_handler.calls.qsize() >= 2)
        # Set back, and then pausing and resuming works the next instant out anew: one that has run.
        clock.offset -= timedelta(seconds=3)
        await api.post(f"/api/jobs/{job_id}/pause")
        await api.post(f"/api/jobs/{job_id}/resume")
        await until(lambda: raw_handler.calls.qsize() >= 5)
    runs = [raw_handler.calls.get_nowait()["run_id"] for _ in range(raw_handler.calls.qsize())]
    assert len(runs) == len(set(runs))


@pytest.mark.long
async def test_after_an_outage_only_the_latest_run_of_a_job_is_carried_out(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.server.engine.clock._LONGEST_SLEEP_SECONDS", 0.05)
    clock = Clock()
    raw_handler.respond = lambda call: {"success": False, "error": "down", "retry_after": 2}
    async with running(server_config, clock) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api, trigger={"type": "interval", "args": {"minutes": 30}})
        clock.offset += timedelta(minutes=30)
        await until(lambda: raw_handler.calls.qsize() == 1)
        clock.offset += timedelta(minutes=30)
        await until(lambda: raw_handler.calls.qsize() >= 2)
        raw_handler.respond = lambda call: {"success": True}
        found = await until(lambda: _none_queued(api, job_id))
    assert [record["status"] for record in found] == ["succeeded", "skipped"]
    assert found[1]["error"] == "A later run of the job replaced it."


async def _none_queued(api: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]] | None:
    found = await records(api, job_id)
    return found if all(record["status"] != "queued" for record in found) else None


@pytest.mark.long
async def test_a_full_disk_delays_and_loses_nothing(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def full(point: str) -> None:
        if point in ("clock.claim", "store.record") and refused.count(point) < 2:
            refused.append(point)
            raise DatabaseUnavailable("The disk is full.")

    async with running(server_config, Clock()) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        monkeypatch.setattr(faults, "trouble_maker", full)
        run = await ended(api, await due_now(api))
    assert run["status"] == "succeeded" and raw_handler.calls.qsize() == 1
    assert sorted(refused) == ["clock.claim"] * 2 + ["store.record"] * 2


@pytest.mark.long
async def test_ready_says_so_while_due_jobs_cannot_be_claimed(
    server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.server.health._MOMENT_SECONDS", 0.0)
    is_full = asyncio.Event()
    is_full.set()

    def full(point: str) -> None:
        if point == "clock.claim" and is_full.is_set():
            raise DatabaseUnavailable("The disk is full.")

    async def state(ready: bool) -> dict[str, Any]:
        while True:
            answer = (await api.get("/api/health/ready")).json()
            if answer["ready"] is ready:
                return answer
            await asyncio.sleep(0.05)

    async with running(server_config, Clock()) as api, asyncio.timeout(60):
        monkeypatch.setattr(faults, "trouble_maker", full)
        await due_now(api)
        told = await state(ready=False)
        assert "are waiting because" in told["trouble"] and told["runs_waiting"] is None
        is_full.clear()
        assert (await state(ready=True))["runs_waiting"] is not None
