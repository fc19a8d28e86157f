"""How many runs wait, wherever they wait: in ``GET /api/health`` and ``GET /metrics``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api, until
from tests.support.peers import RawHandler
from tests.support.runs import due_now, ended


@pytest.fixture
def other(server_config: ServerConfig) -> Iterator[RawHandler]:
    (port,) = free_ports(1)
    handler = RawHandler(port, server_config.server_address, "other")
    yield handler
    handler.stop()


def switch_off(handler: RawHandler) -> None:
    handler.tell(
        {"method": "report_status", "params": {"handler_id": handler.handler_id, "status": "offline"}}
    )
    handler.stop()


async def shows(api: Api, waiting: int, calling: int) -> None:
    async def look() -> bool:
        report = (await api.get("/api/health")).json()
        return (report["runs_waiting"], report["runs_under_way"]) == (waiting, calling)

    await until(look)


@pytest.mark.sqlite  # on PostgreSQL, the runs behind the first one wait in the database
async def test_every_run_of_a_handler_that_is_off_counts_as_waiting(
    api: Api, raw_handler: RawHandler, other: RawHandler
) -> None:
    for handler in (raw_handler, other):
        handler.start("send")
        switch_off(handler)
    jobs = [await due_now(api, handler_id=handler_id) for handler_id in ["raw"] * 4 + ["other"] * 2]
    await shows(api, 6, 0)
    async with httpx.AsyncClient(base_url=api.base_url) as http:
        metrics = (await http.get("/metrics")).text
    assert "schedulezero_queue_depth 6.0" in metrics
    for handler in (raw_handler, other):
        handler.start("send")
    for job_id in jobs:
        assert (await ended(api, job_id))["status"] == "succeeded"
    await shows(api, 0, 0)


@pytest.mark.sqlite  # as above: how many of them this node has taken on depends on the moment
async def test_a_call_counts_as_under_way_and_those_behind_it_as_waiting(
    api: Api, raw_handler: RawHandler
) -> None:
    answer = threading.Event()

    def respond(call: dict[str, Any]) -> dict[str, Any]:
        answer.wait(10)
        return {"success": True}

    raw_handler.respond = respond
    raw_handler.start("send")
    for _ in range(3):
        await due_now(api)
    await shows(api, 2, 1)
    answer.set()
    await shows(api, 0, 0)


async def test_runs_that_wait_for_their_turn_or_another_attempt_count(
    api: Api, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {"success": False, "retry_after": 60}
    raw_handler.start("send")
    trigger = {"type": "interval", "args": {"hours": 1}}
    body = {"handler_id": "raw", "method": "send", "params": {}, "trigger": trigger, "overlap": "wait"}
    job_id = (await api.post("/api/jobs", json=body)).json()["job_id"]
    for _ in range(3):
        await api.post(f"/api/jobs/{job_id}/run", json={})
    await shows(api, 3, 0)
    assert raw_handler.calls.qsize() == 1
