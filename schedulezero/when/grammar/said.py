"""The pieces of one path, sorted: what was said, each thing once, before it is decided what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from schedulezero.errors import WhenError
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    After,
    Clock,
    Day,
    EndOf,
    Except,
    Lasting,
    MonthDays,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnPosition,
    OnWeekday,
    Period,
    PerUnit,
    Positions,
    Slashed,
    Span,
    Starting,
    Until,
    Weekly,
    Window,
    Within,
)
from schedulezero.when.grammar.paths import Piece

TWO_SCHEDULES = "two_schedules"


class Contradiction(Exception):
    """Pieces that can't be parts of one meaning."""


class Nonsense(Contradiction):
    """Pieces that can only be meant so and have no meaning; a costlier reading would be a wrong one."""


@dataclass(slots=True)
class Said:
    """What was said. A list has at most one element where two would contradict each other."""

    times: list[Clock] = field(default_factory=list[Clock])
    bare: list[Clock] = field(default_factory=list[Clock])
    parts: list[str] = field(default_factory=list[str])
    days: list[Day] = field(default_factory=list[Day])
    ahead: list[Span] = field(default_factory=list[Span])
    from_now: bool = False
    """Whether a word such as *in* makes the span one from now."""
    periods: list[Period] = field(default_factory=list[Period])
    of_units: list[Period] = field(default_factory=list[Period])
    interval: Span | None = None
    weekly: list[Weekly] = field(default_factory=list[Weekly])
    only: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    positions: list[Positions] = field(default_factory=list[Positions])
    monthdays: list[MonthDays] = field(default_factory=list[MonthDays])
    months: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    windows: list[Window] = field(default_factory=list[Window])
    minutes: tuple[int, ...] = ()
    until: Until | None = None
    starting: Starting | None = None
    count: int | None = None
    runs: bool = False
    """Whether the count can only be one of all runs."""
    lasting: Lasting | None = None
    within: list[Within] = field(default_factory=list[Within])
    left_out: Except | None = None
    per_unit: PerUnit | None = None
    by_clock: bool = False
    again: bool = False
    habit: bool = False
    """Whether a part of the day was said in the plural: *mornings*."""
    now: bool = False
    habitual: bool = False
    """Whether *always* was said, which says that it recurs, but not how often."""
    these_dates: bool = False
    """Whether days of a month are the next ones only, and not those of every year."""
    start_time: Clock | None = None
    """When what happens on one day begins: *Saturday from 8 pm*."""
    zone: tuple[str, ...] = ()
    same_time: bool = False
    dashed: bool = False
    """Whether a day was said like a range of hours, *5-12*: where no time is beside it, it may be one."""
    monthly: bool = False
    """Whether a day alone was said to come every month: *jeden Fünfzehnten*."""
    order: str = ""
    """Days (D) and times (T) in the order in which they were said, each run of them once."""

    @property
    def recurs(self) -> bool:
        """Whether anything says that it happens more than once."""
        return bool(
            self.periods
            or self.interval
            or any(item.again for item in self.weekly)
            or (self.positions and self.of_units)
            or any(len(item.days) > 1 for item in self.monthdays)
            or (self.monthdays and self.of_units)
            or self.again
            or self.per_unit
            or self.minutes
            or self.windows
            or (self.count is not None and self.count > 1)
            or (self.starting and self.until)
            or (self.lasting and self.lasting.span.by_calendar)
        )


_DAYS = frozenset(
    (
        "day",
        "weekday_of_month_day",
        "weekday_number_in_part",
        "weekday_in_parts",
        "of_day",
        "weekly",
        "positions",
        "monthdays",
        "months",
    )
)
_TIMES = frozenset(("clocks", "lone_hour", "lone_hours", "windows"))
_ZONES = frozenset(("zone", "zone_of_time"))


def zones_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return the zones that the pieces may name, or none."""
    return next((piece.value for piece in pieces if piece.category in _ZONES), ())


def sort_pieces(pieces: Sequence[Piece]) -> Said:
    """Sort the pieces of a path. Raises Contradiction where one thing is said twice in two ways."""
    said = Said()
    if not pieces:
        raise Contradiction("nothing")
    for before, piece, after in zip((None, *pieces[:-1]), pieces, (*pieces[1:], None), strict=True):
        _check_neighbours(piece, before, after)
        _add(said, piece)
        kind = "D" if piece.category in _DAYS else "T" if piece.category in _TIMES else ""
        if kind and not said.order.endswith(kind):
            said.order += kind
    if said.dashed and not said.times:
        raise Contradiction("dash")
    if Period(1, "day") in said.periods and any(p.category == "days_of_each_month" for p in pieces):
        said.periods.remove(Period(1, "day"))  # "every day from the 1st to the 5th of the month"
    if said.monthly:
        if said.periods or said.of_units or said.months:
            raise Contradiction("days")
        said.periods.append(Period(1, "month"))
    if said.months and said.monthdays and not _side_by_side(pieces):
        raise Contradiction("days")  # "15 18h 24 December"
    dated = any(not isinstance(day, OnWeekday) for day in said.days)
    if said.habit and (dated or said.ahead or said.months or said.monthdays):
        raise Contradiction("habit")  # "on 15 February in the mornings"
    if "DTDT" in said.order or "TDTD" in said.order:
        raise Contradiction(TWO_SCHEDULES)
    return said


_BEFORE_BARE = frozenset(
    (
        "day",
        "weekly",
        "positions",
        "monthdays",
        "period",
        "at_part",
        "daily_part",
        "part_today",
        "both_bounds",
        "weekday_in_parts",
    )
)
_EACH_OR_ALL = frozenset(("day", "period", "interval", "weekly", "positions"))
_BOUNDS = frozenset(("end_bound", "start_bound", "both_bounds"))
_A_FEW = 5
"""Runs that one day may have."""
_ON_A_DAY = frozenset(("day", "monthdays", "day_of_every_month"))
_PARTS = frozenset(("at_part", "daily_part", "part_today"))
_AFTER_BARE = _PARTS | {"zone"}
_MONTHS = 12
_WEEKEND = (5, 6)
_EARLY = 6
"""The first hour that a number alone means behind weekends: smaller ones may count them."""
_DATED = OnDate | Slashed | OnFeast | EndOf | OnPosition
_BEFORE_OF_UNIT = frozenset(("day", "monthdays", "positions", "weekly", "period"))
_BEFORE_OF_DAY = frozenset(("clocks", "at_part"))
_BEFORE_CITY = frozenset(("clocks", "windows", "each_clock", "clock_tonight"))
_AFTER_AGAIN = frozenset(("day", "positions", "monthdays", "months", "at_part"))


def _check_neighbours(piece: Piece, before: Piece | None, after: Piece | None) -> None:
    """A number without *at* is a time only behind a day, and *every* alone only before what it repeats."""
    if piece.category == "lone_hour" and not _is_time(piece, before, after):
        raise Contradiction("bare")
    if piece.category == "lone_hours" and (
        before is None
        or before.end != piece.start
        or not _is_habit(before.value)
        or (after is not None and after.category == "months")
    ):
        raise Contradiction("bare")
    if piece.category == "short_clock" and not (
        (before and before.category in _PARTS and before.end == piece.start)
        or (after and after.category in _PARTS and after.start == piece.end)
    ):
        raise Contradiction("short clock")  # "tonight in 2025" is a year
    if piece.category == "minutes_of_hour" and before is not None and before.category in ("day", "monthdays"):
        raise Contradiction("minutes")  # "Dec 18:00"
    if piece.category == "of_unit" and before is None and not _in_one_word(piece, after):
        raise Contradiction("of what")
    if piece.category == "and" and before and isinstance(before.value, OnDayOfMonth | MonthDays):
        raise Contradiction("days")  # "the 24th and 31 December" are two days of December
    if piece.category == "count" and piece.value > 1 and after and after.category in _EACH_OR_ALL:
        raise Contradiction("count")  # "twice on Monday", "3 times every Monday": in all, or each time?
    if piece.category == "count" and 1 < piece.value <= _A_FEW and after and after.category == "again":
        raise Contradiction("count")  # but "10 times every Monday" is in all
    if piece.category == "count" and piece.value in (2, 3) and before and _is_each(piece, before):
        # "every day 2 times" is as likely twice a day, "every Friday twice" on each Friday
        raise Contradiction("count")
    if (
        before
        and before.category in _BOUNDS
        and before.end == piece.start
        and _names_its_weekday(piece, before)
    ):
        raise Nonsense("which one")  # "until the 5th working day", "until the second Monday"
    if piece.category == "months" and before and before.category == "period" and before.end == piece.start:
        raise Contradiction("months")  # Portuguese *todo dia dez* is every tenth
    if piece.category == "months" and before and before.end == piece.start and _leaves_out_numbers(before):
        raise Nonsense("days")  # "except Monday the 7th and 14th of December"
    if piece.category in _ON_A_DAY and before and before.category in _ON_A_DAY:
        raise Contradiction("days")
    if (
        piece.category == "day"
        and before
        and before.category == "at_part"
        and isinstance(piece.value, OnDayOfMonth)
    ):
        raise Contradiction("part")  # German *morgen 9.* is no morning of the 9th
    if piece.category == "of_unit" and before and before.category not in _BEFORE_OF_UNIT:
        raise Contradiction("of what")  # "day 5 of each 12h month"
    if piece.category == "of_unit" and before and before.end == piece.start and _is_loose(before):
        raise Contradiction("of what")  # "4 months" are a span
    if piece.category == "of_day" and (before is None or before.category not in _BEFORE_OF_DAY):
        raise Contradiction("of day")
    if piece.category == "ahead_alone" and before and before.category == "clocks":
        raise Contradiction("ahead")  # "2h 1d" is a span in a strange order
    if piece.category == "zone_of_time" and (before is None or before.category not in _BEFORE_CITY):
        raise Contradiction("zone")
    if piece.category == "spoken_in_figures" and not _follows_offset(piece, before):
        raise Contradiction("bare")
    if piece.category == "habitual" and (before is None or after is None or after.category not in _TIMES):
        raise Contradiction("habitual")
    if piece.category == "how_many_parts" and piece.start:
        raise Contradiction("how many")  # "at eight evening"
    if piece.category == "every_which_weekday" and after and after.category == "of_unit":
        raise Contradiction("which")  # "toda segunda quarta do mês" is a position
    if piece.category == "second_of_each_month" and after and after.category == "of_unit":
        raise Contradiction("of what")  # the month is said, and need not be guessed
    if piece.category == "some_day" and (piece.start or after is not None):
        raise Contradiction("some day")  # "in one day", "one day before Christmas"
    if piece.category == "leading_count" and before is not None:
        raise Contradiction("count")
    if piece.category == "always" and (before is not None or after is not None):
        raise Contradiction("always")
    if piece.category == "again" and (after is None or after.category not in _AFTER_AGAIN):
        raise Contradiction("again")
    if (
        piece.category == "again"
        and after
        and isinstance(after.value, OnDayOfMonth)
        and after.value.weekday is not None
    ):
        raise Contradiction("again")  # "every Thursday third" isn't clear


def _leaves_out_numbers(piece: Piece) -> bool:
    out = piece.value
    return isinstance(out, Except) and any(isinstance(day, OnDayOfMonth) for day in out.days)


def _names_its_weekday(piece: Piece, before: Piece) -> bool:
    """Whether a bound ends in a day of the month without a time, so that the weekday behind belongs to it."""
    if not isinstance(piece.value, Weekly | OnWeekday):
        return False
    match before.value:
        case Until(at) | Starting(at) | (_, Until(at)):
            return isinstance(at.day, OnDayOfMonth) and at.clock is None and at.part is None
        case _:
            return False


def _is_each(piece: Piece, before: Piece) -> bool:
    """Whether a count right behind what repeats may be one of each of its days."""
    weekday = isinstance(before.value, Weekly | OnWeekday) and before.end == piece.start
    return weekday or before.value == Period(1, "day")


def _is_habit(value: object) -> bool:
    """Whether bare numbers behind it are times, as they can't be days of a month."""
    return value == Period(1, "day") or (isinstance(value, Weekly) and value.again)


def _follows_offset(piece: Piece, before: Piece | None) -> bool:
    """Whether a piece stands right behind a day such as *tomorrow*, which no number can belong to."""
    return before is not None and before.end == piece.start and isinstance(before.value, Offset)


def _side_by_side(pieces: Sequence[Piece]) -> bool:
    """Whether a number alone, if there is one, stands beside the month that it is a day of."""
    names = [piece.category for piece in pieces]
    number, month = names.index("monthdays"), names.index("months")
    return abs(number - month) == 1 or not _is_loose(pieces[number])


def _is_loose(piece: Piece) -> bool:
    return isinstance(piece.value, MonthDays) and piece.value.loose


def _in_one_word(piece: Piece, after: Piece | None) -> bool:
    """Whether days follow a unit at once: German *am Monatsersten*."""
    return (
        after is not None
        and after.start == piece.end
        and isinstance(after.value, MonthDays)
        and not after.value.loose
    )


def _is_time(piece: Piece, before: Piece | None, after: Piece | None) -> bool:
    """Whether a bare number is a time: *tomorrow 9*, but not *24 December 15*, which may be a year."""
    if before is None:
        return (
            piece.start == 0
            and after is not None
            and (after.category in _AFTER_BARE or isinstance(after.value, Offset))
        )
    if before.category not in _BEFORE_BARE or before.end != piece.start or isinstance(before.value, _DATED):
        return False
    if before.category == "period" and before.value.unit != "day":
        return False
    if isinstance(before.value, Weekly) and before.value.days == _WEEKEND and piece.value.hour < _EARLY:
        return False  # "every weekends 2" is rather a number of weekends
    if piece.value.next_day:
        return False  # "Monday 24" is a day of the month
    if before.value == "end":
        return False  # Spanish *al final del día 2* is the end of the 2nd
    if isinstance(before.value, OnWeekday) and piece.value.hour == FRIDAY_13[1]:
        return False  # *Friday 13* is a date, which may be far away, rather than one o'clock
    if (
        isinstance(before.value, OnDayOfMonth)
        and before.value.weekday is None
        and piece.value.hour <= _MONTHS
    ):
        return False  # "the 15th 12" may be of December
    if isinstance(before.value, After) and isinstance(before.value.day, _DATED):
        return False
    return after is None or after.category not in ("period", "of_unit")


def _add(said: Said, piece: Piece) -> None:
    value = piece.value
    match piece.category:
        case "clocks":
            _once(said.times)
            said.times += value
        case "start_time":
            _only(said.start_time)
            said.start_time = value
        case "lone_hour" | "short_clock" | "spoken_in_figures":
            _once(said.bare)
            said.bare.append(value)
        case "lone_hours":
            _once(said.times)
            said.times += value
        case "clock_tonight":
            _once(said.times)
            _once(said.parts)
            said.times.append(value)
            said.parts.append("tonight")
        case "at_part":
            if {value, *said.parts} == {"early", "morning"}:
                value = "early"  # "early tomorrow morning"
                said.parts.clear()
            _once(said.parts)
            said.parts.append(value)
        case "part_today":
            _once(said.parts)
            said.parts.append(value)
            said.days.append(Offset(0))
        case "unclear":
            raise WhenError(
                "That could mean twice a week (or month, or year) or once every two. Say which, for "
                "example: `every 2 weeks on Monday`.",
                code="unclear_how_often",
            )
        case (
            "in_which_week"
            | "which_night"
            | "apart_what"
            | "number_and_day"
            | "which_weekday"
            | "past_unit"
            | "which_hours"
            | "vague_moment"
            | "always"
            | "deadline_ahead"
            | "how_many_parts"
            | "some_day"
            | "every_which_weekday"
            | "month_or_weekday_day"
        ):
            raise Nonsense(piece.category)
        case "each_clock":
            _once(said.times)
            said.times.append(value)
            said.again = said.habit = True
        case "daily_part":
            _once(said.parts)
            said.parts.append(value)
            said.again = said.habit = True
        case "day" | "of_day":
            said.days.append(value)
        case "each_feast":
            if said.days or said.again:
                raise Contradiction("twice")
            said.days += value
            said.again = True
        case "weekday_of_month_day":
            said.days.append(value)
            if said.again:
                raise Contradiction("again")
            said.again = True
        case "dashed_date":
            said.days.append(value)
            said.dashed = value.day < value.month
        case "part_of_a_day" | "weekday_number_in_part":
            day, part = value
            _once(said.parts)
            said.days.append(day)
            said.parts.append(part)
        case "weekday_in_parts":
            weekly, part = value
            _once(said.parts)
            said.weekly.append(weekly)
            said.parts.append(part)
        case "of_night" | "hour_of_date":
            day, at = value
            _once(said.times)
            said.days.append(day)
            said.times.append(at)
        case "day_of_every_month":
            said.monthdays.append(value)
            said.monthly = True
        case "days_of_each_month":
            if not value.days:
                raise Nonsense("days")
            said.monthdays.append(value)
            said.periods.append(Period(1, "month"))
        case "ahead" | "ahead_alone":
            _once(said.ahead)
            said.ahead.append(value)
            said.from_now = piece.category == "ahead"
        case "period":
            said.periods.append(value)
        case "of_unit":
            _once(said.of_units)
            said.of_units.append(value)
        case "interval":
            if said.interval is not None:
                raise Contradiction(TWO_SCHEDULES)
            said.interval = value
        case "interval_between":
            span, between = value
            if said.interval is not None:
                raise Contradiction(TWO_SCHEDULES)
            _once(said.windows)
            said.interval = span
            said.windows.append(between)
        case "weekly":
            said.weekly.append(value)
        case "only_days":
            _once(said.only)
            said.only.append(value)
        case "second_of_each_month":
            said.positions.append(value)
            said.periods.append(Period(1, "month"))
        case "positions":
            said.positions.append(value)
        case "monthdays":
            said.monthdays.append(value)
        case "months":
            _once(said.months)
            said.months.append(value)
        case "windows":
            _once(said.windows)
            said.windows += value
        case "minutes_of_hour":
            _only(said.minutes or None)
            said.minutes = value
        case "hourly_at":
            _only(said.minutes or said.interval)
            said.minutes = value
            said.interval = Span(seconds=3600)
        case "end_bound":
            _only(said.until)
            said.until = value
        case "start_bound":
            _only(said.starting)
            said.starting = value
        case "both_bounds":
            _only(said.until or said.starting)
            said.starting, said.until = value
        case "count":
            _only(said.count)
            said.count = value
        case "runs" | "leading_count":
            _only(said.count)
            said.count, said.runs = value, True
        case "lasting":
            _only(said.lasting)
            said.lasting = value
        case "within":
            said.within.append(value)
            _once(said.within[1:])
        case "left_out_all":
            said.left_out = value if said.left_out is None else said.left_out.plus(value)
        case "per_unit":
            _only(said.per_unit)
            said.per_unit = value
        case "by_clock":
            said.by_clock = True
        case "again":
            if said.again:
                raise Contradiction("again")
            said.again = True
        case "zone" | "zone_of_time":
            _only(said.zone or None)
            said.zone = value
        case "and":  # what it joins is not one thing
            raise Contradiction(TWO_SCHEDULES)
        case "daily_at_number":
            _once(said.bare)
            said.bare.append(value)
            said.periods.append(Period(1, "day"))
        case "habitual":
            said.habitual = True
        case "these_dates":
            said.these_dates = True
        case "now":
            if said.now:
                raise Contradiction("now")
            said.now = True
        case "same_time":
            said.same_time = True
        case _:
            raise Contradiction(piece.category)


def _once(found: Sequence[object]) -> None:
    if found:
        raise Contradiction("twice")


def _only(found: object) -> None:
    if found is not None:
        raise Contradiction("twice")
