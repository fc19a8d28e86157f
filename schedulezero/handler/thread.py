"""The handler's daemon thread: answers the server's calls on one ROUTER socket.

The thread only moves messages. Calls run on the host's event loop (`schedulezero.handler.executor`), handed
over with ``run_coroutine_threadsafe``, the only way between the two. Their answers return through a queue and
leave in any order, each with its call's envelope. No incoming message ends the thread.

Nothing here is specific to one operating system: a pair of loopback sockets wakes the thread, which Windows'
poll supports as well.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

import zmq

from schedulezero.errors import ParameterError
from schedulezero.handler.endable import AtMost, at_most
from schedulezero.handler.executor import After, Calls, Guard, Moved
from schedulezero.handler.invocation import Invocation, JobStopped, answer_of_error, prepare, stopped
from schedulezero.handler.journal import Journal
from schedulezero.handler.registration import Registered, Registration
from schedulezero.interrupts import is_its_own
from schedulezero.methods.spec import JobFunction
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence
from schedulezero.storage.descriptors import descriptor_limit
from schedulezero.wire.doorkeeper import Doorkeeper, most_peers
from schedulezero.wire.keys import KeyRing, proved_key
from schedulezero.wire.protocol import (
    PONG,
    BadFrame,
    Call,
    decode,
    encode,
    envelope_of,
    failure,
    parse_call,
    split_envelope,
)
from schedulezero.wire.shards import Shards

log = logging.getLogger(__name__)

CONCURRENCY = 256
"""Maximum number of calls that the server may have in progress with us."""
MOST_CALLS = 4 * CONCURRENCY
"""Maximum number of calls from all peers together; further ones are told to retry."""
_MOST_AT_ONCE = 200
_DRAIN_SECONDS = 2.0
_LAST_ANSWERS_SECONDS = 1.0
_SEND_EVERY_SECONDS = 0.02
_POLL_MS = 500
_LARGEST_RECEIVED = 8 * 1024 * 1024  # a larger frame closes its peer's connection
_BIND_TRIES = 40
_LOADED_SECONDS = 2.0
"""When to call again for a job that isn't loaded."""


@dataclass(slots=True)
class _Waiting:
    """A call that waits for its one answer."""

    invocation: Invocation
    envelope: list[bytes]
    answered: bool = False


@dataclass(frozen=True, slots=True)
class HandlerConfig:
    """A handler's configuration from one start to the next stop.

    Attributes:
        context: the first argument of every job function (the bot).
        handler_id: the name under which it registers.
        address: where it listens.
        server_address: where it registers; None to stay unregistered.
        sprockets: its current job functions by name.
        schemas: returns what its methods take, as JSON Schema.
        journal: records its runs; None to record nothing.
        guard: called before each run; None for no check.
        after: called after each successful run; None for no callback.
        keys: our keys and the server's; None for a plain wire.
        shards: the guilds it serves next to other instances; None if it is the only one.
        drain_seconds: for how long calls in progress may go on once it stops; None for a moment.
        moved: called when a call of a run begins and when it has its answer; None for no callback.
        wait: waits for the end of a job function.
    """

    context: Any
    handler_id: str
    address: str
    server_address: str | None
    sprockets: Mapping[str, JobFunction]
    schemas: Callable[[], Mapping[str, JsonObject]]
    journal: Journal | None
    guard: Guard | None
    after: After | None
    keys: KeyRing | None
    shards: Shards | None
    drain_seconds: float | None = None
    moved: Moved | None = None
    wait: AtMost = at_most


class HandlerThread:
    """Answers calls between one start of a handler and its next stop.

    Parameters:
        config: the handler's configuration.
        loop: the host's event loop, which runs the calls.
        before: the thread of the previous start, which must release the address first.
    """

    def __init__(
        self, config: HandlerConfig, loop: asyncio.AbstractEventLoop, before: HandlerThread | None
    ) -> None:
        self._config = config
        self._loop = loop
        self._before = before
        self._stopping = False
        self._answers: deque[tuple[list[bytes], JsonObject]] = deque()
        self._under_way: set[Future[Any]] = set()
        self._calls_under_way = 0
        self._woken = False
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._calls = Calls(
            config.context, config.journal, config.guard, config.after, config.moved, config.wait
        )
        self._lock = threading.Lock()
        self.failure: Exception | None = None
        """Why the thread ended by itself; None otherwise."""
        self.bound: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.registration: Registration | None = None
        if config.server_address is not None:
            self.registration = Registration(
                config.server_address,
                config.handler_id,
                config.address,
                lambda: sorted(config.sprockets),
                CONCURRENCY,
                config.keys,
                config.shards,
                config.schemas,
            )
        # Calls inherit the context in which the handler was started (tracing, a simulated Discord).
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="schedulezero-handler", daemon=True
        )

    @property
    def alive(self) -> bool:
        """Whether it answers, or is about to."""
        return not self._stopping and not self.ended.done()

    @property
    def registered(self) -> Registered | None:
        """The server's record of the handler; None while it has none."""
        return self.registration.registered if self.registration is not None and self.alive else None

    @property
    def under_way(self) -> Collection[str]:
        """The ids of the runs whose calls have no answer yet."""
        return self._calls.under_way

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once, and `ended` says when it has."""
        self._stopping = True
        self._wake()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        if self._before is not None:
            self._before._thread.join()
            self._before = None
        context = zmq.Context()
        router = context.socket(zmq.ROUTER)
        keys = self._config.keys
        keys = keys if keys is not None and keys.cover(self._config.address) else None
        doorkeeper = Doorkeeper(keys, most_peers(descriptor_limit()))
        monitor: zmq.Socket[bytes] | None = None
        questions = doorkeeper.socket(context)
        try:
            monitor = doorkeeper.guard(router, keys)
            assert monitor is not None
            options = (
                (zmq.LINGER, 200),
                (zmq.MAXMSGSIZE, _LARGEST_RECEIVED),
                (zmq.RCVHWM, 2 * CONCURRENCY),
            )
            for option, value in options:
                router.setsockopt(option, value)
            if not self._bind(router):
                return
            self._calls.opened()
            if self.registration is not None:
                self.registration.start()
            self._serve(router, questions, monitor, doorkeeper, keys)
        except Exception as error:
            log.exception("the handler's thread failed")
            self.failure = error
        finally:
            if self.registration is not None:
                self.registration.stop()
                self.registration.join()
            self._finish_calls(router)
            self._send_answers(router)
            if monitor is not None:
                router.disable_monitor()
                monitor.close(linger=0)
            router.close()
            questions.close()
            context.term()
            with self._lock:
                self._waker.close()
                self._wakened.close()
            self.ended.set_result(None)

    def _finish_calls(self, router: zmq.Socket[bytes]) -> None:
        """Let calls in progress finish for a while, then cancel them; functions in threads are awaited."""
        if self._loop.is_running():
            seconds = self._config.drain_seconds
            give_up_at = time.monotonic() + (_DRAIN_SECONDS if seconds is None else seconds)
            while self._under_way and time.monotonic() < give_up_at and self._loop.is_running():
                wait(list(self._under_way), _SEND_EVERY_SECONDS)
                self._send_answers(router)
            finishing = asyncio.run_coroutine_threadsafe(self._calls.finish(), self._loop)
            while not wait((finishing,), _SEND_EVERY_SECONDS).done and self._loop.is_running():
                self._send_answers(router)
            wait(list(self._under_way), _LAST_ANSWERS_SECONDS)
        for future in list(self._under_way):
            future.cancel()
        # The loop's thread answers a call that ends at this very moment; that answer must not be missed.
        give_up_at = time.monotonic() + _LAST_ANSWERS_SECONDS
        while self._under_way and time.monotonic() < give_up_at:
            threading.Event().wait(0.005)
        self._calls.close()

    def _bind(self, router: zmq.Socket[bytes]) -> bool:
        for attempt in range(_BIND_TRIES):
            try:
                router.bind(self._config.address)
            except zmq.ZMQError as error:
                # After a stop, the system may hold the address for a moment.
                if error.errno == zmq.EADDRINUSE and attempt + 1 < _BIND_TRIES and not self._stopping:
                    threading.Event().wait(0.05)
                    continue
                log.error("the handler cannot listen on %s: %s", self._config.address, error)
                self.bound.set_exception(OSError(error.errno, str(error), self._config.address))
                return False
            self.bound.set_result(None)
            return True
        return False

    def _serve(
        self,
        router: zmq.Socket[bytes],
        questions: zmq.Socket[bytes],
        monitor: zmq.Socket[bytes],
        doorkeeper: Doorkeeper,
        keys: KeyRing | None,
    ) -> None:
        poller = zmq.Poller()
        poller.register(router, zmq.POLLIN)
        poller.register(questions, zmq.POLLIN)
        poller.register(monitor, zmq.POLLIN)
        poller.register(self._wakened, zmq.POLLIN)
        while not self._stopping:
            ready = dict(poller.poll(_POLL_MS))
            if self._wakened.fileno() in ready or self._wakened in ready:
                self._drain_wakeups()
            if monitor in ready:
                doorkeeper.note(monitor.recv_multipart())
            if questions in ready:
                questions.send_multipart(doorkeeper.answer(questions.recv_multipart()))
            if router in ready:
                self._receive(router, keys)
            self._send_answers(router)
            self._calls.turns.look()

    def _receive(self, router: zmq.Socket[bytes], keys: KeyRing | None) -> None:
        """Read incoming messages and hand their calls over together, so that the loop wakes only once."""
        batch: list[_Waiting] = []
        for _ in range(_MOST_AT_ONCE):  # then send answers
            try:
                frames, key = _received(router, proved=keys is not None)
            except zmq.Again:
                break
            if keys is not None and not keys.lets_in(key):
                log.warning("a call was dropped: its key was taken out of the list of keys that are let in")
                continue
            try:
                envelope, payload = split_envelope(frames)
                call = parse_call(decode(payload))
            except BadFrame as error:
                self._answers.append((envelope_of(frames), failure(str(error), retry=False)))
                continue
            if call.method == "ping":
                self._answers.append((envelope, dict(PONG)))
            elif (invocation := self._prepare(call, envelope, key)) is not None:
                with self._lock:
                    self._calls_under_way += 1
                batch.append(_Waiting(invocation, envelope))
        if batch:
            future = asyncio.run_coroutine_threadsafe(self._answer_all(batch), self._loop)
            self._under_way.add(future)
            future.add_done_callback(lambda done: self._ended(done, batch))

    def _prepare(self, call: Call, envelope: list[bytes], key: str | None) -> Invocation | None:
        """Return the call prepared for execution; None if it was answered at once."""
        function = self._config.sprockets.get(call.method)
        if function is None:
            said = _not_loaded(call.method[:100], sorted(self._config.sprockets))
            # Its sprocket has just been unloaded, or is being reloaded. Our server learns that soon and lets
            # the run wait; one that names no run would call again and again.
            again: JsonObject = {"retry": False} if call.run_id is None else {"retry_after": _LOADED_SECONDS}
            self._answers.append((envelope, failure(said, **again)))
            return None
        if self._calls_under_way >= MOST_CALLS:
            said = Sentence(
                "The handler already has {most} calls in progress.", "too_many_calls", most=MOST_CALLS
            )
            self._answers.append((envelope, failure(said, retry_after=1)))
            return None
        try:
            return prepare(call, function, key)
        except ParameterError as error:
            self._answers.append((envelope, answer_of_error(call, error)))
        except BaseException as error:
            # What a sprocket declares may do anything when it is read; the other jobs need this thread.
            if not is_its_own(error):
                raise
            self._answers.append((envelope, answer_of_error(call, JobStopped(error))))
        return None

    async def _answer_all(self, batch: list[_Waiting]) -> None:
        """Run calls concurrently on the host's loop, and answer each as soon as it is done."""
        begun: list[asyncio.Future[JsonObject]] = []
        for waiting in batch:
            future = self._calls.begin(waiting.invocation)
            future.add_done_callback(partial(self._answer_with, waiting))
            begun.append(future)
        await asyncio.wait(begun)

    def _answer_with(self, waiting: _Waiting, done: asyncio.Future[JsonObject]) -> None:
        call = waiting.invocation.call
        if done.cancelled():
            answer = stopped(call)
        elif (error := done.exception()) is not None:
            answer = answer_of_error(call, error)
        else:
            answer = done.result()
        self._answer(waiting, answer)

    def _answer(self, waiting: _Waiting, answer: JsonObject) -> None:
        with self._lock:
            if waiting.answered:
                return
            waiting.answered = True
            self._calls_under_way -= 1
        self._answers.append((waiting.envelope, answer))
        self._wake()

    def _ended(self, done: Future[None], batch: list[_Waiting]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("answering calls failed", exc_info=error)
        for waiting in batch:
            if not waiting.answered:  # cancelled before it began
                self._answer(waiting, stopped(waiting.invocation.call))
        self._under_way.discard(done)  # only now, because the thread waits for these before it ends

    def _send_answers(self, router: zmq.Socket[bytes]) -> None:
        while self._answers:
            envelope, answer = self._answers.popleft()
            try:
                router.send_multipart([*envelope, encode(answer)], zmq.NOBLOCK)
            except (zmq.ZMQError, TypeError, ValueError, RecursionError) as error:
                # Its peer is gone or not reading, or JSON can't represent it; the rest must not wait for it.
                log.warning("an answer could not be sent: %s", error)

    # ------------------------------------------------------------------ waking the thread

    def _wake(self) -> None:
        with self._lock:
            if self._woken:
                return
            try:
                self._waker.send(b"\0")
                self._woken = True
            except BlockingIOError:
                return  # enough wake-ups are already waiting
            except OSError:
                return  # the thread has ended

    def _drain_wakeups(self) -> None:
        try:
            while self._wakened.recv(4096):
                pass
        except BlockingIOError:
            with self._lock:
                # Only now: a byte read just before stood for answers that are sent after this.
                self._woken = False


def _not_loaded(method: str, loaded: list[str]) -> Sentence:
    if not loaded:
        return Sentence(
            "There is no job method {method!r} here, nor any other.", "no_methods_loaded", method=method
        )
    return Sentence(
        "There is no job method {method!r} here. Loaded: {known}.",
        "method_not_loaded",
        method=method,
        known=", ".join(loaded),
    )


def _received(router: zmq.Socket[bytes], *, proved: bool) -> tuple[list[bytes], str | None]:
    """Return a received message, and the key that its sender proved if the wire has keys."""
    if not proved:
        return router.recv_multipart(zmq.NOBLOCK), None
    frames = router.recv_multipart(zmq.NOBLOCK, copy=False)
    return [frame.bytes for frame in frames], proved_key(frames[-1])
