"""One DEALER socket to one handler: many calls at once, each answer matched to its call.

A frame of our own before the empty delimiter identifies the call; REP and ROUTER peers return it unchanged.
A call goes to a live connection or isn't sent at all (ZMQ_IMMEDIATE), so that no call waits in a socket and
is delivered after its caller has given up.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any, cast

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from schedulezero.background import run_in_background
from schedulezero.errors import ScheduleZeroError
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence
from schedulezero.wire.doorkeeper import ask_about_peers
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.protocol import (
    MAX_FRAME_BYTES,
    PING,
    BadFrame,
    decode,
    encode,
    failure,
    split_envelope,
)

log = logging.getLogger(__name__)

_CONNECT_MS = 1000
_UP_OR_DOWN = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED


class HandlerAway(ScheduleZeroError):
    """Nobody listens at the handler's address, so the call was not delivered."""


class CallTimeout(ScheduleZeroError):
    """The call was delivered but not answered in time."""


class CallLost(ScheduleZeroError):
    """The call was delivered, but the connection broke, so its answer can't arrive any more."""


class Connection:
    """A connection to a handler's address. Open and close it on the loop that uses it.

    Parameters:
        context: the ZeroMQ context that owns the socket.
        address: where the handler listens, such as ``tcp://127.0.0.1:5000``.
        keys: our own keys if the wire is encrypted.
        key: the handler's public key if the wire is encrypted.

    The first call opens the socket, and raises HandlerAway for an address that ZeroMQ can't read.
    """

    def __init__(
        self, context: zmq.asyncio.Context, address: str, keys: KeyRing | None = None, key: str | None = None
    ) -> None:
        self.address = address
        self.refused = False
        """Whether the last handshake failed. libzmq may then stop trying, which takes a new connection."""
        self._context, self._keys, self._key = context, keys, key
        self._up = False
        self._closed = False
        self._calls: dict[bytes, asyncio.Future[JsonObject]] = {}
        self._tokens = itertools.count(1)
        self._opened: zmq.asyncio.Socket | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def _socket(self) -> zmq.asyncio.Socket:
        """The socket, opened by the first call, so that an unused handler doesn't cost one."""
        if self._opened is None:
            try:
                self._opened = self._open()
            except zmq.ZMQError as error:
                log.error("no connection to %s can be opened: %s", self.address, error)
                raise HandlerAway(f"no connection to {self.address} can be opened") from error
        return self._opened

    def _open(self) -> zmq.asyncio.Socket:
        if self._closed:
            raise HandlerAway(f"the connection to {self.address} was closed")
        socket = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.IMMEDIATE, 1),
            (zmq.SNDHWM, 0),
            (zmq.RCVHWM, 0),
            (zmq.MAXMSGSIZE, 2 * MAX_FRAME_BYTES),
            (zmq.RECONNECT_IVL, 100),
            (zmq.RECONNECT_IVL_MAX, 2000),
        ):
            socket.setsockopt(option, value)
        # Any program may listen there; without this, libzmq talks to old peers before it has identified them.
        ask_about_peers(socket)
        if self._keys is not None and self._key is not None:
            self._keys.speak_to(cast(Any, socket), self._key)
        try:
            monitor = cast(Any, socket).get_monitor_socket(_UP_OR_DOWN)
            socket.connect(self.address)
        except zmq.ZMQError:
            socket.close(linger=0)
            raise
        self._tasks = (
            run_in_background(self._read(socket), f"reading from {self.address}", failed=self._broken),
            run_in_background(self._watch(monitor), f"watching {self.address}", failed=self._broken),
        )
        return socket

    async def call(self, message: JsonObject, timeout: float) -> JsonObject:
        """Send a message and return the handler's answer.

        Parameters:
            message: the message to send.
            timeout: seconds to wait for the answer after sending.

        Raises HandlerAway when the message couldn't be delivered, CallTimeout when no answer came in time,
        and CallLost when the handler disconnected before it answered.
        """
        token = b"%d" % next(self._tokens)
        future: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._calls[token] = future
        try:
            await self._deliver([token, b"", encode(message)])
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise CallTimeout(f"{self.address} did not answer within {timeout:g} s") from None
        finally:
            self._calls.pop(token, None)
            if future.done() and not future.cancelled():
                future.exception()  # it may have failed while the call was still being sent

    async def ping(self, timeout: float) -> bool:
        """Return whether the handler answers a ping within ``timeout`` seconds."""
        try:
            return (await self.call(PING, timeout)).get("success") is True
        except (HandlerAway, CallTimeout, CallLost):
            return False

    def close(self) -> None:
        """Close the socket; pending calls raise HandlerAway."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._opened is not None:
            cast(Any, self._opened).disable_monitor()
            self._opened.close(linger=0)
        self._fail_calls(HandlerAway(f"the connection to {self.address} was closed"))

    def _broken(self, _: BaseException) -> None:
        self._fail_calls(CallLost(f"the connection to {self.address} failed"))

    def _fail_calls(self, error: Exception) -> None:
        for future in self._calls.values():
            if not future.done():
                future.set_exception(error)

    async def _deliver(self, frames: list[bytes]) -> None:
        try:
            await self._send(frames)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            # Closing the socket cancelled its send; the caller itself was not cancelled.
            raise HandlerAway(f"the connection to {self.address} was closed") from None

    async def _send(self, frames: list[bytes]) -> None:
        try:
            await self._send_now(frames)
        except zmq.Again:
            # Not connected: give the connection a moment to come up.
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
            # It queues behind another call that waits for the connection to come up.
            try:
                async with asyncio.timeout(_CONNECT_MS / 1000):
                    await sending
            except TimeoutError:
                raise HandlerAway(f"nobody listens at {self.address}") from None
        sending.result()  # done, or holds zmq.Again

    async def _watch(self, monitor: Any) -> None:
        """Note failed handshakes, and fail the pending calls when the connection breaks.

        A peer answers only on the connection that carried the call.
        """
        while True:
            event = parse_monitor_message(await monitor.recv_multipart())["event"]
            self.refused = event == zmq.EVENT_DISCONNECTED and not self._up
            self._up = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if self._up:
                continue
            if self.refused:
                log.warning("%s does not take our connection: another protocol, or other keys", self.address)
            self._fail_calls(CallLost(f"{self.address} went away before it answered"))

    async def _read(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            frames = cast("list[bytes]", await cast(Any, socket).recv_multipart())
            try:
                envelope, payload = split_envelope(frames)
                answer = decode(payload)
            except BadFrame as error:
                envelope = frames[:1]
                # The handler may have done the work, and a retry would get the same answer.
                said = Sentence(
                    "The handler's answer is unusable: {error}", "handlers_answer_unusable", error=error
                )
                answer = failure(said, retry=False)
            future = self._calls.get(envelope[0])
            if future is None or future.done():
                log.debug("a late answer from %s was dropped", self.address)
                continue
            future.set_result(answer)
