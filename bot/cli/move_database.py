"""Copies everything from a SQLite file to PostgreSQL: jobs, history, audit log, memory, files and journal.

Rows are copied in the order of their keys. Each batch is one transaction that also records the progress, so
an interrupted move resumes where it stopped, and a complete one is only verified. At the end both sides are
counted and summed: the sum adds up the checksums of all rows, in any order.

The source stays unchanged and must not be in use during the move. If it changed between two attempts, the
copy starts over. A target with rows that this move didn't write is left alone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs import memory
from schedulezero.errors import ScheduleZeroError
from schedulezero.handler import journal
from schedulezero.server.records import tables
from schedulezero.storage.database import Database, database_of
from schedulezero.storage.sql import insert_new

BATCH = 2000
_BATCH_OF_CHUNKS = 16
"""As many parts of kept files at a time, of 256 KiB each."""
_MODULUS = 2**63

_metadata = sa.MetaData()
_moves = sa.Table(
    "moves",
    _metadata,
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


async def move(source: str, target: str, progress: Progress) -> dict[str, Contents]:
    """Copy a SQLite database and its journal to PostgreSQL, or resume an interrupted copy; see the module.

    Parameters:
        source: The path of the SQLite file.
        target: The ``postgresql://`` URL.
        progress: Called after each batch.

    Returns the contents of each table, equal on both sides. Raises CannotMove, DatabaseUnusable or
    DatabaseUnavailable.
    """
    parts = (
        (source, tables.metadata, [t for t in tables.metadata.sorted_tables if t is not tables.handlers]),
        (source, memory.metadata, memory.metadata.sorted_tables),
        (journal.journal_of(source), journal.metadata, journal.metadata.sorted_tables),
    )
    moved: dict[str, Contents] = {}
    notes = database_of(target, _metadata)
    await notes.open()
    try:
        for path, metadata, owned in parts:
            before, after = database_of(path, metadata), database_of(target, metadata)
            await before.open()
            try:
                await after.open()
                try:
                    for table in owned:
                        moved[table.name] = await _Table(before, after, notes, table, progress).move()
                finally:
                    await after.close()
            finally:
                await before.close()
    finally:
        await notes.close()
    return moved


class _Table:
    """Moves one table."""

    def __init__(
        self, source: Database, target: Database, notes: Database, table: sa.Table, progress: Progress
    ) -> None:
        self._source = source
        self._target = target
        self._notes = notes
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
        """Return the next rows in the order of their key, without anything that PostgreSQL can't store."""
        query = sa.select(self._table).order_by(*self._key).limit(self._batch)
        if after is not None:
            values = (sa.literal(value, column.type) for value, column in zip(after, self._key, strict=True))
            query = query.where(sa.tuple_(*self._key) > sa.tuple_(*values))
        return [
            {name: _storable(value) for name, value in row.items()}
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
                if column.autoincrement is True:
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


def _storable(value: Any) -> Any:
    """Return a value without zero bytes, which PostgreSQL's text type can't store."""
    return value.replace("\0", "") if isinstance(value, str) else value


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
