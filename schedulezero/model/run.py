"""A run: one instant of a job and its outcome; a trouble: something to report about a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from schedulezero.instants import from_iso, from_iso_or_none, to_iso, to_iso_or_none
from schedulezero.model.job import DEFAULT_GRACE, MissedPolicy, OverlapPolicy
from schedulezero.model.json_object import JsonObject
from schedulezero.model.method_names import spoken
from schedulezero.sentences import read_sentence, sentence_fields


class RunState(StrEnum):
    """A run's state or outcome.

    ``queued`` covers waiting, running and between two attempts; ``uncertain`` means that it is unknown
    whether the run took effect.
    """

    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


LIMIT_REACHED = frozenset({"hourly_limit", "too_many_runs_waited", "too_many_reminders_waited"})
"""Codes of the notes for runs that were skipped because of a limit."""
PASSED_OVER = frozenset(
    {"earlier_run_passed_over", "earlier_runs_passed_over", "many_earlier_runs_passed_over"}
)
"""Codes of the notes that say how many instants (``count``) were skipped."""


class TroubleKind(StrEnum):
    """What to report about a run that didn't simply succeed."""

    FAILED = "failed"
    UNCERTAIN = "uncertain"
    MISSED = "missed"
    SKIPPED = "skipped"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Run:
    """One instant of a job, or one call on demand, and its outcome.

    ``sequence`` is the order in which runs were written, ``name`` the job's name at that time. ``number``
    counts the job's runs from 1 (0 for a call that belongs to no job). ``round`` increases when a person
    repeats an uncertain run. ``error`` says why the run failed; ``note`` adds what the outcome doesn't show
    (a wait for the handler, skipped instants). ``part`` names the part of the job that ran; it is ``main``
    for a job's own run, and None if the job has no parts. ``of`` is the instant of
    the job's own run to which a part's run belongs. Both are `Sentence` objects if their code is known.
    """

    job_id: str
    handler_id: str
    method: str
    params: Mapping[str, Any]
    scheduled_at: datetime
    state: RunState = RunState.QUEUED
    sequence: int = 0
    start_tag: int = 0
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
    part: str | None = None
    of: datetime | None = None

    @property
    def title(self) -> str:
        """Its job's name, or its method in words if the job has no name."""
        return self.name or spoken(self.method)

    @property
    def id(self) -> str:
        """The run's id on the wire: the same for every attempt, different for every instant."""
        return f"{self.job_id}@{to_iso(self.scheduled_at)}"

    @property
    def identity(self) -> tuple[str, datetime, datetime | None]:
        """What tells this run, as it was queued this time, from every other one.

        A sequence can't: when an older copy of a database takes its place (a standby that lagged behind),
        the numbers after its newest one are given again, to other runs.
        """
        return (self.job_id, self.scheduled_at, self.claimed_at)

    @property
    def lateness(self) -> timedelta | None:
        """How long after its instant the run began; None before it begins."""
        return self.started_at - self.scheduled_at if self.started_at else None

    @property
    def waited(self) -> timedelta | None:
        """How long after it might begin the run began; None before it begins.

        That is its instant, or later when it was claimed or requested later, or its guild's limits held it.
        """
        if self.started_at is None:
            return None
        return self.started_at - max(self.scheduled_at, self.claimed_at or self.scheduled_at)

    @property
    def duration(self) -> timedelta | None:
        """How long its last attempt took, or the whole run if it resumes in parts; None before it ends."""
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
            "part": self.part,
            "of": to_iso_or_none(self.of),
            "status": self.state.value,
            "attempts": self.attempts,
            "started_at": to_iso_or_none(self.started_at),
            "finished_at": to_iso_or_none(self.finished_at),
            "result": dict(self.result) if self.result is not None else None,
            **sentence_fields("error", self.error),
            **sentence_fields("note", self.note),
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
            part=data.get("part"),
            of=from_iso_or_none(data.get("of")),
            state=RunState(data["status"]),
            attempts=int(data.get("attempts") or 0),
            started_at=from_iso_or_none(data.get("started_at")),
            finished_at=from_iso_or_none(data.get("finished_at")),
            result=cast(JsonObject | None, data.get("result")),
            error=read_sentence(data, "error"),
            note=read_sentence(data, "note"),
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to report about a run; ``sequence`` is its position in the outbox."""

    sequence: int
    kind: TroubleKind
    run: Run

    def to_json(self) -> JsonObject:
        return {"sequence": self.sequence, "kind": self.kind.value, "run": self.run.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trouble:
        return cls(int(data["sequence"]), TroubleKind(data["kind"]), Run.from_json(data["run"]))
