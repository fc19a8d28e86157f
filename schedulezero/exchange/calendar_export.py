"""Writes jobs as the events of a calendar file (RFC 5545), which any calendar opens."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_lines import STATE_LINE
from schedulezero.exchange.rrule_lines import LISTED, recurrences
from schedulezero.model import Job, JobState

MOST_EVENTS = 3000
_MOST_DATES = 6000  # of jobs that no RRULE can describe
_MOST_TEXT = 1_000_000  # characters of all descriptions together, split evenly among the jobs
_LONGEST_TEXT = 4000
_LONGEST = 4.0  # seconds; finding the next instants of rare schedules takes some milliseconds each
_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar file, and how many jobs were left out because the file was full."""

    data: bytes
    left_out: int


def calendar_of(
    jobs: Iterable[Job], *, name: str, now: datetime, texts: bool = True, zone: ZoneInfo | None = None
) -> CalendarFile:
    """Return the future runs of jobs as a calendar file with a limited number of events and dates.

    Parameters:
        jobs: Jobs that aren't over, the most important first; the others have no future runs.
        name: The calendar's name.
        now: The present instant.
        texts: Whether to include the text that the jobs will post.
        zone: The zone in which to show it. A rule keeps the zone whose clock it follows.
    """
    from icalendar import Calendar, Event  # slow to import, and rarely needed

    calendar: Any = Calendar()
    calendar.add("prodid", "-//ScheduleZero//Discord//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    if zone is not None:
        calendar.add("x-wr-timezone", zone.key)
    listed = list(jobs)
    each = min(LISTED, max(_MOST_DATES // max(len(listed), 1), 1))
    longest = min(_LONGEST_TEXT, max(_MOST_TEXT // max(len(listed), 1), 200))
    events, stop = 0, clock.monotonic() + _LONGEST
    left_out = 0
    for position, job in enumerate(listed):
        if events >= MOST_EVENTS or clock.monotonic() >= stop:
            left_out = len(listed) - position
            break
        anchor = job.anchor_at or job.created_at or now
        after = max(now, job.held_until) if job.held_until else now
        found = recurrences(job.trigger, anchor=anchor, zone=job.timezone, now=after, listed=each)
        events += len(found)
        for number, recurrence in enumerate(found):
            event: Any = Event()
            event.add("uid", f"{job.id}-{number}@schedulezero")
            event.add("dtstamp", now)
            event.add("summary", job.title)
            if job.state is JobState.PAUSED:
                event.add("status", "TENTATIVE")
                event.add(STATE_LINE, job.state.value)
            text = str(job.params.get("message") or job.params.get("description") or "")
            if text and texts:
                event.add("description", text[:longest])
            single = zone is not None and not recurrence.rule
            start = recurrence.start.astimezone(zone) if single else recurrence.start
            event.add("dtstart", start)
            event.add("dtend", start + _LENGTH)
            if recurrence.rule:
                event.add("rrule", recurrence.rule)
            if recurrence.dates:
                event.add("rdate", [at.astimezone(zone) if single else at for at in recurrence.dates])
            for day in recurrence.excluded:
                event.add("exdate", datetime.combine(day, start.time(), start.tzinfo))
            calendar.add_component(event)
    if any("/" in str(event["dtstart"].dt.tzinfo) for event in calendar.walk("VEVENT")):
        calendar.add_missing_timezones()
    return CalendarFile(calendar.to_ical(), left_out)
