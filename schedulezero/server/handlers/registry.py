"""Which handlers are there: what they registered, whether they answer, how to reach them.

A handler is a name, and has one instance (a process that registered under it) or several. Several may live
at once where each declares its shards, or where they prove the same key; otherwise a name belongs to
the instance that is alive.

On SQLite the registry forgets with the process: a handler that is refused a status report registers again by
itself. The nodes of one PostgreSQL share what they know (`schedulezero.server.records.instances`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import zmq.asyncio

from schedulezero.errors import DatabaseUnavailable, ScheduleZeroError
from schedulezero.model import HandlerInfo, JsonObject, Run
from schedulezero.server.handlers.connection import Connection
from schedulezero.server.handlers.crowd import (
    AGAIN_AT_ONCE,
    AGAIN_PER_SECOND,
    MOST_INSTANCES,
    MOST_METHODS,
    NEW_AT_ONCE,
    NEW_PER_SECOND,
    Bucket,
    Crowded,
    to_forget,
)
from schedulezero.server.records.instances import Instance, Instances
from schedulezero.wire.keys import KeyRing

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
_FRESH_SECONDS = 5.0
"""An instance heard from so lately is taken to be there without asking."""
_RENEW_SECONDS = 10.0
_SYNC_SECONDS = 5.0


@dataclass(slots=True)
class Entry:
    """An instance and our connection to it."""

    instance: Instance
    connection: Connection
    slots: asyncio.Semaphore
    heard_at: float = 0.0
    renewed_at: float = 0.0
    under_way: int = 0
    online: bool = True
    answered: bool = False
    since: float = field(default_factory=time.monotonic)
    again: Bucket = field(default_factory=lambda: Bucket(AGAIN_PER_SECOND, AGAIN_AT_ONCE))

    def heard(self) -> None:
        """Notes that it showed a sign of life."""
        self.heard_at = time.monotonic()
        self.online = True

    def spoke(self) -> None:
        """Notes that it answered us, which only what listens at its address can."""
        self.answered = True
        self.heard()

    @property
    def handler_id(self) -> str:
        """Its handler."""
        return self.instance.handler_id

    @property
    def fresh(self) -> bool:
        """Whether it showed a sign of life just now."""
        return self.online and time.monotonic() - self.heard_at < _FRESH_SECONDS

    @property
    def busy(self) -> float:
        """The share of its slots that are in use."""
        return self.under_way / self.instance.concurrency

    async def take_slot(self) -> None:
        """Waits until it has room for another call."""
        await self.slots.acquire()
        self.under_way += 1

    def give_slot(self) -> None:
        """Makes room for another call."""
        self.under_way -= 1
        self.slots.release()


class Taken(ScheduleZeroError):
    """The name belongs to a handler that is alive, and that this one has not proved to be."""


@dataclass(slots=True)
class _Handler:
    instances: dict[str, Entry] = field(default_factory=dict[str, Entry])
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """How many wait for it or register under its name; without any and without instances it is dropped."""


class Registry:
    """The handlers that this node knows.

    Parameters:
        context: the ZeroMQ context of the connections to them.
        keys: our own keys, for those beyond loopback.
        shared: where nodes share what they know, None where there is one node.
        most: how many instances are known at once.
        needed: tells the handlers that jobs need.
    """

    def __init__(
        self,
        context: zmq.asyncio.Context,
        keys: KeyRing | None = None,
        shared: Instances | None = None,
        *,
        most: int = MOST_INSTANCES,
        needed: Callable[[], Awaitable[Collection[str]]],
    ) -> None:
        self._context = context
        self._most = most
        self._needed = needed
        self._count = 0
        self._entering = asyncio.Lock()
        self._new = Bucket(NEW_PER_SECOND, NEW_AT_ONCE)
        self._keys = keys
        self._shared = shared
        self._handlers: dict[str, _Handler] = {}
        self._look = asyncio.Event()

    # ---------------------------------------------------------------- coming and going

    async def register(self, instance: Instance) -> bool:
        """Takes an instance in, or what changed of it. True when its handler was known before.

        Raises Taken when another one of that name is alive and they do not belong together, Crowded when
        there is no room for it, and DatabaseUnavailable when the other nodes cannot be told.
        """
        entry = self._find(instance)
        if not (entry.again if entry is not None else self._new).take(time.monotonic()):
            raise Crowded("Too many handlers register at once; register again in a moment.")
        with self._using(instance.handler_id) as handler:
            async with handler.lock:
                return await self._register(instance)

    async def _register(self, instance: Instance) -> bool:
        known = self.knows(instance.handler_id)
        for other in self._instances(instance.handler_id):
            if _same_place(other.instance, instance):
                continue
            if await self.answers(other):
                if not _belong_together(other.instance, instance):
                    raise Taken(f"The handler {instance.handler_id!r} is alive at {other.instance.address}.")
            else:
                self._drop(other)
                if self._shared is not None and other.instance.address != instance.address:
                    await self._shared.forget(instance.handler_id, other.instance.address)
        if self._find(instance) is None:
            async with self._entering:  # one at a time, so that each finds the place that was made for it
                await self._make_room()
                entry = await self._save(instance)
        else:
            entry = await self._save(instance)
        entry.heard()
        entry.renewed_at = time.monotonic()
        self._of(instance.handler_id).arrival.set()
        return known

    async def _save(self, instance: Instance) -> Entry:
        if self._shared is not None:
            await self._shared.save(instance)
        return self._keep(instance)

    async def _make_room(self) -> None:
        """Forgets instances that nobody misses where there are too many; Crowded when all are to be kept."""
        if self._count < self._most:
            return
        forgotten = to_forget([*self._all()], await self._needed(), time.monotonic())
        if not forgotten:
            raise Crowded(f"This server knows {self._count} handlers already, and all of them are in use.")
        log.warning("%d handlers are known; %d that nobody needs are forgotten", self._count, len(forgotten))
        for entry in forgotten:
            self._drop(entry)
            if self._shared is not None:
                await self._shared.forget(entry.handler_id, entry.instance.address)

    async def report(
        self,
        handler_id: str,
        status: str,
        key: str | None,
        address: str | None = None,
        digest: str | None = None,
    ) -> bool:
        """Notes an instance's own word on its status. False when it is not registered with that key, or
        otherwise than it believes.

        Parameters:
            handler_id: its handler.
            status: "online" or "offline".
            key: the public key that it proved.
            address: which instance, where it says so; else it is the only one.
            digest: what the server answered to its last registration, where it says so.
        """
        found = [
            entry
            for entry in self._instances(handler_id)
            if (entry.instance.key is None or entry.instance.key == key)
            and address in (None, entry.instance.address)
            and (status == "offline" or digest in (None, entry.instance.digest))
        ]
        for entry in found:
            if status == "offline":
                entry.online, entry.heard_at = False, 0.0
            else:
                entry.heard()
                self._of(handler_id).arrival.set()
            await self._renew(entry)
        return bool(found)

    async def _renew(self, entry: Entry) -> None:
        if self._shared is None or not entry.online or time.monotonic() - entry.renewed_at < _RENEW_SECONDS:
            return
        entry.renewed_at = time.monotonic()
        try:
            await self._shared.heard(entry.instance.handler_id, entry.instance.address)
        except DatabaseUnavailable as error:
            log.warning("the lease of handler %r was not renewed: %s", entry.instance.handler_id, error)

    # ---------------------------------------------------------------- what other nodes know

    def look(self) -> None:
        """Looks soon at what other nodes know."""
        self._look.set()

    async def keep_looking(self) -> None:
        """Takes over what other nodes know, until cancelled."""
        if self._shared is None:
            return
        while True:
            self._look.clear()
            try:
                await self.take_over(await self._shared.all())
            except DatabaseUnavailable as error:
                log.warning("the handlers of other nodes cannot be read: %s", error)
            try:
                async with asyncio.timeout(_SYNC_SECONDS):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def take_over(self, instances: list[Instance]) -> None:
        """Knows just these instances from now on."""
        instances = instances[: self._most]
        kept = {(item.handler_id, item.address) for item in instances}
        for entry in [*self._all()]:
            if (entry.instance.handler_id, entry.instance.address) not in kept:
                self._drop(entry)
        for instance in instances:
            entry = self._find(instance)
            if entry is None or entry.instance != instance:
                self._keep(instance)
                self._of(instance.handler_id).arrival.set()

    # ---------------------------------------------------------------- asking

    def knows(self, handler_id: str) -> bool:
        """Whether any instance of that handler has registered, whether it answers or not."""
        return bool(handler_id in self._handlers and self._handlers[handler_id].instances)

    def methods(self, handler_id: str) -> tuple[str, ...] | None:
        """What a handler's instances can do together, None when there is none."""
        if not self.knows(handler_id):
            return None
        found = (name for entry in self._instances(handler_id) for name in entry.instance.methods)
        return tuple(dict.fromkeys(found))

    def signs_of_life(self) -> list[tuple[str, bool]]:
        """Each handler, and whether any instance of it was heard from just now."""
        return [
            (handler_id, any(entry.fresh for entry in handler.instances.values()))
            for handler_id, handler in sorted(self._handlers.items())
            if handler.instances
        ]

    def described(self) -> list[JsonObject]:
        """Every method of every handler, with its schema where its handler told it."""
        found: list[JsonObject] = []
        for handler_id in sorted(self._handlers):
            schemas: dict[str, JsonObject] = {}
            for entry in self._instances(handler_id):
                schemas |= entry.instance.schemas
            found += [
                {"handler_id": handler_id, "method": name, "schema": schemas.get(name)}
                for name in self.methods(handler_id) or ()
            ]
        return found

    def takes_one_call(self, handler_id: str) -> bool:
        """Whether a handler takes one call at a time, from all nodes together."""
        found = self._instances(handler_id)
        return len(found) == 1 and found[0].instance.concurrency == 1

    def is_shared_out(self, handler_id: str) -> bool:
        """Whether its instances serve shares of the guilds; then runs of one do not wait for another one."""
        return any(entry.instance.shards is not None for entry in self._instances(handler_id))

    def candidates(self, run: Run) -> list[Entry]:
        """The instances that may carry a run out, the best first: heard of lately, least busy.

        A guild belongs to the instances that hold its shard, or that declare none; where there is none, its
        runs wait. A run of no guild goes to any.
        """
        entries = [entry for entry in self._instances(run.handler_id) if self._is_let_in(entry)]
        guild_id = run.guild_id
        if guild_id is not None:
            shares = [(entry, entry.instance.shards) for entry in entries]
            own = [entry for entry, shards in shares if shards is not None and shards.hold(guild_id)]
            entries = own or [entry for entry, shards in shares if shards is None]
        if len(entries) > 1:
            able = [item for item in entries if run.method in item.instance.methods]
            entries = sorted(able or entries, key=lambda item: (not item.fresh, not item.online, item.busy))
        return entries

    def is_current(self, entry: Entry) -> bool:
        """Whether an instance is still the one at its place."""
        return self._find(entry.instance) is entry

    async def answers(self, entry: Entry) -> bool:
        """Whether an instance is there; it is asked when it was not heard from lately."""
        if not self._is_let_in(entry):
            return False
        if entry.fresh:
            return True
        if entry.connection.refused:
            self.replace_connection(entry)  # something else may listen there by now
        if await entry.connection.ping(PING_SECONDS):
            entry.spoke()
            return True
        return False

    async def wait_for(self, handler_id: str, seconds: float) -> None:
        """Waits until an instance registers or reports itself, at most so many seconds."""
        with self._using(handler_id) as handler:
            handler.arrival.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await handler.arrival.wait()
            except TimeoutError:
                return

    def replace_connection(self, entry: Entry) -> None:
        """Drops the socket to an instance and opens another one.

        Where an instance takes one call at a time and did not answer it, its line is stuck behind that
        call; a new socket has a line of its own, which is what makes trying again worth while.
        """
        if self.is_current(entry):
            entry.connection.close()
            entry.connection = self._connect(entry.instance)

    async def list(self) -> list[HandlerInfo]:
        """Every instance, each pinged while answering unless it is busy or was just heard."""

        async def describe(entry: Entry) -> HandlerInfo:
            instance = entry.instance
            busy = instance.concurrency == 1 and entry.slots.locked()
            known = self._is_let_in(entry) and (entry.fresh or (entry.online and busy))
            connected = known or await self.answers(entry)
            return HandlerInfo(
                instance.handler_id,
                instance.address,
                instance.methods,
                connected,
                instance.concurrency,
                instance.shards.to_json() if instance.shards is not None else None,
            )

        return list(await asyncio.gather(*(describe(entry) for entry in [*self._all()])))

    def close(self) -> None:
        """Closes every connection."""
        for entry in [*self._all()]:
            self._drop(entry)

    # ---------------------------------------------------------------- entries

    def _of(self, handler_id: str) -> _Handler:
        return self._handlers.setdefault(handler_id, _Handler())

    def _instances(self, handler_id: str) -> list[Entry]:
        handler = self._handlers.get(handler_id)
        return list(handler.instances.values()) if handler is not None else []

    def _is_let_in(self, entry: Entry) -> bool:
        """Whether an instance's key, if it has one, was not taken out of the list since it registered."""
        return self._keys is None or entry.instance.key is None or self._keys.lets_in(entry.instance.key)

    def _find(self, instance: Instance) -> Entry | None:
        handler = self._handlers.get(instance.handler_id)
        return handler.instances.get(instance.address) if handler is not None else None

    @contextmanager
    def _using(self, handler_id: str) -> Generator[_Handler]:
        """Keeps what stands for a name while somebody waits for it."""
        handler = self._of(handler_id)
        handler.users += 1
        try:
            yield handler
        finally:
            handler.users -= 1
            self._tidy(handler_id)

    def _tidy(self, handler_id: str) -> None:
        handler = self._handlers.get(handler_id)
        if handler is not None and not handler.instances and not handler.users:
            del self._handlers[handler_id]

    def _all(self) -> Iterator[Entry]:
        for handler in self._handlers.values():
            yield from handler.instances.values()

    def _connect(self, instance: Instance) -> Connection:
        return Connection(self._context, instance.address, self._keys, instance.key)

    def _keep(self, instance: Instance) -> Entry:
        known = self._find(instance)
        if known is not None and _same_place(known.instance, instance):
            if known.instance.concurrency != instance.concurrency:
                slots, answered = asyncio.Semaphore(instance.concurrency), known.answered
                known = Entry(instance, known.connection, slots, answered=answered, again=known.again)
            known.instance = instance
        else:
            if known is not None:
                self._drop(known)
            slots = asyncio.Semaphore(instance.concurrency)
            known = Entry(instance, self._connect(instance), slots, online=instance.online)
        instances = self._of(instance.handler_id).instances
        self._count += instance.address not in instances
        instances[instance.address] = known
        return known

    def _drop(self, entry: Entry) -> None:
        entry.connection.close()
        if self.is_current(entry):
            del self._of(entry.handler_id).instances[entry.instance.address]
            self._count -= 1
            self._tidy(entry.handler_id)


def _same_place(one: Instance, other: Instance) -> bool:
    return (one.address, one.key) == (other.address, other.key)


def _belong_together(one: Instance, other: Instance) -> bool:
    """Whether two processes may bear one name at once."""
    declared = one.shards is not None and other.shards is not None
    return one.address != other.address and (declared or (one.key is not None and one.key == other.key))


def clean_methods(value: Any) -> tuple[str, ...] | None:
    """The method names of a registration, None when they are no list of texts."""
    if not isinstance(value, list):
        return None
    names: list[str] = []
    for name in value:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(name, str) or not 0 < len(name) <= 100 or len(names) >= MOST_METHODS:
            return None
        names.append(name)
    return tuple(dict.fromkeys(names))
