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
from collections.abc import Awaitable, Callable, Collection

import zmq.asyncio

from schedulezero.errors import DatabaseUnavailable, ScheduleZeroError
from schedulezero.model import HandlerInfo, JsonObject, Run
from schedulezero.server.handlers.connection import Connection
from schedulezero.server.handlers.crowd import (
    MOST_INSTANCES,
    NEW_AT_ONCE,
    NEW_PER_SECOND,
    Bucket,
    Crowded,
    to_forget,
)
from schedulezero.server.handlers.entries import Entries, Entry, same_place
from schedulezero.server.records.instances import Instance, Instances
from schedulezero.wire.keys import KeyRing

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
_RENEW_SECONDS = 10.0
_SYNC_SECONDS = 5.0


class Taken(ScheduleZeroError):
    """The name belongs to a handler that is alive, and that this one has not proved to be."""


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
        self._entering = asyncio.Lock()
        self._new = Bucket(NEW_PER_SECOND, NEW_AT_ONCE)
        self._keys = keys
        self._shared = shared
        self._entries = Entries(self._connect)
        self._look = asyncio.Event()

    # ---------------------------------------------------------------- coming and going

    async def register(self, instance: Instance) -> bool:
        """Takes an instance in, or what changed of it. True when its handler was known before.

        Raises Taken when another one of that name is alive and they do not belong together, Crowded when
        there is no room for it, and DatabaseUnavailable when the other nodes cannot be told.
        """
        entry = self._entries.find(instance)
        if not (entry.again if entry is not None else self._new).take(time.monotonic()):
            raise Crowded("Too many handlers register at once; register again in a moment.")
        with self._entries.using(instance.handler_id) as handler:
            async with handler.lock:
                return await self._register(instance)

    async def _register(self, instance: Instance) -> bool:
        known = self.knows(instance.handler_id)
        for other in self._entries.of(instance.handler_id):
            if same_place(other.instance, instance):
                continue
            if await self.answers(other):
                if not _belong_together(other.instance, instance):
                    raise Taken(f"The handler {instance.handler_id!r} is alive at {other.instance.address}.")
            else:
                self._entries.drop(other)
                if self._shared is not None and other.instance.address != instance.address:
                    await self._shared.forget(instance.handler_id, other.instance.address)
        if self._entries.find(instance) is None:
            async with self._entering:  # one at a time, so that each finds the place that was made for it
                await self._make_room()
                entry = await self._save(instance)
        else:
            entry = await self._save(instance)
        entry.heard()
        entry.renewed_at = time.monotonic()
        self._entries.arrived(instance.handler_id)
        return known

    async def _save(self, instance: Instance) -> Entry:
        if self._shared is not None:
            await self._shared.save(instance)
        return self._entries.keep(instance)

    async def _make_room(self) -> None:
        """Forgets instances that nobody misses where there are too many; Crowded when all are to be kept."""
        if self._entries.count < self._most:
            return
        forgotten = to_forget(self._entries.all(), await self._needed(), time.monotonic())
        if not forgotten:
            raise Crowded(
                f"This server knows {self._entries.count} handlers already, and all of them are in use."
            )
        log.warning(
            "%d handlers are known; %d that nobody needs are forgotten", self._entries.count, len(forgotten)
        )
        for entry in forgotten:
            self._entries.drop(entry)
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
            for entry in self._entries.of(handler_id)
            if (entry.instance.key is None or entry.instance.key == key)
            and address in (None, entry.instance.address)
            and (status == "offline" or digest in (None, entry.instance.digest))
        ]
        for entry in found:
            if status == "offline":
                entry.online, entry.heard_at = False, 0.0
            else:
                entry.heard()
                self._entries.arrived(handler_id)
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
        for entry in self._entries.all():
            if (entry.instance.handler_id, entry.instance.address) not in kept:
                self._entries.drop(entry)
        for instance in instances:
            entry = self._entries.find(instance)
            if entry is None or entry.instance != instance:
                self._entries.keep(instance)
                self._entries.arrived(instance.handler_id)

    # ---------------------------------------------------------------- asking

    def knows(self, handler_id: str) -> bool:
        """Whether any instance of that handler has registered, whether it answers or not."""
        return bool(self._entries.of(handler_id))

    def methods(self, handler_id: str) -> tuple[str, ...] | None:
        """What a handler's instances can do together, None when there is none."""
        if not self.knows(handler_id):
            return None
        found = (name for entry in self._entries.of(handler_id) for name in entry.instance.methods)
        return tuple(dict.fromkeys(found))

    def signs_of_life(self) -> list[tuple[str, bool]]:
        """Each handler, and whether any instance of it was heard from just now."""
        return [
            (handler_id, any(entry.fresh for entry in handler.instances.values()))
            for handler_id, handler in sorted(self._entries.handlers.items())
            if handler.instances
        ]

    def described(self) -> list[JsonObject]:
        """Every method of every handler, with its schema where its handler told it."""
        found: list[JsonObject] = []
        for handler_id in sorted(self._entries.handlers):
            schemas: dict[str, JsonObject] = {}
            for entry in self._entries.of(handler_id):
                schemas |= entry.instance.schemas
            found += [
                {"handler_id": handler_id, "method": name, "schema": schemas.get(name)}
                for name in self.methods(handler_id) or ()
            ]
        return found

    def takes_one_call(self, handler_id: str) -> bool:
        """Whether a handler takes one call at a time, from all nodes together."""
        found = self._entries.of(handler_id)
        return len(found) == 1 and found[0].instance.concurrency == 1

    def is_shared_out(self, handler_id: str) -> bool:
        """Whether its instances serve shares of the guilds; then runs of one do not wait for another one."""
        return any(entry.instance.shards is not None for entry in self._entries.of(handler_id))

    def candidates(self, run: Run) -> list[Entry]:
        """The instances that may carry a run out, the best first: heard of lately, least busy.

        A guild belongs to the instances that hold its shard, or that declare none; where there is none, its
        runs wait. A run of no guild goes to any.
        """
        entries = [entry for entry in self._entries.of(run.handler_id) if self._is_let_in(entry)]
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
        return self._entries.is_current(entry)

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
        with self._entries.using(handler_id) as handler:
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

        return list(await asyncio.gather(*(describe(entry) for entry in self._entries.all())))

    def close(self) -> None:
        """Closes every connection."""
        for entry in self._entries.all():
            self._entries.drop(entry)

    def _is_let_in(self, entry: Entry) -> bool:
        """Whether an instance's key, if it has one, was not taken out of the list since it registered."""
        return self._keys is None or entry.instance.key is None or self._keys.lets_in(entry.instance.key)

    def _connect(self, instance: Instance) -> Connection:
        return Connection(self._context, instance.address, self._keys, instance.key)


def _belong_together(one: Instance, other: Instance) -> bool:
    """Whether two processes may bear one name at once."""
    declared = one.shards is not None and other.shards is not None
    return one.address != other.address and (declared or (one.key is not None and one.key == other.key))
