"""Writes a feed as a calendar file (RFC 5545), with the hints that calendar programs read (RFC 7986). Pure.

All instants are in UTC, so that the file needs no definitions of zones; X-WR-TIMEZONE names the zone in which
a program that heeds it shows them. Written line by line: a library takes about fifty times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from schedulezero.server.decisions.feed_events import Event

REFRESH = "PT1H"
_LENGTH = timedelta(minutes=15)
_LONGEST_LINE = 75  # octets, without the line break (RFC 5545, 3.1)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def feed_text(events: Iterable[Event], *, name: str, zone: str) -> bytes:
    """Return a calendar file with these events.

    Parameters:
        events: in order.
        name: the calendar's name.
        zone: the IANA zone in which to show it.
    """
    text = "".join(f"{_folded(line)}\r\n" for line in _lines(events, name, zone))
    return text.encode(errors="replace")


def _lines(events: Iterable[Event], name: str, zone: str) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//ScheduleZero//Discord//EN"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:PUBLISH"
    yield f"NAME:{_escaped(name)}"
    yield f"X-WR-CALNAME:{_escaped(name)}"
    yield f"X-WR-TIMEZONE:{_escaped(zone)}"
    yield f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}"
    yield f"X-PUBLISHED-TTL:{REFRESH}"
    for event in events:
        yield "BEGIN:VEVENT"
        yield f"UID:{_escaped(event.uid)}"
        yield f"DTSTAMP:{_stamp(event.changed_at)}"
        yield f"DTSTART:{_stamp(event.at)}"
        yield f"DTEND:{_stamp(event.at + _LENGTH)}"
        yield f"SUMMARY:{_escaped(event.title)}"
        if event.place:
            yield f"LOCATION:{_escaped(event.place)}"
        if event.text:
            yield f"DESCRIPTION:{_escaped(event.text)}"
        yield "TRANSP:TRANSPARENT"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Return a text as a value (RFC 5545, 3.3.11), without what no calendar file may hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(" ", text).translate(_ESCAPES)


def _folded(line: str) -> str:
    """Return a line in pieces that are short enough, none of which ends within a character."""
    if len(line) * 4 <= _LONGEST_LINE or len(line.encode(errors="replace")) <= _LONGEST_LINE:
        return line
    pieces, size = [""], 0
    for character in line:
        length = len(character.encode(errors="replace"))
        if size + length > _LONGEST_LINE:
            pieces.append("")
            size = 1  # the space that begins a continuation
        pieces[-1] += character
        size += length
    return "\r\n ".join(pieces)
