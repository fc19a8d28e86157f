"""A database: functions over a SQLAlchemy connection, run off the event loop.

All SQL is plain synchronous SQLAlchemy Core that takes a `Connection`. A `Database` decides where it
runs: in one writer thread and a few readers for a SQLite file (`schedulezero.sqlite_database`), on a pool
of connections for PostgreSQL (`schedulezero.postgres_database`). The same functions serve both; where the
two differ, `is_postgres` tells.

On PostgreSQL others write at the same time, so a function may be run again from the beginning when it
collided with one of theirs: it keeps what it finds to itself until it returns.

Whoever opens a database closes it, on the same event loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnusable
from schedulezero.postgres_url import is_almost_a_url

T = TypeVar("T")

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_inserts: dict[tuple[str, sa.Table], sqlite.Insert | postgresql.Insert] = {}
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
            from schedulezero.postgres_database import PostgresDatabase
        except ModuleNotFoundError as error:
            raise DatabaseUnusable(
                f"PostgreSQL needs {error.name}, which is not installed: "
                "pip install 'schedulezero-discord[postgres]'."
            ) from error
        return PostgresDatabase(setting, metadata)
    from schedulezero.sqlite_database import SqliteDatabase

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


def is_postgres(connection: Connection) -> bool:
    """Whether a connection speaks to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert of the connection's dialect, which knows what to do about rows that are there already."""
    if is_postgres(connection):
        from sqlalchemy.dialects import postgresql  # takes a while, and SQLite needs none of it

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that leaves rows alone that are there already."""
    key = (connection.dialect.name, table)
    if key not in _inserts:
        _inserts[key] = insert_into(connection, table).on_conflict_do_nothing()
    return _inserts[key]


def to_json(value: Any) -> str:
    """A value as the text of a JSON column."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def missing(connection: Connection, metadata: sa.MetaData) -> list[sa.Executable]:
    """What adds the columns and indexes that tables of an earlier version lack; it changes nothing else."""
    inspector = sa.inspect(connection)
    preparer = connection.dialect.ddl_compiler(connection.dialect, None)  # type: ignore[arg-type]
    # Reflection leaves out indexes over expressions, so they are asked for by their names.
    names = (
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
        if is_postgres(connection)
        else "SELECT name FROM sqlite_master WHERE type = 'index'"
    )
    indexes = set(connection.scalars(sa.text(names)))
    there = set(inspector.get_table_names())
    found: list[sa.Executable] = []
    for table in metadata.sorted_tables:
        if table.name not in there:
            continue  # it is created whole
        known = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                described = preparer.get_column_specification(column)
                found.append(sa.DDL(f'ALTER TABLE "{table.name}" ADD COLUMN {described.replace("%", "%%")}'))
        found += [sa.schema.CreateIndex(index) for index in table.indexes if index.name not in indexes]
    return found
