"""What rules out a move, looked for before anything is copied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from schedulezero.errors import ScheduleZeroError
from schedulezero.server.records import tables
from schedulezero.server.records.leases import nodes_alive
from schedulezero.storage.database import Database
from schedulezero.storage.sql import foreign_table, is_postgres

_MOST_NAMED = 20
"""How many of the places that hold what can't be stored are named."""


class CannotMove(ScheduleZeroError):
    """The databases are in a state that rules out a move from one to the other."""


async def expect_no_server(database: Database) -> None:
    """Raise CannotMove while a server node runs on a PostgreSQL database; a SQLite file is locked by it."""

    def serving(connection: Connection) -> int:
        there = is_postgres(connection) and sa.inspect(connection).has_table(tables.leases.name)
        return len(nodes_alive(connection)) if there else 0

    if alive := await database.read(serving):
        who = "A job server runs" if alive == 1 else f"{alive} nodes of the job server run"
        them = "it" if alive == 1 else "them"
        raise CannotMove(f"{who} on {database.where}. Stop {them}, wait ten seconds, and try again.")


async def expect_no_foreign_table(database: Database, wanted: Sequence[sa.Table]) -> None:
    """Raise CannotMove if a table of one of ours' names is another program's."""
    name = await database.read(lambda connection: foreign_table(connection, wanted))
    if name is not None:
        raise CannotMove(
            f"{database.where} has a table {name} that is another program's. Nothing was moved. Name "
            "an empty database."
        )


async def zero_bytes(source: Database, wanted: Sequence[sa.Table]) -> list[str]:
    """Return the places in a SQLite file where a text holds a zero byte."""
    found: list[str] = []
    for table in wanted:
        found += await source.read(lambda connection, table=table: _zero_bytes(connection, table))
    return found


async def not_json(source: Database, wanted: Sequence[sa.Table]) -> list[str]:
    """Return the places in a SQLite file where JSON holds half of a surrogate pair, or NaN or Infinity."""
    found: list[str] = []
    for table in wanted:
        found += await source.read(lambda connection, table=table: _not_json(connection, table))
    return found


def expect_none(found: Sequence[str], what: str, remedy: str) -> None:
    """Raise CannotMove, which names the places found."""
    if found:
        more = f", and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
        raise CannotMove(
            f"{what}, which PostgreSQL can't store: {', '.join(found[:_MOST_NAMED])}{more}. "
            f"Nothing was moved. {remedy}"
        )


def is_storable(value: Any) -> bool:
    """Return whether a value can be written as strict JSON in UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # NaN and infinities, or (UnicodeEncodeError) halves of surrogate pairs
        return False
    return True


def _zero_bytes(connection: Connection, table: sa.Table) -> list[str]:
    found: list[str] = []
    # JSON can't hold them: there, they are written as an escape.
    for column in (item for item in table.columns if isinstance(item.type, sa.String)):
        # As bytes, since functions of texts may end at a zero byte (https://www.sqlite.org/nulinstr.html).
        holds = sa.func.instr(sa.cast(column, sa.LargeBinary), sa.literal_column("x'00'")) > 0
        rows = connection.execute(sa.select(table).where(holds)).mappings()
        found += [_place(table, column, row) for row in rows]
    return found


def _not_json(connection: Connection, table: sa.Table) -> list[str]:
    found: list[str] = []
    for column in (item for item in table.columns if isinstance(item.type, sa.JSON)):
        text = sa.type_coerce(column, sa.Text)
        # Few rows have to be read. Python's parser also reads 1e999 as infinity.
        suspicious = ("*\\[uU][dD]*", "*NaN*", "*Infinity*", "*[0-9][eE][0-9+][0-9]*")
        may_hold = sa.or_(*(text.op("GLOB")(pattern) for pattern in suspicious))
        rows = connection.execute(sa.select(table).where(may_hold)).mappings()
        found += [_place(table, column, row) for row in rows if not is_storable(row[column.name])]
    return found


def _place(table: sa.Table, column: sa.Column[Any], row: RowMapping) -> str:
    """Return where a value is: its column, and the job or the key."""
    job_id = row.get("job_id") or (row["id"] if table is tables.jobs else None)
    keys = ", ".join(str(row[key.name]) for key in table.primary_key)
    place = f"job {job_id}" if job_id is not None else f"row {keys}"
    return f"{table.name}.{column.name} of {place}".replace("\0", "\\0")
