"""A node whose clock differs from the database's says so, is not ready, and claims and takes nothing."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from schedulezero import instants
from schedulezero.server.engine import shared_queue, time_check
from schedulezero.server.service import serving
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.clocks import Clock
from tests.support.nodes import Make, node_config, nodes, ready
from tests.support.nodes import raw as raw
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended

pytestmark = [pytest.mark.postgresql, pytest.mark.long]


class SystemClock(Clock):
    """The system's clock as `instants.now` tells it."""

    def __init__(self) -> None:
        super().__init__()
        self._real = instants.now

    def __call__(self) -> datetime:
        return self._real() + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemClock]:
    made = SystemClock()
    monkeypatch.setattr(instants, "now", made)
    for name in ("_EVERY_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(time_check, name, 0.05)
    yield made


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_node_whose_clock_is_off_claims_nothing(
    postgres_url: str, clock: SystemClock, hours: int
) -> None:
    config = node_config(postgres_url)
    async with serving(config, clock) as look, client_of(config) as api:
        (port,) = free_ports(1)
        handler = RawHandler(port, config.server_address)
        await asyncio.to_thread(handler.start, "send")
        try:
            in_half_an_hour = (instants.now() + timedelta(minutes=30)).timestamp()
            trigger = {"type": "date", "args": {"run_date": in_half_an_hour}}
            early = await due_now(api, trigger=trigger)
            clock.offset = timedelta(hours=hours)
            look()

            async def told() -> bool:
                return (await api.get("/api/health/ready")).json().get("trouble_code") == "clock_differs"

            await until(told)
            health = (await api.get("/api/health/ready")).json()
            assert health["trouble"].startswith(
                f"This node's clock differs from the database's by {abs(hours) * 3600} s."
            )
            assert not health["ready"] and health["live"]
            look()
            clock.offset = timedelta()
            look()
            now = await due_now(api)
            assert (await ended(api, now))["status"] == "succeeded"
            assert (await api.get(f"/api/jobs/{early}/executions")).json()["records"] == []
            assert handler.calls.qsize() == 1
            assert (await api.get("/api/health/ready")).json()["ready"]
        finally:
            await asyncio.to_thread(handler.stop)


class ClockOfOneNode(SystemClock):
    """The clock of the node whose thread is named; those of the others are right."""

    def __init__(self) -> None:
        super().__init__()
        self.thread: threading.Thread | None = None

    def __call__(self) -> datetime:
        return super().__call__() if threading.current_thread() is self.thread else self._real()


async def test_a_node_whose_clock_is_off_leaves_its_runs_to_others(
    postgres_url: str, raw: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ClockOfOneNode()
    monkeypatch.setattr(instants, "now", clock)
    for module, name in ((time_check, "_EVERY_SECONDS"), (time_check, "_AGAIN_SECONDS"),
                         (shared_queue, "_NOT_OURS_SECONDS")):  # fmt: skip
        monkeypatch.setattr(module, name, 0.05)
    others = set(threading.enumerate())
    async with nodes(postgres_url, 1) as (off,):
        (clock.thread,) = (
            item
            for item in threading.enumerate()
            if item.name == "schedulezero-server" and item not in others
        )
        handler, finish = raw(off), threading.Event()

        def respond(_: dict[str, Any]) -> dict[str, Any]:
            finish.wait(30)
            return {"success": True}

        handler.respond = respond
        await asyncio.to_thread(handler.start, "send")
        jobs = [await due_now(off.api, guild_id=str(number % 2)) for number in range(6)]

        async def all_taken() -> bool:
            health = await off.health()
            return (health["runs_waiting"], health["runs_under_way"]) == (5, 1)

        await until(all_taken)
        async with nodes(postgres_url, 1) as (right,):
            await until(lambda: right.knows(handler.address))
            clock.offset = timedelta(hours=1)

            async def told() -> bool:
                return (await off.health()).get("trouble_code") == "clock_differs"

            await until(told)
            finish.set()
            for job_id in jobs:
                assert (await ended(right.api, job_id))["status"] == "succeeded"
            clock.offset = timedelta()
            await until(lambda: ready(off))
            calls = Counter(handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize()))
            assert calls == Counter(jobs)


async def test_a_difference_of_a_second_is_nothing(postgres_url: str, clock: SystemClock) -> None:
    clock.offset = timedelta(seconds=1)
    config = node_config(postgres_url)
    async with serving(config, clock), client_of(config) as api:

        async def ready() -> bool:
            return (await api.get("/api/health/ready")).json()["ready"]

        await until(ready)
