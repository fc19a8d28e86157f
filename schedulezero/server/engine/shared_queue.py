"""The run queue that several nodes share, built on PgQueuer in PostgreSQL.

Each node takes runs in batches and sends a heartbeat for them every few seconds. If a node dies, another node
takes over its unfinished runs after `HEARTBEAT_TIMEOUT`; the handler's journal keeps a repeated call from
taking effect twice. A node that was only cut off or stopped, and returns, has lost them: before each call it
asks the database whether its claim still counts. A node that shuts down gives back what it hasn't called, and
one that can't reach a handler gives back that handler's runs. A handler that takes one call at a time is
served by one node, so that calls don't queue up at the handler and time out there.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseAway, DatabaseUnavailable, DatabaseUnusable
from schedulezero.model import Run
from schedulezero.server.engine.run_queue import Lane, Lanes, OutOfReach, anything
from schedulezero.server.engine.time_check import TimeCheck
from schedulezero.server.engine.waiting_runs import May, WaitingRuns
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.records.leases import Leases
from schedulezero.server.store.runs import Identity, RunStore
from schedulezero.storage.batching import Together
from schedulezero.storage.postgres import PostgresDatabase, asyncpg, connect, may_come_back, reason
from schedulezero.storage.signals import Signal, Signals

log = logging.getLogger(__name__)

_PART = "the queue"

BATCH = 100
"""The most runs of one handler that a node takes at once."""
_MOST_HELD_UP = 5 * BATCH
"""How many runs that may not be taken yet a lane holds before it changes the last of them for others."""
_CHANGE_SECONDS = 0.5
"""How often it does so at most."""
HEARTBEAT_TIMEOUT = timedelta(seconds=6)
"""How long a node may be silent before another one takes over its runs."""
_SURELY_OURS = HEARTBEAT_TIMEOUT / 2
"""How recently this node must have shown that it is alive when it makes a call."""
_BEAT_SECONDS = 1.5
_LOOK_SECONDS = 2.0
"""How often a lane checks for runs of dead nodes, which nobody announces."""
_NOT_OURS_SECONDS = 1.0
_FORGET_SECONDS = 600.0
_IDLE_SECONDS = 5.0
"""How long a node may stop while it creates the tables, until another one may."""


@dataclass(slots=True)
class _SharedLane(Lane):
    changed_at: float = 0.0
    """When runs that might not be taken were last given back for others, on the monotonic clock."""
    paused_until: float = 0.0
    """Until when other nodes take its runs, on the monotonic clock."""

    @property
    def pause(self) -> float:
        """For how many seconds it is still paused; at most 0 if it isn't."""
        return self.paused_until - time.monotonic()


class SharedRunQueue:
    """The run queue of one node among several.

    Parameters:
        database: the PostgreSQL database that the nodes share.
        store: the runs in it.
        registry: tells which handlers take one call at a time.
        signals: announces runs that other nodes created.
        time_check: compares this node's clock with the database's.
        leases: says which node serves a handler that takes one call at a time.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        store: RunStore,
        registry: Registry,
        signals: Signals,
        leases: Leases,
        time_check: TimeCheck,
    ) -> None:
        self._database = database
        self._store = store
        self._registry = registry
        self._leases = leases
        self._time_check = time_check
        self._queries = Queries(
            _Driver(database), qbe=pgqueuer_rows.environment(), qbq=pgqueuer_rows.queries()
        )
        self._lanes = Lanes(_SharedLane)
        self._held: dict[str, UUID] = {}
        """The token of each claim of this node, by the run's key."""
        self._asking = Together(self._still_held)
        self._look_everywhere = asyncio.Event()
        self._stopping = False
        signals.on(Signal.RUNS, self._heard)

    async def put(self, runs: Sequence[Run]) -> None:
        """Wake the lanes. The transaction that wrote the runs has already queued them."""
        for handler_id in {run.handler_id for run in runs}:
            self._lanes[handler_id].filled.set()

    async def next_lane(self) -> str:
        return await self._lanes.next()

    async def take(self, handler_id: str, may: May = anything) -> Run:
        lane = self._lanes[handler_id]
        while (
            self._stopping
            or self._time_check.is_off
            or lane.pause > 0
            or (run := lane.waiting.next(may)) is None
        ):
            lane.filled.clear()
            if self._time_check.is_off:
                await self._time_check.agreed()
                continue
            if self._stopping:
                await lane.filled.wait()
                continue
            if (pause := lane.pause) > 0:
                until = lane.paused_until
                await self._registry.wait_for(handler_id, pause)
                if lane.paused_until == until:
                    lane.paused_until = 0.0  # it is over, or the handler has just registered again
                continue
            if self._registry.takes_one_call(handler_id) and not await self._leases.owns(_lease(handler_id)):
                await asyncio.sleep(_NOT_OURS_SECONDS)
                continue
            if len(lane.waiting) >= _MOST_HELD_UP and time.monotonic() >= lane.changed_at + _CHANGE_SECONDS:
                await self._give_back_last(lane)
            if len(lane.waiting) < _MOST_HELD_UP and await self._fill(handler_id, lane):
                continue
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await lane.filled.wait()
            except TimeoutError:
                continue
        return run

    def look(self, handler_id: str) -> None:
        self._lanes[handler_id].filled.set()

    async def recover(self) -> None:
        """Queue the open runs that aren't in PgQueuer yet, for example after a move from SQLite."""
        await self._store.enqueue_open_runs()
        self._heard(None)

    def done(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self._held.pop(pgqueuer_rows.key_of(run), None)

    async def holds(self, run: Run) -> bool:
        while True:
            asked_at = time.monotonic()
            held = await self._asking.ask(pgqueuer_rows.key_of(run))
            # If this process was stopped meanwhile, the answer is from before it was taken for dead.
            if not held or time.monotonic() < asked_at + _SURELY_OURS.total_seconds():
                return held

    def claims(self, runs: Sequence[Run]) -> dict[str, UUID]:
        keys = (pgqueuer_rows.key_of(run) for run in runs)
        return {key: self._held[key] for key in keys if key in self._held}

    def waiting(self) -> Counter[str]:
        return self._lanes.waiting()

    async def keep_up(self) -> None:
        """Send heartbeats and find unannounced runs until cancelled, then release this node's runs."""
        forget_at = time.monotonic() + _FORGET_SECONDS
        try:
            while True:
                try:
                    await self._renew()
                    if self._look_everywhere.is_set():
                        self._look_everywhere.clear()
                        await self._open_lanes()
                    if time.monotonic() > forget_at:
                        forget_at = time.monotonic() + _FORGET_SECONDS
                        await self._database.write(pgqueuer_rows.forget_log)
                    self._database.outage.over(_PART)
                except DatabaseUnavailable as error:
                    self._database.outage.failed(_PART, error)
                    self._look_everywhere.set()
                try:
                    async with asyncio.timeout(_BEAT_SECONDS):
                        await self._look_everywhere.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(0.05)  # avoid a tight loop while the database is unavailable
        except asyncio.CancelledError:
            await self._give_back(dict(self._held))
            raise

    async def stop_taking(self, under_way: Mapping[Identity, Run]) -> None:
        self._stopping = True
        await self._give_back_all_but(under_way)

    async def leave(self, under_way: Mapping[Identity, Run]) -> None:
        await self._give_back_all_but(under_way)
        busy = {run.handler_id for run in under_way.values()}
        for handler_id in [name for name in self._lanes if name not in busy]:
            try:
                await self._leases.release(_lease(handler_id))
            except DatabaseUnavailable as error:
                log.warning("the lease of handler %r runs out by itself: %s", handler_id, error)

    async def _give_back_all_but(self, under_way: Mapping[Identity, Run]) -> None:
        calling = {pgqueuer_rows.queue_key(*identity) for identity in under_way}
        claims = {key: token for key, token in self._held.items() if key not in calling}
        for key in claims:
            del self._held[key]
        for lane in self._lanes.values():
            lane.waiting = WaitingRuns()
        if claims:
            await self._give_back(claims)

    @property
    def others_alive(self) -> bool:
        return self._leases.others_alive

    def pause(self, handler_id: str, seconds: float) -> None:
        self._lanes[handler_id].paused_until = time.monotonic() + seconds

    async def hand_over(self, runs: Sequence[Run], out_of_reach: OutOfReach, after: float = 0.0) -> None:
        leaving = list(runs)
        for handler_id in {run.handler_id for run in runs}:
            lane = self._lanes[handler_id]
            with_them = [run for run in lane.waiting if out_of_reach(run)]
            lane.waiting.keep(lambda run: not out_of_reach(run))
            log.warning(
                "handler %r does not answer this node; %d of its runs are left to the other nodes",
                handler_id,
                len(with_them) + sum(run.handler_id == handler_id for run in runs),
            )
            leaving += with_them
            try:
                await self._leases.release(_lease(handler_id))
            except DatabaseUnavailable as error:
                log.warning("the lease of handler %r runs out by itself: %s", handler_id, error)
        claims = self.claims(leaving)
        self.done(leaving)
        await self._give_back(claims, after)

    async def _renew(self) -> None:
        """Show that this node is alive, and give up what others have taken from it meanwhile."""
        claims = dict(self._held)
        if not claims:
            return
        kept = await self._database.write(lambda connection: pgqueuer_rows.renew(connection, claims))
        self._lose({key: token for key, token in claims.items() if key not in kept})

    async def _still_held(self, keys: Sequence[str]) -> list[bool]:
        claims = {key: self._held[key] for key in keys if key in self._held}
        if not claims:
            return [False] * len(keys)
        kept = await self._database.read(
            lambda connection: pgqueuer_rows.claimed(connection, claims, within=_SURELY_OURS)
        )
        old = {key: token for key, token in claims.items() if key not in kept}
        if old:  # shown alive too long ago: another node may take them while we call
            kept |= await self._database.write(lambda connection: pgqueuer_rows.renew(connection, old))
            self._lose({key: token for key, token in old.items() if key not in kept})
        return [key in kept for key in keys]

    def _lose(self, claims: dict[str, UUID]) -> None:
        """Forget claims that no longer count, unless this node has claimed again or ended the run since."""
        lost = {key for key, token in claims.items() if self._held.get(key) == token}
        if not lost:
            return
        log.warning("%d runs of this node were taken over by another one, or are gone", len(lost))
        for key in lost:
            del self._held[key]
        for lane in self._lanes.values():
            lane.waiting.keep(lambda run: pgqueuer_rows.key_of(run) not in lost)

    async def _open_lanes(self) -> None:
        for handler_id in await self._store.handlers_with_open_runs():
            self._lanes[handler_id].filled.set()

    async def _give_back(self, claims: dict[str, UUID], after: float = 0.0) -> None:
        try:
            await self._database.write(
                lambda connection: pgqueuer_rows.give_back(connection, claims, after=after)
            )
        except DatabaseUnavailable as error:
            log.warning("other nodes take this node's runs after %s: %s", HEARTBEAT_TIMEOUT, error)

    async def _give_back_last(self, lane: _SharedLane) -> None:
        """Make room in a lane that is full of runs that may not be taken, for those with smaller tags."""
        lane.changed_at = time.monotonic()
        keys = [pgqueuer_rows.key_of(lane.waiting.take_last()) for _ in range(BATCH)]
        await self._give_back({key: self._held.pop(key) for key in keys if key in self._held})

    async def _fill(self, handler_id: str, lane: Lane) -> bool:
        """Take a batch. Returns False when there is none."""
        token = uuid.uuid4()
        jobs = await self._queries.dequeue(
            batch_size=BATCH,
            entrypoints={QueueEntrypoint(handler_id): EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=QueueManagerId(token),
            global_concurrency_limit=None,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
        )
        if not jobs:
            return False
        if self._stopping or self._time_check.is_off:
            await self._database.write(lambda connection: pgqueuer_rows.give_back_all(connection, token))
            return False
        # Runs that can't be read now get no heartbeat, so that another node takes them.
        runs = await self._store.open_among([int((job.payload or b"0").decode()) for job in jobs])
        if len(runs) < len(jobs):  # the others were cancelled since they were queued
            await self._forget_all_but(runs, token)
        for run in runs:
            key = pgqueuer_rows.key_of(run)
            known = key in self._held  # PgQueuer returns a run that this node has if its heartbeat was late
            self._held[key] = token
            if not known:
                lane.waiting.add(run)
        return True

    async def _forget_all_but(self, runs: Sequence[Run], token: UUID) -> None:
        keys = [pgqueuer_rows.key_of(run) for run in runs]
        await self._database.write(lambda connection: pgqueuer_rows.remove_others(connection, keys, token))

    def _heard(self, handler_id: str | None) -> None:
        if handler_id is None:
            self._look_everywhere.set()
        else:
            self._lanes[handler_id].filled.set()


def _lease(handler_id: str) -> str:
    return f"handler {handler_id}"


class _Driver:
    """A PgQueuer driver on the server's own connections, so that queries raise the server's errors."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._shutdown = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        def run(connection: Connection) -> list[dict[str, object]]:
            rows = connection.exec_driver_sql(query, cast(Any, args)).mappings()
            return [cast("dict[str, object]", dict(row)) for row in rows]

        return await self._database.write(run)

    async def execute(self, query: str, *args: object) -> str:
        await self._database.write(lambda connection: connection.exec_driver_sql(query, cast(Any, args)))
        return ""

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise RuntimeError("nothing of PgQueuer is listened to; see `schedulezero.storage.signals`")

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return TaskManager()

    async def __aenter__(self) -> _Driver:
        return self

    async def __aexit__(self, *_: object) -> None: ...


async def connect_to_create(url: str) -> Any:
    """Open a connection to create tables with, which the database ends if its node stops.

    PgQueuer's lock lasts as long as the session, and other nodes wait for it when they start. (PostgreSQL 13
    has no such setting.)
    """
    connection = await connect(url)
    await connection.execute(
        "SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'",
        str(int(_IDLE_SECONDS * 1000)),
    )
    return connection


async def install(database: PostgresDatabase) -> None:
    """Create or upgrade PgQueuer's tables. Raises DatabaseUnusable when that fails."""
    try:
        await database.write(pgqueuer_rows.make_durable)
        connection = await connect_to_create(database.url)
        try:
            queries = Queries.from_asyncpg_connection(connection)
            queries.qbe, queries.qbq = pgqueuer_rows.environment(), pgqueuer_rows.queries()
            async with queries.schema_lock():
                if not await queries.schema_is_installed():
                    await queries.install()
            await queries.apply_upgrade()
        finally:
            await connection.close()
    except DatabaseUnavailable as error:
        raise DatabaseAway(str(error)) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        kind = DatabaseAway if may_come_back(error) else DatabaseUnusable
        raise kind(
            f"The queue's tables cannot be made in {database.where} ({reason(error)}). The user of the "
            "database needs the right to create tables there."
        ) from error
