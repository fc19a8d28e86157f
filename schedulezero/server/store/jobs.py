"""Queries of jobs. `claiming` claims the due ones, and `runs` holds the queries of runs.

Each change names the state it expects; the number of rows it changed says whether it succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import ScheduleZeroError
from schedulezero.model import Job, JobState, Run, RunState
from schedulezero.model.limits import NO_LIMITS, Excess, Limits
from schedulezero.server.decisions.due import Due
from schedulezero.server.decisions.refusal import LimitReached
from schedulezero.server.records import audit, versions
from schedulezero.server.records.queries import JobFilter, JobOrder, Position, job_page_query
from schedulezero.server.records.rows import job_of
from schedulezero.server.records.tables import jobs
from schedulezero.server.store import claiming
from schedulezero.server.store.changing import Edit, change_jobs
from schedulezero.server.store.hourly_limit import runs_lately
from schedulezero.server.store.job_rows import find_job, insert_jobs, known_ids, replace_job, tell_clocks
from schedulezero.server.store.room import FREELY, Admission, Room, count_jobs
from schedulezero.storage.batching import Together
from schedulezero.storage.database import Database

_LARGEST_BATCH = 200
"""The most jobs that one transaction adds or changes, so that others soon get the writer."""


class Store:
    """Jobs in a database.

    Parameters:
        database: the database that holds them.
        limits: the owner's limits.
    """

    def __init__(self, database: Database, limits: Limits = NO_LIMITS) -> None:
        self._database = database
        self.outage = database.outage
        self.limits = limits
        self._adds = Together(self._add_jobs, most=_LARGEST_BATCH)
        self._changes = Together(self._change_jobs, most=_LARGEST_BATCH)

    async def close(self) -> None:
        """Wait until every pending save has its answer. The store can't be used afterwards."""
        await self._adds.close()
        await self._changes.close()

    async def add_job(
        self, job: Job, *, replace: bool = False, by: str | None = None, admission: Admission = FREELY
    ) -> bool:
        """Add a job. Returns False when its id is taken, unless ``replace`` is set.

        Raises LimitReached when there is no room for it.
        """

        def put(connection: Connection) -> bool:
            before = find_job(connection, job.id, to_change=True)
            if admission.needs_place(before, job):
                assert job.guild_id is not None
                excess = Room(connection, {job.guild_id}).make(before, job, admission)
                if excess is not None:
                    raise LimitReached(excess)
            return replace_job(connection, job, by)

        if replace:
            return await self._database.write(put)
        added = await self._adds.ask((job, by, admission))
        if isinstance(added, Excess):
            raise LimitReached(added)
        return added

    async def _add_jobs(self, new: Sequence[tuple[Job, str | None, Admission]]) -> list[bool | Excess]:
        """Add a batch of jobs. For each one, returns True, False if its id is taken, or the limit reached."""

        def add(connection: Connection) -> list[bool | Excess]:
            first: dict[str, tuple[Job, Admission]] = {}
            for job, _, admission in new:
                first.setdefault(job.id, (job, admission))
            counted = {job.guild_id for job, _ in first.values() if job.guild_id is not None}
            room = Room(connection, counted)
            # A request that is repeated must not be told that there's no room for what it has saved.
            taken = known_ids(connection, first) if counted else set[str]()
            excess = {
                job_id: found
                for job_id, (job, admission) in first.items()
                if job_id not in taken and (found := room.take(job, admission)) is not None
            }
            fresh = [
                job for job_id, (job, _) in first.items() if job_id not in excess and job_id not in taken
            ]
            ids = insert_jobs(connection, fresh)
            added = [job.id in ids and first[job.id][0] is job for job, _, _ in new]
            made = [(job, by) for (job, by, _), is_new in zip(new, added, strict=True) if is_new]
            if made:
                tell_clocks(connection, *(job for job, _ in made))
                kept = [versions.version_row(job, "created", by) for job, by in made]
                versions.note_rows(connection, kept)
                noted = zip(made, kept, strict=True)
                audit.note_rows(
                    connection,
                    [audit.job_row("created", None, job, row["job"], by) for (job, by), row in noted],
                )
            return [
                excess[job.id] if job.id in excess and first[job.id][0] is job else is_new
                for (job, _, _), is_new in zip(new, added, strict=True)
            ]

        return await self._database.write(add)

    async def job(self, job_id: str) -> Job | None:
        """Return the job with that id, even if it is cancelled, or None."""
        return await self._database.read(lambda connection: find_job(connection, job_id))

    async def guilds_of(self, job_ids: Collection[str]) -> dict[str, tuple[str | None, int]]:
        """Return the guild and the version of each of these jobs that exists."""
        query = sa.select(jobs.c.id, jobs.c.guild_id, jobs.c.version).where(jobs.c.id.in_(job_ids))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.id: (row.guild_id, row.version) for row in rows}

    async def jobs(
        self,
        wanted: JobFilter,
        *,
        order: JobOrder = JobOrder.NEXT,
        after: Position | None = None,
        limit: int,
    ) -> tuple[list[Job], Position | None]:
        """Return a page of jobs and the position of the next page, None after the last one."""
        page, following, _ = await self.jobs_and_states(wanted, order=order, after=after, limit=limit)
        return page, following

    async def jobs_and_states(
        self,
        wanted: JobFilter,
        *,
        order: JobOrder = JobOrder.NEXT,
        after: Position | None = None,
        limit: int,
        last_states: bool = False,
    ) -> tuple[list[Job], Position | None, dict[str, RunState]]:
        """Return what `jobs` returns and, if asked for, the state of each job's last run by the job's id."""
        query = job_page_query(wanted, order, after, limit + 1, last_states=last_states)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [job_of(row) for row in rows[:limit]]
        following = (rows[limit - 1]["sorted_by"], page[-1].id) if len(rows) > limit else None
        states = (
            {row["id"]: RunState(row["last_state"]) for row in rows[:limit] if row["last_state"] is not None}
            if last_states
            else {}
        )
        return page, following, states

    async def usage(self, guild_id: str, person_id: str | None, now: datetime) -> tuple[int, int | None, int]:
        """Return a guild's number of jobs, a person's share of them, and its runs in the last minute."""

        def count(connection: Connection) -> tuple[int, int | None, int]:
            mine = count_jobs(connection, guild_id, person_id) if person_id is not None else None
            return count_jobs(connection, guild_id), mine, runs_lately(connection, guild_id, now)

        return await self._database.read(count)

    async def outlook(self) -> tuple[int, datetime | None]:
        """Return how many jobs are active, and when the next one falls due."""
        return await self._database.read(
            lambda connection: (claiming.count_active(connection), claiming.next_due_at(connection))
        )

    async def count_by_state(self) -> dict[str, int]:
        """Return how many jobs are in each state that any is in. Raises DatabaseUnavailable."""
        return await self._database.read(claiming.count_by_state)

    async def handlers_needed(self) -> frozenset[str]:
        """Return the handlers of all jobs that may still run."""
        over = (JobState.FINISHED.value, JobState.CANCELLED.value)
        query = sa.select(jobs.c.handler_id).where(jobs.c.state.not_in(over)).distinct()
        return frozenset(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def change_job(
        self,
        job_id: str,
        change: Callable[[Job], Job | None],
        *,
        action: str,
        by: str | None = None,
        admission: Admission = FREELY,
    ) -> Job | None:
        """Read a job, change it and write it back with a new version, in one transaction.

        Changes that are asked for at the same time share a transaction; each is refused alone.

        Parameters:
            job_id: the job to change.
            change: returns the changed job, or None to leave it unchanged; it may raise to refuse.
            action: the action in one word.
            by: the id of the user who makes the change.
            admission: the limits to check if the job takes a new place, for example when it is restored.

        Returns the job after the change, or None if it doesn't exist. Raises LimitReached when there is no
        room for it.
        """

        outcome = await self._changes.ask(Edit(job_id, change, action, by, admission))
        if isinstance(outcome, ScheduleZeroError):
            raise outcome
        return outcome

    async def _change_jobs(self, edits: Sequence[Edit]) -> Sequence[Job | ScheduleZeroError | None]:
        return await self._database.write(lambda connection: change_jobs(connection, edits))

    async def claim_due(
        self,
        now: datetime,
        limit: int,
        decide: Callable[[Job], Due],
        most_an_hour: Callable[[str], int | None] = lambda guild_id: None,
        check: Callable[[Connection], None] = lambda connection: None,
    ) -> tuple[list[Run], datetime | None]:
        """Turn due jobs into runs and move the jobs on, in one transaction.

        Parameters:
            now: the current instant.
            limit: the most jobs to claim.
            decide: returns the decision for a due job.
            most_an_hour: returns how many runs a guild may have within an hour; None for no limit.
            check: raises if ``now`` can't be trusted.

        Returns the runs to dispatch and the instant at which the next job falls due. (On PostgreSQL that
        instant may be in the past if another node is claiming the job; this node leaves it alone.)
        """

        def claim(connection: Connection) -> tuple[list[Run], datetime | None]:
            check(connection)
            due = claiming.due_jobs(connection, now, limit)
            claimed = claiming.runs_of(connection, due, now, decide, self.limits, most_an_hour)
            return claiming.write(connection, claimed), claiming.next_due_at(connection)

        return await self._database.write(claim)
