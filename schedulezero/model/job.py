"""A job: which method of which handler is called with what, and when; its states, policies and versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from schedulezero.model.fields import Bounds, Key, Noun, Written, codec_of
from schedulezero.model.json_object import JsonObject
from schedulezero.model.trigger import Trigger

DEFAULT_GRACE = timedelta(minutes=5)

SHORT_TEXT = Bounds(shortest=1, longest=100)
NAME = Bounds(shortest=1, longest=100, stripped=True)
SNOWFLAKE = Bounds(pattern=r"^[0-9]{1,20}$")
_GRACE = Bounds(least=1, most=7 * 86_400)

# Who writes a field: those that people write are in the bodies of requests.
_ONCE = Written(later=False)
_WHAT_IT_DOES = Written(defines=True)
_ABOUT_IT = Written()


class JobState(StrEnum):
    """Where a job stands: only ``active`` jobs fall due; ``pending`` ones wait for an approval."""

    ACTIVE = "active"
    PENDING = "pending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class MissedPolicy(StrEnum):
    """What becomes of instants that passed while no server was running."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class OverlapPolicy(StrEnum):
    """What becomes of a run that falls due while another one of the same job is under way."""

    ALLOW = "allow"
    WAIT = "wait"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Job(Noun):
    """A job: which method of which handler is called with what, and when.

    ``anchor_at`` is the instant from which an interval counts; it survives restarts and edits.
    ``held_until`` passes over every instant up to then. ``meta`` is what an interface keeps with the
    job; the server only stores it. ``run_count`` counts the runs that were made of it.
    ``version`` grows with each change and guards edits against each other.

    A new field is described here and has a column in `schedulezero.server.records.tables`. Requests, answers
    and rows then have it.
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
    held_until: datetime | None = None
    meta: Annotated[Mapping[str, Any], Bounds(longest=20), _ABOUT_IT] = field(default_factory=dict[str, Any])
    run_count: int = 0
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def channel_ids(self) -> list[str]:
        """The channels that its params name."""
        many: Any = self.params.get("channel_ids")
        items: list[Any] = [self.params.get("channel_id"), *(many if isinstance(many, list) else [])]
        return [str(item) for item in items if item]

    @property
    def title(self) -> str:
        """What people call it: its name, or its method where it has none."""
        return self.name or self.method


@dataclass(frozen=True, slots=True)
class JobVersion(Noun):
    """A job as it was after one change: which change, by whom (a user's id, None for nobody known)."""

    job: Job
    action: str
    actor_id: str | None
    changed_at: datetime

    def to_json(self) -> JsonObject:
        return {"version": self.job.version, **codec_of(JobVersion).write(self)}
