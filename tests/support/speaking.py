"""Shared test helpers: hello, speak."""

from __future__ import annotations

import json
from typing import Any

import zmq

from schedulezero.wire.keys import KeyRing


async def hello(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Says hello."""
    return {"hello": bot}


def speak(address: str, message: dict[str, Any], keys: KeyRing | None, key: str | None) -> Any:
    """Return a peer's response, or None if it doesn't respond within half a second."""
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDTIMEO, 500)  # a refused peer has no connection to send on
    if keys is not None and key is not None:
        keys.speak_to(socket, key)
    try:
        socket.connect(address)
        socket.send(json.dumps(message).encode())
        return json.loads(socket.recv()) if socket.poll(500) else None
    except zmq.Again:
        return None
    finally:
        socket.close(0)
        context.term()
