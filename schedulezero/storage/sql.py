"""Shared by all our tables, on both databases: column types, inserts, and missing columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from schedulezero.instants import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_inserts: dict[tuple[str, sa.Table], sqlite.Insert | postgresql.Insert] = {}


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime as whole microseconds: exact and ordered in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return to_microseconds(value) if value is not None else None

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return from_microseconds(value) if value is not None else None


def is_postgres(connection: Connection) -> bool:
    """Return whether a connection is to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert in the connection's dialect, which supports conflict clauses."""
    if is_postgres(connection):
        from sqlalchemy.dialects import postgresql  # the import is slow, and SQLite doesn't need it

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that leaves existing rows unchanged."""
    key = (connection.dialect.name, table)
    if key not in _inserts:
        _inserts[key] = insert_into(connection, table).on_conflict_do_nothing()
    return _inserts[key]


def foreign_table(connection: Connection, tables: Iterable[sa.Table]) -> str | None:
    """Return the name of a table that is another program's, though it has the name of one of ours, or None.

    An older version's table may lack columns, but only those that can be added to it. What is required and
    has no default was in it from its first day.
    """
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in tables:
        if table.name in there:
            known = {column["name"] for column in inspector.get_columns(table.name)}
            first = {item.name for item in table.columns if not item.nullable and item.server_default is None}
            if not known >= first:
                return table.name
    return None


to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Returns a value as the text of a JSON column."""


def _is_longer(wanted: sa.types.TypeEngine[Any], there: sa.types.TypeEngine[Any]) -> bool:
    lengths = [item.length if isinstance(item, sa.String) else None for item in (wanted, there)]
    return lengths[0] is not None and lengths[1] is not None and lengths[0] > lengths[1]


def missing(connection: Connection, metadata: sa.MetaData) -> list[sa.Executable]:
    """Return the statements that add what older tables lack: columns, indexes, and room in texts."""
    inspector = sa.inspect(connection)
    preparer = connection.dialect.ddl_compiler(connection.dialect, None)  # type: ignore[arg-type]
    # Reflection omits indexes on expressions, so these are looked up by name.
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
            continue  # the whole table is created instead
        known = {column["name"]: column["type"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                described = preparer.get_column_specification(column)
                found.append(sa.DDL(f'ALTER TABLE "{table.name}" ADD COLUMN {described.replace("%", "%%")}'))
            elif is_postgres(connection) and _is_longer(column.type, known[column.name]):
                # SQLite has no lengths. PostgreSQL changes only its catalog, and rewrites no row.
                kind = column.type.compile(connection.dialect)
                found.append(sa.DDL(f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" TYPE {kind}'))
        found += [sa.schema.CreateIndex(index) for index in table.indexes if index.name not in indexes]
    return found
