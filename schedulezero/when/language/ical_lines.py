"""Reads lines of a calendar file as people paste them: DTSTART, RRULE and EXDATE, below or beside each other.

What a line doesn't say comes from the others: a TZID of DTSTART is the zone of the rule. Anything that has no
part in when it runs is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.grammar.compiling import compile_phrase
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.language.left_out import until_its_last, without_days
from schedulezero.when.language.rrule_text import line_zone, read_rrule, stamp_of

_PROPERTY = re.compile(r"([A-Z][A-Z-]*)((?:;[^:\s]*)?):(\S+)", re.IGNORECASE | re.ASCII)
_BARE_RULE = re.compile(r"[A-Z-]+=\S+", re.IGNORECASE | re.ASCII)
_READ = ("DTSTART", "RRULE", "EXDATE")
_LENGTH_OF_A_DAY = 8


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    parameters: str
    value: str


def looks_like_lines(text: str) -> bool:
    """Return whether a text is meant as lines of a calendar file."""
    return re.match(r"(RRULE:|FREQ=|DTSTART[:;]|EXDATE[:;]|BEGIN:V)", text, re.IGNORECASE) is not None


def read_lines(
    text: str, zone: ZoneInfo, now: datetime, day_time: time, *, named: bool = False
) -> tuple[Trigger, str]:
    """Return the trigger of calendar lines, and the zone of their wall-clock times.

    Parameters:
        text: The lines, with spaces or line breaks between them.
        zone: The zone for times without one.
        now: The present instant, at which a rule without DTSTART starts.
        day_time: When something happens on a day without a time.
        named: Whether the text named the zone itself; then no line may name another.

    Raises WhenError that names what can't be read.
    """
    lines = list(_lines(text))
    start = next((line for line in lines if line.name == "DTSTART"), None)
    rule = next((line for line in lines if line.name == "RRULE"), None)
    out = [line for line in lines if line.name == "EXDATE"]
    if start is not None:
        where = line_zone("DTSTART", start.parameters, start.value, zone)
        if named and where != zone:
            raise WhenError(
                "This names two time zones, {first} and {second}. Leave out one of them.",
                code="lines_two_zones",
                first=where.key,
                second=zone.key,
            )
        zone = where
    if rule is None:
        if out or start is None:
            raise WhenError("EXDATE needs a rule as well, such as `RRULE:FREQ=WEEKLY`.", code="exdate_alone")
        return _once(start, zone, day_time), zone.key
    head = f"DTSTART;TZID={zone.key}:{_local(start, zone)} " if start is not None else ""
    phrase, _ = read_rrule(f"{head}RRULE:{rule.value}", zone, now, day_time)
    trigger = compile_phrase(phrase, text, zone, now)
    days = sorted({day for line in out for day in _days_out(line, phrase, zone)})
    if days:
        schedule = schedule_of(trigger, anchor=now, zone=zone.key)
        trigger = without_days(until_its_last(trigger, schedule), days)
    return trigger, zone.key


def _lines(text: str) -> Iterator[_Line]:
    """The properties of a text. Raises WhenError for one that isn't read, or that is there twice."""
    seen: set[str] = set()
    for part in text.split():
        match = _PROPERTY.fullmatch(part)
        if match is None and _BARE_RULE.fullmatch(part) is None:
            raise WhenError(
                "“{text}” isn't an RRULE line. Example: `RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9`.",
                code="rrule_unreadable",
                text=part[:60],
            )
        line = _Line(match[1].upper(), match[2], match[3]) if match else _Line("RRULE", "", part)
        if line.name not in _READ:
            raise WhenError(
                "{name} can't be used here; DTSTART, RRULE and EXDATE can.",
                code="line_not_read",
                name=line.name[:60],
            )
        if line.name in seen and line.name != "EXDATE":
            raise WhenError("There are two {name} lines. Use only one.", code="line_twice", name=line.name)
        if line.name == "RRULE" and line.parameters:
            raise WhenError(
                "“{text}” isn't an RRULE line. Example: `RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9`.",
                code="rrule_unreadable",
                text=part[:60],
            )
        seen.add(line.name)
        yield line


def _local(start: _Line, zone: ZoneInfo) -> str:
    """A start in the zone of the rule; a ``Z`` is the zone UTC by then."""
    return start.value.upper().removesuffix("Z")


def _once(start: _Line, zone: ZoneInfo, day_time: time) -> Trigger:
    moment = stamp_of(start.value.upper(), zone)
    if len(start.value) == _LENGTH_OF_A_DAY:
        moment = first_instant_at_or_after(datetime.combine(moment.date(), day_time), zone)
    else:
        moment = first_instant_at_or_after(moment.replace(tzinfo=None), zone)
    return Trigger("date", {"run_date": to_iso(moment.astimezone(UTC))})


def _days_out(line: _Line, phrase: Phrase, zone: ZoneInfo) -> Iterator[date]:
    """The days that an EXDATE leaves out. Raises WhenError for a moment that isn't a run."""
    for value in line.value.upper().split(","):
        where = line_zone("EXDATE", line.parameters, value, zone)
        moment = stamp_of(value, where)
        if len(value) == _LENGTH_OF_A_DAY:
            yield moment.date()
            continue
        local = moment.astimezone(zone)
        if local.time() not in phrase.times:
            raise WhenError(
                "EXDATE {text} isn't one of the schedule's times.", code="exdate_no_run", text=value[:60]
            )
        if len(phrase.times) > 1:
            raise WhenError(
                "EXDATE excludes one of several times in a day; only whole days can be excluded.",
                code="ical_exdate_of_times",
            )
        yield local.date()
