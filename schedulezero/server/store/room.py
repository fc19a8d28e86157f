"""Checks that a guild or a person has room for one more job, in the transaction that saves it.

On PostgreSQL that transaction holds the guild's lock until it ends, so that two concurrent saves can't both
take the last place. SQLite has one writer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import Job, JobState
from schedulezero.model.limits import (
    NO_LIMITS,
    Excess,
    Limits,
    check_jobs,
    check_persons_jobs,
    check_reminders,
    is_ending,
    is_personal,
)
from schedulezero.server.records.tables import jobs
from schedulezero.storage.sql import is_postgres

LIVE = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)
_LIVE = tuple(state.value for state in LIVE)
_LOCK = 0x535A0003  # the class of our advisory locks for guilds


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits that apply when a job is saved.

    Attributes:
        limits: the owner's limits.
        own_most: returns the most jobs that a guild allows itself; None for no limit of its own.
        per_person: whether the per-person limit applies, because the creator may only schedule.
    """

    limits: Limits = NO_LIMITS
    own_most: Callable[[str], int | None] = field(default=lambda _: None)
    per_person: bool = False

    def counts(self, job: Job | None) -> bool:
        """Return whether a job takes a place."""
        return job is not None and job.guild_id is not None and job.state in LIVE and not is_ending(job)

    def needs_place(self, before: Job | None, after: Job) -> bool:
        """Return whether a saved job takes a place that it didn't have: in its guild, or among a person's."""
        return self.counts(after) and not (
            self.counts(before)
            and before is not None
            and (before.guild_id, before.creator_id) == (after.guild_id, after.creator_id)
        )


FREELY = Admission()
"""Without any limit."""


class Room:
    """The room that is left for more jobs, within one transaction.

    Parameters:
        connection: the transaction's connection.
        guild_ids: the guilds of the jobs about to be saved.
    """

    def __init__(self, connection: Connection, guild_ids: Collection[str]) -> None:
        self._connection = connection
        self._used: dict[tuple[str | None, str | None], int] = {}
        lock_guilds(connection, guild_ids)

    def make(self, before: Job | None, after: Job, admission: Admission) -> Excess | None:
        """Take the place that a saved job needs. Returns the limit that leaves no place, otherwise None.

        A job that moves to another person keeps its place in the guild and takes one of that person's places.
        """
        if admission.counts(before) and before is not None and before.guild_id == after.guild_id:
            excess = self.take_over(after, admission)
            if excess is None and after.creator_id is not None:
                self._note(after.guild_id, after.creator_id)
            return excess
        return self.take(after, admission)

    def take(self, job: Job, admission: Admission) -> Excess | None:
        """Take a place for a job. Returns the limit that leaves no place, otherwise None."""
        if not admission.counts(job) or job.guild_id is None:
            return None
        limits, guild_id, creator_id = admission.limits, job.guild_id, job.creator_id
        if is_personal(guild_id, creator_id):
            if limits.reminders_per_person is None:
                return None
            excess = check_reminders(self._count(guild_id), limits)
        else:
            own = admission.own_most(guild_id)
            excess = None
            if own is not None or limits.jobs_per_guild is not None:
                excess = check_jobs(self._count(guild_id), limits.jobs_per_guild, own)
            if excess is None:
                excess = self.take_over(job, admission)
        if excess is None:
            self._note(guild_id, None)
            if creator_id is not None:
                self._note(guild_id, creator_id)
        return excess

    def take_over(self, job: Job, admission: Admission) -> Excess | None:
        """Return the limit that its creator exceeds with a job that has its place in the guild, or None."""
        creator_id, limits = job.creator_id, admission.limits
        limited = admission.per_person and limits.jobs_per_person is not None
        if not limited or creator_id is None or job.guild_id in (None, creator_id):
            return None
        return check_persons_jobs(self._count(job.guild_id, creator_id), limits, creator_id)

    def _note(self, guild_id: str | None, creator_id: str | None) -> None:
        """Note that a place was taken: in a guild, or among a person's in it."""
        if (guild_id, creator_id) in self._used:
            self._used[guild_id, creator_id] += 1

    def _count(self, guild_id: str, creator_id: str | None = None) -> int:
        key = (guild_id, creator_id)
        if key not in self._used:
            self._used[key] = count_jobs(self._connection, guild_id, creator_id)
        return self._used[key]


def count_jobs(connection: Connection, guild_id: str, creator_id: str | None = None) -> int:
    """Count the jobs of a guild, or of one person in it, that aren't over, without endings."""
    ending = sa.and_(jobs.c.id.like("after-%"), jobs.c.trigger_type == "date")
    query = sa.select(sa.func.count()).where(
        jobs.c.guild_id == guild_id, jobs.c.state.in_(_LIVE), sa.not_(ending)
    )
    if creator_id is not None:
        query = query.where(jobs.c.creator_id == creator_id)
    return connection.scalar(query) or 0


def lock_guilds(connection: Connection, guild_ids: Collection[str]) -> None:
    """Keep other transactions from saving jobs or creating runs of these guilds until this one ends."""
    if not guild_ids or not is_postgres(connection):
        return
    # Sorted, so that two transactions that lock several guilds can't deadlock.
    keys = sorted({lock_of(guild_id)[1] for guild_id in guild_ids})
    statement = "SELECT pg_advisory_xact_lock($1::int, key) FROM unnest($2::int[]) AS key"
    connection.exec_driver_sql(statement, (_LOCK, keys))


def lock_of(guild_id: str) -> tuple[int, int]:
    """Return the advisory lock of a guild: its class and its key."""
    return _LOCK, zlib.crc32(guild_id.encode()) - 2**31
