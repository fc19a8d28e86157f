"""What can be asked of a server, whichever REST dialect it speaks.

`JobsDialect` is the full one of our embedded server, `SchedulesDialect` what the published server
speaks. What a dialect lacks it says in `Dialect.lacks`, with a sentence for each, so that an
interface can grey it out; whoever asks for it all the same gets NotSupported with that sentence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from schedulezero.errors import NotSupported
from schedulezero.model import GuildRules, Job, JobState, JobVersion, Run, RunState, Trouble
from schedulezero.model.audit import AuditEntry, Change
from schedulezero.model.limits import Allowance

PAGE = 25


class Feature(StrEnum):
    """What not every dialect has."""

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


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs of a guild to list, and how; None means any.

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
    """A page of jobs, next run first; ``next_cursor`` is None on the last one."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs, newest first; ``next_cursor`` is None on the last one."""

    runs: tuple[Run, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the audit, newest first; ``next_cursor`` is None on the last one."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BulkChange:
    """One change to many jobs.

    Attributes:
        action: ``pause``, ``resume``, ``cancel``, ``change`` or ``restore``.
        jobs: job id → the version that it must be at (None for any).
        params: for ``change``, what is laid over the params of each job.
        versions: for ``restore``, job id → the version to go back to.
    """

    action: str
    jobs: Mapping[str, int | None]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    versions: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What came of it: job id → (version before, version now), and job id → why not."""

    changed: Mapping[str, tuple[int, int]]
    refused: Mapping[str, str]


class Dialect(ABC):
    """What can be asked of a server; ``by`` is the user's id of whoever asks for a change."""

    lacks: Mapping[Feature, str]

    def _without(self, feature: Feature) -> NotSupported:
        return NotSupported(self.lacks[feature])

    # ---------------------------------------------------------------- what every dialect has

    @abstractmethod
    async def create(self, job: Job, by: str | None = None) -> Job:
        """Saves a new job."""

    @abstractmethod
    async def show(self, job_id: str) -> Job:
        """The job of that id; NotFound when there is none."""

    @abstractmethod
    async def jobs(
        self,
        guild_id: str,
        query: JobQuery = JobQuery(),
        *,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> JobPage:
        """A page of a guild's jobs."""

    @abstractmethod
    async def due_before(self, instant: datetime, *, cursor: str | None, limit: int) -> JobPage:
        """A page of the active jobs of all guilds that run before an instant, the next one first."""

    @abstractmethod
    async def cancel(self, job: Job, by: str | None = None) -> Job:
        """Ends a job."""

    @abstractmethod
    async def run(self, job: Job, by: str | None = None) -> Run:
        """Runs a job once, now; Conflict when it was changed since."""

    @abstractmethod
    async def runs(
        self,
        guild_id: str,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> RunPage:
        """A page of a guild's runs, newest first."""

    @abstractmethod
    async def run_of_message(self, guild_id: str, message_id: int) -> Run | None:
        """The run that posted a message, None when none of this guild's did."""

    # ---------------------------------------------------------------- what one may lack

    async def change(self, job: Job, version: int, by: str | None = None) -> Job:
        """Saves an edited job; Conflict when it is no longer at that version."""
        raise self._without(Feature.EDIT)

    async def restore(
        self,
        job_id: str,
        version: int | None = None,
        *,
        expected: int | None = None,
        by: str | None = None,
    ) -> Job:
        """Undoes a cancel, or brings a job back to a version; Conflict when it is not as expected."""
        raise self._without(Feature.UNDO)

    async def pause(self, job_id: str, until: datetime | None = None, by: str | None = None) -> Job:
        """Holds a job, until it is resumed or until an instant."""
        raise self._without(Feature.PAUSE)

    async def resume(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        """Lets a paused or held job fall due again; Conflict when it is no longer at that version."""
        raise self._without(Feature.PAUSE)

    async def skip(self, job_id: str, by: str | None = None) -> Job:
        """Passes over a job's next run."""
        raise self._without(Feature.HOLD)

    async def approve(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        """Lets a pending job run; Conflict when it is no longer at that version."""
        raise self._without(Feature.EDIT)

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None = None) -> BulkOutcome:
        """One change to as many jobs of a guild as one request takes."""
        raise self._without(Feature.BULK)

    async def versions(self, job_id: str, limit: int = 20) -> tuple[JobVersion, ...]:
        """What a job was after each change, newest first."""
        raise self._without(Feature.UNDO)

    async def missing(self, job_id: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """The instants of a job within a span that did not run well."""
        raise self._without(Feature.MAKE_UP)

    async def make_up(
        self, job_id: str, at: Sequence[datetime], by: str | None = None, *, version: int | None = None
    ) -> tuple[Run, ...]:
        """Runs such instants (again); returns the runs that are carried out now."""
        raise self._without(Feature.MAKE_UP)

    async def troubles(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[Trouble, ...], int]:
        """What there is to tell of runs after a place in the outbox, and the place to go on from.

        Parameters:
            after: where one stopped; None asks only where the outbox ends now.
            wait_seconds: how long the server may wait for something to tell.
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
        """A page of who changed what in a guild, newest first."""
        raise self._without(Feature.AUDIT)

    async def audit_after(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[AuditEntry, ...], int]:
        """The audit of all guilds after a place, and the place to go on from; see `troubles`."""
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
        """Adds what was done elsewhere to the audit."""
        raise self._without(Feature.AUDIT)

    async def rules(self, guild_id: str) -> GuildRules:
        """What a guild forbids."""
        raise self._without(Feature.RULES)

    async def save_rules(self, rules: GuildRules, by: str | None = None) -> GuildRules:
        """Sets what a guild forbids."""
        raise self._without(Feature.RULES)

    async def allowance(self, guild_id: str, person_id: str) -> Allowance:
        """The limits that hold in a guild, or for a person's own jobs, and what is used up of them."""
        raise self._without(Feature.RULES)
