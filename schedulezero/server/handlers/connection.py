"""A connection to one handler: many calls at once, each answer matched to its call.

A frame of our own before the empty delimiter identifies the call; REP and ROUTER peers return it unchanged.
A call goes to a live peer or isn't sent at all, so that no call waits in a socket and is delivered after its
caller has given up. `schedulezero.server.handlers.line` holds the socket; the first call opens it, and the
first one after a disconnection opens another.
"""

from __future__ import annotations

import asyncio
import itertools

import zmq.asyncio

from schedulezero.errors import ScheduleZeroError
from schedulezero.model import JsonObject
from schedulezero.server.handlers.line import CallLost, HandlerAway, Line
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.protocol import PING, encode

__all__ = ["CallLost", "CallTimeout", "Connection", "HandlerAway"]

_CONNECT_SECONDS = 1.0


class CallTimeout(ScheduleZeroError):
    """The call was delivered but not answered in time."""


class Connection:
    """A connection to a handler's address. Open and close it on the loop that uses it.

    Parameters:
        context: the ZeroMQ context that owns the socket.
        address: where the handler listens, such as ``tcp://127.0.0.1:5000``.
        keys: our own keys if the wire is encrypted.
        key: the handler's public key if the wire is encrypted.
    """

    def __init__(
        self, context: zmq.asyncio.Context, address: str, keys: KeyRing | None = None, key: str | None = None
    ) -> None:
        self.address = address
        self._context, self._keys, self._key = context, keys, key
        self._closed = False
        self._tokens = itertools.count(1)
        self._lines: list[Line] = []  # one that ends may still be reading its last answers

    async def call(self, message: JsonObject, timeout: float) -> JsonObject:
        """Send a message and return the handler's answer.

        Parameters:
            message: the message to send.
            timeout: seconds to wait for the answer after sending.

        Raises HandlerAway when the message couldn't be delivered, CallTimeout when no answer came in time,
        and CallLost when the handler disconnected before it answered.
        """
        token = b"%d" % next(self._tokens)
        line = self._live_line()
        try:
            answer = await line.send(token, encode(message), _CONNECT_SECONDS, ping=message is PING)
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise CallTimeout(f"{self.address} did not answer within {timeout:g} s") from None
        finally:
            line.forget(token)

    async def ping(self, timeout: float) -> bool:
        """Return whether the handler answers a ping within ``timeout`` seconds."""
        try:
            return (await self.call(PING, timeout)).get("success") is True
        except (HandlerAway, CallTimeout, CallLost):
            return False

    def close(self) -> None:
        """Close the socket; pending calls raise HandlerAway."""
        self._closed = True
        for line in self._lines:
            line.close()

    def _live_line(self) -> Line:
        if self._closed:
            raise HandlerAway(f"the connection to {self.address} was closed")
        if not self._lines or self._lines[-1].ended:
            new = Line(self._context, self.address, self._keys, self._key)
            self._lines = [*(line for line in self._lines if not line.closed), new]
        return self._lines[-1]
