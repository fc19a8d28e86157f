"""Calendar files (RFC 5545): jobs as events that any calendar opens, and events as entries to import."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.exchange import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Job
from schedulezero.when.rrule_lines import recurrences

_LENGTH = timedelta(minutes=15)
_BLOCK = re.compile(r"^BEGIN:VEVENT\r?$(.*?)^END:VEVENT\r?$", re.MULTILINE | re.DOTALL)
_ZONE = re.compile(r"^BEGIN:VTIMEZONE\r?$.*?^END:VTIMEZONE\r?$", re.MULTILINE | re.DOTALL)
_ALL_DAY = time(9)


def write_calendar(jobs: Iterable[Job], *, name: str, now: datetime) -> bytes:
    """What is still to come of jobs, as a calendar file.

    Parameters:
        jobs: those that are not over; the others have nothing to come.
        name: what the calendar is called.
        now: the present instant.
    """
    from icalendar import Calendar, Event  # takes a while, and few need it

    calendar: Any = Calendar()
    calendar.add("prodid", "-//ScheduleZero//Discord//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for job in jobs:
        anchor = job.anchor_at or job.created_at or now
        after = max(now, job.held_until) if job.held_until else now
        found = recurrences(job.trigger, anchor=anchor, zone=job.timezone, now=after)
        for number, recurrence in enumerate(found):
            event: Any = Event()
            event.add("uid", f"{job.id}-{number}@schedulezero")
            event.add("dtstamp", now)
            event.add("summary", job.title)
            text = str(job.params.get("message") or job.params.get("description") or "")
            if text:
                event.add("description", text)
            event.add("dtstart", recurrence.start)
            event.add("dtend", recurrence.start + _LENGTH)
            if recurrence.rule:
                event.add("rrule", recurrence.rule)
            if recurrence.dates:
                event.add("rdate", list(recurrence.dates))
            zone = recurrence.start.tzinfo
            for day in recurrence.excluded:
                event.add("exdate", datetime.combine(day, recurrence.start.time(), zone))
            calendar.add_component(event)
    if any("/" in str(event["dtstart"].dt.tzinfo) for event in calendar.walk("VEVENT")):
        calendar.add_missing_timezones()
    return calendar.to_ical()


def read_calendar(
    text: str,
    *,
    method: str,
    params: dict[str, Any],
    zone: str,
    now: datetime,
    most: int = MOST_ENTRIES,
) -> list[Entry | Fault]:
    """The events of a calendar file as entries that post a message.

    Parameters:
        text: the file.
        method: the job method that posts.
        params: what it gets beside its ``message``.
        zone: for times that name no zone.
        now: the present instant.
        most: how many events are read at most.

    Each event is read by itself, so that one that cannot be read costs none of the others.
    """
    import icalendar  # takes a while, and few need it

    blocks = list(_BLOCK.finditer(text.replace("\r\n", "\n")))
    if not blocks:
        return [Fault(1, "This is no calendar file with events (BEGIN:VEVENT … END:VEVENT).")]
    zones = "\n".join(match[0] for match in _ZONE.finditer(text.replace("\r\n", "\n")))
    found: list[Entry | Fault] = []
    for block in blocks[:most]:
        line = text.replace("\r\n", "\n").count("\n", 0, block.start()) + 1
        wrapped = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zones}\n{block[0]}\nEND:VCALENDAR\n"
        try:
            event = cast(Any, icalendar.Calendar.from_ical(wrapped)).walk("VEVENT")[0]
            found.append(_entry(event, line, method, params, zone, now))
        except _Unusable as error:
            found.append(Fault(line, str(error)))
        except Exception as error:  # noqa: BLE001 - the parser raises many kinds; each costs one event
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            found.append(Fault(line, f"This event cannot be read: {reason}."))
    if len(blocks) > most:
        found.append(Fault(1, f"Only the first {most} of {len(blocks)} events were read."))
    return found


class _Unusable(Exception):
    """An event is well formed and cannot be scheduled; the text says why."""


def _entry(event: Any, line: int, method: str, params: dict[str, Any], zone: str, now: datetime) -> Entry:
    summary = " ".join(str(event.get("summary") or "").split())
    description = str(event.get("description") or "").strip()
    message = f"**{summary}**\n{description}".strip() if description else summary
    if not message:
        raise _Unusable("This event has no SUMMARY to post.")
    start = event.get("dtstart")
    if start is None:
        raise _Unusable("This event has no DTSTART.")
    begins, where = _start(start.dt, zone)
    rule = event.get("rrule")
    if isinstance(rule, list):
        raise _Unusable("This event has several RRULEs; one is possible.")
    if rule is None:
        if begins <= now:
            raise _Unusable(
                f"This event is over: it was on {begins.astimezone(ZoneInfo(where)):%Y-%m-%d %H:%M}."
            )
        when = f"<t:{int(begins.timestamp())}>"
    else:
        local = begins.astimezone(ZoneInfo(where))
        when = f"DTSTART:{local:%Y%m%dT%H%M%S} RRULE:{rule.to_ical().decode()}"
    return Entry(
        line=line,
        name=summary[:100] or None,
        method=method,
        params={**params, "message": message[:2000]},
        when=when,
        timezone=where,
        excluded=tuple(_excluded(event.get("exdate"))),
    )


def _start(value: Any, zone: str) -> tuple[datetime, str]:
    """When an event begins, and in which zone; a day alone begins at nine."""
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise _Unusable("This event's DTSTART is no date.")
        value = datetime.combine(value, _ALL_DAY)
    if value.tzinfo is None:
        return first_instant_at_or_after(value, ZoneInfo(zone)), zone
    name = str(getattr(value.tzinfo, "key", "") or value.tzinfo)
    where = name if "/" in name else ("UTC" if value.utcoffset() == timedelta() else zone)
    return value.astimezone(UTC), where


def _excluded(value: Any) -> Iterable[date]:
    items = cast("list[Any]", value if isinstance(value, list) else [value])
    for item in items:
        for day in getattr(item, "dts", ()):
            yield day.dt.date() if isinstance(day.dt, datetime) else day.dt
