"""Decides which peers may connect to the ZeroMQ sockets that we bind, on loopback and beyond.

libzmq asks a ZAP handler (https://rfc.zeromq.org/spec/27/) about each peer that has finished its handshake.
With a handler present, libzmq refuses peers of ZMTP 1.0 and 2.0, which have no handshake and whose frames
could be hidden in the body of a web request. It refuses peers with another mechanism than the socket's by
itself.

pyzmq's own authenticators aren't used: they admit any number of NULL peers, and they stop permanently when a
callback raises an error.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from typing import Any, cast

import zmq
import zmq.asyncio
from zmq.utils import z85
from zmq.utils.monitor import parse_monitor_message

from schedulezero.wire.keys import KeyRing

log = logging.getLogger(__name__)

MOST_PLAIN_PEERS = 1000
"""Maximum number of keyless connections to one of our sockets; further ones are refused and may retry."""
HANDSHAKE_SECONDS = 5.0
"""A connection that takes longer than this for its handshake is closed."""

# The domains that sockets report to libzmq; without one, libzmq doesn't ask about NULL peers.
_BOUND, _CONNECTED = b"schedulezero", b"schedulezero-connected"
_ENDPOINT = "inproc://zeromq.zap.01"
_VERSION = b"1.0"
_HEARTBEAT_SECONDS = 10.0
_HEARTBEAT_TIMEOUT_SECONDS = 30.0
_WAITING_CONNECTIONS = 512
_SILENT_SECONDS = 10.0


class Doorkeeper:
    """Answers libzmq's questions about peers.

    Parameters:
        keys: the keys allowed over CURVE; None if every peer is plain.
        most: maximum number of plain peers for the guarded socket.
    """

    def __init__(self, keys: KeyRing | None = None, most: int = MOST_PLAIN_PEERS) -> None:
        self._keys = keys
        self._most = most
        self._connected: set[int] = set()
        self._said_at = -math.inf

    def socket(self, context: zmq.Context[Any]) -> Any:
        """Return the socket on which a context's sockets ask; the caller serves and closes it."""
        made = context.socket(zmq.REP)
        made.setsockopt(zmq.LINGER, 0)
        made.bind(_ENDPOINT)
        return made

    def guard(self, socket: Any, keys: KeyRing | None) -> Any:
        """Prepare a socket that will be bound, and return the one that reports its connections (`note`).

        Parameters:
            socket: the socket, not yet bound.
            keys: our own keys if the socket uses CURVE; None for a plain one.
        """
        if keys is not None:
            keys.guard(socket)
        socket.setsockopt(zmq.ZAP_DOMAIN, _BOUND)
        for option, value in (
            (zmq.HANDSHAKE_IVL, int(HANDSHAKE_SECONDS * 1000)),
            (zmq.HEARTBEAT_IVL, int(_HEARTBEAT_SECONDS * 1000)),
            (zmq.HEARTBEAT_TIMEOUT, int(_HEARTBEAT_TIMEOUT_SECONDS * 1000)),
            (zmq.BACKLOG, _WAITING_CONNECTIONS),
        ):
            socket.setsockopt(option, value)
        return socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)

    def note(self, news: list[bytes]) -> None:
        """Count a connection that opened or closed."""
        event = parse_monitor_message(news)
        if event["event"] == zmq.EVENT_ACCEPTED:
            self._connected.add(event["value"])
        else:
            self._connected.discard(event["value"])

    def answer(self, question: Sequence[bytes]) -> list[bytes]:
        """Return the answer to one of libzmq's questions."""
        if len(question) < 6 or question[0] != _VERSION:
            return [_VERSION, question[1] if len(question) > 1 else b"", b"500", b"not ZAP 1.0", b"", b""]
        request_id, domain, mechanism, credentials = question[1], question[2], question[5], question[6:]
        user = self._user(domain, mechanism, credentials)
        if user is None:
            return [_VERSION, request_id, b"400", b"not let in", b"", b""]
        return [_VERSION, request_id, b"200", b"OK", user, b""]

    async def serve(self, socket: zmq.asyncio.Socket) -> None:
        """Answer questions until cancelled."""
        while True:
            question = cast("list[bytes]", await cast(Any, socket).recv_multipart())
            await cast(Any, socket).send_multipart(self.answer(question))

    def _say(self, text: str, *values: object) -> None:
        """Log a refusal, unless another was logged a moment ago: peers keep retrying."""
        now = time.monotonic()
        if now - self._said_at > _SILENT_SECONDS:
            self._said_at = now
            log.warning(text, *values)

    async def keep_count(self, monitor: zmq.asyncio.Socket) -> None:
        """Count connections until cancelled."""
        while True:
            self.note(cast("list[bytes]", await cast(Any, monitor).recv_multipart()))

    def _user(self, domain: bytes, mechanism: bytes, credentials: Sequence[bytes]) -> bytes | None:
        """Return the name that libzmq attaches to a peer's messages; None if the peer is refused."""
        if mechanism == b"NULL":  # libzmq lets NULL peers get here on plain sockets only
            if domain == _CONNECTED or len(self._connected) <= self._most:
                return b""
            self._say("%d connections are open; one more is refused.", len(self._connected))
            return None
        if mechanism == b"CURVE" and self._keys is not None and len(credentials) == 1:
            key = z85.encode(credentials[0])
            if key.decode("ascii") in self._keys.allowed():
                return key
            self._say("A peer with the key %s is not let in; `keys --allow` lets it in.", key.decode("ascii"))
        return None


def ask_about_peers(socket: Any) -> None:
    """Make a connecting socket ask its context's doorkeeper, so that it refuses old peers."""
    socket.setsockopt(zmq.ZAP_DOMAIN, _CONNECTED)


def most_peers(descriptors: int) -> int:
    """Return how many plain peers a socket accepts, given the process's limit of open descriptors."""
    return max(16, min(MOST_PLAIN_PEERS, descriptors // 4))
