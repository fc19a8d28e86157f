"""When a part of the day may begin, for a guild that sets its own hours."""

from __future__ import annotations

from datetime import time

from schedulezero.when.grammar.rules.clock.parts import PARTS

_HOURS_A_DAY = 24


def may_begin(part: str, at: time) -> bool:
    """Return whether a part of the day may begin at a time: no morning begins in the afternoon."""
    first, last = PARTS[part]
    return first <= at.hour < min(last, _HOURS_A_DAY)


def hours_of(part: str) -> tuple[time, time]:
    """Return the first and the last hour in which a part of the day may begin."""
    first, last = PARTS[part]
    return time(first), time(min(last, _HOURS_A_DAY) - 1)
