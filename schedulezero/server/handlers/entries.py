"""The instances that this node knows, by handler, each with its connection and its free slots."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from schedulezero import instants
from schedulezero.server.handlers.connection import Connection
from schedulezero.server.handlers.crowd import AGAIN_AT_ONCE, AGAIN_PER_SECOND, Bucket
from schedulezero.server.handlers.slots import Slots
from schedulezero.server.records.instances import Instance

_FRESH_SECONDS = 5.0
"""How long after a sign of life an instance counts as online without a ping."""


@dataclass(slots=True)
class Entry:
    """An instance and our connection to it."""

    instance: Instance
    connection: Connection
    slots: Slots
    heard_at: float = 0.0
    """When it last gave a sign of life, on the monotonic clock; 0 if it must be pinged."""
    last_heard: datetime | None = None
    """When it last gave a sign of life to this node."""
    renewed_at: float = 0.0
    silent_at: float = 0.0
    """When it was last asked for a sign of life to save and gave none; 0 if it has given one since."""
    unanswered_since: float | None = None
    """When the first of the pings was sent that it didn't answer; None if it has answered since."""
    under_way: int = 0
    online: bool = True
    answered: bool = False
    since: float = field(default_factory=time.monotonic)
    kept_at: float = field(default_factory=time.monotonic)
    """When it was last added, or registered again."""
    again: Bucket = field(default_factory=lambda: Bucket(AGAIN_PER_SECOND, AGAIN_AT_ONCE))

    def heard(self) -> None:
        """Note a sign of life."""
        self.heard_at = time.monotonic()
        self.last_heard = instants.now()
        self.silent_at = 0.0
        self.online = True

    def spoke(self) -> None:
        """Note an answer, which only the program at the instance's address can give."""
        self.answered = True
        self.unanswered_since = None
        self.heard()

    @property
    def handler_id(self) -> str:
        """The id of its handler."""
        return self.instance.handler_id

    @property
    def last_sign(self) -> datetime | None:
        """The last sign of life that this node or the database knows."""
        known = [at for at in (self.last_heard, self.instance.saved_heard_at) if at is not None]
        return max(known, default=None)

    @property
    def fresh(self) -> bool:
        """Whether it is online and was heard from within the last seconds."""
        return self.online and time.monotonic() - self.heard_at < _FRESH_SECONDS

    @property
    def busy(self) -> float:
        """The share of its slots that are in use."""
        return self.under_way / self.instance.concurrency

    def take_slot_now(self, flow: str) -> bool:
        """Take a slot for another call if there is one for this flow; see `Slots`."""
        if not self.slots.take_now(flow):
            return False
        self.under_way += 1
        return True

    async def take_slot(self, flow: str, rank: float) -> None:
        """Wait for a slot for another call and take it; see `Slots`. Raises HandlerAway."""
        await self.slots.take(flow, rank)
        self.under_way += 1

    def give_slot(self, flow: str) -> None:
        """Release the slot of a finished call."""
        self.under_way -= 1
        self.slots.give(flow)


@dataclass(slots=True)
class Handler:
    """The instances of one handler, and the event that wakes tasks waiting for one."""

    instances: dict[str, Entry] = field(default_factory=dict[str, Entry])
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """How many tasks wait for it or register it. Without users and instances, it is dropped."""


class Entries:
    """The known handlers by id. A handler stays while it has instances or a task waits for it.

    Parameters:
        connect: opens a connection to an instance.
    """

    def __init__(self, connect: Callable[[Instance], Connection]) -> None:
        self._connect = connect
        self.handlers: dict[str, Handler] = {}
        self.count = 0
        """The number of instances."""

    def of(self, handler_id: str) -> list[Entry]:
        """Return the instances of a handler."""
        handler = self.handlers.get(handler_id)
        return list(handler.instances.values()) if handler is not None else []

    def all(self) -> list[Entry]:
        """Return the instances of all handlers."""
        return [entry for handler in self.handlers.values() for entry in handler.instances.values()]

    def find(self, instance: Instance) -> Entry | None:
        """Return the entry at an instance's handler id and address, or None."""
        handler = self.handlers.get(instance.handler_id)
        return handler.instances.get(instance.address) if handler is not None else None

    def is_current(self, entry: Entry) -> bool:
        """Return whether an entry is still the one at its handler id and address."""
        return self.find(entry.instance) is entry

    def arrived(self, handler_id: str) -> None:
        """Wake the tasks that wait for an instance of a handler."""
        self._handler(handler_id).arrival.set()

    @contextmanager
    def using(self, handler_id: str) -> Generator[Handler]:
        """Keep a handler's entry while the context is open."""
        handler = self._handler(handler_id)
        handler.users += 1
        try:
            yield handler
        finally:
            handler.users -= 1
            self._tidy(handler_id)

    def keep(self, instance: Instance) -> Entry:
        """Add or update an instance and return its entry."""
        known = self.find(instance)
        if known is not None and same_place(known.instance, instance):
            if known.instance.concurrency != instance.concurrency:
                slots, answered = Slots(instance.concurrency), known.answered
                known = Entry(instance, known.connection, slots, answered=answered, again=known.again)
            known.instance = instance
            known.kept_at = time.monotonic()
        else:
            if known is not None:
                self.drop(known)
            slots = Slots(instance.concurrency)
            known = Entry(instance, self._connect(instance), slots, online=instance.online)
        instances = self._handler(instance.handler_id).instances
        self.count += instance.address not in instances
        instances[instance.address] = known
        return known

    def drop(self, entry: Entry) -> None:
        """Close the connection to an instance and remove it."""
        entry.connection.close()
        if self.is_current(entry):
            del self._handler(entry.handler_id).instances[entry.instance.address]
            self.count -= 1
            self._tidy(entry.handler_id)

    def _handler(self, handler_id: str) -> Handler:
        return self.handlers.setdefault(handler_id, Handler())

    def _tidy(self, handler_id: str) -> None:
        handler = self.handlers.get(handler_id)
        if handler is not None and not handler.instances and not handler.users:
            del self.handlers[handler_id]


def same_place(one: Instance, other: Instance) -> bool:
    """Return whether two instances have the same address and the same key."""
    return (one.address, one.key) == (other.address, other.key)
