"""Lays pieces side by side so that every token of a text has a part in exactly one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
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
    "unclear": 1.0, "lone_hour": 2.2, "lone_hours": 2.2, "short_clock": 2.2, "zone": 0.5,
    "now": 1.0, "nths": 2.5, "same_time": 1.0, "only_days": 1.0,
    "in_which_week": 0.9, "which_night": 1.0, "apart_what": 1.0,
    "of_night": 1.0, "hour_of_date": 1.0, "part_of_a_day": 1.0, "dashed_date": 1.0, "day_of_every_month": 2.3,
    "days_of_each_month": 1.0, "which_hours": 1.0, "weekday_of_month_day": 1.0,
    "zone_of_time": 0.5, "past_unit": 1.0, "number_and_day": 1.0, "which_weekday": 1.0,
    "weekday_number_in_part": 2.0, "daily_at_number": 2.3, "of_day": 1.0, "and": 0.5,
    "start_time": 1.0, "spoken_in_figures": 2.0, "leading_count": 1.0, "always": 0.5,
    "habitual": 1.0, "vague_moment": 0.5,
    "each_feast": 1.0,
    "deadline_ahead": 1.0, "how_many_parts": 1.0, "some_day": 1.0,
    "second_of_each_month": 1.0, "every_which_weekday": 1.0, "month_or_weekday_day": 1.0,
    "weekday_in_parts": 1.0, "interval_between": 1.0,
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
_OPENING = frozenset(("at", "in", "the", "from", "to", "until", "starting", "for", "except", "every"))
"""What needs something behind it: at the end of a text, such a word isn't passed over."""
MOST_PATHS = 60
MOST_PIECES = 12
_MOST_COMPARED = 4 * MOST_PATHS
"""Paths to a token that are looked at: many signs in a row make many that have the same pieces."""


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
    """Return the ways to cover every token, cheapest first, at most `MOST_PATHS`.

    Each token's ways are merged from those of the tokens that a piece leads from, and no more are made
    than are kept: the cost grows with the pieces and the ways, not with their product.
    """
    size = len(begins)
    steps = _steps(begins)
    keys: dict[tuple[int, int], int] = {}
    ways: list[list[_Way]] = [[(0.0, 0, ())]]
    for end in range(1, size + 1):
        ways.append(_cheapest([(ways[start], cost, piece) for start, cost, piece in steps[end]], keys))
    return [Path(cost, pieces) for cost, _, pieces in ways[size]]


_Way = tuple[float, int, tuple[Piece, ...]]
"""What the pieces up to a token cost, a key that no other sequence of pieces has, and the pieces."""
_Step = tuple[int, float, Piece | None]
"""Where a piece begins, what it costs, and the piece; None for a token that adds nothing."""


def _steps(begins: Begins) -> list[list[_Step]]:
    """The pieces that end before each token, of those that lead to the end of the text."""
    size = len(begins)
    found: list[list[_Step]] = [[] for _ in range(size + 1)]
    leads = [False] * size + [True]
    for start in range(size - 1, -1, -1):
        made: dict[tuple[str, int, Any], Piece] = {}
        is_opening = not _OPENING.isdisjoint(begins[start])
        before_at = "the" in begins[start] and start + 1 < size and "at" in begins[start + 1]
        for categories, skipped in ((SKIPPED, True), (PIECES, False)):
            for category, extra in categories.items():
                for item in begins[start].get(category, ()):
                    if not leads[item.end]:
                        continue
                    if skipped and item.end == start + 1 and (before_at or (is_opening and item.end == size)):
                        continue
                    leads[start] = True
                    if skipped:
                        found[item.end].append((start, extra, None))
                        continue
                    piece = Piece(category, item.value, start, item.end)
                    piece = made.setdefault((category, item.end, item.value), piece)
                    found[item.end].append((start, extra + item.cost, piece))
    for steps in found:
        steps.sort(key=lambda step: step[0])
    return found


def reach(begins: Begins) -> int:
    """Return the first token that no sequence of pieces gets past, for the error."""
    reached = {0}
    for start in range(len(begins)):
        if start in reached:
            for category in (*SKIPPED, *PIECES):
                reached |= {item.end for item in begins[start].get(category, ())}
    return max(reached)


def _cheapest(
    steps: Sequence[tuple[Sequence[_Way], float, Piece | None]], keys: dict[tuple[int, int], int]
) -> list[_Way]:
    """The cheapest ways that one more step makes, each sequence of pieces once.

    `_steps` makes each piece once, so that pieces need not be compared by value: a list of dates is long.
    A sequence's key is made of that of all but its last piece, and of the last one.
    """
    best: dict[int, _Way] = {}
    waiting = [(before[0][0] + cost, step, 0) for step, (before, cost, _) in enumerate(steps) if before]
    heapify(waiting)
    for _ in range(_MOST_COMPARED):
        if not waiting or len(best) == MOST_PATHS:
            break
        total, step, index = waiting[0]
        before, cost, piece = steps[step]
        _, key, pieces = before[index]
        if index + 1 < len(before):
            heapreplace(waiting, (before[index + 1][0] + cost, step, index + 1))
        else:
            heappop(waiting)
        if piece is not None:
            if len(pieces) == MOST_PIECES:
                continue
            key = keys.setdefault((key, id(piece)), len(keys) + 1)
        if key not in best:
            best[key] = (total, key, pieces if piece is None else (*pieces, piece))
    return list(best.values())
