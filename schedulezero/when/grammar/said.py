"""The pieces of one path, sorted: what was said, each thing once, before it is decided what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from schedulezero.errors import WhenError
from schedulezero.when.grammar.paths import Piece
from schedulezero.when.grammar.pieces import (
    Clock,
    Day,
    Except,
    Lasting,
    MonthDays,
    Offset,
    OnSlashed,
    Period,
    PerUnit,
    Positions,
    Span,
    Starting,
    Until,
    Weekly,
    Window,
    Within,
)


class Contradiction(Exception):
    """Pieces that can't be parts of one meaning."""


class Nonsense(Contradiction):
    """Pieces that can only be meant so and have no meaning; a costlier reading would be a wrong one."""


def parts_do_not_fit(text: str) -> WhenError:
    """Return the error of parts that have no meaning together."""
    return WhenError("The parts of “{text}” don't fit together.", code="parts_do_not_fit", text=text)


@dataclass(slots=True)
class Said:
    """What was said. A list has at most one element where two would contradict each other."""

    times: list[Clock] = field(default_factory=list[Clock])
    bare: list[Clock] = field(default_factory=list[Clock])
    parts: list[str] = field(default_factory=list[str])
    each_part: bool = False
    days: list[Day] = field(default_factory=list[Day])
    ahead: list[Span] = field(default_factory=list[Span])
    periods: list[Period] = field(default_factory=list[Period])
    of_units: list[Period] = field(default_factory=list[Period])
    interval: Span | None = None
    weekly: list[Weekly] = field(default_factory=list[Weekly])
    positions: list[Positions] = field(default_factory=list[Positions])
    monthdays: list[MonthDays] = field(default_factory=list[MonthDays])
    months: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    windows: list[Window] = field(default_factory=list[Window])
    minutes: tuple[int, ...] = ()
    until: Until | None = None
    starting: Starting | None = None
    count: int | None = None
    lasting: Lasting | None = None
    within: list[Within] = field(default_factory=list[Within])
    left_out: Except | None = None
    per_unit: PerUnit | None = None
    by_clock: bool = False
    again: bool = False
    now: bool = False
    zone: tuple[str, ...] = ()
    same_time: bool = False
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
            or any(len(item.days) > 1 and (item.marked or self.months) for item in self.monthdays)
            or (self.monthdays and self.of_units)
            or self.again
            or self.per_unit
            or self.minutes
            or self.windows
            or (self.count is not None and self.count > 1)
            or (self.starting and self.until)
            or (self.lasting and self.lasting.span.by_calendar)
        )


_DAYS = frozenset(("day", "weekly", "positions", "monthdays", "months"))
_TIMES = frozenset(("clocks", "bare", "windows"))


def zones_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return the zones that the pieces may name, or none."""
    return next((piece.value for piece in pieces if piece.category == "zone"), ())


def sort_pieces(pieces: Sequence[Piece], month_first: bool) -> Said:
    """Sort the pieces of a path. Raises Contradiction where one thing is said twice in two ways."""
    said = Said()
    if not pieces:
        raise Contradiction("nothing")
    for before, piece, after in zip((None, *pieces[:-1]), pieces, (*pieces[1:], None), strict=True):
        _check_neighbours(piece, before, after)
        _add(said, piece, month_first)
        kind = "D" if piece.category in _DAYS else "T" if piece.category in _TIMES else ""
        if kind and not said.order.endswith(kind):
            said.order += kind
    if "DTDT" in said.order or "TDTD" in said.order:
        raise Contradiction("two_schedules")
    if (said.each_part or _again_in_a_part(pieces)) and (
        said.days or said.ahead or said.months or said.monthdays
    ):
        raise Contradiction("each_part")  # "on 15 February in the morning" is no habit
    return said


_BEFORE_BARE = frozenset(
    ("day", "weekly", "positions", "monthdays", "period", "at_part", "part_today", "both_bounds")
)
_REPEATED = frozenset(("period", "interval", "weekly"))
_AFTER_AGAIN = frozenset(("day", "dated_weekdays", "positions", "monthdays", "months", "at_part"))


def _again_in_a_part(pieces: Sequence[Piece]) -> bool:
    """Whether it is a part of the day that *every* repeats."""
    return any(
        one.category == "again" and other.category == "at_part"
        for one, other in zip(pieces, pieces[1:], strict=False)
    )


def _check_neighbours(piece: Piece, before: Piece | None, after: Piece | None) -> None:
    """A number without *at* is a time only beside a day, *every* alone stands only before what it repeats."""
    if piece.category == "lone_hour" and not _may_be_an_hour(piece, before, after):
        raise Contradiction("bare")
    if piece.category == "count" and piece.value > 1 and after and after.category in _REPEATED:
        raise Contradiction("count")  # "3 times every monday": in all, or each time?
    if piece.category == "again" and (after is None or after.category not in _AFTER_AGAIN):
        raise Contradiction("again")


def _may_be_an_hour(piece: Piece, before: Piece | None, after: Piece | None) -> bool:
    """Whether a number without *at* stands right behind a day or before a part of today."""
    if after is not None and after.category == "part_today" and after.start == piece.end:
        return True
    if before is None or before.category not in _BEFORE_BARE or before.end != piece.start:
        return False
    if before.category == "period" and before.value.unit != "day":
        return False
    return after is None or after.category not in ("period", "of_unit", "months")


def _add(said: Said, piece: Piece, month_first: bool) -> None:  # noqa: C901, PLR0912
    value = piece.value
    match piece.category:
        case "clocks":
            _once(said.times)
            said.times += value
        case "lone_hour":
            _once(said.bare)
            said.bare.append(value)
        case "at_part":
            if {value, *said.parts} == {"early", "morning"}:
                value = "early"  # "early tomorrow morning"
                said.parts.clear()
            _once(said.parts)
            said.parts.append(value)
        case "clock_tonight":
            _once(said.times)
            _once(said.parts)
            said.times.append(value)
            said.parts.append("tonight")
        case "part_today":
            _once(said.parts)
            said.parts.append(value)
            said.days.append(Offset(0))
        case "each_clock":
            _once(said.times)
            said.times.append(value)
            said.again = said.each_part = True
        case "each_part":
            _once(said.parts)
            said.parts.append(value)
            said.again = said.each_part = True
        case "day":
            said.days.append(ordered(value, month_first))
        case "ahead":
            _once(said.ahead)
            said.ahead.append(value)
        case "period":
            said.periods.append(value)
        case "of_unit":
            _once(said.of_units)
            said.of_units.append(value)
        case "interval":
            _only(said.interval)
            said.interval = value
        case "weekly":
            said.weekly.append(value)
        case "positions":
            said.positions.append(value)
        case "monthdays":
            _once(said.monthdays)
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
        case "dated_weekdays" | "decimal_alone":
            raise Nonsense(value)
        case "zone":
            _only(said.zone or None)
            said.zone = value
        case "now":
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


def ordered(day: Day, month_first: bool) -> Day:
    """Return 5/12 as a date; any other day as it is."""
    if not isinstance(day, OnSlashed):
        return day
    found = day.ordered(month_first)
    if found is None:
        raise Contradiction("slashed")
    return found
