"""The limits of runs per hour (a guild's rules) and per minute (the owner's limits).

Both are counted in the transaction that creates the runs. A run over the hourly limit is skipped. A run over
the minute limit waits: its ``not_before`` and its ``claimed_at`` move to the instant at which there is room,
so that one table shows which runs may start and which wait for their turn. On PostgreSQL the guild's lock
applies the limit across all nodes.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import MissedPolicy, OverlapPolicy, Run, RunState
from schedulezero.model.limits import MINUTE, Limits, given_up, held_back, is_personal
from schedulezero.sentences import Sentence, in_a_row, sentence_fields
from schedulezero.server.decisions.due import REPLACED
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.records.tables import runs
from schedulezero.server.store.room import lock_guilds

LONGEST_HOLD = timedelta(hours=1)
"""How long a scheduled run may wait for its turn; a run that would wait longer is skipped."""
LONGEST_HOLD_BY_HAND = timedelta(minutes=10)
MOST_WAITING = 100
"""The most runs of one job that may wait if they don't give way to later ones."""
_HOUR = timedelta(hours=1)
_ABOUT_TO_BEGIN = timedelta(seconds=2)
_CLOCK_SKEW = timedelta(seconds=5)  # between nodes
_NOT_DONE = (RunState.SKIPPED.value, RunState.MISSED.value, RunState.CANCELLED.value)


def limited_a_minute(limits: Limits, wanted: Iterable[tuple[str | None, str | None]]) -> set[str]:
    """Return whose runs the owner's number a minute bounds, of guilds and creators of runs."""
    return {
        guild_id
        for guild_id, creator_id in wanted
        if guild_id is not None and limits.runs_a_minute(is_personal(guild_id, creator_id)) is not None
    }


class HourlyAllowance:
    """How many more runs each guild may have within the hour, counted once per transaction.

    Its caller holds the lock of each guild with such a number, so that no other node counts at the same time.
    """

    def __init__(
        self, connection: Connection, now: datetime, most_an_hour: Callable[[str], int | None]
    ) -> None:
        self._connection = connection
        self._since = now - _HOUR
        self._most = most_an_hour
        self._left: dict[str, int] = {}

    def take(self, guild_id: str | None) -> Sentence | None:
        """Take one run from a guild's allowance. Returns the reason if it is used up, otherwise None."""
        most = self._most(guild_id) if guild_id is not None else None
        if guild_id is None or most is None:
            return None
        if guild_id not in self._left:
            query = sa.select(sa.func.count()).where(
                runs.c.guild_id == guild_id,
                runs.c.claimed_at > self._since,
                runs.c.state.not_in((RunState.SKIPPED.value, RunState.MISSED.value)),
            )
            self._left[guild_id] = most - (self._connection.scalar(query) or 0)
        if self._left[guild_id] <= 0:
            return Sentence("The server's run limit ({most} an hour) was reached.", "hourly_limit", most=most)
        self._left[guild_id] -= 1
        return None


class MinuteAllowance:
    """When the next run of each guild, or of a person's reminders, may begin, for one transaction.

    Parameters:
        connection: the transaction's connection.
        now: the current instant.
        limits: the owner's limits.
        wanted: the guild and creator of each run about to be created.
    """

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        limits: Limits,
        wanted: Iterable[tuple[str | None, str | None]],
    ) -> None:
        self._connection = connection
        self._now = now
        self._limits = limits
        self._began: dict[str, list[datetime]] = {}
        self._waiting: dict[str, int] = {}
        limited = limited_a_minute(limits, wanted)
        lock_guilds(connection, limited)
        if limited:
            self._read(limited)

    def _read(self, guild_ids: set[str]) -> None:
        self._began = {guild_id: [] for guild_id in guild_ids}
        query = sa.select(runs.c.guild_id, runs.c.claimed_at).where(
            runs.c.guild_id.in_(guild_ids), _lately(self._now)
        )
        for guild_id, at in self._connection.execute(query):
            self._began[guild_id].append(at)
        for instants in self._began.values():
            instants.sort()

    def next_at(self, run: Run) -> datetime:
        """Return the instant from which there is room for a run, without taking that room."""
        most = self._limits.runs_a_minute(is_personal(run.guild_id, run.creator_id))
        began = self._began.get(run.guild_id) if run.guild_id is not None else None
        if began is None or most is None or len(began) < most:
            return self._now
        return max(self._now, began[-most] + MINUTE)

    def place(self, run: Run, *, ending: bool = False, by_hand: bool = False) -> Run | None:
        """Return a run with the instant at which it may begin, or None if it would wait too long.

        Parameters:
            run: the run that is being created.
            ending: whether it undoes something; such a run doesn't wait.
            by_hand: whether a person asked for it; such a run doesn't give way to a later one.
        """
        at = self._now if ending else self.next_at(run)
        if at - self._now > (LONGEST_HOLD_BY_HAND if by_hand else LONGEST_HOLD):
            return None
        if run.guild_id in self._began:
            insort(self._began[run.guild_id], at)
        if at <= self._now:
            return run
        held = self._held(run, at)
        return replace(held, missed=MissedPolicy.ALL) if by_hand else held

    def let_through(self, run: Run, *, ending: bool) -> Run:
        """Return a scheduled run that begins now, waits for its turn, or is skipped because too many wait."""
        if not ending and self.next_at(run) > self._now:
            if gives_way(run):
                if (instead := self._in_place_of_earlier(run)) is not None:
                    return instead
            elif self._count_waiting(run.job_id) >= MOST_WAITING:
                return self._given_up(run)
        return self.place(run, ending=ending) or self._given_up(run)

    def _given_up(self, run: Run) -> Run:
        note = given_up(self._limits, personal=is_personal(run.guild_id, run.creator_id))
        return replace(run, state=RunState.SKIPPED, number=0, note=note)

    def _in_place_of_earlier(self, run: Run) -> Run | None:
        """End the waiting earlier runs of the job and return the run in their place; None if none waits."""
        query = sa.select(runs.c.sequence, runs.c.scheduled_at, runs.c.claimed_at, runs.c.not_before).where(
            runs.c.job_id == run.job_id,
            runs.c.state == RunState.QUEUED.value,
            runs.c.attempts == 0,
            runs.c.not_before > self._now + _ABOUT_TO_BEGIN,
            runs.c.missed != MissedPolicy.ALL.value,
        )
        waiting = self._connection.execute(query.order_by(runs.c.not_before)).all()
        if not waiting:
            return None
        replaced = [row.sequence for row in waiting]
        self._connection.execute(
            sa.update(runs)
            .where(runs.c.sequence.in_(replaced), runs.c.state == RunState.QUEUED.value)
            .values(
                state=RunState.SKIPPED.value,
                **sentence_fields("error", REPLACED),
                finished_at=self._now,
                not_before=None,
            )
        )
        pgqueuer_rows.remove(
            self._connection,
            [pgqueuer_rows.queue_key(run.job_id, row.scheduled_at, row.claimed_at) for row in waiting],
        )
        return self._held(run, waiting[0].not_before)

    def _count_waiting(self, job_id: str) -> int:
        if job_id not in self._waiting:
            query = sa.select(sa.func.count()).where(
                runs.c.job_id == job_id,
                runs.c.state == RunState.QUEUED.value,
                runs.c.not_before > self._now,
            )
            self._waiting[job_id] = self._connection.scalar(query) or 0
        return self._waiting[job_id]

    def _held(self, run: Run, at: datetime) -> Run:
        if run.job_id in self._waiting:
            self._waiting[run.job_id] += 1
        personal = is_personal(run.guild_id, run.creator_id)
        note = held_back(at - self._now, self._limits, personal=personal)
        return replace(run, claimed_at=at, not_before=at, note=in_a_row(run.note, note))


def gives_way(run: Run) -> bool:
    """Return whether a waiting run gives way to a later one of its job."""
    return run.missed is not MissedPolicy.ALL and run.overlap is not OverlapPolicy.WAIT


def runs_lately(connection: Connection, guild_id: str, now: datetime) -> int:
    """Return how many runs of a guild began within the last minute or wait for their turn."""
    query = sa.select(sa.func.count()).where(runs.c.guild_id == guild_id, _lately(now))
    return connection.scalar(query) or 0


def _lately(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition for runs that count toward the current minute.

    A run that ended in the future ran before the system's clock was set back; it must not delay others.
    """
    return sa.and_(
        runs.c.claimed_at > now - MINUTE,
        runs.c.state.not_in(_NOT_DONE),
        sa.or_(runs.c.claimed_at <= now + _CLOCK_SKEW, runs.c.state == RunState.QUEUED.value),
    )
