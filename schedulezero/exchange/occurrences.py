"""When the events of a calendar take place within a window of time: what a calendar that is followed says.

Pure: text in, values out. A calendar comes from anybody, so the bot doesn't call this module itself:
`schedulezero.exchange.occurrence_process` does, in a process with limits.

Each occurrence has a key that stays the same while it is moved or renamed: the event's UID and, in a series,
the instant at which the series has it (RFC 5545, 3.8.4.4).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_events import Event, event_of
from schedulezero.exchange.calendar_import import current_versions
from schedulezero.exchange.calendar_lines import Block, blocks_of, split_property
from schedulezero.exchange.calendar_series import instances_of
from schedulezero.exchange.calendar_zones import Zones
from schedulezero.exchange.time_limit import TookTooLong, at_most
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence

MOST = 200
"""The most occurrences that are read."""
MOST_EVENTS = 5_000
LONGEST_TITLE, LONGEST_PLACE, LONGEST_DESCRIPTION, LONGEST_LINK = 100, 100, 1000, 500
_PROCESSOR_SECONDS = 1.0
"""How long one event may take. The first one in a zone that a calendar defines takes longest."""
_TOO_LONG_SECONDS = 2.0
"""How long the events that take too long may take together, by the processor and by the clock, as a busy
machine takes several times as long: each has a third of what is left, and once nothing is, none is tried."""
_SHORTEST_SHARE = 0.01
_MOST_INSTANCES = 5_000
"""The most instances of one event within the window that are looked at."""
_LONGEST = timedelta(days=366)
_DAY = timedelta(days=1)
_TAG = re.compile(
    r"<(/?(?:a|abbr|b|big|blockquote|br|center|code|div|em|font|h[1-6]|hr|html-blob|i|img|li|ol|p|pre|s|small"
    r"|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)/?(?:[\s/][^<>]{0,500})?)>",
    re.IGNORECASE,
)
"""The HTML that calendars write into descriptions; nothing else in angle brackets is."""
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing."""
_LINE_TAGS = ("br", "p", "/p", "li", "div", "/div")


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a calendar.

    Attributes:
        zone: The IANA zone for times without one, in a calendar without one.
        day_time: When an event of a whole day takes place.
        since, until: From when to when occurrences begin; ``until`` is left out.
        only: Words and categories of which an event has to have one; empty for all events.
        without: Words and categories of which it may have none.
        most: The most occurrences to return, the earliest.
    """

    zone: str
    day_time: time
    since: datetime
    until: datetime
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    most: int = MOST

    def to_json(self) -> JsonObject:
        return {
            "zone": self.zone,
            "day_time": self.day_time.isoformat(),
            "since": to_iso(self.since),
            "until": to_iso(self.until),
            "only": list(self.only),
            "without": list(self.without),
            "most": self.most,
        }

    @classmethod
    def from_json(cls, data: JsonObject) -> Window:
        return cls(
            data["zone"],
            time.fromisoformat(data["day_time"]),
            from_iso(data["since"]),
            from_iso(data["until"]),
            tuple(data["only"]),
            tuple(data["without"]),
            data["most"],
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event at one time.

    Attributes:
        key: Names it, whatever else about it changes.
        uid: A short name of its event; the occurrences of a series share it.
        starts, ends: When it begins, and ends if that is known.
        whole: Whether it is an event of whole days, which begins at the hour of days.
        title, place, description, link: What it says, shortened, as plain text.
    """

    key: str
    uid: str
    starts: datetime
    ends: datetime | None
    whole: bool
    title: str
    place: str = ""
    description: str = ""
    link: str = ""

    def to_json(self) -> JsonObject:
        return {
            "key": self.key,
            "uid": self.uid,
            "starts": to_iso(self.starts),
            "ends": to_iso(self.ends) if self.ends is not None else None,
            "whole": self.whole,
            "title": self.title,
            "place": self.place,
            "description": self.description,
            "link": self.link,
        }

    @classmethod
    def from_json(cls, data: Any) -> Occurrence:
        ends = data["ends"]
        return cls(
            data["key"],
            data["uid"],
            from_iso(data["starts"]),
            from_iso(ends) if ends is not None else None,
            data["whole"],
            data["title"],
            data["place"],
            data["description"],
            data["link"],
        )


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a calendar says about a window.

    Attributes:
        occurrences: The occurrences, the earliest first.
        unread: The short names of events that can't be read, and so may or may not take place.
        cut_at: The first instant from which occurrences were left out because there are too many.
    """

    occurrences: tuple[Occurrence, ...]
    unread: frozenset[str] = frozenset()
    cut_at: datetime | None = None


def agenda_of(text: str, window: Window) -> Agenda:
    """Return what takes place in a window. Raises Unusable if the text isn't a whole calendar."""
    blocks = blocks_of(text, MOST_EVENTS)
    if "BEGIN:VCALENDAR" not in text[:1000].upper():
        raise Unusable(NOT_A_CALENDAR)
    if not blocks.ended:
        # What is missing would count as called off.
        raise Unusable(CUT_SHORT)
    if blocks.count > MOST_EVENTS:
        raise Unusable(
            "The calendar has {count} events; at most {most} are read.",
            code="calendar_too_many_events",
            count=blocks.count,
            most=MOST_EVENTS,
        )
    zones = Zones(blocks, window.zone, window.since)
    found: dict[str, Occurrence] = {}
    unread: set[str] = set()
    events: list[Event] = []
    for block in blocks.events:
        if _is_over(block, window.since):
            continue
        try:
            with at_most(_PROCESSOR_SECONDS):
                cancelled = block.calendar in blocks.cancelling
                events.append(event_of(block, zones, window.day_time, cancelled=cancelled))
        except Exception:  # noqa: BLE001 - anybody's calendar; each event stands for itself
            unread.add(_short(_uid(block)))
    left = _TOO_LONG_SECONDS
    for event, changes in sorted(current_versions(events), key=lambda each: _effort(each[0])):
        if changes is None:
            continue  # the calendar has a newer version of it
        share = min(_PROCESSOR_SECONDS, left / 3)
        if share < _SHORTEST_SHARE and event.rules:
            unread.add(_short(event.uid))
            continue
        begun = monotonic()
        try:
            with at_most(max(share, _SHORTEST_SHARE)):
                for item in _occurrences(event, changes, window):
                    found[item.key] = item
        except TookTooLong:
            left -= max(share, monotonic() - begun)
            unread.add(_short(event.uid))
        except Exception:  # noqa: BLE001
            unread.add(_short(event.uid))
    listed = sorted(found.values(), key=lambda item: (item.starts, item.key))
    cut = listed[window.most].starts if len(listed) > window.most else None
    return Agenda(tuple(listed[: window.most]), frozenset(unread), cut)


NOT_A_CALENDAR = Sentence("The address doesn't return a calendar.", "feed_no_calendar")
CUT_SHORT = Sentence("The calendar is cut off: its server sent only part of it.", "feed_cut_short")


def _effort(event: Event) -> int:
    """Return how hard an event may be to expand, so that those that take no time aren't behind the others."""
    often = any(
        f"FREQ={name}LY" in rule.upper() for rule in event.rules for name in ("HOUR", "MINUTE", "SECOND")
    )
    return 2 if often else bool(event.rules)


def _is_over(block: Block, since: datetime) -> bool:
    """Return whether an event that takes place once lies days before the window, by its line alone."""
    names = {line[:40].partition(":")[0].partition(";")[0].strip().upper() for line in block.lines}
    if block.fault is not None or names & {"RRULE", "RDATE", "RECURRENCE-ID"}:
        return False
    start = next((split_property(line)[2] for line in block.lines if line[:7].upper() == "DTSTART"), "")
    day = start.strip()[:8]
    return day.isascii() and day.isdigit() and day < f"{since - 2 * _DAY:%Y%m%d}"


def _occurrences(event: Event, changes: Sequence[Event], window: Window) -> Iterator[Occurrence]:
    repeats = bool(event.rules or event.extra)
    # A day more on either side, as the clock of the event may be another one.
    found = instances_of(event, changes, window.since - _DAY, window.until + _DAY)
    for named, starts, said in islice(found, _MOST_INSTANCES):
        if window.since <= starts < window.until and _passes(said, window):
            yield _occurrence(event, said, named if repeats else None, starts)


def _occurrence(event: Event, said: Event, named: datetime | None, starts: datetime) -> Occurrence:
    uid = event.uid or f"{event.summary} {event.start.isoformat()}"
    length = said.length if said.length is not None else event.length
    is_known = length is not None and timedelta(0) < length <= _LONGEST
    return Occurrence(
        key=_short(f"{uid}\n{named.isoformat() if named is not None else ''}"),
        uid=_short(uid),
        starts=starts,
        ends=starts + length if is_known and length is not None else None,
        whole=said.whole,
        title=_cut(_one_line(said.summary), LONGEST_TITLE),
        place=_cut(_one_line(said.place), LONGEST_PLACE),
        description=_cut(_plain(said.description), LONGEST_DESCRIPTION),
        link=said.link if _is_link(said.link) else "",
    )


def _passes(event: Event, window: Window) -> bool:
    if not _one_line(event.summary):
        return False
    text = f"{event.summary}\n{event.description}\n{event.place}".casefold()
    named = {item.casefold() for item in event.categories}

    def has(words: Iterable[str]) -> bool:
        return any(word in named or word in text for word in map(str.casefold, words))

    return (not window.only or has(window.only)) and not has(window.without)


def _is_link(text: str) -> bool:
    return (
        text.startswith(("https://", "http://"))
        and len(text) <= LONGEST_LINK
        and text.isprintable()
        and not re.search(r"[\s<>\[\]()`|]", text)
    )


def _plain(text: str) -> str:
    """A description without the HTML that some calendars write into it."""

    def tag(match: re.Match[str]) -> str:
        name = match[1].split()[0].rstrip("/").casefold()
        return "\n" if name in _LINE_TAGS else ""

    return re.sub(r"\n{3,}", "\n\n", _spelled_out(_TAG.sub(tag, text))).strip()


def _spelled_out(text: str) -> str:
    """A text with characters in place of HTML's names for them."""
    for entity, char in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text


def _one_line(text: str) -> str:
    """A text on one line; empty if nothing of it can be seen, as Discord takes no such name.

    Titles and places are plain text: RFC 5545 has HTML nowhere, and programs write it into descriptions only.
    """
    line = " ".join(_spelled_out(text).split())
    seen = any(unicodedata.category(char)[0] in "LNPS" and char not in _UNSEEN for char in line)
    return line if seen else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _uid(block: Block) -> str:
    lines = (split_property(line) for line in block.lines)
    return next((value.strip() for name, _, value in lines if name == "UID"), "")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
