"""The handler's journal: which runs and steps were begun, and the results of those that ended.

The server repeats a call whenever it can't know whether the first one was carried out: its process or ours
died, or an answer was lost. The journal makes the second call harmless. It is durable before the effect (a
step is *begun*) and after it (the step has *ended*, with its result):

- A run that succeeded returns its first result, however often it is called.
- A step that ended isn't repeated. For one that was begun and never ended, the step's own lookup first
  checks whether it took effect (`schedulezero.handler.steps`).
- A function that isn't resumable and was begun but never ended isn't called again: its effect is *uncertain*,
  and a person decides. That decision arrives as a later ``round`` of the run.

On SQLite the journal is a file of its own next to the database, because each call writes to it and shouldn't
delay other writes. On PostgreSQL it is two tables shared by all instances of a handler, so that one instance
can resume the work of another. Its size is bounded: entries begun more than 7 days ago are deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence, in_a_row
from schedulezero.storage.batching import Together
from schedulezero.storage.database import database_of, is_postgres_setting, sqlite_path
from schedulezero.storage.sql import Instant, insert_into, insert_new, is_postgres
from schedulezero.storage.sqlite_file import journal_beside
from schedulezero.wire.protocol import LONGEST_RUN_ID

KEPT_FOR = timedelta(days=7)
MOST_KEPT = 100_000
MOST_KEPT_SHARED = 5_000_000
"""PostgreSQL's limit, higher because it has more space and all instances write to it."""
JOURNAL_UNWRITABLE = Sentence("I can't write to my journal of runs.", "journal_unwritable")
JOURNAL_AGAIN_SECONDS = 5.0
"""How long a run waits for the journal before its next attempt."""

_PRUNE_EVERY = 2000

metadata = sa.MetaData()

_runs = sa.Table(
    "journal_runs",
    metadata,
    sa.Column("run_id", sa.String(LONGEST_RUN_ID), primary_key=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("begun_at", Instant, nullable=False, index=True),
    sa.Column("result", sa.JSON(none_as_null=True)),
)
_steps = sa.Table(
    "journal_steps",
    metadata,
    sa.Column("run_id", sa.String(LONGEST_RUN_ID), primary_key=True),
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("begun_at", Instant, nullable=False, index=True),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("result", sa.JSON(none_as_null=True)),
)


def unwritable(error: DatabaseUnavailable) -> Sentence:
    """Return what to say of a run that waits for the journal, with the cause if that is known."""
    return in_a_row(JOURNAL_UNWRITABLE, error.cause) if error.cause is not None else JOURNAL_UNWRITABLE


@dataclass(frozen=True, slots=True)
class Begun:
    """The journal's entry for a run or a step.

    Attributes:
        again: whether it was begun before in the same round without ending.
        begun_at: when it was first begun.
        plan: the plan from when it was first begun.
        result: its result; None before it ends.
    """

    again: bool
    begun_at: datetime
    plan: JsonObject | None = None
    result: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class _Beginning:
    """An entry to record as begun."""

    key: dict[str, str]
    round: int
    plan: JsonObject | None

    def row(self, table: sa.Table, begun_at: datetime) -> dict[str, Any]:
        plan = {"plan": self.plan} if table is _steps else {}
        return {**self.key, "round": self.round, "begun_at": begun_at, **plan}


class Journal:
    """A journal in a database.

    Parameters:
        database: the path of a SQLite file, created if missing, or a ``postgresql://`` URL.
    """

    def __init__(self, database: str | Path) -> None:
        self._database = database_of(str(database), metadata)
        self._begun = 0
        # A burst of runs is recorded together: a commit costs the same for one entry as for many.
        self._results = Together(self._read_results)
        self._run_begins = Together(partial(self._begin, _runs))
        self._step_begins = Together(partial(self._begin, _steps))
        self._run_ends = Together(self._end_runs)
        self._run_deletions = Together(self._delete_runs)
        self._step_ends = Together(self._end_steps)

    async def open(self) -> None:
        """Open the journal; raises DatabaseUnusable with the reason if that fails."""
        await self._database.open()
        await self._database.write(_prune)

    async def close(self) -> None:
        """Finish pending writes, then close the database."""
        batches = (self._results, self._run_begins, self._step_begins, self._run_ends, self._step_ends)
        for work in (*batches, self._run_deletions):
            await work.close()
        await self._database.close()

    async def result(self, run_id: str) -> JsonObject | None:
        """Return a run's result; None if it hasn't ended."""
        return await self._results.ask(run_id)

    async def begin(self, run_id: str, round_: int) -> Begun:
        """Record a run as begun, unless it already is; durable on return."""
        return await self._run_begins.ask(_Beginning({"run_id": run_id}, round_, None))

    async def end(self, run_id: str, result: JsonObject) -> None:
        """Record a run's result; durable on return."""
        await self._run_ends.ask((run_id, result))

    async def withdraw(self, run_id: str) -> None:
        """Delete the record that a run was begun: it failed and may be retried."""
        query = sa.delete(_runs).where(_runs.c.run_id == run_id, _runs.c.result.is_(None))
        await self._database.write(lambda connection: connection.execute(query))

    async def forget(self, run_id: str) -> None:
        """Delete a run that nobody can ask for again; its steps are kept."""
        await self._run_deletions.ask(run_id)

    async def begun_between(self, prefix: str, since: datetime, before: datetime) -> list[str]:
        """Return the ids with this prefix of runs begun in a period, latest first."""
        query = (
            sa.select(_runs.c.run_id)
            .where(_runs.c.begun_at >= since, _runs.c.begun_at < before)
            .where(_runs.c.run_id.startswith(prefix, autoescape=True))
            .order_by(_runs.c.begun_at.desc())
        )
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def begin_step(self, run_id: str, key: str, round_: int, plan: JsonObject | None) -> Begun:
        """Record a step of a run as begun, unless it already is; durable on return."""
        return await self._step_begins.ask(_Beginning({"run_id": run_id, "key": key}, round_, plan))

    async def end_step(self, run_id: str, key: str, result: JsonObject) -> None:
        """Record a step's result; durable on return."""
        await self._step_ends.ask((run_id, key, result))

    async def withdraw_step(self, run_id: str, key: str) -> None:
        """Delete the record that a step was begun: it was refused and had no effect."""
        query = sa.delete(_steps).where(
            _steps.c.run_id == run_id, _steps.c.key == key, _steps.c.result.is_(None)
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def knows_message(self, message_id: str) -> bool:
        """Return whether a completed step posted this message."""
        posted = _steps.c.result["message_id"].as_string()
        query = sa.select(sa.exists().where(posted == message_id))
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    # ---------------------------------------------------------------- batches

    async def _read_results(self, run_ids: Sequence[str]) -> list[JsonObject | None]:
        query = sa.select(_runs.c.run_id, _runs.c.result).where(_runs.c.run_id.in_(run_ids))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found: dict[str, JsonObject | None] = {row.run_id: row.result for row in rows}
        return [found.get(run_id) for run_id in run_ids]

    async def _begin(self, table: sa.Table, items: Sequence[_Beginning]) -> list[Begun]:
        def write(connection: Connection) -> list[Begun]:
            self._forget_now_and_then(connection, len(items))
            begun_at = instants.now()
            first: dict[tuple[str, ...], _Beginning] = {}
            for item in items:
                first.setdefault(tuple(item.key.values()), item)
            rows = [item.row(table, begun_at) for item in first.values()]
            added = insert_new(connection, table).returning(*table.primary_key.columns)
            fresh = {tuple(row) for row in connection.execute(added, rows)}
            begun: list[Begun] = []
            for item in items:
                if tuple(item.key.values()) in fresh and first[tuple(item.key.values())] is item:
                    begun.append(Begun(False, begun_at, item.plan))
                else:
                    begun.append(_begin_known(connection, table, item))
            return begun

        return await self._database.write(write)

    async def _end_runs(self, items: Sequence[tuple[str, JsonObject]]) -> list[None]:
        now = instants.now()
        rows = [{"run_id": run_id, "round": 0, "begun_at": now, "result": result} for run_id, result in items]

        def write(connection: Connection) -> None:
            self._forget_now_and_then(connection, len(items))
            insert = insert_into(connection, _runs)
            new = {name: insert.excluded[name] for name in ("round", "begun_at", "result")}
            connection.execute(insert.on_conflict_do_update(index_elements=["run_id"], set_=new), rows)

        await self._database.write(write)
        return [None] * len(items)

    async def _delete_runs(self, run_ids: Sequence[str]) -> list[None]:
        query = sa.delete(_runs).where(_runs.c.run_id.in_(run_ids))
        await self._database.write(lambda connection: connection.execute(query))
        return [None] * len(run_ids)

    async def _end_steps(self, items: Sequence[tuple[str, str, JsonObject]]) -> list[None]:
        query = (
            sa.update(_steps)
            .where(_steps.c.run_id == sa.bindparam("run"), _steps.c.key == sa.bindparam("step"))
            .values(result=sa.bindparam("outcome", type_=sa.JSON(none_as_null=True)))
        )
        rows = [{"run": run_id, "step": key, "outcome": result} for run_id, key, result in items]
        await self._database.write(lambda connection: connection.execute(query, rows))
        return [None] * len(items)

    def _forget_now_and_then(self, connection: Connection, more: int) -> None:
        before, self._begun = self._begun, self._begun + more
        if before // _PRUNE_EVERY != self._begun // _PRUNE_EVERY:
            _prune(connection)


def _begin_known(connection: Connection, table: sa.Table, item: _Beginning) -> Begun:
    """Return the existing entry of something begun before; begin it again if this is a later round."""
    where = sa.and_(*(table.c[name] == value for name, value in item.key.items()))
    row = connection.execute(sa.select(table).where(where)).mappings().one_or_none()
    if row is not None and (row["result"] is not None or row["round"] >= item.round):
        kept = cast("dict[str, Any] | None", row["plan"]) if "plan" in row else None
        return Begun(row["result"] is None, row["begun_at"], kept, row["result"])
    if row is not None:
        connection.execute(sa.delete(table).where(where))
    begun_at = instants.now()
    connection.execute(sa.insert(table), [item.row(table, begun_at)])
    return Begun(False, begun_at, item.plan)


def _prune(connection: Connection) -> None:
    """Delete entries that were begun longer ago than `KEPT_FOR`, and the oldest ones above the limit."""
    old = instants.now() - KEPT_FOR
    most = MOST_KEPT_SHARED if is_postgres(connection) else MOST_KEPT
    for table in (_runs, _steps):
        connection.execute(sa.delete(table).where(table.c.begun_at < old))
        beyond = connection.scalar(
            sa.select(table.c.begun_at).order_by(table.c.begun_at.desc()).offset(most).limit(1)
        )
        if beyond is not None:
            connection.execute(sa.delete(table).where(table.c.begun_at <= beyond))


def journal_of(database: str) -> str:
    """Return where the journal for a ``database`` setting is: next to the file, or in PostgreSQL."""
    if is_postgres_setting(database):
        return database
    return str(journal_beside(sqlite_path(database)))
