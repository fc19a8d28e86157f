"""A handler without a journal that records every call, so that a repeated call of a run shows."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import zmq
import zmq.asyncio

from tests.support.peers import tell


@dataclass(slots=True)
class Call:
    """One call. Instants are seconds since the epoch; ``answered_at`` is None until it is answered."""

    handler_id: str
    run_id: str
    job_id: str
    due: float
    at: float
    answered_at: float | None = None


class RecordingHandler:
    """Takes calls on this event loop while the context is open.

    Parameters:
        handler_id: the name under which it registers.
        port: where it listens.
        concurrency: how many calls it takes at once from each node; with 1, one from all of them together.
        seconds: how long a call takes.
    """

    def __init__(self, handler_id: str, port: int, *, concurrency: int, seconds: float) -> None:
        self.handler_id = handler_id
        self.port = port
        self.calls: list[Call] = []
        self._concurrency = concurrency
        self._seconds = seconds
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._socket.bind(f"tcp://127.0.0.1:{self.port}")
        self._begin(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close(0)
        self._context.term()

    async def register(self, server_address: str, port: int | None = None) -> None:
        """Register at a node, from which the others learn of it.

        Parameters:
            server_address: where the node takes registrations.
            port: the port at which the nodes reach it, by default its own.
        """
        params = {
            "handler_id": self.handler_id,
            "address": f"tcp://127.0.0.1:{port or self.port}",
            "methods": ["work"],
            "concurrency": self._concurrency,
        }
        message = json.dumps({"method": "register", "params": params}).encode()
        answer = await asyncio.to_thread(tell, server_address, message)
        assert answer["success"], answer

    def _begin(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self) -> None:
        while True:
            *envelope, payload = await self._socket.recv_multipart()
            message = json.loads(payload)
            if message["method"] == "ping":
                await self._socket.send_multipart([*envelope, b'{"success": true, "message": "pong"}'])
                continue
            due = datetime.fromisoformat(message["context"]["scheduled_at"]).timestamp()
            call = Call(self.handler_id, message["run_id"], message["job_id"], due, time.time())
            self.calls.append(call)
            self._begin(self._answer(envelope, call))

    async def _answer(self, envelope: list[bytes], call: Call) -> None:
        await asyncio.sleep(self._seconds)
        call.answered_at = time.time()
        await self._socket.send_multipart([*envelope, b'{"success": true}'])
