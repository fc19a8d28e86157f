"""What the bot owes: the endings of what its jobs did for a while, such as taking a role back.

An ending is the bot's own debt, so it needs the bot's rights only: the person who asked for the change may
have left by then. The bot notes each debt in its own memory before it saves the job that settles it. Neither
an import nor the REST API writes there, so nobody else can make a job that counts as an ending: a job settles
a debt only if its id, guild, method and params are the noted ones.

A debt stays open until a run of its job succeeds, or until it is called off. A run that fails, or that nobody
made, is noted, and the job is run again: when the bot can do more than before, and otherwise with growing
pauses. A closed debt is closed: its job can't do anything any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, cast

from schedulezero import instants
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.host import Notes
from schedulezero.methods.note_kinds import DEBT, DEBT_CLOSED, DEBT_TRIED
from schedulezero.methods.spec import META_KEY
from schedulezero.model import Job, JobState, JsonObject, Run, RunState, Trigger
from schedulezero.model.authorship import FOLLOWS
from schedulezero.model.job_names import name_meta
from schedulezero.sentences import present_fields, read_sentence

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(days=1),
)
"""How long after its first, second, third… failed run a job is run again; the last one repeats."""
_PATIENCE = timedelta(days=7)  # as long as the server lets a run wait
OVERDUE = timedelta(minutes=10)
"""How long after its time a debt of which nothing was heard is looked at."""


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt.

    Attributes:
        job_id: the id of the job that settles it.
        guild_id: the guild of that job; None if it has none.
        method, params: what that job does.
        about: what the debt is about, such as ``slowmode:123``.
        since: when the change was made, as ISO text.
        left: the state in which the change left things; the ending undoes only what is still like that.
        due: when the change is over, as ISO text; None for a debt of an earlier version.
        name, creator_id, timezone, follows: what its job has of the run that made the change.
    """

    job_id: str
    guild_id: str | None
    method: str
    params: Mapping[str, Any]
    about: str
    since: str
    left: JsonObject = field(default_factory=dict[str, Any])
    due: str | None = None
    name: str = ""
    creator_id: str | None = None
    timezone: str = "UTC"
    follows: str = ""

    def is_settled_by(self, guild_id: str | None, method: str, params: Mapping[str, Any]) -> bool:
        """Return whether a run of the job still does what is owed; an edited job may do something else."""
        wanted = {name: value for name, value in params.items() if name != META_KEY}
        return (self.guild_id, self.method, dict(self.params)) == (guild_id, method, wanted)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether its run should be over by now."""
        return self.due is None or from_iso(self.due) + OVERDUE <= now


@dataclass(frozen=True, slots=True)
class Tried:
    """The failed runs of a debt's job.

    Attributes:
        times: how many there were.
        at: when the last one was noted.
        sequence: the number of that one among the server's troubles.
    """

    times: int
    at: datetime
    sequence: int = 0

    @property
    def again_at(self) -> datetime:
        """When the job is run again, if nothing happens before."""
        return self.at + PAUSES[min(max(self.times, 1), len(PAUSES)) - 1]


class Standing(Enum):
    """What has become of a debt, as the server knows its job."""

    WAITS = auto()
    """Its time hasn't come, or its run is under way."""
    SETTLED = auto()
    """A run succeeded."""
    CALLED_OFF = auto()
    """A person cancelled its job or changed what it does; they may undo that."""
    OPEN = auto()
    """Its job has to be run again."""
    LOST = auto()
    """Its run failed, and the server keeps no jobs that ran."""


def standing(debt: Debt, job: Job | None, runs: tuple[Run, ...]) -> Standing:
    """Return what has become of a debt.

    Parameters:
        debt: the debt.
        job: the job that settles it; None if the server doesn't have it.
        runs: the newest runs of that job.
    """
    if any(run.state is RunState.SUCCEEDED and _does(debt, run.params) for run in runs):
        return Standing.SETTLED
    if any(run.state is RunState.QUEUED for run in runs):
        return Standing.WAITS
    if job is None:
        return Standing.LOST if runs else Standing.CALLED_OFF
    if job.state is JobState.CANCELLED or not debt.is_settled_by(job.guild_id, job.method, job.params):
        return Standing.CALLED_OFF
    if job.state is JobState.ACTIVE and job.next_run_at is not None:
        return Standing.WAITS
    return Standing.OPEN


def _does(debt: Debt, params: Mapping[str, Any]) -> bool:
    return debt.is_settled_by(debt.guild_id, debt.method, params)


async def owe(notes: Notes, debt: Debt) -> bool:
    """Note a debt, before the job that settles it is saved; return False if its guild was forgotten."""
    value = {
        "guild_id": debt.guild_id,
        "method": debt.method,
        "params": dict(debt.params),
        "about": debt.about,
        "since": debt.since,
        "left": debt.left,
        "due": debt.due,
        **present_fields("name", debt.name),
        "creator_id": debt.creator_id,
        "timezone": debt.timezone,
        "follows": debt.follows,
    }
    return await notes.put(DEBT, debt.job_id, value)


async def debt_of(notes: Notes, job_id: str | None) -> Debt | None:
    """Return the open debt that a job settles; None if it is a job like any other, or its debt is closed."""
    value = await notes.kept(DEBT, job_id) if job_id is not None else None
    return read_debt(str(job_id), value) if value is not None else None


def read_debt(job_id: str, value: Mapping[str, Any]) -> Debt:
    """Return the debt in a note."""
    left = value["left"]
    return Debt(
        job_id=job_id,
        guild_id=value["guild_id"],
        method=value["method"],
        params=value["params"],
        about=value["about"],
        since=value["since"],
        left=cast("JsonObject", left) if isinstance(left, dict) else {},
        due=value.get("due"),
        name=read_sentence(value, "name") or "",
        creator_id=value.get("creator_id"),
        timezone=value.get("timezone", "UTC"),
        follows=value.get("follows", ""),
    )


def job_for(debt: Debt, handler_id: str, at: datetime) -> Job:
    """Return the job that settles a debt at an instant."""
    return Job(
        id=debt.job_id,
        handler_id=handler_id,
        method=debt.method,
        params=debt.params,
        trigger=Trigger("date", {"run_date": to_iso(at)}),
        name=str(debt.name)[:100] or None,
        guild_id=debt.guild_id,
        creator_id=debt.creator_id,
        timezone=debt.timezone,
        grace=_PATIENCE,
        meta={FOLLOWS: debt.follows, **name_meta(debt.name)},
    )


async def close(notes: Notes, debt: Debt) -> None:
    """Close a debt, because it is settled or called off; its job can't do anything from then on."""
    await notes.put(DEBT_CLOSED, debt.job_id, {"guild_id": debt.guild_id, "at": to_iso(instants.now())})
    await notes.forget(DEBT, debt.job_id)
    await notes.forget(DEBT_TRIED, debt.job_id)


async def is_closed(notes: Notes, job_id: str | None) -> bool:
    """Return whether a job settled a debt that is closed."""
    return job_id is not None and await notes.kept(DEBT_CLOSED, job_id) is not None


async def note_tried(notes: Notes, debt: Debt, sequence: int) -> None:
    """Note a failed run of a debt's job, once.

    Parameters:
        notes: where to note it.
        debt: the debt.
        sequence: the run's number among the server's troubles.
    """
    before = await tried(notes, debt.job_id)
    if before is not None and before.sequence >= sequence:
        return
    value = {
        "guild_id": debt.guild_id,
        "times": before.times + 1 if before is not None else 1,
        "at": to_iso(instants.now()),
        "sequence": sequence,
    }
    await notes.put(DEBT_TRIED, debt.job_id, value)


async def tried(notes: Notes, job_id: str) -> Tried | None:
    """Return the failed runs of a debt's job; None if there were none."""
    value = await notes.kept(DEBT_TRIED, job_id)
    return Tried(value["times"], from_iso(value["at"]), value["sequence"]) if value is not None else None
