"""What can be asked of a server, whichever REST dialect it speaks.

`JobsDialect` is the full one of our embedded server, `SchedulesDialect` what the published server
speaks. What a dialect lacks it says in `Dialect.lacks`, with a sentence for each, so that an
interface can grey it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

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


class Dialect(Protocol):
    """What can be asked of a server; ``by`` is the user's id of whoever asks for a change."""

    lacks: Mapping[Feature, str]

    async def create(self, job: Job, by: str | None) -> Job: ...

    async def show(self, job_id: str) -> Job: ...

    async def jobs(self, guild_id: str, query: JobQuery, *, cursor: str | None, limit: int) -> JobPage: ...

    async def due_before(self, instant: datetime, *, cursor: str | None, limit: int) -> JobPage: ...

    async def change(self, job: Job, version: int, by: str | None) -> Job: ...

    async def cancel(self, job: Job, by: str | None) -> Job: ...

    async def restore(
        self, job_id: str, version: int | None, expected: int | None, by: str | None
    ) -> Job: ...

    async def pause(self, job_id: str, until: datetime | None, by: str | None) -> Job: ...

    async def resume(self, job_id: str, version: int | None, by: str | None) -> Job: ...

    async def skip(self, job_id: str, by: str | None) -> Job: ...

    async def approve(self, job_id: str, version: int | None, by: str | None) -> Job: ...

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None) -> BulkOutcome: ...

    async def versions(self, job_id: str, limit: int) -> tuple[JobVersion, ...]: ...

    async def run(self, job: Job, by: str | None) -> Run: ...

    async def missing(self, job_id: str, since: datetime, until: datetime) -> tuple[datetime, ...]: ...

    async def make_up(
        self, job_id: str, at: Sequence[datetime], version: int | None, by: str | None
    ) -> tuple[Run, ...]: ...

    async def runs(
        self, guild_id: str, *, job_id: str | None, state: RunState | None, cursor: str | None, limit: int
    ) -> RunPage: ...

    async def run_of_message(self, guild_id: str, message_id: str) -> Run | None: ...

    async def troubles(self, after: int | None, wait_seconds: int) -> tuple[tuple[Trouble, ...], int]: ...

    async def audit(
        self, guild_id: str, *, job_id: str | None, actor_id: str | None, cursor: str | None, limit: int
    ) -> AuditPage: ...

    async def audit_after(
        self, after: int | None, wait_seconds: int
    ) -> tuple[tuple[AuditEntry, ...], int]: ...

    async def note(
        self,
        action: str,
        *,
        guild_id: str,
        name: str | None,
        changes: Sequence[Change],
        by: str | None,
    ) -> None: ...

    async def rules(self, guild_id: str) -> GuildRules: ...

    async def save_rules(self, rules: GuildRules, by: str | None) -> GuildRules: ...

    async def allowance(self, guild_id: str, person_id: str) -> Allowance: ...
