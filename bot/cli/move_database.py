"""Copies everything between a SQLite file and PostgreSQL: jobs, history, audit, memory, files and journal.

It goes both ways. What belongs to a running server isn't copied: known handlers, leases, and PostgreSQL's
queue with its claims. A run that had not ended is copied as it is, and the next start takes it up.

Rows are copied in the order of their keys. Each batch is one transaction that also records the progress, so
an interrupted move resumes where it stopped, and a complete one is only verified. At the end both sides are
counted and summed: the sum adds up the checksums of all rows, in any order.

The source stays unchanged and must not be in use during the move. If it changed between two attempts, the
copy starts over. A target with rows that this move didn't write is left alone.

PostgreSQL can't store zero bytes in texts, which early versions let into SQLite files, or what isn't strict
JSON. Either is left out only on request.
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

from bot.cli.move_checks import (
    CannotMove,
    expect_no_foreign_table,
    expect_no_server,
    expect_none,
    is_storable,
    not_json,
    zero_bytes,
)
from cogs import memory
from schedulezero.handler import journal
from schedulezero.server.records import moves, tables
from schedulezero.storage.database import Database, database_of, is_postgres_setting
from schedulezero.storage.sql import insert_new, is_postgres
from schedulezero.wire import storable

BATCH = 2000
_BATCH_OF_CHUNKS = 16
"""As many parts of kept files at a time, of 256 KiB each."""
_MODULUS = 2**63
_OF_RUNNING_SERVERS = (tables.handlers, tables.leases)


@dataclass(frozen=True, slots=True)
class Contents:
    """A table's number of rows and the sum of their checksums."""

    count: int
    sum: int


Progress = Callable[[str, int, int], None]
"""Called with a table, how many of its rows are copied, and how many there are."""


async def move(
    source: str,
    target: str,
    progress: Progress,
    *,
    clean_nul: bool = False,
    clean_json: bool = False,
) -> dict[str, Contents]:
    """Copy a database and its journal to one of the other kind, or resume an interrupted copy.

    Parameters:
        source: The path of a SQLite file, or a ``postgresql://`` URL.
        target: The other one of the two.
        progress: Called after each batch.
        clean_nul: Whether to leave zero bytes in texts out.
        clean_json: Whether to replace halves of surrogate pairs in JSON by U+FFFD, and NaN and Infinity by
            null.

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
    async with _opened(parts[0].source) as opened:
        await expect_no_server(opened)
    if is_postgres_setting(target):
        await _expect_storable(parts, clean_nul=clean_nul, clean_json=clean_json)
        # Opened without tables of ours, so that none is created or changed in a database of others.
        async with _opened(database_of(target, sa.MetaData())) as bare:
            await expect_no_server(bare)
            await expect_no_foreign_table(bare, [table for part in parts for table in part.tables])
    moved: dict[str, Contents] = {}
    clean = _cleaner(nul=clean_nul, in_json=clean_json)
    for part in parts:
        async with _opened(part.source), _opened(part.target), _opened(part.notes):
            for table in part.tables:
                await _Table(part, table, progress, clean).expect_ours()
    async with _opened(parts[0].notes) as notes:
        await notes.write(moves.begin)
    for part in parts:
        async with _opened(part.source), _opened(part.target), _opened(part.notes):
            for table in part.tables:
                moved[table.name] = await _Table(part, table, progress, clean).move()
    async with _opened(parts[0].notes) as notes:
        await notes.write(moves.end)
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
    for table in (*metadata.sorted_tables, moves.moves):
        table.to_metadata(together)
    return together


@asynccontextmanager
async def _opened(database: Database) -> AsyncGenerator[Database]:
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def _expect_storable(parts: Sequence[_Part], *, clean_nul: bool, clean_json: bool) -> None:
    """Raise CannotMove, which names the places, if a SQLite file holds what PostgreSQL can't store."""
    nul, in_json = list[str](), list[str]()
    for part in parts:
        async with _opened(part.source):
            if not clean_nul:
                nul += await zero_bytes(part.source, part.tables)
            if not clean_json:
                in_json += await not_json(part.source, part.tables)
    expect_none(
        nul,
        "Texts hold zero bytes",
        "Run the command again with --clean-nul to leave the zero bytes out; nothing else changes.",
    )
    expect_none(
        in_json,
        "Values hold half of a surrogate pair, NaN or Infinity",
        "Run the command again with --clean-json to put U+FFFD in place of the halves, and null in place of "
        "the numbers; nothing else changes.",
    )


class _Table:
    """Moves one table."""

    def __init__(
        self, part: _Part, table: sa.Table, progress: Progress, clean: Callable[[sa.Column[Any], Any], Any]
    ) -> None:
        self._source = part.source
        self._target = part.target
        self._notes = part.notes
        self._clean = clean
        self._table = table
        self._key = list(table.primary_key.columns)
        self._progress = progress
        large = any(isinstance(column.type, sa.LargeBinary) for column in table.columns)
        self._batch = _BATCH_OF_CHUNKS if large else BATCH

    async def expect_ours(self) -> None:
        """Raise CannotMove if the target has rows that no move has written."""
        if await self._noted() is None:
            await self._expect_empty()

    async def move(self) -> Contents:
        wanted = await self._contents(self._source)
        noted = await self._noted()
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
                    sa.update(moves.moves)
                    .where(moves.moves.c.table_name == self._table.name)
                    .values(copied_to=after)
                )

            await self._target.write(write)
            done += len(rows)
            self._progress(self._table.name, min(done, wanted.count), wanted.count)

    def _page(self, connection: Connection, after: Sequence[Any] | None) -> list[dict[str, Any]]:
        """Return the next rows in the order of their key, cleaned as was asked for."""
        query = sa.select(self._table).order_by(*self._key).limit(self._batch)
        if after is not None:
            values = (sa.literal(value, column.type) for value, column in zip(after, self._key, strict=True))
            query = query.where(sa.tuple_(*self._key) > sa.tuple_(*values))
        columns = self._table.columns
        return [
            {name: self._clean(columns[name], value) for name, value in row.items()}
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
        query = sa.select(moves.moves).where(moves.moves.c.table_name == self._table.name)
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
            own = moves.moves.c.table_name == self._table.name
            connection.execute(sa.delete(moves.moves).where(own))
            row = {
                "table_name": self._table.name,
                "source_count": wanted.count,
                "source_sum": wanted.sum,
                "copied_to": None,
                "complete": False,
            }
            connection.execute(sa.insert(moves.moves), [row])

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
            own = moves.moves.c.table_name == self._table.name
            connection.execute(sa.update(moves.moves).where(own).values(complete=True))

        await self._target.write(write)


def _cleaner(*, nul: bool, in_json: bool) -> Callable[[sa.Column[Any], Any], Any]:
    """Return what is done to each value of a column before it is written."""

    def clean(column: sa.Column[Any], value: Any) -> Any:
        if nul and isinstance(value, str) and not isinstance(column.type, sa.JSON):
            return value.replace("\0", "")
        if in_json and isinstance(column.type, sa.JSON) and not is_storable(value):
            return storable.clean(value)
        return value

    return clean


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
