"""One DEALER socket to one handler, used until its peer disconnects for the first time.

A disconnection can end the session inside libzmq: an answer above ZMQ_MAXMSGSIZE ends it for good, and a
refused handshake may. So a new socket replaces one that was disconnected, which then sends nothing any more.

With ZMQ_IMMEDIATE, libzmq drops the answers that weren't read yet when a peer disconnects, such as the last
ones of a handler that ends. So the socket doesn't use it. What it is for is done here: a call is sent once
the handshake has succeeded, and what the socket still holds after a disconnection is dropped with it.
"""

from __future__ import annotations

import asyncio
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
from schedulezero.wire.protocol import MAX_FRAME_BYTES, BadFrame, decode, failure, split_envelope

log = logging.getLogger(__name__)

LARGEST_RECEIVED = 8 * MAX_FRAME_BYTES
"""A larger frame ends the connection. Answers up to this size are read, to know whose they are."""
_EVENTS = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED
_NEXT_EVENT_MS = 10
_NEXT_EVENT_TRIES = 100
_MOST_AT_ONCE = 100
"""How many answers to read before other tasks have their turn."""


class HandlerAway(ScheduleZeroError):
    """Nobody listens at the handler's address, so the call was not delivered."""


class CallLost(ScheduleZeroError):
    """The call was delivered, but the connection broke, so its answer can't arrive any more."""


class Line:
    """A socket to a handler's address. Raises HandlerAway for an address that ZeroMQ can't read.

    Parameters:
        context: the ZeroMQ context that owns the socket.
        address: where the handler listens.
        keys: our own keys if the wire is encrypted.
        key: the handler's public key if the wire is encrypted.
    """

    def __init__(
        self, context: zmq.asyncio.Context, address: str, keys: KeyRing | None, key: str | None
    ) -> None:
        self.address = address
        self.ended = False
        """Whether the peer disconnected, or the line was closed. It sends nothing then."""
        self._answers: dict[bytes, asyncio.Future[JsonObject]] = {}
        self._pings: set[bytes] = set()
        self._up = asyncio.Event()
        self._was_up = False
        self.closed = False
        """Whether its socket is closed."""
        try:
            self._socket, monitor = self._open(context, keys, key)
        except zmq.ZMQError as error:
            log.error("no connection to %s can be opened: %s", address, error)
            raise HandlerAway(f"no connection to {address} can be opened") from error
        self._plain: zmq.Socket[bytes] = cast(Any, zmq.Socket).shadow(self._socket)
        """The same socket, as one that acts at once."""
        self._tasks = (
            run_in_background(self._read(), f"reading from {address}", failed=self._broken),
            run_in_background(self._watch(monitor), f"watching {address}", failed=self._broken),
        )

    def _open(
        self, context: zmq.asyncio.Context, keys: KeyRing | None, key: str | None
    ) -> tuple[zmq.asyncio.Socket, Any]:
        socket = context.socket(zmq.DEALER)
        try:
            for option, value in (
                (zmq.LINGER, 0),
                (zmq.SNDHWM, 0),
                (zmq.RCVHWM, 0),
                (zmq.MAXMSGSIZE, LARGEST_RECEIVED),
                (zmq.RECONNECT_IVL, 100),
                (zmq.RECONNECT_IVL_MAX, 2000),
            ):
                socket.setsockopt(option, value)
            # Any program may listen there; without this, libzmq talks to old peers before it has identified
            # them.
            ask_about_peers(socket)
            if keys is not None and key is not None:
                keys.speak_to(cast(Any, socket), key)
            monitor = cast(Any, socket).get_monitor_socket(_EVENTS)
            socket.connect(self.address)
        except zmq.ZMQError:
            socket.close(linger=0)
            raise
        return socket, monitor

    async def send(
        self, token: bytes, payload: bytes, within: float, *, ping: bool
    ) -> asyncio.Future[JsonObject]:
        """Send a call and return the future of its answer.

        Parameters:
            token: identifies the call, and returns with its answer.
            payload: the call.
            within: seconds to wait for the connection.
            ping: whether it is a ping, whose answer is small.

        Raises HandlerAway if the call wasn't sent. The future may raise CallLost, and HandlerAway after
        `close`.
        """
        if not self._up.is_set():
            try:
                async with asyncio.timeout(within):
                    await self._up.wait()
            except TimeoutError:
                raise HandlerAway(f"nobody listens at {self.address}") from None
        if self.ended:
            raise HandlerAway(f"the connection to {self.address} was closed")
        answer: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        if ping:
            self._pings.add(token)
        try:
            # This socket takes a message at once, unless its session has ended.
            self._plain.send_multipart([token, b"", payload], zmq.NOBLOCK)
            # A send uses up the signal that answers have come; asked like this, asyncio's socket reads them.
            self._socket.get(zmq.EVENTS)
        except zmq.ZMQError as error:
            self.forget(token)
            raise HandlerAway(f"the connection to {self.address} was closed") from error
        return answer

    def forget(self, token: bytes) -> None:
        """Stop waiting for the answer to a call."""
        self._answers.pop(token, None)
        self._pings.discard(token)

    def close(self) -> None:
        """Close the socket; calls that wait for an answer raise HandlerAway."""
        self._end()
        if not self.closed:
            self.closed = True
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            cast(Any, self._socket).disable_monitor()
            self._socket.close(linger=0)
        self._fail(HandlerAway(f"the connection to {self.address} was closed"))

    def _end(self) -> None:
        self.ended = True
        self._up.set()  # calls that wait for the connection fail at once

    def _broken(self, _: BaseException) -> None:
        self._end()
        self._fail(CallLost(f"the connection to {self.address} failed"))

    def _fail(self, error: Exception) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(error)

    async def _watch(self, monitor: Any) -> None:
        """Note when the connection is up. When it is down, answer or fail every call, and close the socket.

        A peer answers only on the connection that carried the call.
        """
        while (event := await _event(monitor)) != zmq.EVENT_DISCONNECTED:
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._was_up = True
                self._up.set()
        self._end()
        if not self._was_up:
            log.warning("%s does not take our connection: another protocol, or other keys", self.address)
        # libzmq hands over what it has received before it reports the end.
        while self._received_one():
            pass
        if self._was_up and await self._broke_off(monitor):
            self._note_too_large()
        await asyncio.sleep(0)  # `_read` may hold a message that it hasn't handled yet
        self._fail(CallLost(f"{self.address} went away before it answered"))
        self.close()

    async def _broke_off(self, monitor: Any) -> bool:
        """Return whether it was libzmq that ended the connection, because of a frame that it doesn't take.

        Otherwise it is about to connect again, and says so. If it doesn't connect again, nothing can be sent.
        """
        for _ in range(_NEXT_EVENT_TRIES):
            if await monitor.poll(_NEXT_EVENT_MS):
                return False
            if not cast(int, self._plain.getsockopt(zmq.EVENTS)) & zmq.POLLOUT:
                return True
        return False

    def _note_too_large(self) -> None:
        """Answer the call whose answer was too large to be received, if there is only one that it can be."""
        waiting = [
            (token, answer)
            for token, answer in self._answers.items()
            if token not in self._pings and not answer.done()
        ]
        log.warning(
            "%s sent more than %d bytes at once, so it was disconnected", self.address, LARGEST_RECEIVED
        )
        if len(waiting) == 1:
            waiting[0][1].set_result(
                _unusable(
                    f"The message has more than {LARGEST_RECEIVED} bytes; "
                    f"at most {MAX_FRAME_BYTES} are accepted."
                )
            )

    async def _read(self) -> None:
        while True:
            self._received(cast("list[bytes]", await cast(Any, self._socket).recv_multipart()))
            # Answers come together; waiting for each one costs several times as much as reading it.
            for _ in range(_MOST_AT_ONCE):
                if not self._received_one():
                    break
            else:
                await asyncio.sleep(0)

    def _received_one(self) -> bool:
        """Handle an answer that is there already; return whether there was one."""
        try:
            frames = self._plain.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        self._received(frames)
        return True

    def _received(self, frames: list[bytes]) -> None:
        try:
            envelope, payload = split_envelope(frames)
            answer = decode(payload)
        except BadFrame as error:
            envelope = frames[:1]
            answer = _unusable(str(error))
        future = self._answers.get(envelope[0])
        if future is None or future.done():
            log.debug("a late answer from %s was dropped", self.address)
            return
        future.set_result(answer)


def _unusable(reason: str) -> JsonObject:
    # The handler may have done the work, and a retry would get the same answer.
    said = Sentence("The handler's answer is unusable: “{error}”", "handlers_answer_unusable", error=reason)
    return failure(said, retry=False)


async def _event(monitor: Any) -> int:
    return parse_monitor_message(await monitor.recv_multipart())["event"]
