"""One DEALER socket to one handler: many calls at once, each answer matched to its call.

Before the empty delimiter goes a frame of our own, which REP and ROUTER peers give back as it is;
it names the call. A call is handed to a live connection or not at all (ZMQ_IMMEDIATE): nothing
waits in a socket to be delivered after its caller has given up on it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any, cast

import zmq
import zmq.asyncio

from schedulezero.background import run_in_background
from schedulezero.keys import KeyRing
from schedulezero.model import JsonObject
from schedulezero.protocol import PING, BadFrame, decode, encode, split_envelope

log = logging.getLogger(__name__)

_CONNECT_MS = 1000


class HandlerAway(Exception):
    """Nobody listens at the handler's address; the call was not delivered."""


class CallTimeout(Exception):
    """The call was delivered and not answered in time."""


class CallLost(Exception):
    """The call was delivered, and the connection broke before an answer came; none can come any more."""


class Connection:
    """A connection to a handler's address. Open it on the loop that uses it; close it there.

    Parameters:
        context: the ZeroMQ context that owns the socket.
        address: where the handler listens, such as ``tcp://127.0.0.1:5000``.
        keys: our own keys, where the wire is encrypted.
        key: the handler's public key then.
    """

    def __init__(
        self, context: zmq.asyncio.Context, address: str, keys: KeyRing | None = None, key: str | None = None
    ) -> None:
        self.address = address
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 100)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        if keys is not None and key is not None:
            keys.speak_to(cast(Any, self._socket), key)
        monitor = cast(Any, self._socket).get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._socket.connect(address)
        self._calls: dict[bytes, asyncio.Future[JsonObject]] = {}
        self._tokens = itertools.count(1)
        self._reader = run_in_background(self._read(), f"reading from {address}", failed=self._broken)
        self._watcher = run_in_background(self._watch(monitor), f"watching {address}", failed=self._broken)

    async def call(self, message: JsonObject, timeout: float) -> JsonObject:
        """The handler's answer to a message.

        Parameters:
            message: what to send.
            timeout: seconds to wait for the answer, once it is sent.

        Raises HandlerAway when it could not be delivered, CallTimeout when no answer came, CallLost when
        none can come because the handler went away.
        """
        token = b"%d" % next(self._tokens)
        future: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._calls[token] = future
        try:
            await self._send([token, b"", encode(message)])
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise CallTimeout(f"{self.address} did not answer within {timeout:g} s") from None
        finally:
            self._calls.pop(token, None)

    async def ping(self, timeout: float) -> bool:
        """Whether the handler answers a ping within ``timeout`` seconds."""
        try:
            return (await self.call(PING, timeout)).get("success") is True
        except (HandlerAway, CallTimeout, CallLost):
            return False

    def close(self) -> None:
        """Drops the socket; calls under way end with HandlerAway."""
        self._reader.cancel()
        self._watcher.cancel()
        cast(Any, self._socket).disable_monitor()
        self._socket.close(linger=0)
        self._fail_calls(HandlerAway(f"the connection to {self.address} was closed"))

    def _broken(self, _: BaseException) -> None:
        self._fail_calls(CallLost(f"the connection to {self.address} failed"))

    def _fail_calls(self, error: Exception) -> None:
        for future in self._calls.values():
            if not future.done():
                future.set_exception(error)

    async def _send(self, frames: list[bytes]) -> None:
        try:
            await self._send_now(frames)
        except zmq.Again:
            # Not connected yet, or no more: give the connection a moment to come up.
            if not await cast(Any, self._socket).poll(_CONNECT_MS, zmq.POLLOUT):
                raise HandlerAway(f"nobody listens at {self.address}") from None
            try:
                await self._send_now(frames)
            except zmq.Again:
                raise HandlerAway(f"nobody listens at {self.address}") from None
        except zmq.ZMQError as error:
            raise HandlerAway(f"the connection to {self.address} was closed") from error

    async def _send_now(self, frames: list[bytes]) -> None:
        sending: Any = cast(Any, self._socket).send_multipart(frames, flags=zmq.NOBLOCK)
        if not sending.done():
            # It stands in line behind somebody who waits for the connection to come up.
            try:
                async with asyncio.timeout(_CONNECT_MS / 1000):
                    await sending
            except TimeoutError:
                raise HandlerAway(f"nobody listens at {self.address}") from None
        sending.result()  # done, or holds zmq.Again

    async def _watch(self, monitor: Any) -> None:
        """Ends the calls under way when the connection breaks: a peer answers on the one it was asked on."""
        while True:
            await monitor.recv_multipart()
            self._fail_calls(CallLost(f"{self.address} went away before it answered"))

    async def _read(self) -> None:
        while True:
            frames: list[bytes] = await self._socket.recv_multipart()
            try:
                envelope, payload = split_envelope(frames)
                answer = decode(payload)
            except BadFrame as error:
                envelope = frames[:1]
                answer = {"success": False, "error": f"The handler's answer is unusable: {error}"}
            future = self._calls.get(envelope[0])
            if future is None or future.done():
                log.debug("a late answer from %s was dropped", self.address)
                continue
            future.set_result(answer)
