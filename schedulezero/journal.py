"""The handler's journal: which runs and steps were begun, and what came of those that ended.

The server calls again whenever it cannot know that a call was carried out: its process or ours died, an
answer was lost. The journal is what makes the second call harmless. It is durable before the effect
(a step is *begun*) and after it (it has *ended*, with its result):

- A run that ended well is answered with its first result, however often it is called.
- A step that ended is not done again; one that was begun and never ended is looked for first, by
  whoever knows how (`schedulezero.steps`).
- A function that does not say how to go on and was begun and never ended is not called again: what it did
  is *uncertain*, and a person decides. That decision comes as a later ``round`` of the run.

It is a SQLite file of its own beside the database, because it is written for each call and nobody
else's writes should wait for it. In PostgreSQL it is two tables that all instances of a handler share, so
that one goes on where another was stopped. It is bounded: what ended days ago is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.columns import Instant
from schedulezero.database import database_of, is_postgres, is_postgres_setting, sqlite_path
from schedulezero.model import JsonObject

KEPT_FOR = timedelta(days=7)
MOST_KEPT = 100_000
MOST_KEPT_SHARED = 5_000_000
"""In PostgreSQL, which has room for it and where all instances write."""
_PRUNE_EVERY = 2000

metadata = sa.MetaData()

_runs = sa.Table(
    "journal_runs",
    metadata,
    sa.Column("run_id", sa.String(120), primary_key=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("begun_at", Instant, nullable=False, index=True),
    sa.Column("result", sa.JSON(none_as_null=True)),
)
_steps = sa.Table(
    "journal_steps",
    metadata,
    sa.Column("run_id", sa.String(120), primary_key=True),
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("begun_at", Instant, nullable=False, index=True),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("result", sa.JSON(none_as_null=True)),
)


@dataclass(frozen=True, slots=True)
class Begun:
    """A run or a step as the journal has it.

    Attributes:
        again: it was begun before, in the same round, and did not end.
        begun_at: when it was begun first.
        plan: what was planned when it was begun first.
        result: what came of it when it ended, None before that.
    """

    again: bool
    begun_at: datetime
    plan: JsonObject | None = None
    result: JsonObject | None = None


class Journal:
    """A journal in a database.

    Parameters:
        database: the path of a SQLite file, created if it is not there, or a ``postgresql://`` URL.
    """

    def __init__(self, database: str | Path) -> None:
        self._database = database_of(str(database), metadata)
        self._begun = 0

    async def open(self) -> None:
        """Opens it; DatabaseUnusable says why it cannot be used."""
        await self._database.open()
        await self._database.write(_prune)

    async def close(self) -> None:
        """Lets go of the file."""
        await self._database.close()

    async def result(self, run_id: str) -> JsonObject | None:
        """What came of a run, None while it has not ended."""
        query = sa.select(_runs.c.result).where(_runs.c.run_id == run_id)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def begin(self, run_id: str, round_: int) -> Begun:
        """Notes that a run is begun, unless it was; durable when this returns."""

        def write(connection: Connection) -> Begun:
            self._forget_now_and_then(connection)
            return _begin(connection, _runs, {"run_id": run_id}, round_, None)

        return await self._database.write(write)

    async def end(self, run_id: str, result: JsonObject) -> None:
        """Notes what came of a run; durable when this returns."""

        def write(connection: Connection) -> None:
            self._forget_now_and_then(connection)
            connection.execute(sa.delete(_runs).where(_runs.c.run_id == run_id))
            row = {"run_id": run_id, "round": 0, "begun_at": instants.now(), "result": result}
            connection.execute(sa.insert(_runs), [row])

        await self._database.write(write)

    async def withdraw(self, run_id: str) -> None:
        """Forgets that a run was begun: it failed, and may be tried again."""
        query = sa.delete(_runs).where(_runs.c.run_id == run_id, _runs.c.result.is_(None))
        await self._database.write(lambda connection: connection.execute(query))

    async def begin_step(self, run_id: str, key: str, round_: int, plan: JsonObject | None) -> Begun:
        """Notes that a step of a run is begun, unless it was; durable when this returns."""

        def write(connection: Connection) -> Begun:
            self._forget_now_and_then(connection)
            return _begin(connection, _steps, {"run_id": run_id, "key": key}, round_, plan)

        return await self._database.write(write)

    async def end_step(self, run_id: str, key: str, result: JsonObject) -> None:
        """Notes what came of a step; durable when this returns."""
        query = (
            sa.update(_steps)
            .where(_steps.c.run_id == run_id, _steps.c.key == key)
            .values(result=sa.bindparam("outcome", type_=sa.JSON(none_as_null=True)))
        )
        await self._database.write(lambda connection: connection.execute(query, {"outcome": result}))

    async def withdraw_step(self, run_id: str, key: str) -> None:
        """Forgets that a step was begun: it was refused, and had no effect."""
        query = sa.delete(_steps).where(
            _steps.c.run_id == run_id, _steps.c.key == key, _steps.c.result.is_(None)
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def knows_message(self, message_id: str) -> bool:
        """Whether a step that ended posted this message."""
        posted = _steps.c.result["message_id"].as_string()
        query = sa.select(sa.exists().where(posted == message_id))
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    def _forget_now_and_then(self, connection: Connection) -> None:
        self._begun += 1
        if self._begun % _PRUNE_EVERY == 0:
            _prune(connection)


def _begin(
    connection: Connection, table: sa.Table, key: dict[str, str], round_: int, plan: JsonObject | None
) -> Begun:
    where = sa.and_(*(table.c[name] == value for name, value in key.items()))
    row = connection.execute(sa.select(table).where(where)).mappings().one_or_none()
    if row is not None and (row["result"] is not None or row["round"] >= round_):
        kept = cast("dict[str, Any] | None", row["plan"]) if "plan" in row else None
        return Begun(row["result"] is None, row["begun_at"], kept, row["result"])
    if row is not None:
        connection.execute(sa.delete(table).where(where))
    begun_at = instants.now()
    values: dict[str, Any] = {**key, "round": round_, "begun_at": begun_at}
    if table is _steps:
        values["plan"] = plan
    connection.execute(sa.insert(table), [values])
    return Begun(False, begun_at, plan)


def _prune(connection: Connection) -> None:
    """Forgets what is long over, and the oldest of what is too much."""
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
    """Where the journal of a bot with that ``database`` setting lies: beside a file, within PostgreSQL."""
    if is_postgres_setting(database):
        return database
    path = sqlite_path(database)
    return str(path.with_name(f"{path.stem}-journal-of-runs{path.suffix or '.db'}"))
