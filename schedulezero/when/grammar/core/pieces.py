"""The typed pieces that rules build. Nothing here knows a language, a zone, or what day it is.

A piece says what was said; `meaning` decides what several of them mean together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

Unit = Literal["second", "minute", "quarter_hour", "hour", "day", "week", "month", "year"]
LENGTHS: dict[str, int] = {
    "second": 1,
    "minute": 60,
    "quarter_hour": 900,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "fortnight": 1_209_600,
}
RANKS: dict[str, int] = {
    "second": 0, "minute": 1, "quarter_hour": 1, "hour": 2, "day": 3, "week": 4, "fortnight": 4, "month": 5,
    "quarter": 5, "year": 6,
}  # fmt: skip
LAST = -1
OWN = "own"
"""The zone of the person who typed the text, where that was said: *my time*."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day.

    Attributes:
        hour, minute, second: As on a 24-hour clock.
        sure: Whether the hour can't be twelve hours later: it was said with a.m. or p.m., or is above 12.
        next_day: Whether its day has ended by then: 24:00, or a time after midnight of the night that the day
            ends with.
        by_night: Whether it is a time after midnight of the night that its day begins with.
    """

    hour: int
    minute: int = 0
    second: int = 0
    sure: bool = True
    next_day: bool = False
    by_night: bool = False
    halved: bool = field(default=False, compare=False)
    """Whether a.m. or p.m. was said, which can't be said twice."""

    def __hash__(self) -> int:
        """Return a cheap hash: lists of times are compared often while they grow."""
        return (self.hour * 60 + self.minute) * 60 + self.second

    def later(self) -> Clock:
        """Return the time twelve hours later, on the same dial."""
        return replace(self, hour=self.hour % 12 + 12, sure=True)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time. Months and days go by the calendar, seconds by the clock.

    Attributes:
        smallest: The rank of its smallest unit; a further part must be smaller.
        loose: Whether days and hours stand side by side without a word between them.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0
    smallest: int = 0
    loose: bool = False

    def plus(self, other: Span) -> Span:
        return Span(
            self.months + other.months, self.days + other.days, self.seconds + other.seconds, other.smallest
        )

    @property
    def by_calendar(self) -> bool:
        """Whether it is a whole number of days or months."""
        return not self.seconds


# ---------------------------------------------------------------- days


@dataclass(frozen=True, slots=True)
class Offset:
    """So many days from today.

    Attributes:
        days: How many.
        weekday: The weekday that was said with it, which must agree.
    """

    days: int
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class OffsetOn:
    """So many days from today, with the day that this is: *tomorrow, 25 November*. They must agree."""

    days: int
    day: Day


@dataclass(frozen=True, slots=True)
class OnDate:
    """A day of a month, in a year or in the next one that has it.

    Attributes:
        weekday: The weekday that was said with it, which must agree.
        ahead: Instead of the year, so many years from the present one.
    """

    day: int
    month: int
    year: int | None = None
    weekday: int | None = None
    ahead: int | None = None


FRIDAY_13 = (4, 13)
"""The weekday and day of the month of which the next one is meant, however far away."""


@dataclass(frozen=True, slots=True)
class OnDayOfMonth:
    """A day of the month: the next such day, or the one so many months ahead.

    The weekday that was said with it must agree, but for `FRIDAY_13`.
    """

    day: int
    months: int | None = None
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class OnWeekday:
    """A weekday.

    Attributes:
        weeks: None for the next such day; otherwise the week, where 0 is the present one.
        said: The word it was said with, which decides whether another reading is offered.
    """

    weekday: int
    weeks: int | None = None
    said: Literal["", "this", "next", "last"] = ""


NEW_YEARS_EVE = "new_years_eve"
SMALL_HOURS = 4
"""The hour until which a party of the evening before goes on."""


@dataclass(frozen=True, slots=True)
class OnFeast:
    """A feast day, by its name in `feasts`."""

    name: str
    year: int | None = None
    shift: int = 0
    ahead: int | None = None
    """The year, counted from the present one, if that was said."""


@dataclass(frozen=True, slots=True)
class After:
    """A span after another day: *a week from Friday*."""

    span: Span
    day: Day


@dataclass(frozen=True, slots=True)
class Beside:
    """The last such weekday before another day, or the first one after it: *the Friday before Christmas*."""

    weekday: int
    day: Day
    after: bool


@dataclass(frozen=True, slots=True)
class OnWorkday:
    """So many working days from today."""

    days: int


@dataclass(frozen=True, slots=True)
class EndOf:
    """The last, middle or first day of the present or a later week, month or year."""

    which: Literal["start", "middle", "end"]
    unit: str
    ahead: int = 0
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class OnPosition:
    """Such as the first Monday of December, the next one."""

    position: int
    weekday: int
    month: int | None = None
    months: int = 0
    """Without a named month: so many months ahead."""
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Slashed:
    """5/12: a day and a month in the order of the locale."""

    first: int
    second: int
    year: int | None = None
    weekday: int | None = None


Day = (
    Slashed
    | Offset
    | OffsetOn
    | OnDate
    | OnDayOfMonth
    | OnWeekday
    | OnFeast
    | After
    | Beside
    | OnWorkday
    | EndOf
    | OnPosition
)


# ---------------------------------------------------------------- what recurs


@dataclass(frozen=True, slots=True)
class Period:
    """Every so many days, weeks, months or years."""

    every: int
    unit: str


@dataclass(frozen=True, slots=True)
class Weekly:
    """A set of weekdays.

    Attributes:
        days: 0 is Monday, ascending.
        again: Whether they recur, as a plural, a list or *every* says.
        every: Every so many weeks, if that was said.
        each: Whether *every* was said of them.
        ends: Whether the word for their range says when something ends: *Monday until Friday*.
    """

    days: tuple[int, ...]
    again: bool = True
    every: int | None = None
    each: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Positions:
    """Such as the first Monday (1, 0), the last Friday (-1, 4) or the last working day (-1, `WORKDAY`)."""

    days: tuple[tuple[int, int], ...]


WEEKS = 5
"""The most that a month has of one weekday."""
WORKDAY = 7
"""The weekday of a position that any working day, Monday to Friday, can take."""


@dataclass(frozen=True, slots=True)
class MonthDays:
    """Days of a month, -1 being the last.

    Attributes:
        loose: Whether only numbers were said, which are days only beside a month or *every*.
        unnamed: Whether it was only said to be the last of something, which may be a weekday's.
    """

    days: tuple[int, ...]
    loose: bool = False
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day to another."""

    first: Clock
    last: Clock


@dataclass(frozen=True, slots=True)
class PerUnit:
    """So many times a day, week, month or year."""

    count: int
    unit: str


# ---------------------------------------------------------------- bounds


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, a time of day, or both.

    Attributes:
        time_first: Whether the time was said before the day.
    """

    day: Day | None
    clock: Clock | None = None
    part: str | None = None
    time_first: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """The last day or moment."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Starting:
    """The first day or moment."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Lasting:
    """For so long, from the first run on."""

    span: Span


@dataclass(frozen=True, slots=True)
class Within:
    """In one week, month or year: the present one (0) or a later one, a named month, a named year."""

    unit: str
    ahead: int = 0
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Except:
    """What a schedule leaves out."""

    days: tuple[Day, ...] = ()
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    holidays: bool = False
    ranges: tuple[tuple[Day, Day], ...] = ()
    place: str | None = None
    """Whose public holidays; the guild's or the zone's if None."""
    month_days: tuple[int, ...] = ()
    """Days of each month."""
    perhaps_weekdays: bool = False
    """Whether the days may be meant as weekdays: *every Friday except the last of the month*."""

    def plus(self, other: Except) -> Except:
        return Except(
            self.days + other.days,
            tuple(sorted({*self.weekdays, *other.weekdays})),
            tuple(sorted({*self.months, *other.months})),
            self.holidays or other.holidays,
            self.ranges + other.ranges,
            self.place or other.place,
            self.month_days + other.month_days,
            self.perhaps_weekdays or other.perhaps_weekdays,
        )


def span_of(amount: Fraction | int, unit: str) -> Span | None:
    """Return an amount of a unit as a span, or None if it can't be counted, such as half a month."""
    rank = RANKS[unit]
    if unit in ("month", "quarter", "year"):
        months = amount * {"month": 1, "quarter": 3, "year": 12}[unit]
        return Span(months=int(months), smallest=rank) if months == int(months) else None
    seconds = amount * LENGTHS[unit]
    if seconds != int(seconds) or seconds > 10**11:
        return None
    if unit in ("day", "week", "fortnight"):
        days, rest = divmod(int(seconds), 86_400)
        return Span(days=days, seconds=rest, smallest=rank)
    return Span(seconds=int(seconds), smallest=rank)


@dataclass(frozen=True, slots=True)
class Fault:
    """What can't be a part of any time, such as 25:00: it only tells what is wrong with a refused text."""

    kind: str
