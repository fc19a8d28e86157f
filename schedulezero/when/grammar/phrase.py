"""What recurs, as clauses: the form between the pieces that were said and the trigger that is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from schedulezero.when.grammar.core.pieces import Span


@dataclass(slots=True)
class Phrase:
    """The clauses of a recurring schedule; `compiling` makes a trigger of it.

    Attributes:
        every, unit: The period in days, weeks, months or years.
        span: The period in real seconds, or the step of a ``window``.
        both: Whether a day must be one of the ``days`` and of the ``weekdays``, too: Fridays the 13th.
        positions: Such as (1, 0), the first Monday of a month.
        window: The first and the last time of a step.
        clock: Whether a span goes by the wall clock's ticking, as a crontab's star does.
        starting, until: A day, and a time if one was said.
        count: So many runs.
        lasting: For so long from the first run on.
        excluded: Days without a run.
        holidays: A place on whose public holidays it doesn't run.
        excluded_dates, excluded_feasts, excluded_days: Days of each year and of each month without a run.
        feasts: Feast days of a year, each with days to add.
        anchor: A day of a period that counts if ``every`` is above 1; the first match if there is none.
    """

    every: int = 1
    unit: str | None = None
    span: timedelta = timedelta()
    weekdays: set[int] = field(default_factory=set[int])
    days: set[int] = field(default_factory=set[int])
    both: bool = False
    positions: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    months: set[int] = field(default_factory=set[int])
    times: set[time] = field(default_factory=set[time])
    window: tuple[time, time] | None = None
    clock: bool = False
    starting: tuple[date, time | None] | None = None
    until: tuple[date, time | None] | None = None
    count: int | None = None
    lasting: Span | None = None
    excluded: set[date] = field(default_factory=set[date])
    excluded_dates: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    excluded_feasts: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    excluded_days: set[int] = field(default_factory=set[int])
    holidays: str | None = None
    feasts: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    anchor: date | None = None
