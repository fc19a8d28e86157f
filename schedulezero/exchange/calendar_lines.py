"""Finds the events and time zones of a calendar file (RFC 5545, 3.1) in a single pass over its lines.

It skips everything in an event except its text and times (attachments, alarms, attendees), so that their size
costs nothing. It joins (*unfolds*) continuation lines up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from schedulezero.sentences import Sentence

STATE_LINE = "X-SCHEDULEZERO-STATE"
"""A line of ours in an event: the state of its job, if it isn't active."""
KEPT = frozenset(
    (
        "SUMMARY",
        "DESCRIPTION",
        "DTSTART",
        "RRULE",
        "RDATE",
        "EXDATE",
        "EXRULE",
        "RECURRENCE-ID",
        "STATUS",
        "UID",
        "SEQUENCE",
        "DTEND",
        "DURATION",
        "LOCATION",
        "URL",
        "CATEGORIES",
        STATE_LINE,
    )
)
_TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION", "URL", "CATEGORIES")
_LONGEST_LINE = 16_000
_MOST_LINES = 1000
_LINES_OF_A_ZONE = 400
MOST_ZONES = 50


@dataclass(slots=True)
class Block:
    """An event or a time zone: where it begins, its lines, and what is wrong with them.

    ``calendar`` is the number of its calendar within the file.
    """

    line: int
    calendar: int = 0
    lines: list[str] = field(default_factory=list[str])
    fault: str | None = None


@dataclass(slots=True)
class Blocks:
    """The events and time zones of a calendar file.

    Attributes:
        events: The events, up to the limit, and all that change single dates.
        zones: The VTIMEZONEs.
        zone_names: X-WR-TIMEZONE of each calendar that has one.
        cancelling: The calendars that only cancel events (METHOD:CANCEL; RFC 5546, 3.2.5).
        count: How many events there are, without those that change single dates.
        more_zones: Whether there are more zones than the limit.
        ended: Whether every calendar, event and zone that begins also ends, as in a file that wasn't cut off.
    """

    events: list[Block] = field(default_factory=list[Block])
    zones: list[Block] = field(default_factory=list[Block])
    zone_names: dict[int, str] = field(default_factory=dict[int, str])
    cancelling: set[int] = field(default_factory=set[int])
    count: int = 0
    more_zones: bool = False
    ended: bool = True


def split_property(line: str) -> tuple[str, str, str]:
    """Split a line into its name, parameters and value; a colon within quotes belongs to a parameter."""
    quoted = False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            name, _, parameters = line[:at].partition(";")
            return name.strip().upper(), parameters, line[at + 1 :]
    return line.partition(";")[0].strip().upper(), "", ""


def blocks_of(text: str, most_events: int) -> Blocks:
    """Return the events and zones of a file; events beyond ``most_events`` are only counted."""
    found = Blocks()
    event: Block | None = None
    zone: Block | None = None
    inner = 0  # components within an event, such as alarms
    calendar, open_calendars = 0, 0
    for number, line in _logical(text):
        word = line[:40].strip().upper()
        if event is None and zone is None:
            if word == "BEGIN:VEVENT":
                event, inner = Block(number, calendar), 0
            elif word == "BEGIN:VTIMEZONE":
                zone = Block(number, calendar)
            elif word == "BEGIN:VCALENDAR":
                calendar += 1
                open_calendars += 1
            elif word == "END:VCALENDAR":
                open_calendars -= 1
            elif _name(line) == "X-WR-TIMEZONE":
                found.zone_names.setdefault(calendar, split_property(line)[2].strip())
            elif _name(line) == "METHOD" and split_property(line)[2].strip().upper() == "CANCEL":
                found.cancelling.add(calendar)
        elif word == "END:VEVENT" and event is not None:
            changes = any(_name(line) == "RECURRENCE-ID" for line in event.lines)
            found.count += not changes
            if changes or found.count <= most_events:  # a date that is changed below counts above
                found.events.append(event)
            event = None
        elif word == "END:VTIMEZONE" and zone is not None:
            if len(found.zones) < MOST_ZONES:
                found.zones.append(zone)
            else:
                found.more_zones = True
            zone = None
        elif zone is not None:
            _keep(zone, line, _LINES_OF_A_ZONE)
        elif event is not None:
            inner += word.startswith("BEGIN:") - word.startswith("END:")
            if inner <= 0 and _name(line) in KEPT:
                _keep(event, line, _MOST_LINES)
    found.ended = event is None and zone is None and open_calendars <= 0
    return found


def _keep(block: Block, line: str, most: int) -> None:
    if len(line) > _LONGEST_LINE and _name(line) not in _TEXTS:
        block.fault = Sentence(
            "One of its lines ({name}) has more than {longest_line} characters.",
            "ical_line_too_long",
            name=_name(line)[:40],
            longest_line=_LONGEST_LINE,
        )
    elif len(block.lines) == most:
        block.fault = Sentence("It has more than {most} lines.", "ical_too_many_lines", most=most)
    else:
        block.lines.append(line[:_LONGEST_LINE])


def _name(line: str) -> str:
    return line[:40].partition(":")[0].partition(";")[0].strip().upper()


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its continuations, truncated at the limit, and the number of its first line."""
    start, parts, length = 1, list[str](), 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if line[:1] in (" ", "\t") and parts:
            if length <= _LONGEST_LINE:
                parts.append(line[1:])
                length += len(line) - 1
            continue
        if parts:
            yield start, "".join(parts)
        start, parts, length = number, [line], len(line)
    if parts:
        yield start, "".join(parts)
