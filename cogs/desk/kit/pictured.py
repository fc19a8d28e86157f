"""What the pictures of panels show, without Pillow, which `pictures` imports once one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from schedulezero.model import RunState


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: how it ended, and how long it took (None if it never began)."""

    state: RunState
    duration: timedelta | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in a day: a wall-clock time or the span of several, a title, and how it ended if it is over.

    Attributes:
        clock: such as *9:00 AM*, or *9:00 AM–5:00 PM* for several runs.
        title: the job's.
        state: how the runs ended; None if they are to come.
        count: the number of runs.
    """

    clock: str
    title: str
    state: RunState | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Month:
    """The contents of a month's picture.

    Attributes:
        title: such as *November 2026*.
        weekdays: seven short names, in their order.
        week_begins: the first of them; Monday is 0.
        first: the first day of the month.
        today: the present day.
        entries: day → its entries, in order.
        hours: the number of runs in each hour of the day, 24 numbers.
        hour_names: the name of each hour of the day, such as *09* or *9 AM*.
        busy: the heading of the hours, such as *Busy hours*.
        dark: days on which the guild allows no runs.
        more: the text for entries that do not fit, such as *+{count} more*.
        zone: the zone of its times.
        words: the word for each outcome, and for None that of runs to come.
    """

    title: str
    weekdays: Sequence[str]
    week_begins: int
    first: date
    today: date
    entries: Mapping[date, Sequence[Entry]]
    hours: Sequence[int]
    hour_names: Sequence[str]
    busy: str
    dark: frozenset[date]
    more: str
    zone: str
    words: Mapping[RunState | None, str]
