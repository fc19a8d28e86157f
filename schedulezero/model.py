"""The nouns of the product: Trigger, Job, Run, HandlerInfo. Frozen, typed, with their JSON.

They are what the server stores, what REST carries and what the cogs show. A job is a definition;
a run is one instant of it. Nothing in here knows of SQL, HTTP or Discord.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, cast

from schedulezero.instants import from_iso, to_iso

JsonObject = dict[str, Any]

DEFAULT_GRACE = timedelta(minutes=5)


class JobState(StrEnum):
    """Where a job stands: only ``active`` jobs fall due; ``pending`` ones wait for an approval."""

    ACTIVE = "active"
    PENDING = "pending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class RunState(StrEnum):
    """How a run stands or ended.

    ``queued`` covers waiting, running and between two attempts; ``uncertain`` means that nobody can
    tell whether it was done.
    """

    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


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


class TroubleKind(StrEnum):
    """What there is to tell of a run that did not simply succeed."""

    FAILED = "failed"
    UNCERTAIN = "uncertain"
    MISSED = "missed"
    SKIPPED = "skipped"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a job falls due, as it travels: a type and its arguments (the wire's own names)."""

    type: str
    args: Mapping[str, Any]

    def zone_or(self, default: str) -> str:
        """The zone of its wall-clock times: the one it names, or that of its job."""
        return str(self.args.get("timezone") or default)

    def to_json(self) -> JsonObject:
        return {"type": self.type, "args": dict(self.args)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trigger:
        return cls(str(data["type"]), dict(data["args"]))


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
            "next_run_at": _iso(self.next_run_at),
            "name": self.name,
            "guild_id": self.guild_id,
            "creator_id": self.creator_id,
            "timezone": self.timezone,
            "grace_seconds": self.grace.total_seconds(),
            "missed": self.missed.value,
            "overlap": self.overlap.value,
            "held_until": _iso(self.held_until),
            "meta": dict(self.meta),
            "run_count": self.run_count,
            "version": self.version,
            "anchor_at": _iso(self.anchor_at),
            "created_at": _iso(self.created_at),
            "updated_at": _iso(self.updated_at),
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
            next_run_at=_instant(data.get("next_run_at")),
            anchor_at=_instant(data.get("anchor_at")),
            name=data.get("name"),
            guild_id=data.get("guild_id"),
            creator_id=data.get("creator_id"),
            timezone=data.get("timezone") or "UTC",
            grace=timedelta(seconds=float(data.get("grace_seconds", DEFAULT_GRACE.total_seconds()))),
            missed=MissedPolicy(data.get("missed") or MissedPolicy.LATEST),
            overlap=OverlapPolicy(data.get("overlap") or OverlapPolicy.ALLOW),
            held_until=_instant(data.get("held_until")),
            meta=cast(JsonObject, data.get("meta") or {}),
            run_count=int(data.get("run_count") or 0),
            version=int(data.get("version", 1)),
            created_at=_instant(data.get("created_at")),
            updated_at=_instant(data.get("updated_at")),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One instant of a job, or one call on demand: what was to happen and what became of it.

    ``sequence`` is the order in which runs were written, ``name`` what its job was called then,
    ``number`` counts the runs of its job from 1 (0 for a call that belongs to no job); ``round`` grows
    when a person has an uncertain run done again;
    ``note`` says in words what the outcome alone does not (a wait for the handler, instants that
    were passed over).
    """

    job_id: str
    handler_id: str
    method: str
    params: Mapping[str, Any]
    scheduled_at: datetime
    state: RunState = RunState.QUEUED
    sequence: int = 0
    name: str | None = None
    guild_id: str | None = None
    timezone: str = "UTC"
    number: int = 0
    round: int = 1
    creator_id: str | None = None
    overlap: OverlapPolicy = OverlapPolicy.ALLOW
    missed: MissedPolicy = MissedPolicy.LATEST
    grace: timedelta = DEFAULT_GRACE
    claimed_at: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Mapping[str, Any] | None = field(default=None)
    error: str | None = None
    note: str | None = None

    @property
    def id(self) -> str:
        """The run's name on the wire: the same for every attempt, different for every instant."""
        return f"{self.job_id}@{to_iso(self.scheduled_at)}"

    @property
    def lateness(self) -> timedelta | None:
        """How long after its instant it began, None before that."""
        return self.started_at - self.scheduled_at if self.started_at else None

    @property
    def duration(self) -> timedelta | None:
        """How long its last attempt took, None before it ended."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    def to_json(self) -> JsonObject:
        return {
            "run_id": self.id,
            "job_id": self.job_id,
            "handler_id": self.handler_id,
            "method": self.method,
            "params": dict(self.params),
            "name": self.name,
            "guild_id": self.guild_id,
            "scheduled_at": to_iso(self.scheduled_at),
            "timezone": self.timezone,
            "number": self.number,
            "status": self.state.value,
            "attempts": self.attempts,
            "started_at": _iso(self.started_at),
            "finished_at": _iso(self.finished_at),
            "result": dict(self.result) if self.result is not None else None,
            "error": self.error,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Run:
        return cls(
            job_id=str(data["job_id"]),
            handler_id=str(data["handler_id"]),
            method=str(data["method"]),
            params=cast(JsonObject, data.get("params") or {}),
            name=data.get("name"),
            guild_id=data.get("guild_id"),
            scheduled_at=from_iso(data["scheduled_at"]),
            timezone=data.get("timezone") or "UTC",
            number=int(data.get("number") or 0),
            state=RunState(data["status"]),
            attempts=int(data.get("attempts") or 0),
            started_at=_instant(data.get("started_at")),
            finished_at=_instant(data.get("finished_at")),
            result=cast(JsonObject | None, data.get("result")),
            error=data.get("error"),
            note=data.get("note"),
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


@dataclass(frozen=True, slots=True)
class GuildRules:
    """When and how much a guild lets run.

    Attributes:
        timezone: the zone of the hours and days.
        quiet_from, quiet_to: the hours of each day in which nothing runs; they may pass midnight.
        dark_days: days on which nothing runs.
        most_jobs: how many jobs there may be at most; None for no limit.
        most_runs_an_hour: how many runs within any hour; None for no limit.
    """

    guild_id: str
    timezone: str = "UTC"
    quiet_from: time | None = None
    quiet_to: time | None = None
    dark_days: tuple[date, ...] = ()
    most_jobs: int | None = None
    most_runs_an_hour: int | None = None

    def to_json(self) -> JsonObject:
        return {
            "guild_id": self.guild_id,
            "timezone": self.timezone,
            "quiet_from": f"{self.quiet_from:%H:%M}" if self.quiet_from is not None else None,
            "quiet_to": f"{self.quiet_to:%H:%M}" if self.quiet_to is not None else None,
            "dark_days": [day.isoformat() for day in self.dark_days],
            "most_jobs": self.most_jobs,
            "most_runs_an_hour": self.most_runs_an_hour,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GuildRules:
        return cls(
            guild_id=str(data["guild_id"]),
            timezone=str(data.get("timezone") or "UTC"),
            quiet_from=time.fromisoformat(data["quiet_from"]) if data.get("quiet_from") else None,
            quiet_to=time.fromisoformat(data["quiet_to"]) if data.get("quiet_to") else None,
            dark_days=tuple(date.fromisoformat(day) for day in data.get("dark_days") or ()),
            most_jobs=data.get("most_jobs"),
            most_runs_an_hour=data.get("most_runs_an_hour"),
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to tell about a run; ``sequence`` is its place in the outbox."""

    sequence: int
    kind: TroubleKind
    run: Run

    def to_json(self) -> JsonObject:
        return {"sequence": self.sequence, "kind": self.kind.value, "run": self.run.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trouble:
        return cls(int(data["sequence"]), TroubleKind(data["kind"]), Run.from_json(data["run"]))


@dataclass(frozen=True, slots=True)
class HandlerInfo:
    """An instance of a handler that the server knows: where it listens and what it can do."""

    id: str
    address: str
    methods: tuple[str, ...]
    connected: bool = False
    concurrency: int = 1
    shards: JsonObject | None = None

    def to_json(self) -> JsonObject:
        return {
            "id": self.id,
            "address": self.address,
            "methods": list(self.methods),
            "status": "Connected" if self.connected else "Disconnected",
            "concurrency": self.concurrency,
            **({"shards": self.shards} if self.shards is not None else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HandlerInfo:
        return cls(
            id=str(data["id"]),
            address=str(data["address"]),
            methods=tuple(str(name) for name in data["methods"]),
            connected=data.get("status") == "Connected",
            concurrency=int(data.get("concurrency") or 1),
            shards=data.get("shards"),
        )


def _iso(instant: datetime | None) -> str | None:
    return to_iso(instant) if instant is not None else None


def _instant(text: str | None) -> datetime | None:
    return from_iso(text) if text is not None else None
