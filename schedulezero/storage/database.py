"""A database: functions over a SQLAlchemy connection, run off the event loop.

All SQL is plain synchronous SQLAlchemy Core that takes a `Connection`. A `Database` decides where it runs: on
one writer thread and a few readers for a SQLite file (`schedulezero.storage.sqlite`), or on a connection pool
for PostgreSQL (`schedulezero.storage.postgres`). The same functions serve both and call `is_postgres` where
the two differ.

On PostgreSQL others write concurrently, so a function may run again from the start after a collision; it must
have no side effects before it returns.

Whoever opens a database closes it, on the same event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnusable
from schedulezero.storage.outage import Outage
from schedulezero.storage.postgres_url import is_almost_a_url

T = TypeVar("T")

_POSTGRES = ("postgresql", "postgres")


class Database(Protocol):
    """Tables in some database, read and written by functions over a connection."""

    @property
    def where(self) -> str:
        """The database's location, for people; contains no password."""
        ...

    @property
    def outage(self) -> Outage:
        """Whether its users can use it, for the log."""
        ...

    async def open(self) -> None:
        """Open the database and create missing tables; raises DatabaseUnusable if that fails."""
        ...

    async def close(self) -> None:
        """Finish pending work, then close the database."""
        ...

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result; raises DatabaseUnavailable if the database can't be read now."""
        ...

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result once its changes are durable; raises the function's own exception."""
        ...

    async def has_room(self) -> bool:
        """Return whether there is room for changes, as far as this machine can tell."""
        ...


def database_of(setting: str, metadata: sa.MetaData) -> Database:
    """Return the database for a ``database`` setting.

    Parameters:
        setting: the path of a SQLite file, a ``sqlite:///`` URL or a ``postgresql://`` URL.
        metadata: the tables that this user of the database owns.

    Raises DatabaseUnusable for any other URL, or if the packages for PostgreSQL aren't installed.
    """
    if is_postgres_setting(setting):
        try:
            from schedulezero.storage.postgres import PostgresDatabase
        except ModuleNotFoundError as error:
            raise DatabaseUnusable(
                f"PostgreSQL needs {error.name}, which is not installed: "
                "pip install 'schedulezero-discord[postgres]'."
            ) from error
        return PostgresDatabase(setting, metadata)
    from schedulezero.storage.sqlite import SqliteDatabase

    return SqliteDatabase(sqlite_path(setting), metadata)


def is_postgres_setting(setting: str) -> bool:
    """Return whether a ``database`` setting names a PostgreSQL database."""
    return setting.partition("://")[0] in _POSTGRES and "://" in setting


def sqlite_path(setting: str) -> Path:
    """Return the file for a ``database`` setting: a path, or a ``sqlite:///`` URL.

    The path is absolute, so that messages identify the file wherever they are read.

    Raises DatabaseUnusable for any other URL.
    """
    if setting.startswith("sqlite:///"):
        return Path(setting.removeprefix("sqlite:///")).absolute()
    if is_almost_a_url(setting) and not is_postgres_setting(setting):
        raise DatabaseUnusable(
            "`database` is neither a file nor a PostgreSQL address; write that as "
            "postgresql://user:password@host/name."
        )
    if "://" in setting:
        scheme = setting.partition("://")[0]
        raise DatabaseUnusable(
            f"`database` names a {scheme} database, where a file is needed; "
            "give the path of a SQLite file, such as data/schedulezero.db."
        )
    return Path(setting).absolute()
