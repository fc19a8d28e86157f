"""Calendar files (RFC 5545): exports jobs as events that any calendar opens, and reads events for import."""

from __future__ import annotations

import re
import time as clock
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_checks import Unusable, check_lines, rule_of
from schedulezero.exchange.calendar_lines import Block, Blocks, blocks_of, split_property, uid_of
from schedulezero.exchange.rrule_lines import LISTED, recurrences
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Job
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.calendar.triggers import known_zones

MOST_EVENTS = 3000
_MOST_DATES = 6000  # of jobs that no RRULE can describe
_MOST_TEXT = 1_000_000  # characters of all descriptions together, split evenly among the jobs
_LONGEST_TEXT = 4000
_LONGEST = 4.0  # seconds; finding the next instants of rare schedules takes some milliseconds each
_LENGTH = timedelta(minutes=15)
_ALL_DAY = time(9)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar file, and how many jobs were left out because the file was full."""

    data: bytes
    left_out: int


def write_calendar(jobs: Iterable[Job], *, name: str, now: datetime) -> bytes:
    """Return the future runs of jobs as a calendar file; see `calendar_of`."""
    return calendar_of(jobs, name=name, now=now).data


def calendar_of(jobs: Iterable[Job], *, name: str, now: datetime, texts: bool = True) -> CalendarFile:
    """Return the future runs of jobs as a calendar file with a limited number of events and dates.

    Parameters:
        jobs: Jobs that aren't over, the most important first; the others have no future runs.
        name: The calendar's name.
        now: The present instant.
        texts: Whether to include the text that the jobs will post.
    """
    from icalendar import Calendar, Event  # slow to import, and rarely needed

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
    """Read the events of a calendar file as entries that post a message.

    Parameters:
        text: The file's text.
        method: The job method that posts.
        params: Its parameters in addition to ``message``.
        zone: For times without a zone, in a calendar without one (X-WR-TIMEZONE).
        now: The present instant.
        most: The most events to read.

    Each event is read separately, so that an unreadable one doesn't affect the others.
    """
    blocks = blocks_of(text, most)
    if not blocks.events:
        return [
            Fault(
                1,
                Sentence(
                    "This isn't a calendar file with events (BEGIN:VEVENT … END:VEVENT).", "not_a_calendar"
                ),
            )
        ]
    zones = _Zones(blocks, zone)
    found: list[Entry | Fault] = []
    for block in blocks.events:
        try:
            found.append(_entry(block, zones, method, params, now, blocks.changed))
        except Unusable as error:
            found.append(Fault(block.line, error.message))
        except Exception as error:  # noqa: BLE001 - the parser raises many kinds; each costs one event
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            found.append(
                Fault(
                    block.line,
                    Sentence("This event can't be read: {reason}.", "ical_event_unreadable", reason=reason),
                )
            )
    if blocks.count > most:
        found.append(
            Fault(
                1,
                Sentence(
                    "Only the first {most} of {count} events were read.",
                    "too_many_events",
                    most=most,
                    count=blocks.count,
                ),
            )
        )
    return found


class _Zones:
    """A file's time zones: IANA zones where a name or VTIMEZONE identifies one, otherwise its own rules."""

    def __init__(self, blocks: Blocks, default: str) -> None:
        from icalendar.timezone import tzp

        tzp.use_default()  # forgets the zones of previous files
        self._default = default
        self._names = blocks.zone_names
        self._own: dict[str, Block] = {}
        self._known: dict[str, str | None] = {}
        self._faults: dict[str, str] = {}
        for block in blocks.zones:
            name = next((value for key, _, value in map(split_property, block.lines) if key == "TZID"), "")
            self._own.setdefault(name.strip(), block)

    def default(self, block: Block) -> str:
        """Return the zone for an event's times without one: its calendar's, or else the requested one."""
        name = self._names.get(block.calendar)
        if not name:
            return self._default
        found = self.iana(name)
        if found is None:
            raise Unusable(
                "The zone of its calendar, X-WR-TIMEZONE “{name}”, is not a known time zone.",
                code="ical_zone_unknown",
                name=name[:60],
            )
        return found

    def iana(self, name: str) -> str | None:
        """Return the IANA zone that a TZID means, or None if only the file's own rules define it."""
        if name not in self._known:
            self._known[name] = self._iana(name)
            if self._known[name] is None:
                # Recorded first, in case learning raises an exception.
                self._faults[name] = Sentence("Its time zone can't be read.", "ical_zone_unreadable")
                self._faults[name] = self._learn(name)
        if self._faults.get(name):
            raise Unusable(self._faults[name])
        return self._known[name]

    def _learn(self, name: str) -> str:
        """Teach the parser a zone that only its own rules describe; return what is wrong with it, or ""."""
        import icalendar

        block = self._own.get(name)
        if block is None:
            return Sentence("“{name}” isn't a known time zone.", "zone_unknown", name=name[:60])
        if block.fault is not None:
            return Sentence(
                "Its time zone cannot be read: {fault}", "ical_zone_unreadable_because", fault=block.fault
            )
        for key, _, value in map(split_property, block.lines):
            parts = _parts(value)
            if key == "RRULE" and (parts.get("FREQ") != "YEARLY" or not parts.keys() <= _CLOCK_CHANGES):
                return Sentence("The clock-change rule of its time zone isn't supported.", "ical_zone_rule")
        lines = "\n".join(["BEGIN:VTIMEZONE", *block.lines, "END:VTIMEZONE"])
        icalendar.Calendar.from_ical(f"BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n")
        return ""

    def _iana(self, name: str) -> str | None:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

        names = known_zones()
        cleaned = name.strip("/")
        parts = cleaned.split("/")
        guesses = [cleaned, WINDOWS_TO_OLSON.get(cleaned, "")]
        if name.startswith(
            "/"
        ):  # /citadel.org/20210210_1/Europe/Berlin: a vendor prefix before the zone's name
            guesses += ["/".join(parts[start:]) for start in range(1, min(len(parts), 6))]
        block = self._own.get(name)
        if block is not None:
            guesses += [
                value for key, _, value in map(split_property, block.lines) if key == "X-LIC-LOCATION"
            ]
            guesses.append(_fixed(block))
        return next((guess for guess in guesses if guess in names), None)


def _fixed(zone: Block) -> str:
    """Return the fixed-offset IANA zone that equals a zone with its own rules, or "" if there is none."""
    offsets = {value.strip() for key, _, value in map(split_property, zone.lines) if key == "TZOFFSETTO"}
    match = _WHOLE_HOURS.fullmatch(offsets.pop()) if len(offsets) == 1 else None
    if match is None:
        return ""
    hours = int(match[2])
    return f"Etc/GMT{'-' if match[1] == '+' else '+'}{hours}" if hours else "UTC"  # POSIX counts westwards


def _parts(rule: str) -> dict[str, str]:
    """Return the parts of an RRULE by name."""
    found: dict[str, str] = {}
    for part in rule.upper().split(";"):
        name, _, value = part.partition("=")
        found[name] = value
    return found


_WHOLE_HOURS = re.compile(r"([+-])([0-9]{2})00(?:00)?")
_CLOCK_CHANGES = frozenset(("FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYDAY", "BYMONTHDAY", "WKST"))


def _with_known_zones(block: Block, zones: _Zones) -> str:
    """Return the event with IANA names for its zones; only its times name zones."""
    lines: list[str] = []
    for line in block.lines:
        name, parameters, value = split_property(line)
        if name in ("DTSTART", "EXDATE") and "TZID=" in parameters.upper():
            kept: list[str] = []
            for parameter in parameters.split(";"):
                key, _, given = parameter.partition("=")
                if key.strip().upper() == "TZID":
                    if "T" not in value.upper():
                        continue  # a date has no zone (RFC 5545, 3.2.19)
                    given = zones.iana(given.strip('"')) or given
                kept.append(f"{key}={given}")
            line = f"{';'.join([name, *kept])}:{value}"
        lines.append(line)
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def _entry(
    block: Block,
    zones: _Zones,
    method: str,
    params: dict[str, Any],
    now: datetime,
    changed: set[str],
) -> Entry:
    import icalendar  # slow to import, and rarely needed

    if block.fault is not None:
        raise Unusable(block.fault)
    check_lines(block.lines)
    event: Any = cast(Any, icalendar.Event).from_ical(_with_known_zones(block, zones))
    if str(event.get("status") or "").upper() == "CANCELLED":
        raise Unusable("This event was cancelled.", code="ical_event_cancelled")
    if event.get("recurrence-id") is not None:
        raise Unusable(
            "This changes one date of a repeating event. Change it after the import.",
            code="ical_changed_date",
        )
    for name in ("rdate", "exrule"):
        if event.get(name) is not None:
            raise Unusable(
                "{upper} is not supported; RRULE and EXDATE are.", code="ical_unsupported", upper=name.upper()
            )
    summary = " ".join(str(event.get("summary") or "").split())
    description = str(event.get("description") or "").strip()
    message = f"**{summary}**\n{description}".strip() if description else summary
    if not message:
        raise Unusable("This event has no SUMMARY to post.", code="ical_no_summary")
    start = event.get("dtstart")
    if start is None:
        raise Unusable("This event has no DTSTART.", code="ical_no_dtstart")
    begins, where = _start(start.dt, zones, block)
    rule = rule_of(block.lines)
    if rule is None:
        where = where if where in known_zones() else zones.default(block)
        if begins <= now:
            raise Unusable(
                "This event is in the past: it was on {astimezone}.",
                code="ical_event_over",
                astimezone=f"{begins.astimezone(ZoneInfo(where)):%Y-%m-%d %H:%M}",
            )
        when = f"<t:{int(begins.timestamp())}>"
        excluded: tuple[date, ...] = ()
    else:
        text, parts = rule
        if uid_of(block.lines) in changed:
            raise Unusable(
                "Single dates of this event were moved or cancelled; that can't be imported.",
                code="ical_dates_moved",
            )
        if where not in known_zones():
            raise Unusable(
                "Its time zone isn't known, so its repetitions can't be scheduled.",
                code="ical_zone_not_placeable",
            )
        local = begins.astimezone(ZoneInfo(where))
        if not isinstance(start.dt, datetime):
            _check_days(parts)
        elif local.replace(tzinfo=None) != start.dt.replace(tzinfo=None):
            raise Unusable(
                "This event starts at a time that a clock change skips. Give it another time.",
                code="ical_time_skipped",
            )
        when = f"DTSTART:{local:%Y%m%dT%H%M%S} RRULE:{text}"
        excluded = _excluded(event.get("exdate"), start.dt, parts, local, now)
    return Entry(
        line=block.line,
        name=summary[:100] or None,
        method=method,
        params={**params, "message": message[:2000]},
        when=when,
        timezone=where,
        excluded=excluded,
    )


def _start(value: Any, zones: _Zones, block: Block) -> tuple[datetime, str]:
    """Return when an event begins, and in which zone; an all-day event begins at nine.

    The zone's name isn't an IANA name if only the file's own rules define the zone.
    """
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise Unusable("This event's DTSTART isn't a date.", code="ical_dtstart_no_date")
        value = datetime.combine(value, _ALL_DAY)
    if value.tzinfo is None:
        where = zones.default(block)
        return first_instant_at_or_after(value, ZoneInfo(where)), where
    return value.astimezone(UTC), str(getattr(value.tzinfo, "key", "") or value.tzinfo)


def _check_days(parts: Mapping[str, str]) -> None:
    """Raise Unusable if a rule of whole days names times of day (RFC 5545, 3.3.10)."""
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        if name in parts:
            raise Unusable(
                "{name} can't be used with an all-day event.", code="ical_not_for_whole_days", name=name
            )
    if "T" in parts.get("UNTIL", ""):
        raise Unusable(
            "UNTIL of an all-day event must be a date, such as UNTIL=20261224.",
            code="ical_until_must_be_day",
        )


def _excluded(
    value: Any, start: date, parts: Mapping[str, str], begins: datetime, now: datetime
) -> tuple[date, ...]:
    """Return the future days on which a repeating event is cancelled."""
    if value is None:
        return ()
    zone = begins.tzinfo
    times = {
        (int(hour), int(minute))
        for hour in parts.get("BYHOUR", str(begins.hour)).split(",")
        for minute in parts.get("BYMINUTE", str(begins.minute)).split(",")
        if hour.isdecimal() and minute.isdecimal()
    }
    days: set[date] = set()
    for item in cast("list[Any]", value if isinstance(value, list) else [value]):
        for given in (day.dt for day in item.dts):
            if not isinstance(given, datetime):
                days.add(given)
                continue
            if not isinstance(start, datetime):
                if given.tzinfo is not None or given.time() != time.min:
                    raise Unusable(
                        "EXDATE of an all-day event must be a date, such as 20261224.",
                        code="ical_exdate_must_be_day",
                    )
                days.add(given.date())
                continue
            local = given.astimezone(zone) if given.tzinfo is not None else given
            if local.second or (local.hour, local.minute) not in times:
                continue  # the event doesn't take place then anyway
            if len(times) > 1:
                raise Unusable(
                    "EXDATE excludes one of several times in a day; only whole days can be excluded.",
                    code="ical_exdate_of_times",
                )
            days.add(local.date())
    today = now.astimezone(zone).date()
    coming = tuple(sorted(day for day in days if day >= today))
    if len(coming) > MOST_EXCLUDED:
        raise Unusable(
            "This event excludes {len} days; the limit is {most_excluded}.",
            code="ical_too_many_excluded",
            len=len(coming),
            most_excluded=MOST_EXCLUDED,
        )
    return coming
