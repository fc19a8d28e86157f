"""Lays pieces side by side so that every token of a text has a part in exactly one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schedulezero.when.grammar.core.chart import FILLER_COST, Begins

PIECES: dict[str, float] = {
    "clocks": 1.0, "day": 1.0, "ahead": 1.0, "ahead_alone": 1.0,
    "period": 1.0, "of_unit": 1.3, "interval": 1.0, "weekly": 1.0,
    "positions": 1.0,
    "monthdays": 1.6, "months": 1.2, "windows": 1.0, "end_bound": 1.0, "start_bound": 1.0, "both_bounds": 1.0,
    "count": 1.0, "runs": 1.0, "lasting": 1.0, "within": 1.1, "left_out_all": 1.0,
    "per_unit": 1.0, "minutes_of_hour": 1.0,
    "hourly_at": 1.0, "by_clock": 1.0, "again": 1.3, "at_part": 1.0, "daily_part": 1.0, "part_today": 1.0,
    "clock_tonight": 1.0, "each_clock": 1.0,
    "unclear": 1.0, "lone_hour": 2.2, "short_clock": 2.2, "zone": 0.5,
    "now": 1.0, "nths": 2.5, "same_time": 1.0, "only_days": 1.0,
    "in_which_week": 0.9, "which_night": 1.0, "apart_what": 1.0,
    "of_night": 1.0, "part_of_a_day": 1.0, "dashed_date": 1.0, "day_of_every_month": 2.3,
    "zone_of_time": 0.5, "past_unit": 1.0, "number_and_day": 1.0, "which_weekday": 1.0,
    "weekday_number_in_part": 2.0, "daily_at_number": 2.3, "of_day": 1.0, "and": 0.5,
    "start_time": 1.0, "spoken_in_figures": 2.0, "leading_count": 1.0, "always": 0.5,
    "habitual": 1.0,
}  # fmt: skip
"""What may stand beside other pieces, and what it costs: fewer and plainer pieces are the better reading."""
SKIPPED: dict[str, float] = {
    "filler": FILLER_COST,
    "on": 0.3,
    "comma": 0.02,
    "bracket": 0.02,
    "full_stop": 0.3,
    "loose_dash": 0.6,
}
MOST_PATHS = 60
MOST_PIECES = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece and the tokens it stands on."""

    category: str
    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Path:
    """One way to divide a text into pieces."""

    cost: float
    pieces: tuple[Piece, ...]


def paths(begins: Begins) -> list[Path]:
    """Return the ways to cover every token, cheapest first, at most `MOST_PATHS`."""
    size = len(begins)
    at: list[list[Path]] = [[] for _ in range(size + 1)]
    at[0] = [Path(0.0, ())]
    for start in range(size):
        here = _cheapest(at[start])
        if not here:
            continue
        for category, extra in SKIPPED.items():
            for item in begins[start].get(category, ()):
                at[item.end] += [Path(path.cost + extra, path.pieces) for path in here]
        made: dict[tuple[str, int, Any], Piece] = {}
        for category, extra in PIECES.items():
            for item in begins[start].get(category, ()):
                piece = made.setdefault(
                    (category, item.end, item.value), Piece(category, item.value, start, item.end)
                )
                cost = extra + item.cost
                at[item.end] += [
                    Path(path.cost + cost, (*path.pieces, piece))
                    for path in here
                    if len(path.pieces) < MOST_PIECES
                ]
    return _cheapest(at[size])


def reach(begins: Begins) -> int:
    """Return the first token that no sequence of pieces gets past, for the error."""
    reached = {0}
    for start in range(len(begins)):
        if start in reached:
            for category in (*SKIPPED, *PIECES):
                reached |= {item.end for item in begins[start].get(category, ())}
    return max(reached)


def _cheapest(found: Sequence[Path]) -> list[Path]:
    """The cheapest paths, each sequence of pieces once.

    `paths` makes each piece once, so that pieces need not be compared by value: a list of dates is long.
    """
    best: dict[tuple[int, ...], Path] = {}
    for path in sorted(found, key=lambda item: item.cost):
        best.setdefault(tuple(map(id, path.pieces)), path)
        if len(best) == MOST_PATHS:
            break
    return list(best.values())
