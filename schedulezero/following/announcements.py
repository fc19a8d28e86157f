"""Plans the posts about events of a calendar: a job of its own for each, on the server. Pure.

So a post comes at its exact time also between two looks at the calendar, and whoever dies: the server keeps
the job. What is planned is remembered with the job's id before that is saved, so a look that is repeated
doesn't save a second one. A job posts only if the calendar, as last read, still has the event at
that time; an event that was moved gets another job.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from schedulezero.exchange.occurrences import Occurrence
from schedulezero.instants import from_iso, to_iso

AHEAD = timedelta(days=2)
"""How long before its time a post becomes a job."""
MOST = 50
"""The most posts of one calendar that are planned at a time, the earliest."""
SOON = timedelta(seconds=5)
LATE = timedelta(minutes=15)
"""How long after its time a post still comes."""
_MISSED = timedelta(hours=1)
"""How long ago the time of a post may have come that is planned only now: not all of a long pause's."""
_KEPT = timedelta(days=1)


class Stage(StrEnum):
    """How far a post that is planned has come."""

    BEGUN = "begun"
    """Its job is about to be saved, or was, if somebody died then."""
    SAVED = "saved"
    OFF = "off"
    """The calendar says something else now, so its job is to be cancelled."""
    CANCELLED = "cancelled"
    RAN = "ran"
    """As CANCELLED, but somebody let its job run before, so it may be posted already."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One post about one occurrence.

    Attributes:
        job_id: The job that posts it.
        key: The occurrence.
        lead: How long before its start.
        at: When that is.
        base: What it has in common with the same post planned again.
        stage: How far it has come.
        look: What it has in common with a post that readers would take for the same.
    """

    job_id: str
    key: str
    lead: timedelta
    at: datetime
    base: str
    stage: Stage = Stage.BEGUN
    look: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is to be posted."""
        return self.stage in (Stage.BEGUN, Stage.SAVED)

    def to_json(self) -> dict[str, Any]:
        return {
            "job_id": self.job_id,
            "key": self.key,
            "lead": self.lead.total_seconds(),
            "at": to_iso(self.at),
            "base": self.base,
            "stage": self.stage.value,
            "look": self.look,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Planned:
        lead, at = timedelta(seconds=data["lead"]), from_iso(data["at"])
        stage, look = Stage(data["stage"]), data.get("look", "")
        return cls(data["job_id"], data["key"], lead, at, data["base"], stage, look)

    def is_for(self, item: Occurrence) -> bool:
        """Return whether an occurrence is still at the time for which this was planned."""
        return item.key == self.key and item.starts - self.lead == self.at

    def is_same_post(self, other: Planned) -> bool:
        """Return whether both are about one occurrence at one time, whichever jobs they have."""
        return (self.key, self.lead, self.at) == (other.key, other.lead, other.at)


def plan(
    known: Sequence[Planned],
    *,
    job_id: str,
    what: str,
    items: Sequence[Occurrence],
    leads: Sequence[timedelta],
    now: datetime,
    since: datetime | None,
) -> list[Planned]:
    """Return the posts that are planned from now on, with those to call off and those that were.

    Parameters:
        known: Those planned so far.
        job_id: The job that follows the calendar.
        what: What it posts and where; a post planned otherwise is planned again.
        items: What the calendar says, the earliest first.
        leads: How long before each event.
        now: The present instant.
        since: When the calendar was looked at before; None if never. A post whose time has come since then,
            and within the last hour, comes at once.
    """
    wanted: dict[str, Planned] = {}
    for item, lead, at in sorted(_due(items, leads, now, since), key=lambda each: each[2])[:MOST]:
        base = _digest(job_id, what, item.key, str(lead.total_seconds()), to_iso(at))
        look = _digest(item.title, str(lead.total_seconds()), to_iso(at))
        wanted[base] = Planned("", item.key, lead, at, base, look=look)
    due = set(wanted)
    kept: list[Planned] = []
    for each in known:
        if each.at <= now - _KEPT or each.stage is Stage.CANCELLED:
            continue
        if not each.counts:
            kept.append(each)
        elif each.at <= now or each.base in wanted:
            # One whose time has come is left to its run, which looks whether it is still right.
            kept.append(each)
            wanted.pop(each.base, None)
        else:
            kept.append(replace(each, stage=Stage.OFF))
    called_off = Counter(each.base for each in known if not each.counts)
    # An event that came back under another name, or whose post has other words now, isn't told twice.
    told = Counter(
        each.look for each in kept if each.counts and each.at <= now and each.look and each.base not in due
    )
    new: list[Planned] = []
    for base, each in wanted.items():
        if told[each.look]:
            told[each.look] -= 1
            continue
        job = _digest(base, to_iso(now), str(called_off[base]))
        new.append(replace(each, job_id=f"calendar-{job}"))
    return kept + new


def _due(
    items: Sequence[Occurrence], leads: Sequence[timedelta], now: datetime, since: datetime | None
) -> Iterable[tuple[Occurrence, timedelta, datetime]]:
    since = max(since, now - _MISSED) if since is not None else None
    for item in items:
        for lead in leads:
            at = item.starts - lead
            missed = since is not None and since < at <= now and item.starts > now - LATE
            if now < at <= now + AHEAD or missed:
                yield item, lead, at


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
