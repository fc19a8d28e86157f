"""Answers that are too large: their run fails and isn't tried again, and the handler goes on."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
import zmq

from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api
from tests.support.peers import RawHandler
from tests.support.runs import due_now, ended


@pytest.mark.parametrize("size", [1_100_000, 2_200_000, 20_000_000])
async def test_an_answer_that_is_too_large_fails_its_run_alone(
    api: Api, raw_handler: RawHandler, size: int
) -> None:
    def respond(call: dict[str, Any]) -> dict[str, Any]:
        return {"success": True, "text": "x" * (size if call["params"].get("large") else 1)}

    raw_handler.respond = respond
    raw_handler.start("send")
    run = await ended(api, await due_now(api, params={"large": True}))
    assert (run["status"], run["attempts"]) == ("failed", 1)
    assert "at most 1048576 are accepted" in run["error"]
    for _ in range(2):
        run = await ended(api, await due_now(api))
        assert (run["status"], run["attempts"]) == ("succeeded", 1)


class _SeveralAtOnce(RawHandler):
    """Answers its calls once there are three, the large one first."""

    def _serve(self, bound: threading.Event) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.ROUTER)
        socket.bind(self.address)
        bound.set()
        waiting: list[tuple[list[bytes], dict[str, Any]]] = []
        while not self._stopping.is_set():
            if not socket.poll(50):
                continue
            *envelope, payload = socket.recv_multipart()
            call = json.loads(payload)
            if call["method"] == "ping":
                socket.send_multipart([*envelope, b'{"success": true}'])
                continue
            waiting.append((envelope, call))
            if len(waiting) == 3:
                waiting.sort(key=lambda item: not item[1]["params"].get("large"))
                for envelope, call in waiting:
                    answer = {"success": True, "text": "x" * call["params"].get("large", 1)}
                    socket.send_multipart([*envelope, json.dumps(answer).encode()])
                waiting.clear()
        socket.close(0)
        context.term()


async def test_other_calls_on_the_same_connection_go_on(api: Api, server: ServerConfig) -> None:
    handler = _SeveralAtOnce(free_ports(1)[0], server.server_address)
    await asyncio.to_thread(handler.start, "send", concurrency=8)
    try:
        jobs = [await due_now(api, params={"large": size} if size else {}) for size in (0, 7_000_000, 0)]
        runs = [await ended(api, job_id) for job_id in jobs]
    finally:
        await asyncio.to_thread(handler.stop)
    assert [(run["status"], run["attempts"]) for run in runs] == [
        ("succeeded", 1), ("failed", 1), ("succeeded", 1),
    ]  # fmt: skip
