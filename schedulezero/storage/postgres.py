"""A database in PostgreSQL: a connection pool, many writers.

The functions are the same synchronous ones that SQLite runs; SQLAlchemy runs them over asyncpg
(https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html, ``run_sync``). Reads run without a surrounding
transaction. A write that collides with another one (a deadlock, the same row inserted twice) runs again.

Temporary failures of PostgreSQL (a lost connection, a failover, a primary that became read-only) raise
DatabaseUnavailable: callers wait and try again. A dead connection in the pool says nothing about the
database, so the operation is retried once on a new connection, unless the old one was lost during a commit.
The connection string may name several hosts (``postgresql://a,b/name?target_session_attrs=read-write``); each
new connection finds the primary.
"""

from __future__ import annotations

import asyncio
import importlib
import random
import socket
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from schedulezero.errors import DatabaseAway, DatabaseUnavailable, DatabaseUnusable, ValueUnusable
from schedulezero.storage.causes import DISK_FULL, HELD, READ_ONLY
from schedulezero.storage.outage import Outage
from schedulezero.storage.postgres_url import EXAMPLE, check_url, without_password
from schedulezero.storage.sql import foreign_table, missing, to_json

T = TypeVar("T")

# Any, because asyncpg has no type annotations.
asyncpg: Any = importlib.import_module("asyncpg")

CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_CONNECTIONS = 8
_COLLISIONS = ("40001", "40P01", "23505")
"""SQLSTATEs of concurrent writes: serialization failure, deadlock, unique violation."""
_MOST_TRIES = 6
_FOR_A_WHILE = ("08", "25006", "25P03", "53", "55P03", "57", "58")
"""SQLSTATE classes and codes of temporary failures: connections, read-only, idle for too long, resources,
locks, shutdowns, I/O (https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""
_OF_NO_MORE_USE = ("08", "25006", "25P03", "57P")
"""SQLSTATEs that make a connection useless: it broke, or its server is read-only or shutting down."""
_CAUSES = {"53100": DISK_FULL, "55P03": HELD, "25006": READ_ONLY}
"""What people get to know of an SQLSTATE."""
_LOCK_SECONDS = 8.0
"""How long a statement waits for a lock: nobody waits longer than 10 s for a node that has died."""
_IDLE_IN_TRANSACTION_SECONDS = 5.0
"""How long a node may stop within a transaction before the database ends it and frees its locks."""
_DEAD_SECONDS = 8
"""How long a peer that has vanished may be silent until its connection is given up, on either side."""
_PROBES = 2
_CREATING = 0x5A45524F  # the advisory lock for creating tables


class PostgresDatabase:
    """A PostgreSQL database, with its tables in the connection's schema.

    Parameters:
        url: ``postgresql://user:password@host:port/name``, as libpq takes it.
        metadata: the tables that this user of the database owns; they are created if missing.

    Raises DatabaseUnusable if the URL is invalid.
    """

    def __init__(self, url: str, metadata: sa.MetaData) -> None:
        check_url(url)
        self.url = url
        self._metadata = metadata
        self.outage = Outage()
        self._engine: AsyncEngine | None = None

    @property
    def where(self) -> str:
        return without_password(self.url)

    async def open(self) -> None:
        """Connect and create missing tables; raises DatabaseUnusable with the reason if that fails."""
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect(self.url),
            json_serializer=to_json,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=_STATEMENT_SECONDS,
        )
        event.listen(self._engine.sync_engine, "handle_error", _give_up_on_connections)
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(self._create)
        except (SQLAlchemyError, OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
            await self.close()
            kind = DatabaseAway if may_come_back(error) else DatabaseUnusable
            raise kind(
                f"The database {self.where} cannot be used ({reason(error)}). {_advice(error)}"
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result; each of its statements sees the data committed at that moment."""
        assert self._engine is not None, "the database is not open"
        lost = False
        while True:
            try:
                async with self._engine.connect() as connection:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    return await connection.run_sync(function)
            except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
                if _is_lost(error) and not lost:
                    lost = True
                    continue
                raise self._known(error) from error

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result once its changes are durable; raises the function's own exception."""
        assert self._engine is not None, "the database is not open"
        tries = 0
        lost = False
        while True:
            committing = False
            try:
                async with self._engine.begin() as connection:
                    result = await connection.run_sync(function)
                    committing = True
                return result
            except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
                tries += 1
                if _state(error) in _COLLISIONS and tries < _MOST_TRIES:
                    await asyncio.sleep(random.uniform(0, 0.02 * 2**tries))
                    continue
                if _is_lost(error) and not (lost or committing):
                    lost = True
                    continue
                raise self._known(error) from error

    async def has_room(self) -> bool:
        return True  # its disk is another machine's

    def _create(self, connection: Connection) -> None:
        # Nodes that start at the same time must not create the same table twice.
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_CREATING})"))
        expect_ours(connection, self.where, self._metadata.sorted_tables)
        lacking = missing(connection, self._metadata)
        self._metadata.create_all(connection)
        for statement in lacking:
            connection.execute(statement)

    def _known(self, error: BaseException) -> BaseException:
        """Return the error that callers get: DatabaseUnavailable, ValueUnusable, or the error itself."""
        passing = (_state(error) or "").startswith(_FOR_A_WHILE)
        if _is_about_a_value(error):
            return ValueUnusable(
                "A text holds a character that cannot be stored (a zero byte, half of a pair), or a number "
                "is too large."
            )
        if isinstance(error, DBAPIError) and not (_is_lost(error) or passing or _is_connection_error(error)):
            return error
        return DatabaseUnavailable(
            f"The database {self.where} cannot be used at the moment: {reason(error)}.",
            _CAUSES.get(_state(error) or ""),
        )


def expect_ours(connection: Connection, where: str, tables: Iterable[sa.Table]) -> None:
    """Raise DatabaseUnusable if a table of one of ours' names is another program's.

    Parameters:
        connection: A connection to the database.
        where: The database's location, for people.
        tables: Those that are, or will be, in it.
    """
    name = foreign_table(connection, tables)
    if name is not None:
        raise DatabaseUnusable(
            f"{where} has a table {name} that is another program's, and was left alone. Name an empty "
            "database."
        )


def _advice(error: BaseException) -> str:
    """Say what to check after the database couldn't be opened."""
    if isinstance(getattr(error, "orig", None) or error, OSError | TimeoutError):
        return "Check that PostgreSQL runs there, and the host and port under `database`."
    return (
        "Check the name and password under `database`; signs such as @ / : % in a password are written "
        f"percent-encoded, as in {EXAMPLE}."
    )


async def connect(url: str, **options: Any) -> Any:
    """Open an asyncpg connection; raises asyncpg's errors, and DatabaseUnusable for an invalid string."""
    check_url(url)
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=_STATEMENT_SECONDS,
        server_settings={"application_name": "schedulezero"},
        **options,
    )
    try:
        _notice_a_dead_server(connection)
        # Not at the connection's start, where a pooler between us and PostgreSQL refuses them.
        await connection.execute("; ".join(f"SET {name} = {value}" for name, value in _limits().items()))
    except BaseException:
        connection.terminate()
        raise
    return connection


def _limits() -> dict[str, int]:
    """Return the settings by which the database frees what a dead or stopped node holds.

    (https://www.postgresql.org/docs/current/runtime-config-client.html and
    https://www.postgresql.org/docs/current/runtime-config-connection.html)
    """
    probe = _DEAD_SECONDS // (2 * _PROBES)
    return {
        "statement_timeout": int(_STATEMENT_SECONDS * 1000),
        "lock_timeout": int(_LOCK_SECONDS * 1000),
        "idle_in_transaction_session_timeout": int(_IDLE_IN_TRANSACTION_SECONDS * 1000),
        "tcp_keepalives_idle": _DEAD_SECONDS - _PROBES * probe,
        "tcp_keepalives_interval": probe,
        "tcp_keepalives_count": _PROBES,
        "tcp_user_timeout": _DEAD_SECONDS * 1000,
    }


def _notice_a_dead_server(connection: Any) -> None:
    """Have this machine, too, give up a connection whose other end has vanished (tcp(7))."""
    found = connection._transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    limits = _limits()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Read as: an option, which not every system has, and its value.
    for name, value in (
        ("TCP_KEEPIDLE", limits["tcp_keepalives_idle"]),
        ("TCP_KEEPINTVL", limits["tcp_keepalives_interval"]),
        ("TCP_KEEPCNT", limits["tcp_keepalives_count"]),
        ("TCP_USER_TIMEOUT", limits["tcp_user_timeout"]),
    ):
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def reason(error: BaseException) -> str:
    """Return the reason in one line, without the failed statement."""
    found = getattr(error, "orig", None) or error
    found = getattr(found, "__cause__", None) or found
    text = str(found).strip().partition("\n")[0]
    return text.rstrip(".") or type(found).__name__


def _state(error: BaseException) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def may_come_back(error: BaseException) -> bool:
    """Return whether a failure to open the database may be temporary, as while its machine starts."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return state.startswith(_FOR_A_WHILE)
    return isinstance(original, OSError | TimeoutError) or (
        isinstance(error, DBAPIError) and _is_connection_error(error)
    )


def _is_lost(error: BaseException) -> bool:
    """Return whether the connection failed; the pool then drops all its connections from before that."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _give_up_on_connections(context: sa.engine.ExceptionContext) -> None:
    """Reset the pool where SQLAlchemy wouldn't, because it only checks whether the connection is closed.

    asyncpg closes a connection a moment after the server's shutdown message; until then it raises
    InternalClientError.
    """
    error = context.original_exception
    told = (getattr(error, "sqlstate", None) or "").startswith(_OF_NO_MORE_USE)
    if told or isinstance(error.__cause__, asyncpg.InternalClientError):
        context.is_disconnect = True


def _is_about_a_value(error: BaseException) -> bool:
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    return (_state(error) or "").startswith("22") or isinstance(cause, asyncpg.DataError)


def _is_connection_error(error: DBAPIError) -> bool:
    cause = getattr(error.orig, "__cause__", None)
    return isinstance(cause, OSError | TimeoutError | asyncpg.InterfaceError)
