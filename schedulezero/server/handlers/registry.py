"""The known handlers: what they registered, whether they answer, and how to reach them.

A handler is a name with one or more instances (processes that registered under it). Several instances may run
at once if each declares its shards or if they prove the same key; otherwise the name belongs to the instance
that is alive.

The database keeps the instances (`schedulezero.server.records.instances`), so that a handler is known after a
restart without registering: published handlers only ping, and never notice a short one. The nodes of one
PostgreSQL database share them. An instance from the database counts as away until it answers.
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
from schedulezero.server.handlers.keeping import Keeping
from schedulezero.server.records.instances import Instance, Instances, may_be_called
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.protocol import PING

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
_SYNC_SECONDS = 5.0


class Taken(ScheduleZeroError):
    """The name belongs to a live handler, and this instance has not proved that it is the same one."""


class Registry:
    """The handlers that this node knows.

    Parameters:
        context: the ZeroMQ context of the connections to them.
        keys: our own keys, for handlers beyond loopback.
        kept: the table of instances; None to keep them in memory only.
        shared: whether other nodes read and write that table.
        most: the most instances to know at once.
        own_ports: the server's own ports, where no handler can listen.
        needed: returns the handlers that jobs need.
    """

    def __init__(
        self,
        context: zmq.asyncio.Context,
        keys: KeyRing | None = None,
        kept: Instances | None = None,
        *,
        shared: bool = False,
        most: int = MOST_INSTANCES,
        own_ports: Collection[int] = (),
        needed: Callable[[], Awaitable[Collection[str]]],
    ) -> None:
        self._context = context
        self._most = most
        self._needed = needed
        self._entering = asyncio.Lock()
        self._new = Bucket(NEW_PER_SECOND, NEW_AT_ONCE)
        self._keys = keys
        self._own_ports = own_ports
        self._keeping = Keeping(kept, shared=shared)
        self._entries = Entries(self._connect)
        self._look = asyncio.Event()

    # ---------------------------------------------------------------- registration

    async def register(self, instance: Instance) -> bool:
        """Register or update an instance. Returns True if its handler was known before.

        Raises Taken when another instance of that name is alive and they don't belong together, Crowded when
        there is no room or too many register at once, and DatabaseUnavailable when the instance can't be
        saved for the other nodes.
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
                if other.instance.address != instance.address:
                    await self._keeping.forget(other)
        if self._entries.find(instance) is None:
            async with self._entering:  # one at a time, so that each gets the place made for it
                await self._make_room()
                entry = await self._keeping.save(instance, self._entries.find(instance), self._entries.keep)
        else:
            entry = await self._keeping.save(instance, self._entries.find(instance), self._entries.keep)
        entry.heard()
        self._entries.arrived(instance.handler_id)
        await self._forget_former_names(entry)
        return known

    async def _forget_former_names(self, entry: Entry) -> None:
        """Forget other handlers at the address of an instance that has just registered.

        One program listens there, and an answer to a ping doesn't tell its name: after it was renamed, its
        former name would count as alive for ever. A handler stays if it proved another key, which the
        instance can't speak for, or while it carries out a call.
        """
        if not self._entries.is_current(entry):
            return  # another one has registered there since
        former = [
            other
            for other in self._entries.all()
            if other.handler_id != entry.handler_id
            and same_place(other.instance, entry.instance)
            and not other.under_way
        ]
        for other in former:
            self._entries.drop(other)
            log.warning(
                "handler %r is forgotten: %r has registered at its address %s",
                other.handler_id,
                entry.handler_id,
                entry.instance.address,
            )
        for other in former:
            await self._keeping.forget(other)

    async def _make_room(self) -> None:
        """Drop unneeded instances if there are too many. Raises Crowded if all of them are in use."""
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
            await self._keeping.forget(entry)

    async def report(
        self,
        handler_id: str,
        status: str,
        key: str | None,
        address: str | None = None,
        digest: str | None = None,
    ) -> bool:
        """Record the status that an instance reports.

        Parameters:
            handler_id: its handler.
            status: "online" or "offline".
            key: the public key that it proved.
            address: the address of the instance; without one, every instance that matches.
            digest: the digest from the answer to its last registration, if it sends one.

        Returns False if no instance is registered with that key, that address or, when it comes online, that
        digest.
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
            await self._keeping.renew(entry)
        return bool(found)

    async def keep_renewing(self) -> None:
        """Save a sign of life of each instance that answers, every hour, until cancelled."""

        async def answers(entry: Entry) -> bool:
            return await self.answers(entry) and self.is_current(entry)

        await self._keeping.keep_renewing(self._entries.all, answers)

    # ---------------------------------------------------------------- instances from the database

    async def recover(self) -> None:
        """Load the instances that the database keeps, before anything asks for a handler."""
        try:
            await self.load()
        except DatabaseUnavailable as error:
            log.warning("the known handlers cannot be read: %s", error)

    def look(self) -> None:
        """Load the instances of other nodes soon."""
        self._look.set()

    async def keep_looking(self) -> None:
        """Load the instances of all nodes, periodically and on a signal, until cancelled."""
        while self._keeping.shared:
            self._look.clear()
            try:
                await self.load()
                self._keeping.note_reading(None)
            except DatabaseUnavailable as error:
                self._keeping.note_reading(error)
            try:
                async with asyncio.timeout(_SYNC_SECONDS):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def load(self) -> None:
        """Replace the known instances with those in the database, except those this server may not call.

        An instance that registered here since the reading began stays as it is. Raises DatabaseUnavailable.
        """
        began = time.monotonic()
        allowed = [
            item for item in await self._keeping.all() if may_be_called(item, self._keys, self._own_ports)
        ]
        instances = await self._first_of(allowed)
        kept = {(item.handler_id, item.address) for item in instances}
        for entry in self._entries.all():
            if (entry.handler_id, entry.instance.address) not in kept and entry.kept_at < began:
                self._entries.drop(entry)
        for instance in instances:
            entry = self._entries.find(instance)
            if entry is None or (entry.instance != instance and entry.kept_at < began):
                self._entries.keep(instance)
                self._entries.arrived(instance.handler_id)
            elif entry.instance == instance:
                entry.instance = instance  # with the newest sign of life that any node noted

    async def _first_of(self, instances: list[Instance]) -> list[Instance]:
        """Return the instances that there is room for.

        First come those that a job needs, then those that have answered, each most recently heard from first:
        a crowd of names that was saved later pushes out none of them.
        """
        if len(instances) <= self._most:
            return instances
        needed = await self._needed()

        def rank(instance: Instance) -> tuple[bool, bool]:
            entry = self._entries.find(instance)
            return (instance.handler_id not in needed, entry is None or not entry.answered)

        return sorted(instances, key=rank)[: self._most]

    # ---------------------------------------------------------------- lookup and connections

    def knows(self, handler_id: str) -> bool:
        """Return whether any instance of that handler has registered, even if it doesn't answer."""
        return bool(self._entries.of(handler_id))

    def methods(self, handler_id: str) -> tuple[str, ...] | None:
        """Return the methods that any of a handler's instances offers, or None if there is no instance."""
        if not self.knows(handler_id):
            return None
        found = (name for entry in self._entries.of(handler_id) for name in entry.instance.methods)
        return tuple(dict.fromkeys(found))

    def signs_of_life(self) -> list[tuple[str, bool]]:
        """Return each handler and whether any instance of it was heard from within the last seconds."""
        return [
            (handler_id, any(entry.fresh for entry in handler.instances.values()))
            for handler_id, handler in sorted(self._entries.handlers.items())
            if handler.instances
        ]

    def schema(self, handler_id: str, method: str) -> JsonObject | None:
        """Return the schema of a method's params, or None if no instance of its handler sent one."""
        schemas = (entry.instance.schemas.get(method) for entry in self._entries.of(handler_id))
        return next((found for found in schemas if found is not None), None)

    def all_schemas(self) -> list[JsonObject]:
        """Return the schemas that any handler sent for its methods."""
        entries = [entry for name in list(self._entries.handlers) for entry in self._entries.of(name)]
        return [schema for entry in entries for schema in list(entry.instance.schemas.values())]

    def described(self) -> list[JsonObject]:
        """Return every method of every handler, with its schema if the handler sent one."""
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
        """Return whether a handler takes one call at a time across all nodes."""
        found = self._entries.of(handler_id)
        return len(found) == 1 and found[0].instance.concurrency == 1

    def free_slot(self, run: Run, flow: str) -> Entry | None:
        """Take a slot for a run on its best instance, if that was heard from lately and has one free now."""
        entry = next(iter(self.candidates(run)), None)
        return entry if entry is not None and entry.fresh and entry.take_slot_now(flow) else None

    def candidates(self, run: Run) -> list[Entry]:
        """Return the instances that may carry out a run, best first: recently heard from, then least busy.

        They offer its method. If none does, as while a sprocket isn't loaded, the run waits, as it does for a
        handler that is away.
        """
        entries = [entry for entry in self._responsible(run) if _may_offer(entry.instance, run.method)]
        if len(entries) > 1:
            entries.sort(key=lambda item: (not item.fresh, not item.online, item.busy))
        return entries

    def lacks_method(self, run: Run) -> bool:
        """Return whether instances that are responsible for a run are known, and none offers its method."""
        entries = self._responsible(run)
        return bool(entries) and not any(_may_offer(entry.instance, run.method) for entry in entries)

    def _responsible(self, run: Run) -> list[Entry]:
        """Return the instances whose runs a run is one of.

        A guild belongs to the instances that hold its shard or, failing that, to those that declare no
        shards. If there are none, its runs wait. A run without a guild can go to any instance.
        """
        entries = [entry for entry in self._entries.of(run.handler_id) if self._is_let_in(entry)]
        guild_id = run.guild_id
        if guild_id is not None:
            shares = [(entry, entry.instance.shards) for entry in entries]
            own = [entry for entry, shards in shares if shards is not None and shards.hold(guild_id)]
            entries = own or [entry for entry, shards in shares if shards is None]
        return entries

    def is_current(self, entry: Entry) -> bool:
        """Return whether an entry is still the one at its handler id and address."""
        return self._entries.is_current(entry)

    async def answers(self, entry: Entry) -> bool:
        """Return whether an instance is online; ping it if it wasn't heard from recently."""
        if not self._is_let_in(entry):
            return False
        if entry.fresh:
            return True
        began = time.monotonic()
        if await entry.connection.ping(PING_SECONDS):
            entry.spoke()
            return True
        if entry.unanswered_since is None:
            entry.unanswered_since = began
        return False

    def silent_seconds(self, run: Run) -> float:
        """Return for how long no instance that may carry out a run has answered this node; 0 if one has.

        An instance that is busy with its only call can't answer, and counts as there.
        """
        entries = self.candidates(run)
        if not entries or any(self._is_known_up(entry) for entry in entries):
            return 0.0
        since = [entry.unanswered_since for entry in entries]
        known = [at for at in since if at is not None]
        return time.monotonic() - max(known) if len(known) == len(since) else 0.0

    def is_silent(self, handler_id: str) -> bool:
        """Return whether no instance of a handler answered when this node last asked."""
        return all(entry.unanswered_since is not None for entry in self._entries.of(handler_id))

    async def ask_where_runs_wait(self, silent: float) -> None:
        """Ask the instances for whose slots runs wait; turn away the runs of those that are silent.

        All slots of an instance that can't be reached any more may be held by calls that wait for an answer.

        Parameters:
            silent: after so many seconds without an answer an instance counts as silent.
        """

        async def ask(entry: Entry) -> None:
            if self._is_known_up(entry) or await self.answers(entry):
                return
            if entry.unanswered_since is not None and time.monotonic() - entry.unanswered_since >= silent:
                entry.slots.turn_away()

        await asyncio.gather(*(ask(entry) for entry in self._entries.all() if entry.slots.waited_for))

    async def reaches(self, run: Run) -> bool:
        """Return whether an instance that may carry out a run is up; a busy one counts without a ping."""
        entries = self.candidates(run)
        if any(self._is_known_up(entry) for entry in entries):
            return True
        return any(await asyncio.gather(*(self.answers(entry) for entry in entries)))

    async def wait_for(self, handler_id: str, seconds: float) -> None:
        """Wait until an instance registers or reports itself, at most ``seconds`` seconds."""
        with self._entries.using(handler_id) as handler:
            handler.arrival.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await handler.arrival.wait()
            except TimeoutError:
                return

    def replace_connection(self, entry: Entry) -> None:
        """Replace the connection to an instance with a new one.

        If an instance takes one call at a time and doesn't answer it, further calls on that socket are stuck
        behind it. A new socket has its own queue, so that a retry can succeed.
        """
        if self.is_current(entry):
            entry.connection.close()
            entry.connection = self._connect(entry.instance)

    @property
    def count(self) -> int:
        """The number of known instances."""
        return self._entries.count

    async def list(self, most: int | None = None) -> list[HandlerInfo]:
        """Return the first ``most`` instances by name and address, or all.

        Those that aren't busy and weren't heard from recently are pinged, except those that gave no sign of
        life when last asked for one to save. Otherwise each list takes a second while any is away.
        """

        async def describe(entry: Entry) -> HandlerInfo:
            instance = entry.instance
            connected = self._is_known_up(entry) or (not entry.silent_at and await self.answers(entry))
            return HandlerInfo(
                instance.handler_id,
                instance.address,
                instance.methods,
                connected,
                instance.concurrency,
                instance.shards.to_json() if instance.shards is not None else None,
                entry.last_sign,
            )

        entries = sorted(self._entries.all(), key=lambda item: (item.handler_id, item.instance.address))
        return list(await asyncio.gather(*(describe(entry) for entry in entries[:most])))

    def close(self) -> None:
        """Close every connection, and give up what is still being saved."""
        self._keeping.close()
        for entry in self._entries.all():
            self._entries.drop(entry)

    def _is_known_up(self, entry: Entry) -> bool:
        """Return whether an instance was heard from recently, or is busy with its only call."""
        busy = entry.instance.concurrency == 1 and not entry.slots.free
        return self._is_let_in(entry) and (entry.fresh or (entry.online and busy))

    def _is_let_in(self, entry: Entry) -> bool:
        """Return whether an instance has no key or its key is still on the list of allowed keys."""
        return self._keys is None or entry.instance.key is None or self._keys.lets_in(entry.instance.key)

    def _connect(self, instance: Instance) -> Connection:
        return Connection(self._context, instance.address, self._keys, instance.key)


def _may_offer(instance: Instance, method: str) -> bool:
    """Return whether an instance offers a method.

    One that registered without any may offer each, and each answers a ping, though none registers it.
    """
    return not instance.methods or method in instance.methods or method == PING["method"]


def _belong_together(one: Instance, other: Instance) -> bool:
    """Return whether two processes may share one name at the same time."""
    declared = one.shards is not None and other.shards is not None
    return one.address != other.address and (declared or (one.key is not None and one.key == other.key))
