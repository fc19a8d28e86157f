"""The health of a node: *live* while its parts run (otherwise restart it), *ready* while it can work.

A node checks that its database accepts changes by writing to it; an idle node on a full disk wouldn't notice
otherwise. On SQLite that takes one small commit at most every ten seconds, and only when a client asks: some
pages are added and given up again, and ``PRAGMA user_version`` is set to its current value, which writes a
page and changes nothing. Such a page may still fit where a job doesn't, so the node looks at the free space
of the disk, too; that alone isn't enough, because a quota, a read-only disk or a lock blocks writes as well.
On PostgreSQL the node asks whether the database is read-only, and as often writes a small temporary table.

A load balancer sends requests to nodes that are ready, and a supervisor restarts nodes that are not live. A
node that has lost its database is live but not ready: its runs wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import JsonObject
from schedulezero.model.standbys import Standbys
from schedulezero.sentences import Sentence, present_fields
from schedulezero.storage.causes import DISK_FULL, READ_ONLY
from schedulezero.storage.database import Database
from schedulezero.storage.replication import standbys_of
from schedulezero.storage.signals import Signals
from schedulezero.storage.sql import is_postgres
from schedulezero.storage.sqlite_file import mark_again

log = logging.getLogger(__name__)

_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_WRITTEN_SECONDS = 10.0
"""How long a successful write counts; after a failed one, every check tries again."""
_MOMENT_SECONDS = 2.0
"""How long outcomes may stay unwritten, and due jobs unclaimed, before the node stops being ready."""


REASONS = frozenset(
    {
        "clock_differs",
        "clock_stuck",
        "database_cannot_be_used",
        "database_disk_full",
        "database_held",
        "database_locked",
        "database_not_writable",
        "database_read_only",
        "node_stopping",
        "nodes_unheard",
        "outcomes_unwritten",
        "part_failed",
    }
)
"""The codes of all troubles that make a node unready."""
_OTHER = "other"
_PART = "health"


def reason_of(report: JsonObject) -> str:
    """Return why a node that reports this isn't ready, one of `REASONS`; empty if it is ready."""
    code = report.get("trouble_code")
    if report["ready"]:
        return ""
    return code if code in REASONS else _OTHER


class Health:
    """The health of this node.

    Parameters:
        database: queried at most once a second; the module docstring explains the write.
        signals: tells whether this node receives signals from other nodes.
        load: returns how many runs wait in memory and how many are in progress.
        unwritten_seconds: returns for how many seconds outcomes of runs have been waiting to be written.
        stuck_seconds: returns for how many seconds claiming due jobs has failed.
        seconds_off: returns by how much this node's clock differs from the database's; 0 if that is harmless.
        failing: the names of the parts that have failed and are started again in a moment.
    """

    def __init__(
        self,
        database: Database,
        signals: Signals,
        load: Callable[[], tuple[int, int]],
        unwritten_seconds: Callable[[], float],
        stuck_seconds: Callable[[], float],
        failing: list[str],
        seconds_off: Callable[[], float],
    ) -> None:
        self._seconds_off = seconds_off
        self._failing = failing
        self.stopping = False
        """Whether the node ends: it lets its last calls end and begins nothing new."""
        self._database = database
        self._signals = signals
        self.load = load
        self._unwritten_seconds = unwritten_seconds
        self._stuck_seconds = stuck_seconds
        self._asked_at = 0.0
        self._written_at = -math.inf
        self._said = False
        self._trouble: str | None = None
        self._away = False
        """Whether the database can't even be read."""
        self._standby: Standbys | None = None
        self._lock = asyncio.Lock()

    async def report(self) -> JsonObject:
        """Return the state of the node in the form REST sends it."""
        async with self._lock:
            if time.monotonic() - self._asked_at > _FRESH_SECONDS:
                self._trouble = await self._look()
                self._asked_at = time.monotonic()
        waiting, running = self.load()
        trouble = self._trouble
        if trouble is None and self._unwritten_seconds() > _MOMENT_SECONDS:
            trouble = Sentence(
                "The outcomes of runs can't be saved. They're kept in memory until they can be.",
                "outcomes_unwritten",
            )
        if trouble is None and self._stuck_seconds() > _MOMENT_SECONDS:
            trouble = Sentence(
                "Due jobs are waiting because the database can't be written to.",
                "clock_stuck",
            )
        if trouble is None and (off := self._seconds_off()):
            trouble = Sentence(
                "This node's clock differs from the database's by {seconds} s. The node won't take any "
                "runs until the clocks agree.",
                "clock_differs",
                seconds=f"{abs(off):.0f}",
            )
        if self.stopping:
            trouble = Sentence("This node of the scheduler is stopping.", "node_stopping")
        live = not self._failing
        if trouble is None and not live:
            trouble = Sentence(
                "Part of this node has failed and is being restarted: {name}.",
                "part_failed",
                name=self._failing[0],
            )
        if trouble is None and not self._signals.listening:
            trouble = Sentence("This node isn't hearing from the other nodes at the moment.", "nodes_unheard")
        ready = trouble is None
        return {
            "status": "ok" if ready else "degraded",
            "live": live,
            "ready": ready,
            # Jobs that fall due aren't claimed then, so what this node has in memory isn't all that waits.
            "runs_waiting": None if self._away or self._stuck_seconds() else waiting,
            "runs_under_way": running,
            **({"standby": self._standby.value} if self._standby is not None else {}),
            **(present_fields("trouble", trouble) if trouble is not None else {}),
        }

    async def has_room(self) -> bool:
        """Return whether the database's disk has room for changes, as far as this machine can tell."""
        return await self._database.has_room()

    async def _look(self) -> str | None:
        self._away = True
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                read_only, self._standby = await self._database.read(_state)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                lock = await self._database.read(_waited_for)
        except DatabaseUnavailable as error:
            return error.message
        except TimeoutError as error:
            return DatabaseUnavailable(str(error)).message
        self._away = False
        if lock is not None:
            seconds, address = lock
            return Sentence(
                "Changes have been waiting for {seconds} s because another connection to the "
                "database, from {address}, is blocking them.",
                "database_locked",
                seconds=round(seconds),
                address=address,
            )
        if read_only:
            return READ_ONLY
        if not await self._database.has_room():
            self._note_unwritable("its disk is full")
            return DISK_FULL
        return await self._try_to_write()

    async def _try_to_write(self) -> str | None:
        if time.monotonic() - self._written_at < _WRITTEN_SECONDS:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._database.write(_write)
        except (DatabaseUnavailable, TimeoutError) as error:
            self._note_unwritable(error or "it takes too long")
            if isinstance(error, DatabaseUnavailable) and error.cause is not None:
                return error.cause
            return Sentence(
                "The database can't be written to (is the disk full?). Runs wait until it can.",
                "database_not_writable",
            )
        self._said = False
        self._written_at = time.monotonic()
        self._database.outage.over(_PART)
        return None

    def _note_unwritable(self, reason: object) -> None:
        self._written_at = -math.inf  # so that the next check tries again
        if not self._said:
            self._said = True
            if not self._database.outage.under_way:  # else the log has it
                log.error("the database cannot be written to: %s", reason)


def _write(connection: Connection) -> None:
    """Write something that needs new space, and leave nothing behind."""
    if not is_postgres(connection):
        with connection.begin_nested() as room:
            connection.exec_driver_sql("CREATE TABLE room AS SELECT zeroblob(20000)")
            room.rollback()
        mark_again(connection)
        return
    # A row that is changed in place may still fit where a new one doesn't.
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT repeat('.', 1000) FROM generate_series(1, 20)"
    )


def _state(connection: Connection) -> tuple[bool, Standbys | None]:
    """Return whether a database is read-only, and the kind of PostgreSQL's standbys."""
    if not is_postgres(connection):
        return bool(connection.execute(sa.text("SELECT 1")).scalar() != 1), None
    read_only = connection.execute(sa.text("SHOW transaction_read_only")).scalar() == "on"
    return read_only, standbys_of(connection)


def _waited_for(connection: Connection) -> tuple[float, str] | None:
    """Return for how many seconds a change has waited for a lock, and who has the lock; None if none has."""
    if not is_postgres(connection):
        return None
    query = sa.text(
        "SELECT extract(epoch FROM clock_timestamp() - waiting.query_start)::float AS seconds, "
        "coalesce(host(holder.client_addr), 'localhost') AS address "
        "FROM pg_stat_activity AS waiting, unnest(pg_blocking_pids(waiting.pid)) AS pid "
        "JOIN pg_stat_activity AS holder USING (pid) "
        "WHERE waiting.wait_event_type = 'Lock' AND waiting.datname = current_database() "
        "AND waiting.query_start < clock_timestamp() - make_interval(secs => :moment) "
        "ORDER BY waiting.query_start LIMIT 1"
    )
    found = connection.execute(query, {"moment": _MOMENT_SECONDS}).one_or_none()
    return (found.seconds, found.address) if found is not None else None
