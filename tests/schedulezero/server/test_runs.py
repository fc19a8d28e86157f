"""From due to done: attempts, retries, waiting for a handler, and what the history says of it."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from schedulezero import instants
from schedulezero.server.engine import clock, dispatcher
from schedulezero.server.service import ServerConfig, serving
from tests.conftest import Api, until
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended


async def test_a_call_carries_its_run(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    job_id = await due_now(api, params={"text": "hi"})
    run = await ended(api, job_id)
    call = raw_handler.calls.get_nowait()
    assert call == {
        "method": "send", "params": {"text": "hi"}, "run_id": run["run_id"], "job_id": job_id, "attempt": 1,
        "round": 1,
        "context": {
            "timezone": "UTC", "number": 1, "scheduled_at": run["scheduled_at"], "guild_id": None,
            "creator_id": None,
        },
    }  # fmt: skip
    assert (run["status"], run["attempts"]) == ("succeeded", 1)
    assert (await api.get(f"/api/jobs/{job_id}")).json()["state"] == "finished"


@pytest.mark.long
async def test_a_failure_is_tried_three_times(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "flat tyre"}
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert (run["status"], run["attempts"], run["error"]) == ("failed", 3, "flat tyre")
    assert [raw_handler.calls.get_nowait()["attempt"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.long
async def test_a_second_attempt_may_succeed(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": call["attempt"] == 2}
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert (run["status"], run["attempts"], run["error"]) == ("succeeded", 2, None)


async def test_what_cannot_help_is_not_tried_again(
    api: Api, raw_handler: RawHandler, caplog: pytest.LogCaptureFixture
) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "no channel", "retry": False}
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert (run["status"], run["attempts"]) == ("failed", 1)
    about = [record for record in caplog.records if "no channel" in record.getMessage()]
    assert [getattr(record, "run_id", None) for record in about] == [run["run_id"]]


async def test_retry_after_uses_no_attempt_up(api: Api, raw_handler: RawHandler) -> None:
    answers = iter([{"success": False, "retry_after": 0.05}] * 4 + [{"success": True}])
    raw_handler.respond = lambda call: next(answers)
    raw_handler.start("send")
    run = await ended(api, await due_now(api))
    assert (run["status"], run["attempts"]) == ("succeeded", 1)


async def test_an_answer_without_success_counts_as_done(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"status": "error", "error": "ignored by contract"}
    raw_handler.start("send")
    assert (await ended(api, await due_now(api)))["status"] == "succeeded"


async def test_a_handler_that_is_away_is_waited_for(
    api: Api, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_SHORT_WAIT", timedelta())
    job_id = await due_now(api)
    await until(lambda: _count(api, job_id, 1))
    raw_handler.start("send")
    run = await ended(api, job_id)
    assert (run["status"], run["attempts"]) == ("succeeded", 1)
    assert "Waited" in run["note"]


@pytest.mark.long
async def test_after_the_grace_time_the_run_is_missed(api: Api, raw_handler: RawHandler) -> None:
    job_id = await due_now(api, grace_seconds=1)
    run = await ended(api, job_id)
    assert (run["status"], run["attempts"]) == ("missed", 0)
    assert "'raw' didn't answer in time" in run["error"]


async def test_cancelling_the_job_stops_a_run_that_waits(
    api: Api, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_SHORT_WAIT", timedelta())
    job_id = await due_now(api)
    await until(lambda: _count(api, job_id, 1))
    await api.delete(f"/api/jobs/{job_id}")
    raw_handler.start("send")
    other = await due_now(api)
    await ended(api, other)
    assert raw_handler.calls.get_nowait()["job_id"] == other
    assert raw_handler.calls.empty()
    assert (await ended(api, job_id))["status"] == "cancelled"


async def test_a_rep_handler_gets_one_call_at_a_time(api: Api, raw_handler: RawHandler) -> None:
    together, most = 0, 0
    lock = threading.Lock()

    def respond(call: dict[str, Any]) -> dict[str, Any]:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.05)
        with lock:
            together -= 1
        return {"success": True}

    raw_handler.respond = respond
    raw_handler.start("send")
    jobs = [await due_now(api) for _ in range(6)]
    runs = [await ended(api, job_id) for job_id in jobs]
    assert {run["status"] for run in runs} == {"succeeded"}
    assert most == 1


async def test_a_run_on_demand_leaves_the_schedule_alone(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    job_id = await due_now(api, trigger={"type": "interval", "args": {"hours": 1}})
    before = (await api.get(f"/api/jobs/{job_id}")).json()["next_run_at"]
    started = await api.post(f"/api/jobs/{job_id}/run")
    assert started.status_code == 202
    run = await ended(api, job_id)
    assert run["run_id"] == started.json()["run_id"] and run["note"] == "Run on demand."
    assert (await api.get(f"/api/jobs/{job_id}")).json()["next_run_at"] == before


async def test_an_earlier_job_wakes_the_clock(
    api: Api, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_LONGEST_SLEEP_SECONDS", 3600.0)
    raw_handler.start("send")
    await due_now(api, trigger={"type": "date", "args": {"run_date": "2099-01-01T00:00:00Z"}})
    due_at = time.time() + 0.3
    await due_now(api, trigger={"type": "date", "args": {"run_date": due_at}})
    await asyncio.to_thread(raw_handler.calls.get, timeout=60)
    assert time.time() >= due_at


async def test_runs_survive_the_server(server_config: ServerConfig, raw_handler: RawHandler) -> None:
    async with serving(server_config), client_of(server_config) as api:
        waiting = await due_now(api)
        await until(lambda: _count(api, waiting, 1))
        soon = await due_now(api, trigger={"type": "interval", "args": {"minutes": 1}})

    def three_minutes_later() -> datetime:
        return instants.now() + timedelta(minutes=3)

    async with serving(server_config, three_minutes_later), client_of(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        assert (await ended(api, waiting))["status"] == "succeeded"
        notes = await until(lambda: _notes(api, soon))
        assert notes[0].startswith("2 earlier runs were skipped while the scheduler was not running.")
    calls = [raw_handler.calls.get_nowait()["run_id"] for _ in range(raw_handler.calls.qsize())]
    assert len(calls) == len(set(calls)), "an instant ran twice"


async def test_the_window_in_memory_is_smaller_than_the_queue(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: Any
) -> None:
    monkeypatch.setattr("schedulezero.server.engine.run_queue.WINDOW", 5)
    async with serving(server_config), client_of(server_config) as api:
        for _ in range(23):
            await due_now(api)
        await asyncio.to_thread(raw_handler.start, "send", concurrency=4)

        async def all_done() -> bool:
            stats = (await api.get("/api/executions/stats")).json()
            return stats["by_status"]["succeeded"] == 23

        await until(all_done)
    assert len({raw_handler.calls.get_nowait()["run_id"] for _ in range(23)}) == 23
    assert raw_handler.calls.empty()


async def test_a_server_on_another_port_reads_the_same_file(
    server_config: ServerConfig, settings: Any
) -> None:
    from schedulezero.wire.addresses import free_ports

    rest, registration = free_ports(2)
    moved = replace(
        server_config,
        api_endpoint=f"http://127.0.0.1:{rest}",
        server_address=f"tcp://127.0.0.1:{registration}",
    )
    async with serving(server_config), client_of(server_config) as api:
        job_id = await due_now(api, trigger={"type": "interval", "args": {"hours": 1}}, name="kept")
    async with serving(moved), client_of(moved) as api:
        assert (await api.get(f"/api/jobs/{job_id}")).json()["name"] == "kept"


async def _count(api: httpx.AsyncClient, job_id: str, wanted: int) -> bool:
    return (await api.get(f"/api/jobs/{job_id}/executions")).json()["count"] >= wanted


async def _notes(api: httpx.AsyncClient, job_id: str) -> list[str]:
    records = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
    return [record["note"] for record in records if record["note"]]
