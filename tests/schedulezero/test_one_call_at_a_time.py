"""Long jobs that are due together, on a published server that makes one call of a handler at a time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from schedulezero.handler import repetitions
from schedulezero.handler.handler import Handler
from schedulezero.wire.addresses import free_ports
from tests.support.published_server import PublishedServer

_SCALE = 0.2


@pytest.mark.long
@pytest.mark.parametrize("jobs", [2, 4])
async def test_long_jobs_that_are_due_together_are_done_once_each(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetitions, "clock", lambda: time.monotonic() / _SCALE)
    rest, registration, port = free_ports(3)
    done: Counter[int] = Counter()

    async def slow(context: Any, params: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(12 * _SCALE)
        done[params["number"]] += 1
        return {"number": params["number"]}

    server = PublishedServer(
        f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", tmp_path, scale=_SCALE
    )
    server.start()
    handler = Handler(None, "bot", f"tcp://127.0.0.1:{port}", server.server_address)
    handler.register_sprocket("slow", slow)
    handler.start()
    await handler.wait_bound()
    await handler.refresh()

    async def run_now(client: httpx.AsyncClient, number: int) -> httpx.Response:
        body = {"handler_id": "bot", "job_method": "slow", "job_params": {"number": number}}
        return await client.post("/api/run_now", json=body)

    try:
        async with httpx.AsyncClient(base_url=server.api_endpoint, timeout=60) as client:
            answers = await asyncio.gather(*(run_now(client, number) for number in range(jobs)))
    finally:
        handler.stop()
        await handler.wait_stopped()
        server.stop()
    assert [answer.status_code for answer in answers] == [200] * jobs
    assert [record["status"] for record in server.records] == ["success"] * jobs
    assert done == Counter(range(jobs))
