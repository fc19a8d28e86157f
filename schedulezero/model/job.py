"""A job: which method of which handler to call, with what and when; its states, policies and versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from schedulezero.model.fields import Bounds, Key, Noun, Written, codec_of
from schedulezero.model.json_object import JsonObject
from schedulezero.model.method_names import spoken
from schedulezero.model.part import MOST_LEADS, MOST_THENS, Part, Waiting
from schedulezero.model.trigger import Trigger

DEFAULT_GRACE = timedelta(minutes=5)

SHORT_TEXT = Bounds(shortest=1, longest=100)
NAME = Bounds(shortest=1, longest=100, stripped=True)
LONGEST_JOB_ID = 255
"""The most characters of a job's id; ids that we make ourselves are much shorter."""
SNOWFLAKE = Bounds(pattern=r"^[0-9]{1,20}$")
_GRACE = Bounds(least=1, most=7 * 86_400)

# Who writes a field: request bodies contain the fields that people write.
_ONCE = Written(later=False)
_WHAT_IT_DOES = Written(defines=True)
_ABOUT_IT = Written()


class JobState(StrEnum):
    """A job's state: only ``active`` jobs fall due; ``pending`` ones wait for approval."""

    ACTIVE = "active"
    PENDING = "pending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class MissedPolicy(StrEnum):
    """How to handle instants that passed while no server was running."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class OverlapPolicy(StrEnum):
    """How to handle a run that falls due while another run of the same job is in progress."""

    ALLOW = "allow"
    WAIT = "wait"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Job(Noun):
    """A job: which method of which handler to call, with what and when.

    ``anchor_at`` is the instant from which an interval counts; it survives restarts and edits. Instants up
    to ``held_until`` are skipped. ``in_quiet_hours`` exempts it from the guild's quiet hours,
    ``on_free_days`` from its free days and holidays. ``meta`` holds an interface's own data; the server only
    stores it.
    ``parts`` run before and after its own runs; ``waiting`` says which of them are due next, and when.
    ``run_count`` is the number of runs created for the job. ``version`` increases with each change and
    guards concurrent edits.

    A new field is described here and needs a column in `schedulezero.server.records.tables`. Requests,
    responses and rows then include it.
    """

    id: Annotated[str, Key("job_id")]
    handler_id: Annotated[str, SHORT_TEXT, Written(later=False, defines=True)]
    method: Annotated[str, SHORT_TEXT, _WHAT_IT_DOES]
    params: Annotated[Mapping[str, Any], _WHAT_IT_DOES]
    trigger: Annotated[Trigger, _WHAT_IT_DOES]
    state: JobState = JobState.ACTIVE
    next_run_at: datetime | None = None
    anchor_at: datetime | None = None
    name: Annotated[str | None, NAME, _ABOUT_IT] = None
    guild_id: Annotated[str | None, SNOWFLAKE, _ONCE] = None
    creator_id: Annotated[str | None, SNOWFLAKE, _ONCE] = None
    timezone: Annotated[str, _WHAT_IT_DOES] = "UTC"
    grace: Annotated[timedelta, _GRACE, _ABOUT_IT] = DEFAULT_GRACE
    missed: Annotated[MissedPolicy, _WHAT_IT_DOES] = MissedPolicy.LATEST
    overlap: Annotated[OverlapPolicy, _WHAT_IT_DOES] = OverlapPolicy.ALLOW
    in_quiet_hours: Annotated[bool, _WHAT_IT_DOES] = False
    on_free_days: Annotated[bool, _WHAT_IT_DOES] = False
    held_until: datetime | None = None
    meta: Annotated[Mapping[str, Any], Bounds(longest=20), _ABOUT_IT] = field(default_factory=dict[str, Any])
    parts: Annotated[tuple[Part, ...], Bounds(longest=MOST_LEADS + MOST_THENS), _WHAT_IT_DOES] = ()
    waiting: tuple[Waiting, ...] = ()
    run_count: int = 0
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def channel_ids(self) -> list[str]:
        """Return the channel ids in its params."""
        many: Any = self.params.get("channel_ids")
        items: list[Any] = [self.params.get("channel_id"), *(many if isinstance(many, list) else [])]
        return [str(item) for item in items if item]

    @property
    def title(self) -> str:
        """Return its name, or its method in words if it has no name."""
        return self.name or spoken(self.method)


@dataclass(frozen=True, slots=True)
class JobVersion(Noun):
    """A job after one change, with the change and its author (a user id, None if unknown)."""

    job: Job
    action: str
    actor_id: str | None
    changed_at: datetime

    def to_json(self) -> JsonObject:
        return {"version": self.job.version, **codec_of(JobVersion).write(self)}
