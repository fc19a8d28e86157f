"""A queue's slots: which one is the next free one, and how a queue closes up. Pure.

A queue is a recurring schedule. Each of its instants is a slot for one post, and each queued post is an
ordinary one-off job at its slot, whose meta names the queue. So the jobs are the only record of what is
taken: cancelling one frees its slot, and nothing can disagree with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from schedulezero import instants
from schedulezero.model import GuildRules, Job, JobState, JsonObject, Trigger
from schedulezero.model.authorship import QUEUE as META
from schedulezero.when.calendar.quiet_hours import forbidden
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

SOONEST = timedelta(minutes=1)
"""How far ahead a slot must be to be given away: time to confirm."""
_MOST_SLOTS = 2000  # looked at, free or not
_WAITING = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)


@dataclass(frozen=True, slots=True)
class Queue:
    """A guild's queue.

    Attributes:
        id: its id.
        guild_id: its guild.
        name: its name.
        channel_id: where its posts go.
        trigger: when its slots are.
        timezone: the zone of the trigger's wall-clock times.
        anchor_at: the instant from which an interval counts.
    """

    id: str
    guild_id: str
    name: str
    channel_id: str
    trigger: Trigger
    timezone: str
    anchor_at: datetime

    def slots(self, after: datetime, rules: GuildRules | None = None) -> Iterator[datetime]:
        """Yield the instants of its slots after an instant, without those on which nothing may run."""
        schedule = schedule_of(self.trigger, anchor=self.anchor_at, zone=self.timezone)
        for slot in upcoming(schedule, after, _MOST_SLOTS):
            if rules is None or forbidden(rules, slot) is None:
                yield slot

    def to_json(self) -> JsonObject:
        """Return it as a note of the bot's memory."""
        return {
            "guild_id": self.guild_id,
            "name": self.name,
            "channel_id": self.channel_id,
            "trigger": self.trigger.to_json(),
            "timezone": self.timezone,
            "anchor_at": instants.to_iso(self.anchor_at),
        }

    @classmethod
    def from_json(cls, identifier: str, data: Mapping[str, Any]) -> Queue:
        """Return the queue of a note."""
        return cls(
            id=identifier,
            guild_id=str(data["guild_id"]),
            name=str(data["name"]),
            channel_id=str(data["channel_id"]),
            trigger=Trigger.from_json(data["trigger"]),
            timezone=str(data["timezone"]),
            anchor_at=instants.from_iso(data["anchor_at"]),
        )


def waiting_in(queue_id: str, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that hold a slot of a queue, in the order of their slots."""
    found = [
        job
        for job in jobs
        if job.meta.get(META) == queue_id and job.state in _WAITING and instant_of(job) is not None
    ]
    return sorted(found, key=lambda job: (instant_of(job) or job.created_at, job.id))


def instant_of(job: Job) -> datetime | None:
    """Return the instant of a one-off job, also of one that is paused or pending; None for other jobs."""
    if job.trigger.type != "date":
        return None
    anchor = job.anchor_at or job.created_at or instants.now()
    return next(upcoming(schedule_of(job.trigger, anchor=anchor, zone=job.timezone), _LONG_AGO, 1), None)


_LONG_AGO = instants.from_iso("1971-01-01T00:00:00Z")


def next_free(
    queue: Queue, taken: Collection[datetime], now: datetime, rules: GuildRules | None = None
) -> datetime | None:
    """Return a queue's first slot that nothing takes; None if there is none in sight."""
    return next((slot for slot in queue.slots(now + SOONEST, rules) if slot not in taken), None)


def closed_up(
    queue: Queue,
    jobs: Sequence[Job],
    now: datetime,
    rules: GuildRules | None = None,
    *,
    fixed: Collection[str] = (),
) -> list[tuple[Job, datetime]]:
    """Return the jobs that move when a queue closes its gaps, each with its new slot, first ones first.

    The order stays, each move goes to a slot that is free by then, and two jobs at one slot are parted. A
    job whose slot is less than `SOONEST` ahead stays where it is, but one that was paused or pending when its
    slot came gets the next one.

    Parameters:
        queue: the queue.
        jobs: what waits in it, as `waiting_in` returns it.
        now: the present instant.
        rules: the guild's rules; None if unknown.
        fixed: the ids of jobs that stay where they are.
    """
    stays = {instant_of(job) for job in jobs if job.id in fixed}
    moves: list[tuple[Job, datetime]] = []
    free = (slot for slot in queue.slots(now + SOONEST, rules) if slot not in stays)
    for job in jobs:
        at = instant_of(job)
        if at is None or job.id in fixed or (at <= now + SOONEST and job.state is JobState.ACTIVE):
            continue
        slot = next(free, None)
        if slot is None:
            break
        if slot != at:
            moves.append((job, slot))
    return moves


def at_slot(job: Job, slot: datetime) -> Job:
    """Return a job moved to an instant."""
    return replace(job, trigger=Trigger("date", {"run_date": instants.to_iso(slot)}))
