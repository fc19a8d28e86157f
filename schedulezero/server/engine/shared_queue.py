"""The run queue that several nodes share, built on PgQueuer in PostgreSQL.

Each node takes runs in batches and sends a heartbeat for them every few seconds. If a node dies, another node
takes over its unfinished runs after `HEARTBEAT_TIMEOUT`; the handler's journal keeps a repeated call from
taking effect twice. A handler that takes one call at a time is served by one node, so that calls don't queue
up at the handler and time out there.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.types import JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnavailable, DatabaseUnusable
from schedulezero.model import Run
from schedulezero.server.engine.run_queue import Lane, Lanes
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.postgres import PostgresDatabase, asyncpg, connect, reason
from schedulezero.storage.signals import Signal, Signals

log = logging.getLogger(__name__)

BATCH = 100
"""The most runs of one handler that a node takes at once."""
HEARTBEAT_TIMEOUT = timedelta(seconds=6)
"""How long a node may be silent before another one takes over its runs."""
_BEAT_SECONDS = 1.5
_LOOK_SECONDS = 2.0
"""How often a lane checks for runs of dead nodes, which nobody announces."""
_NOT_OURS_SECONDS = 1.0
_FORGET_SECONDS = 600.0


class SharedRunQueue:
    """The run queue of one node among several.

    Parameters:
        database: the PostgreSQL database that the nodes share.
        store: the runs in it.
        registry: tells which handlers take one call at a time.
        signals: announces runs that other nodes created.
    """

    def __init__(
        self, database: PostgresDatabase, store: RunStore, registry: Registry, signals: Signals
    ) -> None:
        self._database = database
        self._store = store
        self._registry = registry
        self._signals = signals
        self._node = QueueManagerId(uuid.uuid4())
        self._queries = Queries(
            _Driver(database), qbe=pgqueuer_rows.environment(), qbq=pgqueuer_rows.queries()
        )
        self._lanes = Lanes(Lane)
        self._held: dict[int, JobId] = {}
        self._look_everywhere = asyncio.Event()
        signals.on(Signal.RUNS, self._heard)

    async def put(self, runs: Sequence[Run]) -> None:
        """Wake the lanes. The transaction that wrote the runs has already queued them."""
        for handler_id in {run.handler_id for run in runs}:
            self._lanes[handler_id].filled.set()

    async def next_lane(self) -> str:
        return await self._lanes.next()

    async def take(self, handler_id: str) -> Run:
        lane = self._lanes[handler_id]
        while not lane.waiting:
            lane.filled.clear()
            if self._registry.takes_one_call(handler_id) and not await self._signals.owns(handler_id):
                await asyncio.sleep(_NOT_OURS_SECONDS)
                continue
            if await self._fill(handler_id, lane):
                continue
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await lane.filled.wait()
            except TimeoutError:
                continue
        return lane.waiting.popleft()

    async def recover(self) -> None:
        """Queue the open runs that aren't in PgQueuer yet, for example after a move from SQLite."""
        await self._store.enqueue_open_runs()
        self._heard(None)

    def done(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self._held.pop(run.sequence, None)

    def waiting(self) -> Counter[str]:
        return self._lanes.waiting()

    async def keep_up(self) -> None:
        """Send heartbeats and find unannounced runs until cancelled, then release this node's runs."""
        forget_at = time.monotonic() + _FORGET_SECONDS
        try:
            while True:
                try:
                    if self._held:
                        await self._queries.update_heartbeat(list(self._held.values()))
                    if self._look_everywhere.is_set():
                        self._look_everywhere.clear()
                        await self._open_lanes()
                    if time.monotonic() > forget_at:
                        forget_at = time.monotonic() + _FORGET_SECONDS
                        await self._database.write(pgqueuer_rows.forget_log)
                except DatabaseUnavailable as error:
                    log.error("this node cannot show that it lives: %s", error)
                    self._look_everywhere.set()
                try:
                    async with asyncio.timeout(_BEAT_SECONDS):
                        await self._look_everywhere.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(0.05)  # avoid a tight loop while the database is unavailable
        finally:
            await self._give_back()

    async def _open_lanes(self) -> None:
        for handler_id in await self._store.handlers_with_open_runs():
            self._lanes[handler_id].filled.set()

    async def _give_back(self) -> None:
        try:
            await self._database.write(lambda connection: pgqueuer_rows.give_back(connection, self._node))
        except DatabaseUnavailable as error:
            log.warning("other nodes take this node's runs after %s: %s", HEARTBEAT_TIMEOUT, error)

    async def _fill(self, handler_id: str, lane: Lane) -> bool:
        """Take a batch. Returns False when there is none."""
        jobs = await self._queries.dequeue(
            batch_size=BATCH,
            entrypoints={QueueEntrypoint(handler_id): EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=self._node,
            global_concurrency_limit=None,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
        )
        # PgQueuer returns a run that this node already has if its heartbeat came too late.
        taken = {int((job.payload or b"0").decode()): job.id for job in jobs}
        fresh = {sequence: job_id for sequence, job_id in taken.items() if sequence not in self._held}
        self._held |= taken
        if fresh:
            lane.waiting.extend(await self._read(list(fresh)))
        return bool(jobs)

    async def _read(self, taken: list[int]) -> list[Run]:
        """Return the runs that are still open and remove the others from the queue."""
        kept: set[int] = set()
        try:
            runs = await self._store.open_among(taken)
            over = set(taken) - {run.sequence for run in runs}
            if over:  # cancelled since they were queued
                await self._store.forget_queued(list(over))
            kept = {run.sequence for run in runs}
            return runs
        finally:
            # Stop the heartbeats of unread runs, so that another node can take them.
            for sequence in set(taken) - kept:
                self._held.pop(sequence, None)

    def _heard(self, handler_id: str | None) -> None:
        if handler_id is None:
            self._look_everywhere.set()
        else:
            self._lanes[handler_id].filled.set()


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


async def install(database: PostgresDatabase) -> None:
    """Create or upgrade PgQueuer's tables. Raises DatabaseUnusable when that fails."""
    try:
        connection = await connect(database.url)
        try:
            queries = Queries.from_asyncpg_connection(connection)
            queries.qbe, queries.qbq = pgqueuer_rows.environment(), pgqueuer_rows.queries()
            async with queries.schema_lock():
                if not await queries.schema_is_installed():
                    await queries.install()
            await queries.apply_upgrade()
        finally:
            await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise DatabaseUnusable(
            f"The queue's tables cannot be made in {database.where} ({reason(error)}). The user of the "
            "database needs the right to create tables there."
        ) from error
