"""A node that can't reach a handler leaves its runs to the nodes that can."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from schedulezero.server.engine import reach, shared_queue
from schedulezero.server.engine.reach import pause_after
from schedulezero.server.handlers import entries, registry
from schedulezero.server.handlers.line import HandlerAway
from schedulezero.server.handlers.slots import Slots
from schedulezero.server.records import leases
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.dropping_proxy import DroppingProxy
from tests.support.nodes import Node, nodes
from tests.support.peers import RawHandler
from tests.support.postgres import rows
from tests.support.runs import due_now, ended

postgresql = [pytest.mark.postgresql, pytest.mark.long]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that ask before each call whether the handler is there, and don't wait long for it."""
    monkeypatch.setattr(entries, "_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(registry, "PING_SECONDS", 0.2)
    monkeypatch.setattr(reach, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(reach, "_LEAST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(shared_queue, "_NOT_OURS_SECONDS", 0.05)
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.2)


@asynccontextmanager
async def one_cut_off(
    database: str, concurrency: int
) -> AsyncIterator[tuple[list[Node], RawHandler, DroppingProxy]]:
    """Two nodes, of which only the second reaches the handler, and the handler."""
    (port,) = free_ports(1)
    with DroppingProxy(port) as proxy:
        async with nodes(database, 1) as (far,):
            handler = RawHandler(port, far.config.server_address)
            handler.address = f"tcp://127.0.0.1:{proxy.port}"
            await asyncio.to_thread(handler.start, "send", concurrency=concurrency)
            try:
                job_id = await due_now(far.api)
                assert (await ended(far.api, job_id))["status"] == "succeeded"
                assert handler.calls.get_nowait()["job_id"] == job_id
                proxy.drop_present()
                async with nodes(database, 1) as (near,):
                    await until(lambda: near.knows(handler.address))
                    yield [far, near], handler, proxy
            finally:
                await asyncio.to_thread(handler.stop)


@pytest.mark.parametrize("concurrency", [1, 5])
class TestANodeThatIsCutOffFromAHandler:
    pytestmark = postgresql

    @pytest.mark.usefixtures("hasty")
    async def test_leaves_its_runs_to_another(self, postgres_url: str, concurrency: int) -> None:
        async with one_cut_off(postgres_url, concurrency) as (found, handler, _):
            jobs = [await due_now(found[number % 2].api, guild_id=str(number % 3)) for number in range(20)]
            for job_id in jobs:
                assert (await ended(found[1].api, job_id))["status"] == "succeeded"
            calls = Counter(handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize()))
            assert calls == Counter(jobs)

    @pytest.mark.usefixtures("hasty")
    async def test_misses_them_by_their_rules_if_nobody_reaches_it(
        self, postgres_url: str, concurrency: int
    ) -> None:
        async with one_cut_off(postgres_url, concurrency) as (found, _, proxy):
            proxy.drop()
            jobs = [await due_now(found[number % 2].api, grace_seconds=1) for number in range(4)]
            for job_id in jobs:
                run = await ended(found[1].api, job_id)
                assert (run["status"], run["error_code"]) == ("missed", "handler_silent")
            assert await rows(postgres_url, "SELECT FROM pgqueuer") == []


async def test_those_that_wait_for_a_slot_of_a_silent_instance_are_turned_away() -> None:
    slots = Slots(1)
    await slots.take("a")
    waiting = [asyncio.create_task(slots.take(flow)) for flow in ("a", "b")]
    await until(lambda: slots.waited_for)
    slots.turn_away()
    assert [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == [
        HandlerAway
    ] * 2
    slots.give("a")
    assert slots.free == 1
    assert not slots.waited_for


@pytest.mark.parametrize(("silent", "seconds"), [(0, 1), (3, 1), (8, 2), (32, 8), (3600, 8)])
def test_the_longer_a_handler_is_silent_the_longer_others_take_its_runs(
    silent: float, seconds: float
) -> None:
    assert pause_after(silent) == seconds
