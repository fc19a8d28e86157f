"""Other people's programs: a handler on a plain REP socket, and raw sockets that call a handler."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

import zmq

Answer = dict[str, Any] | str
"""What a handler answers: a JSON object, or a text that goes out as it is."""


class RawHandler:
    """A handler as the published documents show it: REQ to register, REP to be called.

    Each call is put into ``calls``; ``respond`` makes the answer, and None keeps silent for good.
    """

    def __init__(self, port: int, server_address: str, handler_id: str = "raw") -> None:
        self.handler_id = handler_id
        self.address = f"tcp://127.0.0.1:{port}"
        """Where it says that it listens."""
        self._listens_at = self.address
        self.calls: Queue[dict[str, Any]] = Queue()
        self.pings = 0
        self.answer_seconds = 60.0
        self.respond: Callable[[dict[str, Any]], Answer | None] = lambda call: {"success": True}
        self._server_address = server_address
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, *methods: str, **extra: Any) -> dict[str, Any]:
        """Listens, registers with these methods, and returns the server's answer."""
        self._stopping.clear()
        bound = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(bound,), daemon=True)
        self._thread.start()
        assert bound.wait(60)
        return self.register(*methods, **extra)

    def register(self, *methods: str, **extra: Any) -> dict[str, Any]:
        return self.tell(
            {
                "method": "register",
                "params": {
                    "handler_id": self.handler_id,
                    "address": self.address,
                    "methods": list(methods),
                    **extra,
                },
            }
        )

    def tell(self, message: Any) -> dict[str, Any]:
        """Sends a message to the server's registration socket and returns its answer."""
        return tell(self._server_address, json.dumps(message).encode(), seconds=self.answer_seconds)

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _serve(self, bound: threading.Event) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.REP)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(self._listens_at)
        bound.set()
        silent = False
        while not self._stopping.is_set():
            if silent or not socket.poll(50):
                self._stopping.wait(0.01)
                continue
            call = json.loads(socket.recv())
            if call.get("method") == "ping":
                self.pings += 1
                answer: Answer | None = {"success": True, "message": "pong"}
            else:
                answer = self.respond(call)
                self.calls.put(call)
            if answer is None:
                silent = True
            else:
                text = answer if isinstance(answer, str) else json.dumps(answer)
                socket.send(text.encode("utf-8", "surrogatepass"))
        socket.close(0)
        context.term()


def tell(address: str, payload: bytes, *, seconds: float = 60.0) -> dict[str, Any]:
    """One REQ request to an address, and its answer."""
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    try:
        socket.connect(address)
        socket.send(payload)
        assert socket.poll(int(seconds * 1000)), f"{address} did not answer"
        return json.loads(socket.recv())
    finally:
        socket.close(0)
        context.term()
