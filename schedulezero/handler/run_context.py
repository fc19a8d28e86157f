"""What a job function can learn about its run: time zone, number, instant.

A job function's signature stays ``(bot, params)``; `current_run` gives the rest. It is set for every call,
including jobs in threads.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schedulezero import instants
from schedulezero.errors import TriggerError
from schedulezero.handler.journal import Journal
from schedulezero.model.part import PART_ID
from schedulezero.when.calendar.triggers import zone_of
from schedulezero.wire.protocol import Call


@dataclass(frozen=True, slots=True)
class RunContext:
    """The current run.

    Attributes:
        run_id: The run's id, the same for each call; None for a call outside a run.
        job_id: The job's id; None for a call outside a run.
        guild_id: The id of the job's guild; None for a job without one.
        creator_id: The id of the person in whose name the job runs; None if unknown.
        number: The run's number within the job, counted from 1.
        scheduled_at: The instant for which the run was scheduled.
        timezone: The time zone of the job's times.
        round: Increases if a person repeats a run that may have taken effect.
        journal: Where its steps are recorded; None if they aren't.
        steps: The keys of the steps that this call completed.
        of: The instant of the job's own run to which this run of one of its parts belongs; None for others.
        part: The name of that part; None for others.
        begun_at: When this call came.
        progress: What the job said last of its progress, at most one text; see `progress`.
        pings: The ids of the channels where the person in whose name the job runs may ping every role. The
            check before the run looks; without one, there are none.
    """

    run_id: str | None = None
    job_id: str | None = None
    guild_id: str | None = None
    creator_id: str | None = None
    number: int = 1
    scheduled_at: datetime = field(default_factory=instants.now)
    timezone: str = "UTC"
    round: int = 1
    journal: Journal | None = None
    steps: list[str] = field(default_factory=list[str])
    of: datetime | None = None
    part: str | None = None
    begun_at: datetime = field(default_factory=instants.now)
    pings: set[int] = field(default_factory=set[int])
    progress: list[str] = field(default_factory=list[str])


_LONGEST_PROGRESS = 200
_current: ContextVar[RunContext | None] = ContextVar("schedulezero_run", default=None)


def current_run() -> RunContext:
    """Return the run of the calling job function; outside a run, one with defaults only."""
    return _current.get() or RunContext()


def progress(text: str) -> None:
    """Say how far the current run is, such as ``3 of 10``; the history and the job's card show it.

    They show it from 5 seconds on, and only for a job with a ``time_limit`` of more than 25 seconds.

    Parameters:
        text: How far it is; at most 200 characters are shown.
    """
    current_run().progress[:] = [text[:_LONGEST_PROGRESS]]


@contextmanager
def running(run: RunContext) -> Generator[None]:
    """Make a run the current one inside a ``with`` block."""
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)


def context_of(call: Call, journal: Journal | None = None, pings: set[int] | None = None) -> RunContext:
    """Return a call's run context, with defaults for missing or invalid values."""
    number, scheduled_at = call.context.get("number"), call.context.get("scheduled_at")
    try:
        at = instants.from_iso(scheduled_at) if isinstance(scheduled_at, str) else instants.now()
    except ValueError:
        at = instants.now()
    try:
        timezone = zone_of(call.context.get("timezone", "UTC")).key
    except TriggerError:
        timezone = "UTC"
    return RunContext(
        run_id=call.run_id,
        job_id=call.job_id,
        guild_id=_snowflake(call.context.get("guild_id")),
        creator_id=_snowflake(call.context.get("creator_id")),
        round=call.round,
        journal=journal if call.run_id is not None else None,
        number=number if isinstance(number, int) and number > 0 else 1,
        scheduled_at=at,
        of=_instant(call.context.get("of")),
        part=_part_id(call.context.get("part")),
        timezone=timezone,
        pings=pings if pings is not None else set(),
    )


def _instant(value: Any) -> datetime | None:
    try:
        return instants.from_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _part_id(value: Any) -> str | None:
    return value if isinstance(value, str) and PART_ID.fullmatch(value) else None


def _snowflake(value: Any) -> str | None:
    return value if isinstance(value, str) and value.isdecimal() else None
