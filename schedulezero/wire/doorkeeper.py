"""Decides which peers may connect to the ZeroMQ sockets that we bind, on loopback as well as beyond it.

libzmq asks a ZAP handler (https://rfc.zeromq.org/spec/27/) about each peer that has finished its handshake.
Because there is one, libzmq refuses peers of ZMTP 1.0 and 2.0, which have no handshake and whose frames could
stand in the body of a web request; it refuses peers of another mechanism than the socket's by itself.

pyzmq's own authenticators are not used: they let in any number of NULL peers, and they stop for good when a
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
"""Connections without a key to a socket of ours at once; one more is refused, and its peer tries again."""
HANDSHAKE_SECONDS = 5.0
"""A connection that has not finished its handshake by then is closed."""

# The domains that sockets name to libzmq; without one libzmq does not ask about NULL peers.
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
        keys: who is let in over CURVE; None where every peer is plain.
        most: how many plain peers the socket that it guards takes at once.
    """

    def __init__(self, keys: KeyRing | None = None, most: int = MOST_PLAIN_PEERS) -> None:
        self._keys = keys
        self._most = most
        self._connected: set[int] = set()
        self._said_at = -math.inf

    def socket(self, context: zmq.Context[Any]) -> Any:
        """The socket over which the sockets of a context ask; the caller serves and closes it."""
        made = context.socket(zmq.REP)
        made.setsockopt(zmq.LINGER, 0)
        made.bind(_ENDPOINT)
        return made

    def guard(self, socket: Any, keys: KeyRing | None) -> Any:
        """Prepares a socket that will be bound, and gives the one that tells of its connections (`note`).

        Parameters:
            socket: the socket, not yet bound.
            keys: our own keys where the socket speaks CURVE; None for a plain one.
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
        """Counts a connection that came or went."""
        event = parse_monitor_message(news)
        if event["event"] == zmq.EVENT_ACCEPTED:
            self._connected.add(event["value"])
        else:
            self._connected.discard(event["value"])

    def answer(self, question: Sequence[bytes]) -> list[bytes]:
        """The answer to one question of libzmq's."""
        if len(question) < 6 or question[0] != _VERSION:
            return [_VERSION, question[1] if len(question) > 1 else b"", b"500", b"not ZAP 1.0", b"", b""]
        request_id, domain, mechanism, credentials = question[1], question[2], question[5], question[6:]
        user = self._user(domain, mechanism, credentials)
        if user is None:
            return [_VERSION, request_id, b"400", b"not let in", b"", b""]
        return [_VERSION, request_id, b"200", b"OK", user, b""]

    async def serve(self, socket: zmq.asyncio.Socket) -> None:
        """Answers until cancelled."""
        while True:
            question = cast("list[bytes]", await cast(Any, socket).recv_multipart())
            await cast(Any, socket).send_multipart(self.answer(question))

    def _say(self, text: str, *values: object) -> None:
        """Logs a refusal, unless one was logged a moment ago: peers try again and again."""
        now = time.monotonic()
        if now - self._said_at > _SILENT_SECONDS:
            self._said_at = now
            log.warning(text, *values)

    async def keep_count(self, monitor: zmq.asyncio.Socket) -> None:
        """Counts connections until cancelled."""
        while True:
            self.note(cast("list[bytes]", await cast(Any, monitor).recv_multipart()))

    def _user(self, domain: bytes, mechanism: bytes, credentials: Sequence[bytes]) -> bytes | None:
        """The name that libzmq notes for a peer's messages; None when the peer is not let in."""
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
    """Makes a socket that will be connected ask its context's doorkeeper, and so refuse old peers."""
    socket.setsockopt(zmq.ZAP_DOMAIN, _CONNECTED)


def most_peers(descriptors: int) -> int:
    """How many plain peers a socket takes in a process that may have so many descriptors open."""
    return max(16, min(MOST_PLAIN_PEERS, descriptors // 4))
