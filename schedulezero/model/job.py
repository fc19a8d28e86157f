"""A job: which method of which handler is called with what, and when; its states, policies and versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from schedulezero.instants import from_iso, from_iso_or_none, to_iso, to_iso_or_none
from schedulezero.model.json_object import JsonObject
from schedulezero.model.trigger import Trigger

DEFAULT_GRACE = timedelta(minutes=5)


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
class Job:
    """A job: which method of which handler is called with what, and when.

    ``anchor_at`` is the instant from which an interval counts; it survives restarts and edits.
    ``held_until`` passes over every instant up to then. ``meta`` is what an interface keeps with the
    job; the server only stores it. ``run_count`` counts the runs that were made of it.
    ``version`` grows with each change and guards edits against each other.
    """

    id: str
    handler_id: str
    method: str
    params: Mapping[str, Any]
    trigger: Trigger
    state: JobState = JobState.ACTIVE
    next_run_at: datetime | None = None
    anchor_at: datetime | None = None
    name: str | None = None
    guild_id: str | None = None
    creator_id: str | None = None
    timezone: str = "UTC"
    grace: timedelta = DEFAULT_GRACE
    missed: MissedPolicy = MissedPolicy.LATEST
    overlap: OverlapPolicy = OverlapPolicy.ALLOW
    held_until: datetime | None = None
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    run_count: int = 0
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def title(self) -> str:
        """What people call it: its name, or its method where it has none."""
        return self.name or self.method

    def to_json(self) -> JsonObject:
        return {
            "job_id": self.id,
            "handler_id": self.handler_id,
            "method": self.method,
            "params": dict(self.params),
            "trigger": self.trigger.to_json(),
            "state": self.state.value,
            "next_run_at": to_iso_or_none(self.next_run_at),
            "name": self.name,
            "guild_id": self.guild_id,
            "creator_id": self.creator_id,
            "timezone": self.timezone,
            "grace_seconds": self.grace.total_seconds(),
            "missed": self.missed.value,
            "overlap": self.overlap.value,
            "held_until": to_iso_or_none(self.held_until),
            "meta": dict(self.meta),
            "run_count": self.run_count,
            "version": self.version,
            "anchor_at": to_iso_or_none(self.anchor_at),
            "created_at": to_iso_or_none(self.created_at),
            "updated_at": to_iso_or_none(self.updated_at),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        return cls(
            id=str(data["job_id"]),
            handler_id=str(data["handler_id"]),
            method=str(data["method"]),
            params=cast(JsonObject, data["params"]),
            trigger=Trigger.from_json(data["trigger"]),
            state=JobState(data["state"]),
            next_run_at=from_iso_or_none(data.get("next_run_at")),
            anchor_at=from_iso_or_none(data.get("anchor_at")),
            name=data.get("name"),
            guild_id=data.get("guild_id"),
            creator_id=data.get("creator_id"),
            timezone=data.get("timezone") or "UTC",
            grace=timedelta(seconds=float(data.get("grace_seconds", DEFAULT_GRACE.total_seconds()))),
            missed=MissedPolicy(data.get("missed") or MissedPolicy.LATEST),
            overlap=OverlapPolicy(data.get("overlap") or OverlapPolicy.ALLOW),
            held_until=from_iso_or_none(data.get("held_until")),
            meta=cast(JsonObject, data.get("meta") or {}),
            run_count=int(data.get("run_count") or 0),
            version=int(data.get("version", 1)),
            created_at=from_iso_or_none(data.get("created_at")),
            updated_at=from_iso_or_none(data.get("updated_at")),
        )


@dataclass(frozen=True, slots=True)
class JobVersion:
    """A job as it was after one change: which change, by whom (a user's id, None for nobody known)."""

    job: Job
    action: str
    actor_id: str | None
    changed_at: datetime

    def to_json(self) -> JsonObject:
        return {
            "version": self.job.version,
            "action": self.action,
            "actor_id": self.actor_id,
            "changed_at": to_iso(self.changed_at),
            "job": self.job.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobVersion:
        return cls(
            job=Job.from_json(data["job"]),
            action=str(data["action"]),
            actor_id=data.get("actor_id"),
            changed_at=from_iso(data["changed_at"]),
        )
