"""Calendar files (RFC 5545): jobs as events that any calendar opens, and events as entries to import."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.calendar_lines import Block, blocks_of, split_property
from schedulezero.exchange import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Job
from schedulezero.when.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.rrule_lines import LISTED, recurrences
from schedulezero.when.triggers import known_zones

MOST_EVENTS = 3000
_MOST_DATES = 6000  # of jobs that no rule of a calendar describes
_MOST_TEXT = 1_000_000  # characters of all descriptions together, shared out among the jobs
_LONGEST_TEXT = 4000
_LONGEST = 4.0  # seconds; the next instants of rare schedules take some milliseconds each to find
_LENGTH = timedelta(minutes=15)
_ALL_DAY = time(9)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar file, and how many of its jobs had no room in it."""

    data: bytes
    left_out: int


def write_calendar(jobs: Iterable[Job], *, name: str, now: datetime) -> bytes:
    """What is still to come of jobs, as a calendar file; see `calendar_of`."""
    return calendar_of(jobs, name=name, now=now).data


def calendar_of(jobs: Iterable[Job], *, name: str, now: datetime, texts: bool = True) -> CalendarFile:
    """What is still to come of jobs, as a calendar file of at most so many events and dates.

    Parameters:
        jobs: those that are not over, the most important first; the others have nothing to come.
        name: what the calendar is called.
        now: the present instant.
        texts: whether what the jobs will post is in it.
    """
    from icalendar import Calendar, Event  # takes a while, and few need it

    calendar: Any = Calendar()
    calendar.add("prodid", "-//ScheduleZero//Discord//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
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
            text = str(job.params.get("message") or job.params.get("description") or "")
            if text and texts:
                event.add("description", text[:longest])
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
    return CalendarFile(calendar.to_ical(), left_out)


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
    blocks = blocks_of(text, most)
    if not blocks.events:
        return [Fault(1, "This is no calendar file with events (BEGIN:VEVENT … END:VEVENT).")]
    zones = _Zones(blocks.zones, zone)
    found: list[Entry | Fault] = []
    changed = _changed_one_by_one(blocks.events)
    for block in blocks.events:
        try:
            found.append(_entry(block, zones, method, params, now, changed))
        except _Unusable as error:
            found.append(Fault(block.line, str(error)))
        except Exception as error:  # noqa: BLE001 - the parser raises many kinds; each costs one event
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            found.append(Fault(block.line, f"This event cannot be read: {reason}."))
    if blocks.count > most:
        found.append(Fault(1, f"Only the first {most} of {blocks.count} events were read."))
    return found


class _Unusable(Exception):
    """An event is well formed and cannot be scheduled; the text says why."""


class _Zones:
    """The time zones of a file: IANA zones where a name or VTIMEZONE tells which, else its own rules."""

    def __init__(self, blocks: Sequence[Block], default: str) -> None:
        from icalendar.timezone import tzp

        tzp.use_default()  # forgets the zones of files that were read before
        self.default = default
        self._own: dict[str, Block] = {}
        self._known: dict[str, str | None] = {}
        self._faults: dict[str, str] = {}
        for block in blocks:
            name = next((value for key, _, value in map(split_property, block.lines) if key == "TZID"), "")
            self._own.setdefault(name.strip(), block)

    def iana(self, name: str) -> str | None:
        """The IANA zone that a TZID means, None when only its own rules say."""
        if name not in self._known:
            self._known[name] = self._iana(name)
            if self._known[name] is None:
                self._faults[name] = "Its time zone cannot be read."  # if learning fails
                self._faults[name] = self._learn(name)
        if self._faults.get(name):
            raise _Unusable(self._faults[name])
        return self._known[name]

    def _learn(self, name: str) -> str:
        """Tells the parser a zone that only its own rules describe; returns what is wrong with it."""
        import icalendar

        block = self._own.get(name)
        if block is None:
            return f"“{name[:60]}” is not a known time zone."
        if block.fault is not None:
            return f"Its time zone cannot be read: {block.fault}"
        for key, _, value in map(split_property, block.lines):
            parts = _parts(value)
            if key == "RRULE" and (parts.get("FREQ") != "YEARLY" or not parts.keys() <= _CLOCK_CHANGES):
                return "Its time zone changes its clocks by a rule that is not supported."
        lines = "\n".join(["BEGIN:VTIMEZONE", *block.lines, "END:VTIMEZONE"])
        icalendar.Calendar.from_ical(f"BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n")
        return ""

    def _iana(self, name: str) -> str | None:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

        names = known_zones()
        cleaned = name.strip("/")
        parts = cleaned.split("/")
        guesses = [cleaned, WINDOWS_TO_OLSON.get(cleaned, "")]
        if name.startswith("/"):  # /citadel.org/20210210_1/Europe/Berlin: a maker's name before the zone's
            guesses += ["/".join(parts[start:]) for start in range(1, min(len(parts), 6))]
        block = self._own.get(name)
        if block is not None:
            guesses += [
                value for key, _, value in map(split_property, block.lines) if key == "X-LIC-LOCATION"
            ]
        return next((guess for guess in guesses if guess in names), None)


def _parts(rule: str) -> dict[str, str]:
    """The parts of an RRULE by their names."""
    found: dict[str, str] = {}
    for part in rule.upper().split(";"):
        name, _, value = part.partition("=")
        found[name] = value
    return found


_CLOCK_CHANGES = frozenset(("FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYDAY", "BYMONTHDAY", "WKST"))


def _with_known_zones(block: Block, zones: _Zones) -> str:
    """The event with its zones by their IANA names; only its times name any."""
    lines: list[str] = []
    for line in block.lines:
        name, parameters, value = split_property(line)
        if name in ("DTSTART", "EXDATE") and "TZID=" in parameters.upper():
            kept: list[str] = []
            for parameter in parameters.split(";"):
                key, _, given = parameter.partition("=")
                if key.strip().upper() == "TZID":
                    given = zones.iana(given.strip('"')) or given
                kept.append(f"{key}={given}")
            line = f"{name};{';'.join(kept)}:{value}"
        lines.append(line)
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def _changed_one_by_one(events: Sequence[Block]) -> frozenset[str]:
    """The UIDs of repeating events of which single dates were moved or cancelled (RFC 5545, 3.8.4.4)."""
    found = (_values(block) for block in events)
    return frozenset(values.get("UID", "") for values in found if "RECURRENCE-ID" in values)


def _values(block: Block) -> dict[str, str]:
    parts = (split_property(line) for line in block.lines)
    return {name: value.strip() for name, _, value in parts if name in ("UID", "RECURRENCE-ID")}


def _entry(
    block: Block,
    zones: _Zones,
    method: str,
    params: dict[str, Any],
    now: datetime,
    changed: frozenset[str],
) -> Entry:
    import icalendar  # takes a while, and few need it

    if block.fault is not None:
        raise _Unusable(block.fault)
    event: Any = cast(Any, icalendar.Event).from_ical(_with_known_zones(block, zones))
    zone = zones.default
    if str(event.get("status") or "").upper() == "CANCELLED":
        raise _Unusable("This event was cancelled.")
    if event.get("recurrence-id") is not None:
        raise _Unusable("This is one changed date of a repeating event; change it after the import.")
    for name in ("rdate", "exrule"):
        if event.get(name) is not None:
            raise _Unusable(f"{name.upper()} is not supported; RRULE and EXDATE are.")
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
        if _values(block).get("UID", "") in changed:
            raise _Unusable("Single dates of this event were moved or cancelled, which cannot be taken over.")
        local = begins.astimezone(ZoneInfo(where))
        if not _same_clock(start.dt, local):
            raise _Unusable("Its time zone is not a known one, so its repetitions cannot be placed.")
        if isinstance(start.dt, datetime) and local.replace(tzinfo=None) != start.dt.replace(tzinfo=None):
            raise _Unusable("The clocks skip the time at which this event begins; give it another one.")
        when = f"DTSTART:{local:%Y%m%dT%H%M%S} RRULE:{rule.to_ical().decode()}"
    return Entry(
        line=block.line,
        name=summary[:100] or None,
        method=method,
        params={**params, "message": message[:2000]},
        when=when,
        timezone=where,
        excluded=_excluded(event.get("exdate"), rule, begins.astimezone(ZoneInfo(where)), now),
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
    where = name if name in known_zones() else zone
    return value.astimezone(UTC), where


def _same_clock(value: Any, local: datetime) -> bool:
    """Whether an event's own clock shows the same as that of the zone in which it is going to repeat."""
    own: Any = value.tzinfo if isinstance(value, datetime) else None
    return own is None or local.astimezone(own).replace(tzinfo=None) == local.replace(tzinfo=None)


def _excluded(value: Any, rule: Any, begins: datetime, now: datetime) -> tuple[date, ...]:
    """The days on which a repeating event does not happen, as far as they are still to come."""
    if rule is None or value is None:
        return ()
    zone, at = begins.tzinfo, begins.time()
    several = any(len(rule.get(part, ())) > 1 for part in ("BYHOUR", "BYMINUTE"))
    days: set[date] = set()
    for item in cast("list[Any]", value if isinstance(value, list) else [value]):
        for given in (day.dt for day in item.dts):
            if not isinstance(given, datetime):
                days.add(given)
                continue
            local = given.astimezone(zone) if given.tzinfo is not None else given
            if several:
                raise _Unusable(
                    "EXDATE leaves out one of several times of a day; only whole days are possible."
                )
            if local.time() == at or "BYHOUR" in rule or "BYMINUTE" in rule:
                days.add(local.date())
    today = now.astimezone(zone).date()
    coming = tuple(sorted(day for day in days if day >= today))
    if len(coming) > MOST_EXCLUDED:
        raise _Unusable(f"This event leaves out {len(coming)} days; {MOST_EXCLUDED} are possible.")
    return coming
