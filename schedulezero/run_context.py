"""What a job function may know of the run that it carries out: zone, number, instant.

The contract of a job function is ``(bot, params)`` and stays so; whoever wants more asks
`current_run`. It is set around each call, also for jobs in threads.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from schedulezero import instants
from schedulezero.errors import TriggerError
from schedulezero.protocol import Call
from schedulezero.when.triggers import zone_of


@dataclass(frozen=True, slots=True)
class RunContext:
    """The run that is being carried out.

    Attributes:
        job_id: its job, None for a call that belongs to none.
        number: it is the job's run of that number, counted from 1.
        scheduled_at: its instant.
        timezone: the zone in which the job's times are meant.
    """

    job_id: str | None = None
    number: int = 1
    scheduled_at: datetime = field(default_factory=instants.now)
    timezone: str = "UTC"


_current: ContextVar[RunContext | None] = ContextVar("schedulezero_run", default=None)


def current_run() -> RunContext:
    """The run that the calling job function carries out; a plain one outside of any."""
    return _current.get() or RunContext()


@contextmanager
def running(run: RunContext) -> Generator[None]:
    """Makes a run the current one."""
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)


def context_of(call: Call) -> RunContext:
    """What a call says of its run; what is missing or cannot be read has a sensible default."""
    number, scheduled_at = call.context.get("number"), call.context.get("scheduled_at")
    try:
        at = instants.from_iso(scheduled_at) if isinstance(scheduled_at, str) else instants.now()
    except ValueError:
        at = instants.now()
    try:
        timezone = zone_of(call.context.get("timezone")).key
    except TriggerError:
        timezone = "UTC"
    return RunContext(
        job_id=call.job_id,
        number=number if isinstance(number, int) and number > 0 else 1,
        scheduled_at=at,
        timezone=timezone,
    )
