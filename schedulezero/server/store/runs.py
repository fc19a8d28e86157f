"""Queries of runs: create on demand, recover, record, list and delete.

Each change names the state it expects; the number of rows it changed says whether it succeeded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import faults, instants
from schedulezero.model import Run, RunState
from schedulezero.model.authorship import ENDINGS
from schedulezero.model.busy import Busy
from schedulezero.model.limits import NO_LIMITS, Limits, is_personal, too_many_runs
from schedulezero.model.part import MAIN, Part, part_of
from schedulezero.server.decisions.refusal import LimitReached
from schedulezero.server.records import pgqueuer_rows, troubles
from schedulezero.server.records.queries import RunFilter, run_query
from schedulezero.server.records.rows import OUTCOME_COLUMNS, messages_of, outcome_columns, run_of
from schedulezero.server.records.tables import flow, posts, runs
from schedulezero.server.store.busiest import busiest
from schedulezero.server.store.hourly_limit import MinuteAllowance
from schedulezero.server.store.job_rows import finish_ending, follow, pause_job
from schedulezero.server.store.run_rows import TROUBLES, insert_runs, queue_again
from schedulezero.server.store.run_tags import tags_of
from schedulezero.storage.database import Database
from schedulezero.storage.sql import insert_new

Identity = tuple[str, datetime, datetime | None]
"""What tells a run from every other one; see `Run.identity`."""


@dataclass(frozen=True, slots=True)
class RunCount:
    """How many runs of a handler have one state; ``timed`` of them began and ended, and ``took`` so long."""

    handler_id: str
    state: RunState
    count: int
    took: timedelta
    timed: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of outcomes: which runs' outcomes count, and when the first of what follows them is due."""

    counted: set[Identity]
    next_at: datetime | None


MOST_FAILURES = 10
"""After so many failures of the same kind in a row that no retry mends, a job is paused: each may be a
request that Discord refuses, and it bans addresses for those."""


def _keeps_failing(connection: Connection, job_id: str, part: str | None) -> bool:
    """Return whether the last runs of a job, or of a part of it, all failed with the same code."""
    query = (
        sa.select(runs.c.state, runs.c.error_code)
        .where(runs.c.job_id == job_id, runs.c.state != RunState.QUEUED.value, _own_column == _own(part))
        .order_by(runs.c.scheduled_at.desc())
        .limit(MOST_FAILURES)
    )
    found = connection.execute(query).all()
    return (
        len(found) == MOST_FAILURES
        and all(row.state == RunState.FAILED.value for row in found)
        and len({row.error_code for row in found}) == 1
    )


def _may_go_on(run: Run) -> bool:
    """Return whether a part of the job may follow a run."""
    return run.state is RunState.SUCCEEDED and run.part is not None


def _own(part: str | None) -> str:
    """Return which of a job's runs count as one line: its own, or those of one part."""
    return part or MAIN


_own_column = sa.func.coalesce(runs.c.part, MAIN)


def _microseconds(column: sa.Column[datetime]) -> sa.ColumnElement[int]:
    return sa.type_coerce(column, sa.BigInteger)


def _still_queued(
    sequence: Any, job_id: Any, scheduled_at: Any, claimed_at: Any
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for the row of a run that hasn't ended since it was queued."""
    return [
        runs.c.sequence == sequence,
        runs.c.job_id == job_id,
        runs.c.scheduled_at == scheduled_at,
        runs.c.claimed_at == claimed_at,
        runs.c.state == RunState.QUEUED.value,
    ]


def _ours(connection: Connection, changed: Sequence[Run], claims: Mapping[str, UUID]) -> list[Run]:
    """Return the runs that are still queued and that this node may write; see `RunStore.write_outcomes`."""
    columns = (runs.c.sequence, runs.c.job_id, runs.c.scheduled_at, runs.c.claimed_at)
    query = sa.select(*columns).where(
        runs.c.sequence.in_([run.sequence for run in changed]), runs.c.state == RunState.QUEUED.value
    )
    there = {
        (row.sequence, (row.job_id, row.scheduled_at, row.claimed_at)) for row in connection.execute(query)
    }
    asked = {key: claims[key] for run in changed if (key := pgqueuer_rows.key_of(run)) in claims}
    held = pgqueuer_rows.claimed(connection, asked)
    return [
        run
        for run in changed
        if (run.sequence, run.identity) in there
        and (run.state is RunState.SUCCEEDED or pgqueuer_rows.key_of(run) in held)
    ]


class RunStore:
    """Runs in a database.

    Parameters:
        database: the database that holds them.
        limits: the owner's limits.
    """

    def __init__(self, database: Database, limits: Limits = NO_LIMITS) -> None:
        self._database = database
        self.outage = database.outage
        self.limits = limits
        self.cancelled_at: datetime | None = None
        """When a job was last cancelled, as far as this node knows; runs created before may be void."""

    def note_cancelled(self) -> None:
        """Note that a job was cancelled, here or on another node."""
        self.cancelled_at = instants.now()

    async def add_run(self, run: Run, *, ending: bool = False) -> Run:
        """Add a run on demand and return it with its sequence.

        Parameters:
            run: the run; it starts as soon as its guild's limit of runs a minute allows.
            ending: whether it undoes something; such a run doesn't wait.

        Raises LimitReached when too many runs wait already.
        """

        def add(connection: Connection) -> Run:
            (placed,) = self._placed_by_hand(connection, [run], ending)
            at = placed.scheduled_at
            while not (added := insert_runs(connection, [replace(placed, scheduled_at=at)], tagged=True)):
                at += timedelta(microseconds=1)  # another run was requested at the same instant
            return added[0]

        return await self._database.write(add)

    async def add_runs(
        self, new: Sequence[Run], *, ending: bool = False, parts: tuple[Part, ...] = ()
    ) -> list[Run]:
        """Add runs for instants that have none, and queue again the runs that didn't succeed.

        Leaves an instant alone if its run succeeded or is queued. Returns the runs that are now queued,
        including those that wait for their turn. Raises LimitReached when too many wait already.
        """

        def add(connection: Connection) -> list[Run]:
            queued: list[Run] = []
            known: dict[datetime, int] = {}
            wanted: list[Run] = []
            for run in new:
                found = connection.execute(
                    sa.select(runs.c.sequence, runs.c.state, runs.c.part).where(
                        runs.c.job_id == run.job_id, runs.c.scheduled_at == run.scheduled_at
                    )
                ).one_or_none()
                if found is not None and found.part not in (None, MAIN):
                    part = part_of(parts, found.part)
                    if part is None:
                        continue
                    run = replace(run, method=part.method, params=part.params, part=part.id)
                if found is None or found.state not in (RunState.QUEUED.value, RunState.SUCCEEDED.value):
                    wanted.append(run)
                if found is not None:
                    known[run.scheduled_at] = found.sequence
            placed = self._placed_by_hand(connection, wanted, ending)
            at_once = len(placed) == 1  # a person waits for one, and many of them wait in turn
            tags = [run.start_tag for run in placed] if at_once else tags_of(connection, placed)
            for run, tag in zip(placed, tags, strict=True):
                run = replace(run, start_tag=tag)
                if run.scheduled_at not in known:
                    queued += insert_runs(connection, [run], tagged=True)
                elif again := queue_again(connection, known[run.scheduled_at], run):
                    queued.append(again)
            return queued

        return await self._database.write(add)

    def _placed_by_hand(self, connection: Connection, wanted: Sequence[Run], ending: bool) -> list[Run]:
        """Return runs that a person asked for, each with the instant at which it may begin."""
        if not wanted:
            return []
        claimed_at = wanted[0].claimed_at
        assert claimed_at is not None
        by_whom = [(run.guild_id, run.creator_id) for run in wanted]
        minute = MinuteAllowance(connection, claimed_at, self.limits, by_whom)
        placed = [minute.place(run, ending=ending, by_hand=True) for run in wanted]
        found = [run for run in placed if run is not None]
        if len(found) < len(wanted):
            personal = is_personal(wanted[0].guild_id, wanted[0].creator_id)
            raise LimitReached(too_many_runs(self.limits, personal=personal))
        return found

    async def instants_done(self, job_id: str, since: datetime, until: datetime) -> set[datetime]:
        """Return the instants of a job in a time span whose run succeeded or is queued."""
        query = sa.select(runs.c.scheduled_at).where(
            runs.c.job_id == job_id,
            runs.c.scheduled_at.between(since, until),
            _own_column == MAIN,
            runs.c.state.in_((RunState.SUCCEEDED.value, RunState.QUEUED.value)),
        )
        return set(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def run(self, sequence: int) -> Run | None:
        """Return the run with that sequence, or None if it was deleted."""
        query = sa.select(runs).where(runs.c.sequence == sequence)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return run_of(row) if row is not None else None

    async def open_among(self, sequences: Collection[int]) -> list[Run]:
        """Return the given runs that are still queued, in the order in which they were written."""
        query = (
            sa.select(runs)
            .where(runs.c.sequence.in_(sequences), runs.c.state == RunState.QUEUED.value)
            .order_by(runs.c.sequence)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [run_of(row) for row in rows]

    async def enqueue_open_runs(self) -> None:
        """Put every queued run into the nodes' shared queue unless it is there already."""
        query = sa.select(runs).where(runs.c.state == RunState.QUEUED.value).order_by(runs.c.sequence)

        def enqueue(connection: Connection) -> None:
            pgqueuer_rows.rename_older_keys(connection)
            for rows in connection.execute(query).mappings().partitions(1000):
                pgqueuer_rows.enqueue(connection, [run_of(row) for row in rows])

        await self._database.write(enqueue)

    async def has_earlier_open(self, run: Run) -> bool:
        """Return whether an open run of the same job was created, or requested again, earlier."""
        earlier = sa.or_(
            runs.c.claimed_at < run.claimed_at,
            sa.and_(runs.c.claimed_at == run.claimed_at, runs.c.sequence < run.sequence),
        )
        query = sa.select(
            sa.exists().where(
                runs.c.job_id == run.job_id,
                runs.c.state == RunState.QUEUED.value,
                _own_column == _own(run.part),
                earlier,
            )
        )
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def is_open(self, run: Run) -> bool:
        """Return whether a run hasn't ended yet."""
        query = sa.select(sa.exists().where(*_still_queued(run.sequence, *run.identity)))
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def has_later(self, run: Run) -> bool:
        """Return whether a later run of the same job exists that may replace this one."""
        query = sa.select(
            sa.exists().where(
                runs.c.job_id == run.job_id,
                runs.c.scheduled_at > run.scheduled_at,
                runs.c.claimed_at > run.claimed_at,
                _own_column == _own(run.part),
                runs.c.state.in_((RunState.QUEUED.value, RunState.SUCCEEDED.value)),
            )
        )
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def open_runs(
        self, handler_id: str, after: tuple[int, int], limit: int, *, but: Collection[str] = ()
    ) -> list[Run]:
        """Return a handler's queued runs in the order of their start tags.

        Parameters:
            handler_id: the handler.
            after: the start tag and the sequence after which to begin.
            limit: the most runs.
            but: the flows to leave out.
        """
        query = (
            sa.select(runs)
            .where(
                runs.c.state == RunState.QUEUED.value,
                runs.c.handler_id == handler_id,
                sa.tuple_(runs.c.start_tag, runs.c.sequence) > sa.tuple_(*after),
                *([flow.not_in(list(but))] if but else []),
            )
            .order_by(runs.c.start_tag, runs.c.sequence)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [run_of(row) for row in rows]

    async def handlers_with_open_runs(self) -> list[str]:
        """Return the handlers that have queued runs, for example after a restart."""
        query = sa.select(runs.c.handler_id).where(runs.c.state == RunState.QUEUED.value).distinct()
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def write_outcomes(
        self,
        changed: Sequence[Run],
        pausing: Collection[str] = (),
        final: Collection[Identity] = (),
        claims: Mapping[str, UUID] | None = None,
    ) -> Written:
        """Record the outcomes of runs. A run that has been cancelled stays cancelled.

        What follows a run that succeeded is saved in the same transaction.

        Parameters:
            changed: the runs in their new state.
            pausing: the ids of jobs to pause until someone looks at them.
            final: failed runs that no retry mends; their job is paused as well if its last
                `MOST_FAILURES` runs all failed in the same way.
            claims: the claims of this node, if several nodes share the runs. What another node has
                claimed since stays as it is, except that a success counts whoever has the run now: its
                call has been answered, and nobody needs to repeat it.
        """

        def write(connection: Connection) -> Written:
            ours = _ours(connection, changed, claims) if claims is not None else list(changed)
            next_at = record(connection, ours)
            return Written({run.identity for run in ours}, next_at)

        def record(connection: Connection, changed: Sequence[Run]) -> datetime | None:
            statement = (
                sa.update(runs)
                .where(
                    *_still_queued(
                        sa.bindparam("run"),
                        sa.bindparam("of_job"),
                        sa.bindparam("due"),
                        sa.bindparam("claimed"),
                    )
                )
                .values({name: sa.bindparam(f"new_{name}") for name in OUTCOME_COLUMNS})
            )
            values = [
                {
                    "run": run.sequence,
                    "of_job": run.job_id,
                    "due": run.scheduled_at,
                    "claimed": run.claimed_at,
                    **{f"new_{name}": value for name, value in outcome_columns(run).items()},
                }
                for run in changed
            ]
            posted = [
                {"message_id": message_id, "run_sequence": run.sequence}
                for run in changed
                for message_id in messages_of(run)
            ]
            if posted:
                connection.execute(insert_new(connection, posts), posted)
            each = list(zip(changed, values, strict=True))
            plain = [row for run, row in each if run.state not in TROUBLES and not _may_go_on(run)]
            if plain:
                connection.execute(statement, plain)
            due: list[datetime] = []
            for run, row in each:
                kind = TROUBLES.get(run.state)
                if kind is None and not _may_go_on(run):
                    continue
                if connection.execute(statement, row).rowcount != 1:
                    continue  # it was cancelled
                if kind is not None:
                    troubles.note(connection, kind, run.sequence)
                elif (at := follow(connection, run)) is not None:
                    due.append(at)
                    faults.point("store.followed")
            pgqueuer_rows.remove(
                connection,
                [pgqueuer_rows.key_of(run) for run in changed if run.state is not RunState.QUEUED],
            )
            failing = {(run.job_id, run.part) for run in changed if run.identity in final}
            given_up = {job_id for job_id, part in failing if _keeps_failing(connection, job_id, part)}
            paused = {run.job_id for run in changed if run.job_id in pausing}
            for job_id in {*paused, *given_up}:
                pause_job(connection, job_id)
            for run in changed:
                if run.state is RunState.SUCCEEDED and run.job_id.startswith(ENDINGS):
                    finish_ending(connection, run)
            faults.point("store.record")
            return min(due, default=None)

        return await self._database.write(write)

    async def runs(
        self, wanted: RunFilter, *, before_sequence: int | None, limit: int
    ) -> tuple[list[Run], int | None]:
        """Return a page of runs, newest first, and the cursor of the next page, None after the last one."""
        query = run_query(wanted, sa.select(runs)).order_by(runs.c.sequence.desc()).limit(limit + 1)
        if before_sequence is not None:
            query = query.where(runs.c.sequence < before_sequence)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [run_of(row) for row in rows[:limit]]
        return page, page[-1].sequence if len(rows) > limit else None

    async def total(self, wanted: RunFilter) -> int:
        """Return how many runs all pages of `runs` together have."""
        query = run_query(wanted, sa.select(sa.func.count()).select_from(runs))
        return await self._database.read(lambda connection: connection.scalar(query) or 0)

    async def run_counts(self) -> list[RunCount]:
        """Return the number of runs in each state and how long they took, by handler."""
        took = _microseconds(runs.c.finished_at) - _microseconds(runs.c.started_at)
        query = sa.select(
            runs.c.handler_id, runs.c.state, sa.func.count(), sa.func.sum(took), sa.func.count(took)
        ).group_by(runs.c.handler_id, runs.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [
            RunCount(handler_id, RunState(state), count, timedelta(microseconds=int(total or 0)), timed)
            for handler_id, state, count, total, timed in rows
        ]

    async def busiest(self, now: datetime) -> list[Busy]:
        """Return the guilds that keep the bot busiest."""
        return await self._database.read(lambda connection: busiest(connection, now))

    async def forget_runs(self, before: datetime, after_sequence: int, limit: int) -> tuple[int, int | None]:
        """Delete ended runs among the oldest ones.

        Parameters:
            before: delete runs claimed before this instant.
            after_sequence: the sequence at which the last step stopped.
            limit: the most runs to look at.

        Returns the number of deleted runs and the sequence from which to continue, None when no old runs are
        left.
        """

        def forget(connection: Connection) -> tuple[int, int | None]:
            oldest = connection.execute(
                sa.select(runs.c.sequence, runs.c.claimed_at, runs.c.state)
                .where(runs.c.sequence > after_sequence)
                .order_by(runs.c.sequence)
                .limit(limit)
            ).all()
            found = [
                row.sequence
                for row in oldest
                if row.claimed_at < before and row.state != RunState.QUEUED.value
            ]
            if found:
                connection.execute(sa.delete(posts).where(posts.c.run_sequence.in_(found)))
                connection.execute(
                    sa.delete(runs).where(runs.c.sequence.in_(found), runs.c.state != RunState.QUEUED.value)
                )
            more = len(oldest) == limit and oldest[-1].claimed_at < before
            return len(found), oldest[-1].sequence if more else None

        return await self._database.write(forget)

    async def clear_runs(self) -> int:
        """Delete all ended runs and return their number."""

        def clear(connection: Connection) -> int:
            connection.execute(sa.delete(posts))
            query = sa.delete(runs).where(runs.c.state != RunState.QUEUED.value)
            return connection.execute(query).rowcount

        return await self._database.write(clear)
