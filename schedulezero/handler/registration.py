"""Keeps a handler registered, from its own daemon thread.

It registers, then reports as online every few seconds. An unanswered report means that the server is gone. A
refused one means that the server restarted and lost our registration, or that someone else registered other
methods under our name. Either way it registers again, with a growing delay that stays short enough for a
returning server to have its handlers back within seconds. None of this ever waits on the event loop.

If a request gets no answer, the next one uses a new REQ socket: a REQ socket that is waiting for an answer
can't send again (zguide, "Lazy Pirate").
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import zmq

from schedulezero.model import JsonObject
from schedulezero.wire.greeting import mismatch, wire_at
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.protocol import PING, BadFrame, decode, encode
from schedulezero.wire.shards import Shards

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
REPORT_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
UNREACHED_SECONDS = 5.0
"""How long a server that is starting or restarting may take before the log says that it is absent."""
_OFFLINE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Registered:
    """The server's answer to the last registration."""

    status: str
    methods: tuple[str, ...]
    digest: str | None = None
    """Identifies the server's record of us; None from a server that doesn't support digests."""


class Registration:
    """Registers a handler with a server and keeps it registered, from `start` to `stop`.

    Parameters:
        server_address: the server's registration socket, such as ``tcp://127.0.0.1:4242``.
        handler_id: the handler's name.
        address: where it listens for calls.
        methods: returns its current methods.
        concurrency: how many calls it accepts at once.
        keys: our keys and the server's, if the wire is encrypted.
        shards: the guilds it serves next to other instances; None if it is the only one.
        schemas: returns what its methods take, as JSON Schema.
    """

    def __init__(
        self,
        server_address: str,
        handler_id: str,
        address: str,
        methods: Callable[[], Sequence[str]],
        concurrency: int,
        keys: KeyRing | None = None,
        shards: Shards | None = None,
        schemas: Callable[[], Mapping[str, JsonObject]] = dict,
    ) -> None:
        self._keys = keys
        self._shards = shards
        self._server_address = server_address
        self._handler_id = handler_id
        self._address = address
        self._methods = methods
        self._schemas = schemas
        self._concurrency = concurrency
        self._wake = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._waiting: list[Future[Registered]] = []
        self._socket: zmq.Socket[bytes] | None = None
        self._told: str | None = None
        self._unanswered_since: float | None = None
        self._absence_told = False
        self.registered: Registered | None = None
        """The last answer while the server knows us; otherwise None."""
        self._thread = threading.Thread(target=self._run, name="schedulezero-registration", daemon=True)

    def start(self) -> None:
        """Start registering; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Report the handler as offline and end, in the background."""
        self._stopping = True
        self._wake.set()

    def join(self) -> None:
        """Wait for the thread to end; only for threads that may block."""
        if self._thread.is_alive():
            self._thread.join()

    def refresh(self) -> Future[Registered]:
        """Register again at once, for example after methods changed; the future holds the answer."""
        waiting: Future[Registered] = Future()
        with self._lock:
            self._waiting.append(waiting)
        self._wake.set()
        return waiting

    def _run(self) -> None:
        context = zmq.Context()
        try:
            pause = FIRST_PAUSE_SECONDS
            while not self._stopping:
                self._wake.clear()
                if self._step(context):
                    pause = FIRST_PAUSE_SECONDS
                    self._wake.wait(REPORT_SECONDS)
                else:
                    self._wake.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            if self.registered is not None:
                self._request(context, self._status("offline"), _OFFLINE_SECONDS)
        finally:
            self._drop_socket()
            context.term()
            self._fail_waiting("the handler was stopped")

    def _step(self, context: zmq.Context[zmq.Socket[bytes]]) -> bool:
        """Register or report once. Return whether the server knows us afterwards."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if self.registered is not None and not waiting:
            answer = self._request(context, self._status("online"), ANSWER_SECONDS)
            if answer is not None and answer.get("success") is True:
                return True
            log.info(
                "the server at %s is gone or knows us differently; registering again", self._server_address
            )
            self.registered = None
        methods = tuple(self._methods())
        answer = self._request(context, self._register(methods), ANSWER_SECONDS)
        if answer is None or answer.get("success") is not True:
            if answer is not None:
                log.error("the server refused to register us: %s", answer.get("error"))
            with self._lock:
                self._waiting = waiting + self._waiting
            return False
        if self.registered is None:
            log.info("registered %r with %s", self._handler_id, self._server_address)
        digest = answer.get("digest")
        self.registered = Registered(
            str(answer.get("status", "registered")), methods, digest if isinstance(digest, str) else None
        )
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(self.registered)
        return True

    def _request(
        self, context: zmq.Context[zmq.Socket[bytes]], message: JsonObject, seconds: float
    ) -> JsonObject | None:
        if self._socket is None:
            self._socket = _connected(context, self._server_address, self._keys)
        began = time.monotonic()
        try:
            self._socket.send(encode(message))
            if self._socket.poll(int(seconds * 1000)):
                answer = decode(self._socket.recv())
                self._unanswered_since, self._absence_told = None, False
                return answer
        except (zmq.ZMQError, BadFrame) as error:
            log.warning("the server at %s answered nothing usable: %s", self._server_address, error)
        self._drop_socket()
        if self._unanswered_since is None:
            self._unanswered_since = began
        self._say_why(time.monotonic() - self._unanswered_since)
        return None

    def _say_why(self, unanswered_seconds: float) -> None:
        """Log why registration fails, once per reason; an absent server only if it stays absent."""
        if self._stopping:
            return
        encrypted = self._keys is not None and self._keys.cover(self._server_address)
        trouble = mismatch(self._server_address, encrypted=encrypted, found=wire_at(self._server_address))
        if trouble is not None and trouble != self._told:
            log.error("%s", trouble)
        self._told = trouble
        if trouble is None and not self._absence_told and unanswered_seconds >= UNREACHED_SECONDS:
            self._absence_told = True
            log.warning(
                "no ScheduleZero server answers at %s, so no job can run; start it (`schedulezero-bot "
                "server` in the bot's folder), or correct `server_address`. The handler registers by itself "
                "once the server answers.",
                self._server_address,
            )

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None

    def _fail_waiting(self, reason: str) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(RuntimeError(reason))

    def _register(self, methods: Sequence[str]) -> JsonObject:
        return {
            "method": "register",
            "params": {
                "handler_id": self._handler_id,
                "address": self._address,
                "methods": list(methods),
                "concurrency": self._concurrency,
                "schemas": dict(self._schemas()),
                **({"shards": self._shards.to_json()} if self._shards is not None else {}),
            },
        }

    def _status(self, status: str) -> JsonObject:
        # The address identifies the instance; a server that allows only one per name ignores it.
        params = {"handler_id": self._handler_id, "status": status, "address": self._address}
        if self.registered is not None and self.registered.digest is not None:
            params["digest"] = self.registered.digest
        return {"method": "report_status", "params": params}


def ping_server(address: str, keys: KeyRing | None, seconds: float = ANSWER_SECONDS) -> bool:
    """Return whether the server at an address answers us; blocks for at most ``seconds``."""
    with zmq.Context() as context, _connected(context, address, keys) as socket:
        socket.send(encode(PING))
        try:
            return bool(socket.poll(int(seconds * 1000))) and decode(socket.recv()).get("success") is True
        except BadFrame:
            return False


def _connected(
    context: zmq.Context[zmq.Socket[bytes]], address: str, keys: KeyRing | None
) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    if keys is not None and keys.cover(address):
        # Without the server's key, expect one with our own key, as in a single process; never use plain text.
        keys.speak_to(socket, keys.peer or keys.public)
    socket.connect(address)
    return socket
