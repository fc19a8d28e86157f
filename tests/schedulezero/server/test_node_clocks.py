"""A node whose clock differs from the database's says so, is not ready, and claims and takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from schedulezero import instants
from schedulezero.server.engine import time_check
from schedulezero.server.service import serving
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.clocks import Clock
from tests.support.nodes import node_config
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
                f"This node's clock differs from the database's by {hours * 3600:+} s."
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


async def test_a_difference_of_a_second_is_nothing(postgres_url: str, clock: SystemClock) -> None:
    clock.offset = timedelta(seconds=1)
    config = node_config(postgres_url)
    async with serving(config, clock), client_of(config) as api:

        async def ready() -> bool:
            return (await api.get("/api/health/ready")).json()["ready"]

        await until(ready)
