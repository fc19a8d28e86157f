"""The calls a client can make, whichever REST dialect the server speaks.

`JobsDialect` is the full dialect of our embedded server; `SchedulesDialect` is the published server's. A
dialect lists its missing features in `Dialect.lacks`, each with a sentence, so that an interface can disable
them; calling one anyway raises NotSupported with that sentence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from schedulezero.errors import ClientError, NotSupported
from schedulezero.model import GuildRules, Job, JobState, JobVersion, Run, RunState, Trouble
from schedulezero.model.audit import AuditEntry, Change
from schedulezero.model.busy import Busy
from schedulezero.model.feed import Feed, NewFeed, Shown
from schedulezero.model.limits import Allowance

PAGE = 25


class Feature(StrEnum):
    """A feature that not every dialect has."""

    PAUSE = "pause"
    EDIT = "edit"
    UNDO = "undo"
    CALENDAR = "calendar"
    HOLD = "hold"
    BULK = "bulk"
    MAKE_UP = "make up"
    RULES = "rules"
    TROUBLES = "troubles"
    AUDIT = "audit"
    APPROVAL = "approval"
    POLICIES = "policies"
    LIVENESS = "liveness"
    HISTORY = "history"
    FORGET = "forget"
    PARTS = "parts"
    FEEDS = "feeds"


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which of a guild's jobs to list, and how; None means any.

    ``sort`` is ``next`` (run), ``name`` or ``created`` (newest first).
    """

    state: JobState | None = None
    method: str | None = None
    channel_id: str | None = None
    creator_id: str | None = None
    text: str | None = None
    sort: str = "next"


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, next run first; ``next_cursor`` is None on the last page.

    ``last_states`` has the state of each job's last run by the job's id, if it was asked for; ``total`` is
    how many jobs all pages together have, None if that wasn't asked for or the server doesn't tell.
    """

    jobs: tuple[Job, ...]
    next_cursor: str | None
    last_states: Mapping[str, RunState] = field(default_factory=dict[str, RunState])
    total: int | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs, newest first; ``next_cursor`` is None on the last page.

    ``total`` is how many runs all pages together have, None if that wasn't asked for or the server doesn't
    tell.
    """

    runs: tuple[Run, ...]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the audit log, newest first; ``next_cursor`` is None on the last page."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BulkChange:
    """One change to many jobs.

    Attributes:
        action: ``pause``, ``resume``, ``cancel``, ``change`` or ``restore``.
        jobs: job id → the version that it must have (None for any).
        params: for ``change``, params to merge into each job's params.
        versions: for ``restore``, job id → the version to restore.
    """

    action: str
    jobs: Mapping[str, int | None]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    versions: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The result of a bulk change: job id → (version before, version after), and job id → why it failed."""

    changed: Mapping[str, tuple[int, int]]
    refused: Mapping[str, str]


class Dialect(ABC):
    """The calls of a server; ``by`` is the user id of the person who requests a change."""

    lacks: Mapping[Feature, str]
    published: bool = False
    """Whether it is the dialect of a published ScheduleZero server."""

    def _without(self, feature: Feature) -> NotSupported:
        return NotSupported(self.lacks[feature])

    # ---------------------------------------------------------------- calls that every dialect has

    @abstractmethod
    async def create(self, job: Job, by: str | None = None) -> Job:
        """Save a new job."""

    async def create_many(self, jobs: Sequence[Job], by: str | None = None) -> tuple[Job | ClientError, ...]:
        """Save new jobs, up to the limits of one request; return each as saved, or why it wasn't.

        Raises ClientError if the server doesn't answer; it may have saved some of them.
        """
        found: list[Job | ClientError] = []
        for job in jobs:
            try:
                found.append(await self.create(job, by))
            except ClientError as error:
                found.append(error)
        return tuple(found)

    @abstractmethod
    async def show(self, job_id: str) -> Job:
        """Return a job by id; raises NotFound if it doesn't exist."""

    async def show_with_last_run(self, job_id: str) -> tuple[Job, Run | None]:
        """Return a job by id with its newest run; raises NotFound if the job doesn't exist."""
        job = await self.show(job_id)
        page = await self.runs(job.guild_id, job_id=job_id, limit=1)
        return job, page.runs[0] if page.runs else None

    @abstractmethod
    async def jobs(
        self,
        guild_id: str,
        query: JobQuery = JobQuery(),
        *,
        cursor: str | None = None,
        limit: int = PAGE,
        last_states: bool = False,
        total: bool = False,
    ) -> JobPage:
        """Return a page of a guild's jobs.

        With ``last_states`` also how the last run of each stands, with ``total`` how many there are.
        """

    @abstractmethod
    async def due_before(self, instant: datetime, *, cursor: str | None, limit: int) -> JobPage:
        """Return a page of all guilds' active jobs that run by an instant (inclusive), earliest first."""

    @abstractmethod
    async def cancel(self, job: Job, by: str | None = None) -> Job:
        """End a job."""

    @abstractmethod
    async def run(self, job: Job, by: str | None = None) -> Run:
        """Run a job once, now; raises Conflict if it has changed since."""

    @abstractmethod
    async def runs(
        self,
        guild_id: str | None,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
        total: bool = False,
    ) -> RunPage:
        """Return a page of a guild's runs, newest first; None only for a job without a guild.

        With ``total`` also how many there are.
        """

    @abstractmethod
    async def run_of_message(self, guild_id: str, message_id: int) -> Run | None:
        """Return the run that posted a message; None if none of this guild's runs did."""

    # ---------------------------------------------------------------- calls that a dialect may lack

    async def change(self, job: Job, version: int, by: str | None = None) -> Job:
        """Save an edited job; raises Conflict if it is no longer at that version."""
        raise self._without(Feature.EDIT)

    async def restore(
        self,
        job_id: str,
        version: int | None = None,
        *,
        expected: int | None = None,
        by: str | None = None,
    ) -> Job:
        """Undo a cancellation, or restore a job's version; raises Conflict if the job isn't as expected."""
        raise self._without(Feature.UNDO)

    async def forget(self, place: str) -> None:
        """Erase a guild with its jobs and history, or a person's own jobs by the person's id."""
        raise self._without(Feature.FORGET)

    async def pause(
        self,
        job_id: str,
        until: datetime | None = None,
        by: str | None = None,
        *,
        version: int | None = None,
    ) -> Job:
        """Pause a job, until it is resumed or an instant; raises Conflict if it is at another version."""
        raise self._without(Feature.PAUSE)

    async def resume(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        """Resume a paused or held job; raises Conflict if it is no longer at that version."""
        raise self._without(Feature.PAUSE)

    async def skip(self, job_id: str, by: str | None = None, *, at: datetime | None = None) -> Job:
        """Skip a job's next run; with ``at`` only that one, and nothing if it is skipped already.

        Raises Conflict if another run is next.
        """
        raise self._without(Feature.HOLD)

    async def approve(
        self, job_id: str, by: str | None = None, *, version: int | None = None, past_at_once: bool = False
    ) -> Job:
        """Approve a pending job; with ``past_at_once``, a date that has passed runs at once.

        Raises Conflict if it is no longer at that version, and RequestRefused if it has no run left.
        """
        raise self._without(Feature.APPROVAL)

    async def ask_for_changes(
        self, job_id: str, comment: str, by: str | None = None, *, version: int | None = None
    ) -> Job:
        """Send a pending job back with a comment; raises Conflict if it is no longer at that version."""
        raise self._without(Feature.APPROVAL)

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None = None) -> BulkOutcome:
        """Apply one change to many jobs of a guild, up to the limit of one request."""
        raise self._without(Feature.BULK)

    async def versions(self, job_id: str, limit: int = 20) -> tuple[JobVersion, ...]:
        """Return a job's versions, one per change, newest first."""
        raise self._without(Feature.UNDO)

    async def missing(self, job_id: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """Return the instants of a job within a period that didn't run successfully."""
        raise self._without(Feature.MAKE_UP)

    async def make_up(
        self, job_id: str, at: Sequence[datetime], by: str | None = None, *, version: int | None = None
    ) -> tuple[Run, ...]:
        """Run such instants (again); return the runs that start now."""
        raise self._without(Feature.MAKE_UP)

    async def troubles(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[Trouble, ...], int]:
        """Return the troubles after a position in the outbox, and the position to continue from.

        Parameters:
            after: the position to continue from; None only returns the current end of the outbox.
            wait_seconds: how long the server may wait for a trouble, in seconds.
        """
        raise self._without(Feature.TROUBLES)

    async def audit(
        self,
        guild_id: str,
        *,
        job_id: str | None = None,
        actor_id: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> AuditPage:
        """Return a page of a guild's audit log, newest first."""
        raise self._without(Feature.AUDIT)

    async def audit_after(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[AuditEntry, ...], int]:
        """Return the audit entries of all guilds after a position, and the next position; see `troubles`."""
        raise self._without(Feature.AUDIT)

    async def note(
        self,
        action: str,
        *,
        guild_id: str,
        name: str | None = None,
        changes: Sequence[Change] = (),
        by: str | None = None,
    ) -> None:
        """Add an action that happened elsewhere to the audit log."""
        raise self._without(Feature.AUDIT)

    async def rules(self, guild_id: str) -> GuildRules:
        """Return a guild's rules."""
        raise self._without(Feature.RULES)

    async def save_rules(self, rules: GuildRules, by: str | None = None) -> GuildRules:
        """Save a guild's rules."""
        raise self._without(Feature.RULES)

    async def allowance(self, guild_id: str, person_id: str) -> Allowance:
        """Return the limits in a guild, or for a person's own jobs, and their current usage."""
        raise self._without(Feature.RULES)

    async def busiest(self) -> Sequence[Busy]:
        """Return the guilds that keep the bot busiest."""
        raise self._without(Feature.RULES)

    async def feeds(self, place: str) -> tuple[Feed, ...]:
        """Return the calendar feeds of a guild or a person, oldest first."""
        raise self._without(Feature.FEEDS)

    async def guilds_with_feeds(self) -> tuple[str, ...]:
        """Return the ids of the guilds that have calendar feeds."""
        raise self._without(Feature.FEEDS)

    async def make_feed(
        self, place: str, shown: Shown, *, personal: bool = False, by: str | None = None
    ) -> NewFeed:
        """Make a calendar feed; raises Conflict if there are too many."""
        raise self._without(Feature.FEEDS)

    async def show_in_feeds(self, place: str, shown: Shown) -> int:
        """Set what the feeds of a guild or a person show; return how many there are."""
        raise self._without(Feature.FEEDS)

    async def renew_feed(self, place: str, feed_id: str, by: str | None = None) -> NewFeed:
        """Give a feed a new address in place of its old one; raises NotFound if it doesn't exist."""
        raise self._without(Feature.FEEDS)

    async def revoke_feed(self, place: str, feed_id: str, by: str | None = None) -> None:
        """Revoke a feed; raises NotFound if it doesn't exist."""
        raise self._without(Feature.FEEDS)
