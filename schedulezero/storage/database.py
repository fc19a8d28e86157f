"""A database: functions over a SQLAlchemy connection, run off the event loop.

All SQL is plain synchronous SQLAlchemy Core that takes a `Connection`. A `Database` decides where it
runs: in one writer thread and a few readers for a SQLite file (`schedulezero.storage.sqlite`), on a pool
of connections for PostgreSQL (`schedulezero.storage.postgres`). The same functions serve both; where the
two differ, `is_postgres` tells.

On PostgreSQL others write at the same time, so a function may be run again from the beginning when it
collided with one of theirs: it keeps what it finds to itself until it returns.

Whoever opens a database closes it, on the same event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnusable
from schedulezero.storage.postgres_url import is_almost_a_url

T = TypeVar("T")

_POSTGRES = ("postgresql", "postgres")


class Database(Protocol):
    """Tables somewhere, read and written by functions over a connection."""

    @property
    def where(self) -> str:
        """Where the tables are, for people; no password in it."""
        ...

    async def open(self) -> None:
        """Opens it and creates missing tables; DatabaseUnusable says why it cannot."""
        ...

    async def close(self) -> None:
        """Finishes what was asked for, then lets go of it."""
        ...

    async def read(self, function: Callable[[Connection], T]) -> T:
        """The function's result; DatabaseUnavailable when it cannot be read now."""
        ...

    async def write(self, function: Callable[[Connection], T]) -> T:
        """The function's result once its changes are durable; its exception if it raised one."""
        ...


def database_of(setting: str, metadata: sa.MetaData) -> Database:
    """The database that a ``database`` setting names.

    Parameters:
        setting: the path of a SQLite file, a ``sqlite:///`` URL or a ``postgresql://`` URL.
        metadata: the tables that this user of the database owns.

    Raises DatabaseUnusable for any other URL, or when what PostgreSQL needs is not installed.
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
    """Whether a ``database`` setting names a PostgreSQL database."""
    return setting.partition("://")[0] in _POSTGRES and "://" in setting


def sqlite_path(setting: str) -> Path:
    """The file that a ``database`` setting names: a path, or a ``sqlite:///`` URL.

    The path is absolute, so that messages say where the file is, wherever they are read.

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
