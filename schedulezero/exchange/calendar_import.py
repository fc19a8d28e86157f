"""Reads the events of a calendar file (RFC 5545) as jobs that post a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_checks import Unusable, check_lines, rule_of
from schedulezero.exchange.calendar_lines import Block, blocks_of, uid_of
from schedulezero.exchange.calendar_zones import Zones, with_known_zones
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model.habits import DEFAULT_TIME
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.calendar.triggers import known_zones


def read_calendar(
    text: str,
    *,
    method: str,
    params: dict[str, Any],
    zone: str,
    now: datetime,
    most: int = MOST_ENTRIES,
    day_time: time = DEFAULT_TIME,
) -> list[Entry | Fault]:
    """Read the events of a calendar file as entries that post a message.

    Parameters:
        text: The file's text.
        method: The job method that posts.
        params: Its parameters in addition to ``message``.
        zone: For times without a zone, in a calendar without one (X-WR-TIMEZONE).
        now: The present instant.
        most: The most events to read.
        day_time: When an event of a whole day is posted.

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
    zones = Zones(blocks, zone)
    found: list[Entry | Fault] = []
    for block in blocks.events:
        try:
            found.append(_entry(block, zones, method, params, now, blocks.changed, day_time))
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


def _entry(
    block: Block,
    zones: Zones,
    method: str,
    params: dict[str, Any],
    now: datetime,
    changed: set[str],
    day_time: time,
) -> Entry:
    import icalendar  # slow to import, and rarely needed

    if block.fault is not None:
        raise Unusable(block.fault)
    check_lines(block.lines)
    event: Any = cast(Any, icalendar.Event).from_ical(with_known_zones(block, zones))
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
    begins, where = _start(start.dt, zones, block, day_time)
    rule = rule_of(block.lines)
    if rule is None:
        where = where if where in known_zones() else zones.default(block)
        if begins <= now:
            raise Unusable(
                "This event is in the past: it was on {start}.",
                code="ical_event_over",
                start=f"{begins.astimezone(ZoneInfo(where)):%Y-%m-%d %H:%M}",
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


def _start(value: Any, zones: Zones, block: Block, day_time: time) -> tuple[datetime, str]:
    """Return when an event begins, and in which zone; an all-day event begins at the day's time.

    The zone's name isn't an IANA name if only the file's own rules define the zone.
    """
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise Unusable("This event's DTSTART isn't a date.", code="ical_dtstart_no_date")
        value = datetime.combine(value, day_time)
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
            "This event excludes {count} days; the limit is {most_excluded}.",
            code="ical_too_many_excluded",
            count=len(coming),
            most_excluded=MOST_EXCLUDED,
        )
    return coming
