"""Copies everything between a SQLite file and PostgreSQL: jobs, history, audit, memory, files and journal.

It goes both ways. What belongs to a running server isn't copied: known handlers, leases, and PostgreSQL's
queue with its claims. A run that had not ended is copied as it is, and the next start takes it up.

Rows are copied in the order of their keys. Each batch is one transaction that also records the progress, so
an interrupted move resumes where it stopped, and a complete one is only verified. At the end both sides are
counted and summed: the sum adds up the checksums of all rows, in any order.

The source stays unchanged and must not be in use during the move. If it changed between two attempts, the
copy starts over. A target with rows that this move didn't write is left alone.

PostgreSQL can't store zero bytes in texts, which early versions let into SQLite files. They are left out only
on request.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs import memory
from schedulezero.errors import ScheduleZeroError
from schedulezero.handler import journal
from schedulezero.server.records import tables
from schedulezero.server.records.leases import nodes_alive
from schedulezero.storage.database import Database, database_of, is_postgres_setting
from schedulezero.storage.sql import insert_new, is_postgres

BATCH = 2000
_BATCH_OF_CHUNKS = 16
"""As many parts of kept files at a time, of 256 KiB each."""
_MODULUS = 2**63
_MOST_NAMED = 20
"""How many of the places with zero bytes are named."""
_OF_RUNNING_SERVERS = (tables.handlers, tables.leases)

_moves = sa.Table(
    "moves",
    sa.MetaData(),
    sa.Column("table_name", sa.String(60), primary_key=True),
    sa.Column("source_count", sa.BigInteger, nullable=False),
    sa.Column("source_sum", sa.BigInteger, nullable=False),
    sa.Column("copied_to", sa.JSON(none_as_null=True)),  # the key of the last copied row
    sa.Column("complete", sa.Boolean, nullable=False),
)


class CannotMove(ScheduleZeroError):
    """The databases are in a state that rules out a move from one to the other."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A table's number of rows and the sum of their checksums."""

    count: int
    sum: int


Progress = Callable[[str, int, int], None]
"""Called with a table, how many of its rows are copied, and how many there are."""


async def move(
    source: str, target: str, progress: Progress, *, clean_nul: bool = False
) -> dict[str, Contents]:
    """Copy a database and its journal to one of the other kind, or resume an interrupted copy.

    Parameters:
        source: The path of a SQLite file, or a ``postgresql://`` URL.
        target: The other one of the two.
        progress: Called after each batch.
        clean_nul: Whether to leave zero bytes in texts out.

    Returns the contents of each table, equal on both sides. Raises CannotMove, DatabaseUnusable or
    DatabaseUnavailable.
    """
    parts = [
        _Part(
            database_of(path(source), owned),
            database_of(path(target), owned),
            database_of(path(target), _with_notes(owned)),
            owned,
        )
        for owned, path in (
            (tables.metadata, str),
            (memory.metadata, str),
            (journal.metadata, journal.journal_of),
        )
    ]
    await _expect_no_server(parts[0].source)
    if is_postgres_setting(target) and not clean_nul:
        await _expect_no_zero_bytes(parts)
    moved: dict[str, Contents] = {}
    for part in parts:
        async with _opened(part.source), _opened(part.target), _opened(part.notes):
            for table in part.tables:
                moved[table.name] = await _Table(part, table, progress, clean_nul=clean_nul).move()
    return moved


@dataclass(frozen=True, slots=True)
class _Part:
    """Some tables, which are together in one database on either side, and the notes of how far they are."""

    source: Database
    target: Database
    notes: Database
    metadata: sa.MetaData

    @property
    def tables(self) -> list[sa.Table]:
        """Those that are moved."""
        return [table for table in self.metadata.sorted_tables if table not in _OF_RUNNING_SERVERS]


def _with_notes(metadata: sa.MetaData) -> sa.MetaData:
    """Return some tables and that of the notes, which have to be where the rows go."""
    together = sa.MetaData()
    for table in (*metadata.sorted_tables, _moves):
        table.to_metadata(together)
    return together


@asynccontextmanager
async def _opened(database: Database) -> AsyncGenerator[Database]:
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def _expect_no_server(source: Database) -> None:
    """Raise CannotMove while a server node runs on a PostgreSQL database; a SQLite file is locked by it."""

    def served(connection: Connection) -> int:
        return nodes_alive(connection) if is_postgres(connection) else 0

    async with _opened(source):
        if alive := await source.read(served):
            who = "A job server runs" if alive == 1 else f"{alive} nodes of the job server run"
            them = "it" if alive == 1 else "them"
            raise CannotMove(f"{who} on {source.where}. Stop {them}, wait ten seconds, and try again.")


async def _expect_no_zero_bytes(parts: Sequence[_Part]) -> None:
    """Raise CannotMove, which names the places, if a text in a SQLite file holds a zero byte."""
    found: list[str] = []
    for part in parts:
        async with _opened(part.source):
            for table in part.tables:
                found += await part.source.read(
                    lambda connection, table=table: _zero_bytes(connection, table)
                )
    if found:
        more = f", and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
        raise CannotMove(
            f"Texts hold zero bytes, which PostgreSQL can't store: {', '.join(found[:_MOST_NAMED])}{more}. "
            "Nothing was moved. Run the command again with --clean-nul to leave the zero bytes out; nothing "
            "else changes."
        )


def _zero_bytes(connection: Connection, table: sa.Table) -> list[str]:
    """Return the places in a table where a text holds a zero byte: its column, and the job or the key."""
    found: list[str] = []
    # JSON can't hold them: there, they are written as an escape.
    for column in (item for item in table.columns if isinstance(item.type, sa.String)):
        # As bytes, since functions of texts may end at a zero byte (https://www.sqlite.org/nulinstr.html).
        holds = sa.func.instr(sa.cast(column, sa.LargeBinary), sa.literal_column("x'00'")) > 0
        for row in connection.execute(sa.select(table).where(holds)).mappings():
            job_id = row.get("job_id") or (row["id"] if table is tables.jobs else None)
            keys = ", ".join(str(row[key.name]) for key in table.primary_key)
            place = f"job {job_id}" if job_id is not None else f"row {keys}"
            found.append(f"{table.name}.{column.name} of {place}".replace("\0", "\\0"))
    return found


class _Table:
    """Moves one table."""

    def __init__(self, part: _Part, table: sa.Table, progress: Progress, *, clean_nul: bool) -> None:
        self._source = part.source
        self._target = part.target
        self._notes = part.notes
        self._clean_nul = clean_nul
        self._table = table
        self._key = list(table.primary_key.columns)
        self._progress = progress
        large = any(isinstance(column.type, sa.LargeBinary) for column in table.columns)
        self._batch = _BATCH_OF_CHUNKS if large else BATCH

    async def move(self) -> Contents:
        wanted = await self._contents(self._source)
        noted = await self._noted()
        if noted is None:
            await self._expect_empty()
        if noted is not None and noted["complete"]:
            return await self._check(wanted)
        if noted is None or (noted["source_count"], noted["source_sum"]) != (wanted.count, wanted.sum):
            await self._begin(wanted)
            after = None
        else:
            after = cast("list[Any] | None", noted["copied_to"])
        await self._copy(after, wanted)
        found = await self._check(wanted)
        await self._finish()
        return found

    async def _copy(self, after: list[Any] | None, wanted: Contents) -> None:
        done = await self._target.read(
            lambda connection: connection.scalar(sa.select(sa.func.count()).select_from(self._table)) or 0
        )
        while True:
            rows = await self._source.read(lambda connection, after=after: self._page(connection, after))
            if not rows:
                return
            after = [rows[-1][column.name] for column in self._key]

            def write(connection: Connection, rows: Any = rows, after: Any = after) -> None:
                connection.execute(insert_new(connection, self._table), rows)
                connection.execute(
                    sa.update(_moves).where(_moves.c.table_name == self._table.name).values(copied_to=after)
                )

            await self._target.write(write)
            done += len(rows)
            self._progress(self._table.name, min(done, wanted.count), wanted.count)

    def _page(self, connection: Connection, after: Sequence[Any] | None) -> list[dict[str, Any]]:
        """Return the next rows in the order of their key, without zero bytes if they are to be left out."""
        query = sa.select(self._table).order_by(*self._key).limit(self._batch)
        if after is not None:
            values = (sa.literal(value, column.type) for value, column in zip(after, self._key, strict=True))
            query = query.where(sa.tuple_(*self._key) > sa.tuple_(*values))
        clean = _without_zero_bytes if self._clean_nul else _as_it_is
        return [
            {name: clean(value) for name, value in row.items()}
            for row in connection.execute(query).mappings()
        ]

    async def _contents(self, database: Database) -> Contents:
        count, total, after = 0, 0, None
        while True:
            rows = await database.read(lambda connection, after=after: self._page(connection, after))
            if not rows:
                return Contents(count, total)
            count += len(rows)
            total = (total + sum(_checksum(row) for row in rows)) % _MODULUS
            after = [rows[-1][column.name] for column in self._key]

    async def _check(self, wanted: Contents) -> Contents:
        found = await self._contents(self._target)
        if found != wanted:
            raise CannotMove(
                f"The table {self._table.name} has {found.count} rows in {self._target.where} and "
                f"{wanted.count} in {self._source.where}, or rows that differ: one of them was used since. "
                "Move to an empty database."
            )
        return found

    async def _noted(self) -> sa.RowMapping | None:
        query = sa.select(_moves).where(_moves.c.table_name == self._table.name)
        return await self._notes.read(lambda connection: connection.execute(query).mappings().one_or_none())

    async def _expect_empty(self) -> None:
        query = sa.select(sa.literal(1)).select_from(self._table).limit(1)
        if await self._target.read(lambda connection: connection.scalar(query)) is not None:
            raise CannotMove(
                f"{self._target.where} has rows in {self._table.name} that did not come from a move; "
                "name an empty database."
            )

    async def _begin(self, wanted: Contents) -> None:
        def write(connection: Connection) -> None:
            if self._table is not tables.audit:  # append-only: rows are never deleted or changed
                connection.execute(sa.delete(self._table))
            own = _moves.c.table_name == self._table.name
            connection.execute(sa.delete(_moves).where(own))
            row = {
                "table_name": self._table.name,
                "source_count": wanted.count,
                "source_sum": wanted.sum,
                "copied_to": None,
                "complete": False,
            }
            connection.execute(sa.insert(_moves), [row])

        await self._target.write(write)

    async def _finish(self) -> None:
        def write(connection: Connection) -> None:
            for column in self._key:
                # SQLite goes on after the highest number by itself.
                if column.autoincrement is True and is_postgres(connection):
                    highest = sa.select(sa.func.max(column)).scalar_subquery()
                    sequence = sa.func.pg_get_serial_sequence(self._table.name, column.name)
                    connection.execute(
                        sa.select(
                            sa.func.setval(sequence, sa.func.greatest(highest, 1), highest.is_not(None))
                        )
                    )
            own = _moves.c.table_name == self._table.name
            connection.execute(sa.update(_moves).where(own).values(complete=True))

        await self._target.write(write)


def _without_zero_bytes(value: Any) -> Any:
    return value.replace("\0", "") if isinstance(value, str) else value


def _as_it_is(value: Any) -> Any:
    return value


def _checksum(row: dict[str, Any]) -> int:
    """Return a row's checksum, which is the same on both sides."""
    text = json.dumps(row, sort_keys=True, default=_text_of)
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _text_of(value: object) -> str:
    return f"{zlib.crc32(value):08x}" if isinstance(value, bytes) else str(value)


def rows_of(moved: dict[str, Contents]) -> Iterator[str]:
    """Yield one line per table that was moved."""
    for name, contents in moved.items():
        yield f"{name:14} {contents.count:>10,} rows, sum {contents.sum:016x}"
