"""The parts of a job beside its own runs: *leads* run before each of them, *thens* after each that succeeds.

The parts belong to their job: they are written in it, so whatever changes, pauses, cancels, restores, copies
or exports the job does so with all of them, in one step. `Waiting` says what of them is due next; the server
keeps it with the job and moves it on in the transaction that makes or ends a run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schedulezero.model.fields import Noun

MOST_LEADS = 5
MOST_THENS = 3
LONGEST_SPAN = timedelta(days=366)
PART_ID = re.compile(r"[a-z][a-z0-9]{0,7}", re.ASCII)
MAIN = "main"
"""What a run's ``part`` says of a job's own run, if the job has parts; it is None for a job without parts."""


@dataclass(frozen=True, slots=True)
class Part(Noun):
    """Something that a job does before or after its own runs.

    Attributes:
        id: names it within its job: a letter and up to 7 letters or digits.
        method, params: what it does, on the job's handler.
        before: for a lead, how long before. Whole days count by the clock in the job's zone (a day before
            09:00 is 09:00), the rest is exact.
        after: for a then, how long after the end of what precedes it. Thens follow one another in order.
    """

    id: str
    method: str
    params: Mapping[str, Any]
    before: timedelta | None = None
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Waiting(Noun):
    """The next run of a part.

    Attributes:
        part: the part's id.
        at: when it is due.
        of: the instant of the job's own run to which it belongs.
        held_until: until when a hold of the job puts off a then.
    """

    part: str
    at: datetime
    of: datetime
    held_until: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When it runs, with a hold."""
        return max(self.at, self.held_until) if self.held_until is not None else self.at


def leads(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts that run before."""
    return tuple(part for part in parts if part.before is not None)


def thens(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts that run after, in order."""
    return tuple(part for part in parts if part.before is None)


def following(parts: tuple[Part, ...], done: str) -> Part | None:
    """Return the part that follows a successful run of a part, or of `MAIN`; None after the last one."""
    chain = [MAIN, *(part.id for part in thens(parts))]
    if done not in chain:
        return None  # a lead, or a part that was removed since
    place = chain.index(done)
    return thens(parts)[place] if place < len(thens(parts)) else None


def part_of(parts: tuple[Part, ...], part_id: str | None) -> Part | None:
    """Return the part with that id, or None."""
    return next((part for part in parts if part.id == part_id), None)


def next_part_at(waiting: tuple[Waiting, ...]) -> datetime | None:
    """Return when the first part is due, or None."""
    return min((item.due_at for item in waiting), default=None)
