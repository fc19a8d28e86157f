"""A part of the server that fails is started again, or the whole server ends: it is never half alive."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from schedulezero import faults
from schedulezero.errors import ServerFailure
from schedulezero.server.engine.run_queue import LocalRunQueue
from schedulezero.server.engine.shared_queue import SharedRunQueue
from schedulezero.server.service import ServerConfig, serving
from schedulezero.server.thread import ServerThread
from tests.conftest import until
from tests.support.peers import RawHandler
from tests.support.runs import client_of, due_now, ended


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedulezero.server.parts_kept.AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("schedulezero.server.engine.dispatcher._AGAIN_SECONDS", 0.0)


async def test_a_part_that_fails_is_started_again(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []

    def fail(point: str) -> None:
        if point == "clock.claim" and len(failed) < 3:
            failed.append(point)
            raise RuntimeError("the sequence cannot be read")

    async with serving(server_config), client_of(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        monkeypatch.setattr(faults, "trouble_maker", fail)
        assert (await ended(api, await due_now(api)))["status"] == "succeeded"
        assert len(failed) == 3
        await until(lambda: _live(api))


async def _live(api: httpx.AsyncClient) -> bool:
    return (await api.get("/api/health")).json()["live"]


async def test_a_part_that_keeps_failing_ends_the_server(
    server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(point: str) -> None:
        if point == "clock.claimed":
            raise RuntimeError("the sequence cannot be read")

    monkeypatch.setattr(faults, "trouble_maker", fail)
    with pytest.raises(ServerFailure, match=r"its clock failed \(RuntimeError\)"):
        async with serving(server_config):
            await asyncio.Event().wait()
    thread = ServerThread(server_config)  # its ports and its database are free again
    await thread.start()
    with pytest.raises(ServerFailure):
        await thread.ended()
    await thread.stop()


async def test_a_lane_that_cannot_be_read_ends_the_server(
    server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(queue: object, handler_id: str) -> None:
        raise RuntimeError("the sequence cannot be read")

    for kind in (LocalRunQueue, SharedRunQueue):
        monkeypatch.setattr(kind, "take", fail)
    with pytest.raises(ServerFailure, match="its dispatcher failed"):
        async with serving(server_config), client_of(server_config) as api:
            await due_now(api)
            await asyncio.Event().wait()
