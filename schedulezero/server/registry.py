"""Which handlers are there: what they registered, whether they answer, how to reach them.

It forgets with the process; a handler that is refused a status report registers again by itself.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import zmq.asyncio

from schedulezero.keys import KeyRing
from schedulezero.model import HandlerInfo
from schedulezero.server.connection import Connection

PING_SECONDS = 1.0
_FRESH_SECONDS = 5.0
"""A handler heard from so lately is taken to be there without asking."""


@dataclass(slots=True)
class Entry:
    """A registered handler and our connection to it."""

    id: str
    address: str
    methods: tuple[str, ...]
    concurrency: int
    connection: Connection
    slots: asyncio.Semaphore
    key: str | None = None
    """The public key that it proved when it registered, None on a plain wire."""
    heard_at: float = 0.0
    online: bool = True
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self) -> None:
        """Notes that the handler showed a sign of life."""
        self.heard_at = time.monotonic()
        self.online = True

    @property
    def fresh(self) -> bool:
        """Whether it showed a sign of life just now."""
        return self.online and time.monotonic() - self.heard_at < _FRESH_SECONDS


class Taken(Exception):
    """The name belongs to a handler that is alive, and that this one has not proved to be."""


class Registry:
    """The handlers that have registered since this process began.

    Parameters:
        context: the ZeroMQ context of the connections to them.
        keys: our own keys, for those beyond loopback.
    """

    def __init__(self, context: zmq.asyncio.Context, keys: KeyRing | None = None) -> None:
        self._context = context
        self._keys = keys
        self._entries: dict[str, Entry] = {}
        self._arrivals: dict[str, asyncio.Event] = {}

    async def register(
        self,
        handler_id: str,
        address: str,
        methods: tuple[str, ...],
        concurrency: int,
        key: str | None = None,
    ) -> bool:
        """Takes a handler in, or what changed of it. True when it was known before.

        Raises Taken when another one of that name is alive, at another address or with another key.
        """
        known = self._entries.get(handler_id)
        moved = known is not None and (known.address, known.key) != (address, key)
        if known is not None and moved and (key is None or key != known.key):
            if await self.reachable(handler_id) is not None:
                raise Taken(f"The handler {handler_id!r} is alive at {known.address}.")
            known = self._entries.get(handler_id)
        if known is None or moved:
            if known is not None:
                known.connection.close()
            connection = Connection(self._context, address, self._keys, key)
        else:
            connection = known.connection
        if known is not None and known.connection is connection and known.concurrency == concurrency:
            known.methods = methods
            known.heard()
        else:
            slots = asyncio.Semaphore(concurrency)
            entry = Entry(handler_id, address, methods, concurrency, connection, slots, key)
            entry.heard()
            self._entries[handler_id] = entry
        self._arrival(handler_id).set()
        return known is not None

    def report(self, handler_id: str, status: str, key: str | None = None) -> bool:
        """Notes a handler's own word on its status. False when it is not registered with that key."""
        entry = self._entries.get(handler_id)
        if entry is None or (entry.key is not None and entry.key != key):
            return False
        if status == "offline":
            entry.online, entry.heard_at = False, 0.0
        else:
            entry.heard()
            self._arrival(handler_id).set()
        return True

    def get(self, handler_id: str) -> Entry | None:
        """The handler of that id, whether it answers or not."""
        return self._entries.get(handler_id)

    async def reachable(self, handler_id: str) -> Entry | None:
        """The handler if it answers, asking it when it was not heard from lately."""
        entry = self._entries.get(handler_id)
        if entry is None:
            return None
        if entry.fresh:
            return entry
        if await entry.connection.ping(PING_SECONDS):
            entry.heard()
            return entry
        return None

    async def wait_for(self, handler_id: str, seconds: float) -> None:
        """Waits until the handler registers or reports itself, at most so many seconds."""
        arrival = self._arrival(handler_id)
        arrival.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await arrival.wait()
        except TimeoutError:
            return

    def replace_connection(self, entry: Entry) -> None:
        """Drops the socket to a handler that takes one call at a time and did not answer it.

        Its line is stuck behind that call; a new socket has a line of its own, which is what
        makes trying again worth while.
        """
        if self._entries.get(entry.id) is entry:
            entry.connection.close()
            entry.connection = Connection(self._context, entry.address, self._keys, entry.key)

    async def list(self) -> list[HandlerInfo]:
        """Every handler, each pinged while answering unless it is busy or was just heard."""

        async def describe(entry: Entry) -> HandlerInfo:
            busy = entry.concurrency == 1 and entry.slots.locked()
            connected = entry.fresh or (entry.online and busy) or await self.reachable(entry.id) is not None
            return HandlerInfo(entry.id, entry.address, entry.methods, connected, entry.concurrency)

        return list(await asyncio.gather(*(describe(entry) for entry in list(self._entries.values()))))

    def close(self) -> None:
        """Closes every connection."""
        for entry in self._entries.values():
            entry.connection.close()
        self._entries.clear()

    def _arrival(self, handler_id: str) -> asyncio.Event:
        return self._arrivals.setdefault(handler_id, asyncio.Event())


def clean_methods(value: Any) -> tuple[str, ...] | None:
    """The method names of a registration, None when they are no list of texts."""
    if not isinstance(value, list):
        return None
    names: list[str] = []
    for name in value:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            return None
        names.append(name)
    return tuple(dict.fromkeys(names))
