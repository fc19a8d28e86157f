"""Other meanings of a path: those that its words leave open, and those that a person may have had in mind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from schedulezero.model import Trigger
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    NEW_YEARS_EVE,
    SMALL_HOURS,
    After,
    Clock,
    Day,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnWeekday,
    Period,
    PerUnit,
    Slashed,
    Span,
)
from schedulezero.when.grammar.paths import Path, Piece
from schedulezero.when.grammar.resolving import ordered

_DECEMBER = 12
_NOON = 12
_DAYS = frozenset(("day", "weekly", "monthdays", "positions"))
_DATES = frozenset(("monthdays", "months"))
_BESIDE_DATES = _DATES | {"clocks", "lone_hour", "at_part", "zone", "zone_of_time"}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person should know about a reading that others would have understood in another way.

    Attributes:
        kind: Which choice was made: the order of a date's numbers, the coming weekday or the one after it, or
            every two weeks rather than twice in each.
        part: Where the words stand that leave the choice, as a range of tokens.
        other: What they may mean instead; None if that is impossible.
    """

    kind: Literal["date_order", "coming_weekday", "every_two"]
    part: tuple[int, int]
    other: Trigger | None = None


def versions(path: Path) -> list[Path]:
    """Return the path, or the two meanings of one with a word such as *biweekly* beside a day.

    *24 and 31 December* has two, too: these two days, or these days of every year. Without a day, the word
    stays: twice in each week is as possible as every two weeks. So does *biannual*, which more often than
    not is twice a year, of which a date says one time only.
    """
    for index, piece in enumerate(path.pieces):
        if piece.category != "unclear":
            continue
        if piece.value == "year":
            return [path]
        named = _DAYS if piece.value != "day" else frozenset(("clocks",))
        if not any(item.category in named for item in path.pieces):
            return [path]
        every = replace(piece, category="period", value=Period(2, piece.value))
        twice = replace(piece, category="per_unit", value=PerUnit(2, piece.value))
        return [_with(path, index, every), _with(path, index, twice)]
    for index, piece in enumerate(path.pieces):
        later = _through_the_day(piece.value) if piece.category == "clocks" else None
        if later is not None:
            return [path, _with(path, index, replace(piece, value=later))]
    if _only_dates(path):
        end = path.pieces[-1].end
        return [replace(path, pieces=(*path.pieces, Piece("these_dates", True, end, end))), path]
    return [path, *_at_its_end(path)]


def _at_its_end(path: Path) -> Iterator[Path]:
    """*New Year's Eve at 00:00* or *at 1am* is mostly in the night that follows, and not before that day."""
    if not any(isinstance(item.value, OnFeast) and item.value.name == NEW_YEARS_EVE for item in path.pieces):
        return
    for index, piece in enumerate(path.pieces):
        match piece.category, piece.value:
            case "clocks", (Clock() as at,) if at.hour < SMALL_HOURS and not at.next_day:
                yield _with(path, index, replace(piece, value=(replace(at, next_day=True, by_night=False),)))
            case _:
                continue


def _through_the_day(times: tuple[Clock, ...]) -> tuple[Clock, ...] | None:
    """The times of *at 9, 12 and 6* in the order of one day; None if they are in that order as they are."""
    if any(at.sure and not at.halved and at.hour != _NOON for at in times):
        return None  # "at 18:00 and 9:00" are on the 24-hour clock
    found: list[Clock] = []
    for at in times:
        before = found[-1].hour * 60 + found[-1].minute if found else -1
        turned = not at.sure and at.hour * 60 + at.minute <= before
        found.append(at.later() if turned else at)
    return tuple(found) if tuple(found) != times else None


def _only_dates(path: Path) -> bool:
    """Whether several days of a month were named and nothing that says how often they come."""
    names = {piece.category for piece in path.pieces}
    numbers = [day for piece in path.pieces if piece.category == "monthdays" for day in piece.value.days]
    return _DATES <= names <= _BESIDE_DATES and len(numbers) > 1 and min(numbers) > 0


def open_choices(path: Path, context: Context) -> Iterator[tuple[Remark, Path]]:
    """Yield what a path leaves open, each with the path that makes the other choice."""
    for index, piece in enumerate(path.pieces):
        place = (piece.start, piece.end)
        match piece.value:
            case Slashed(first, second) if first != second and max(first, second) <= _DECEMBER:
                meant = ordered(piece.value, context)
                turned = OnDate(meant.month, meant.day, meant.year, meant.weekday)
                yield Remark("date_order", place), _with(path, index, replace(piece, value=turned))
            case OnWeekday(weekday, None, "next"):
                ahead = (weekday - context.today.weekday()) % 7 or 7
                if context.today.weekday() + ahead < 7:  # the coming one is in this week
                    later = After(Span(days=7), piece.value)
                    yield Remark("coming_weekday", place), _with(path, index, replace(piece, value=later))
            case _:
                continue


def without_contradiction(path: Path) -> Iterator[Path]:
    """Yield the paths of a weekday and a date that disagree: with the date alone, with the weekday alone."""
    for index, piece in enumerate(path.pieces):
        value: Day = piece.value
        if isinstance(value, OnDate | Slashed | OnDayOfMonth) and value.weekday is not None:
            date = (
                OnDayOfMonth(value.day) if isinstance(value, OnDayOfMonth) else replace(value, weekday=None)
            )
            for day in (date, OnWeekday(value.weekday)):
                yield _with(path, index, replace(piece, value=day))


def _with(path: Path, index: int, piece: Piece) -> Path:
    return replace(path, pieces=(*path.pieces[:index], piece, *path.pieces[index + 1 :]))
