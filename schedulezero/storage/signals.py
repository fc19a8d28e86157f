"""Messages between nodes that share a PostgreSQL database, with LISTEN and NOTIFY. SQLite has only one node.

A signal is sent in the same transaction as the change it announces, so it never arrives before the change is
visible. Signals sent while a node wasn't listening are lost; so when a node starts listening (again), it
calls each listener with None, and each listener reloads everything.
(https://www.postgresql.org/docs/current/sql-notify.html)
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.storage.outage import Outage
from schedulezero.storage.sql import is_postgres

_PART = "the signals"

CHANNEL = "schedulezero"
_AGAIN_SECONDS = 1.0
_PROBE_SECONDS = 3.0
_ORDER = 0x535A0002  # the class of our advisory locks for the order of rows


class Signal(StrEnum):
    """What happened; the payload says to what."""

    JOBS = "jobs"
    """A job falls due at the microsecond in the payload."""
    CANCELLED = "cancelled"
    """Jobs were cancelled, and their runs with them."""
    RUNS = "runs"
    """The handler in the payload has runs."""
    NEWS = "news"
    """There is a new trouble or audit entry."""
    RULES = "rules"
    """A guild's rules changed."""
    HANDLERS = "handlers"
    """A handler instance appeared, left or changed."""


def send(connection: Connection, signal: Signal, payload: str = "") -> None:
    """Send a signal to all nodes once this transaction is committed."""
    if is_postgres(connection):
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, f"{signal.value} {payload}")))


def in_order(connection: Connection, signal: Signal, table: str) -> None:
    """Announce a row to all nodes, before it is written to a table that readers follow in order.

    Such readers look for rows after the last one they saw. So each writer waits here until earlier writers
    have committed; otherwise readers could see a later row, and skip an earlier one that becomes visible
    afterwards.
    """
    if is_postgres(connection):
        key = zlib.crc32(table.encode())
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ORDER, key - 2**31)))
        send(connection, signal)


class Signals:
    """Listens for signals.

    Parameters:
        url: the PostgreSQL database; None if there is only one node.
        outage: learns when the database is away.
    """

    def __init__(self, url: str | None, outage: Outage) -> None:
        self._url = url
        self._outage = outage
        self._listeners: defaultdict[Signal, list[Callable[[str | None], None]]] = defaultdict(list)
        self._connection: Any = None

    @property
    def shared(self) -> bool:
        """Whether there may be other nodes."""
        return self._url is not None

    @property
    def listening(self) -> bool:
        """Whether this node hears the others, or has none."""
        return self._url is None or self._connection is not None

    def on(self, signal: Signal, listener: Callable[[str | None], None]) -> None:
        """Call a listener with the payload of each such signal, and with None when signals may be lost."""
        self._listeners[signal].append(listener)

    async def run(self) -> None:
        """Listen until cancelled, and reconnect whenever the connection is lost."""
        if self._url is None:
            return
        from schedulezero.storage.postgres import asyncpg, connect, reason

        while True:
            try:
                connection = await connect(self._url)
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    self._connection = connection
                    self._outage.over(_PART)
                    self._all_lost()
                    await self._probe(connection)
                finally:
                    self._connection = None
                    connection.terminate()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                self._outage.failed(_PART, f"the other nodes cannot be heard: {reason(error)}")
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _probe(self, connection: Any) -> None:
        """Return when the connection is lost, which a silent network doesn't report."""
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            await connection.execute("SELECT 1", timeout=_PROBE_SECONDS)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        name, _, rest = payload.partition(" ")
        if name in {item.value for item in Signal}:
            for listener in self._listeners[Signal(name)]:
                listener(rest)

    def _all_lost(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener(None)
