"""Reads the lines of one event (RFC 5545, 3.6.1): its text, when it begins, recurs and doesn't take place.

All times of an event are put on one wall clock, that of its DTSTART, because its rules recur by that clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from schedulezero.exchange.calendar_checks import Unusable, check_lines
from schedulezero.exchange.calendar_lines import STATE_LINE, Block, split_property
from schedulezero.exchange.calendar_zones import Frame, Zones

_LENGTH_OF_A_DAY = 8
_END_OF_DAY = time(23, 59, 59)
_ESCAPED = re.compile(r"\\(.)")
_LARGEST_SEQUENCE = 2**31
_DURATION = re.compile(
    r"\+?P(?:(?P<weeks>[0-9]{1,4})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,6})M)?(?:(?P<seconds>[0-9]{1,8})S)?)?"
)
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time in a file: a day, or an instant, or a wall-clock time without a zone."""

    day: date | None = None
    instant: datetime | None = None
    floating: datetime | None = None

    def local(self, frame: Frame, day_time: time) -> datetime:
        """Return the wall-clock time in a frame; a whole day has its hour."""
        if self.day is not None:
            return datetime.combine(self.day, day_time)
        if self.instant is not None:
            return frame.local(self.instant)
        assert self.floating is not None
        return self.floating


@dataclass(slots=True)
class Event:
    """An event as its lines say it.

    Attributes:
        block: Where it is in the file.
        start: When it begins, on the clock of ``frame``.
        whole: Whether it is an event of whole days, which begins at the hour of days.
        rules, without: Its RRULE and EXRULE lines, as written.
        extra: More times at which it takes place.
        out, days_out: Times and whole days at which it doesn't.
        changes: The time in a series that this event replaces, or None.
        changes_day: Whether that time is a whole day.
        onwards: Whether it replaces all later ones, too.
        length: How long it takes; None if it doesn't say so, or can't be read.
        place, link, categories: Its LOCATION, URL and CATEGORIES.
    """

    block: Block
    uid: str
    sequence: int
    summary: str
    description: str
    frame: Frame
    day_time: time
    start: datetime
    whole: bool
    rules: list[str] = field(default_factory=list[str])
    without: list[str] = field(default_factory=list[str])
    extra: list[datetime] = field(default_factory=list[datetime])
    out: list[datetime] = field(default_factory=list[datetime])
    days_out: set[date] = field(default_factory=set[date])
    changes: datetime | None = None
    changes_day: bool = False
    onwards: bool = False
    cancelled: bool = False
    state: str = ""
    length: timedelta | None = None
    place: str = ""
    link: str = ""
    categories: tuple[str, ...] = ()

    def message(self) -> str:
        """Return the text to post; "" if it has no title."""
        if not self.summary:
            return ""
        return f"**{self.summary}**\n{self.description}" if self.description else self.summary

    def until(self, text: str) -> datetime:
        """Return the last wall-clock time that an UNTIL allows. Raises Unusable.

        A day includes all of it. In an event of whole days, the day of a time counts, whatever its zone:
        programs write the midnight of the last day, each in a zone of its own.
        """
        moment = _moment(text.upper(), "UNTIL", self.frame)
        if moment.day is not None:
            return datetime.combine(moment.day, _END_OF_DAY)
        if self.whole:
            return datetime.combine(_stamp(text.upper(), "UNTIL").date(), _END_OF_DAY)
        return moment.local(self.frame, self.day_time)


def event_of(block: Block, zones: Zones, day_time: time, *, cancelled: bool = False) -> Event:
    """Read an event. Raises Unusable if its lines contradict each other or its times can't be read.

    Parameters:
        block: Its lines.
        zones: The zones of its file.
        day_time: When an event of a whole day takes place.
        cancelled: Whether its calendar only cancels events.
    """
    if block.fault is not None:
        raise Unusable(block.fault)
    check_lines(block.lines)
    lines = [split_property(line) for line in block.lines]
    texts = {name: value for name, _, value in lines}
    start = next(((parameters, value) for name, parameters, value in lines if name == "DTSTART"), None)
    if start is None:
        raise Unusable("This event has no DTSTART.", code="ical_no_dtstart")
    frame = _frame(*start, zones, block)
    begins = _moment(start[1].strip().upper(), "DTSTART", frame)
    found = Event(
        block=block,
        uid=texts.get("UID", "").strip(),
        sequence=_sequence(texts.get("SEQUENCE", "")),
        summary=" ".join(_text(texts.get("SUMMARY", "")).split()),
        description=_text(texts.get("DESCRIPTION", "")).strip(),
        frame=frame,
        day_time=day_time,
        start=begins.local(frame, day_time),
        whole=begins.day is not None,
        cancelled=cancelled or texts.get("STATUS", "").strip().upper() == "CANCELLED",
        state=texts.get(STATE_LINE, "").strip().casefold(),
        place=" ".join(_text(texts.get("LOCATION", "")).split()),
        link=texts.get("URL", "").strip(),
    )
    for name, parameters, value in lines:
        if name == "RRULE":
            found.rules.append(value.strip())
        elif name == "EXRULE":
            found.without.append(value.strip())
        elif name == "RDATE":
            found.extra += [
                at.local(frame, day_time) for at in _moments(name, parameters, value, zones, block)
            ]
        elif name == "EXDATE":
            _leave_out(found, _moments(name, parameters, value, zones, block), value)
        elif name == "RECURRENCE-ID":
            (at,) = _moments(name, parameters, value, zones, block)
            found.changes, found.changes_day = at.local(frame, day_time), at.day is not None
            found.onwards = "RANGE=THISANDFUTURE" in parameters.upper()
        elif name == "CATEGORIES":
            found.categories += tuple(_text(item).strip() for item in _COMMA.split(value) if item.strip())
        elif name in ("DTEND", "DURATION") and found.length is None:
            found.length = _length(name, parameters, value.strip().upper(), found, zones, block)
    return found


def _length(
    name: str, parameters: str, value: str, event: Event, zones: Zones, block: Block
) -> timedelta | None:
    """How long an event takes; None if that can't be read, which is no reason to refuse it."""
    if name == "DURATION":
        match = _DURATION.fullmatch(value)
        return timedelta(**{key: int(n) for key, n in match.groupdict("0").items()}) if match else None
    try:
        frame = _frame(parameters, value, zones, block)
        ends = _moment(value, "DTSTART", frame)
        at = ends.local(frame, event.day_time)
        if ends.day is not None:
            return at - event.start
        return frame.instant(at) - event.frame.instant(event.start)
    except (Unusable, OverflowError):
        return None


def _leave_out(event: Event, moments: Iterator[Moment], value: str) -> None:
    for moment in moments:
        if moment.day is not None:
            event.days_out.add(moment.day)
        elif event.whole:
            # Programs that write a time for a whole day mean its date.
            event.days_out.update(
                _stamp(item.strip().upper(), "EXDATE").date() for item in value.split(",") if item
            )
        else:
            event.out.append(moment.local(event.frame, event.day_time))


def _moments(name: str, parameters: str, value: str, zones: Zones, block: Block) -> Iterator[Moment]:
    """The times of a line; of a period, its beginning."""
    for item in value.split(","):
        stamp = item.strip().upper().partition("/")[0]
        if stamp:
            yield _moment(stamp, name, _frame(parameters, stamp, zones, block, floating=True))


def _frame(parameters: str, value: str, zones: Zones, block: Block, *, floating: bool = False) -> Frame:
    """The clock of a line's times; for ``floating`` times, none of its own."""
    value = value.strip().upper()
    if value.endswith("Z"):
        return zones.frame("UTC")
    if "T" in value:  # a date has no zone (RFC 5545, 3.2.19)
        for part in _split(parameters):
            key, _, given = part.partition("=")
            if key.strip().upper() == "TZID" and given.strip('" '):
                return zones.frame(given)
    return Frame(UTC, None) if floating else zones.default(block)


def _split(parameters: str) -> list[str]:
    """Parameters apart; a semicolon within quotes belongs to a value."""
    return re.findall(r'(?:"[^"]*"|[^;"])+', parameters)


def _moment(stamp: str, name: str, frame: Frame) -> Moment:
    found = _stamp(stamp, name)
    if len(stamp) == _LENGTH_OF_A_DAY:
        return Moment(day=found.date())
    if stamp.endswith("Z"):
        return Moment(instant=found.replace(tzinfo=UTC))
    if frame.zone is UTC and frame.name is None:
        return Moment(floating=found)
    return Moment(floating=found) if name in ("DTSTART", "UNTIL") else Moment(instant=frame.instant(found))


def _stamp(text: str, name: str) -> datetime:
    try:
        if len(text) == _LENGTH_OF_A_DAY:
            return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - on the clock of its event
        return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise Unusable(
            "{name} “{stamp}” isn't a valid time. Example: 20261224T180000Z.",
            code="ical_bad_time",
            name=name,
            stamp=text[:40],
        ) from None


def _sequence(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST_SEQUENCE)) else 0


def _text(value: str) -> str:
    """A text without the escapes of RFC 5545, 3.3.11."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
