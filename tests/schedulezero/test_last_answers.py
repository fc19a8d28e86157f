"""A handler that ends as soon as it has answered: the server gets that answer, so nothing is done twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import zmq

from schedulezero.handler_base import HandlerBase
from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api
from tests.support.peers import RawHandler
from tests.support.runs import due_now, ended


class _AnswersOnce(RawHandler):
    """Answers one call of a job, and ends at once, as a program of a few lines does."""

    def _serve(self, bound: threading.Event) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.REP)
        socket.bind(self.address)
        bound.set()
        over = False
        while not over and not self._stopping.is_set():
            if socket.poll(50):
                over = b'"send"' in socket.recv()
                socket.send(b'{"success": true}')
                self.calls.put({"over": over})
        socket.close(1000)
        context.term()


class _Ending(HandlerBase):
    """Stops itself within a job."""

    def __init__(self, *places: Any) -> None:
        super().__init__("raw", *places)
        self.done = 0

    def send(self, params: dict[str, Any]) -> dict[str, Any]:
        self.done += 1
        self.stop()
        return {"done": self.done}


async def test_the_last_answer_of_a_foreign_handler_arrives(api: Api, server: ServerConfig) -> None:
    handler = _AnswersOnce(free_ports(1)[0], server.server_address)
    for _ in range(10):
        await asyncio.to_thread(handler.start, "send")
        run = await ended(api, await due_now(api))
        assert (run["status"], run["attempts"]) == ("succeeded", 1)
        await asyncio.to_thread(handler.stop)


async def test_the_last_answer_of_our_handler_arrives(api: Api, server: ServerConfig) -> None:
    port = free_ports(1)[0]
    for _ in range(4):
        handler = _Ending(f"tcp://127.0.0.1:{port}", server.server_address)
        job_id = await due_now(api)
        await handler.serve()
        run = await ended(api, job_id)
        assert (run["status"], run["attempts"], handler.done) == ("succeeded", 1, 1)


_PROGRAM = """
import sys
from pathlib import Path
from schedulezero.handler_base import HandlerBase

class Ending(HandlerBase):
    def send(self, params):
        with Path(sys.argv[3]).open("a") as file:
            file.write("done ")
        self.stop()
        return {}

Ending("raw", *sys.argv[1:3]).run()
"""


@pytest.mark.long
async def test_the_last_answer_of_a_process_arrives(api: Api, server: ServerConfig, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    for number, port in enumerate(free_ports(5), 1):
        arguments = [f"tcp://127.0.0.1:{port}", server.server_address, str(effects)]
        process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], stderr=subprocess.DEVNULL)
        try:
            run = await ended(api, await due_now(api))
            assert await asyncio.to_thread(process.wait, 10) == 0
        finally:
            process.kill()
            process.wait()
        assert (run["status"], run["attempts"]) == ("succeeded", 1)
        assert effects.read_text().split() == ["done"] * number
