"""How often a phrase recurs."""

from __future__ import annotations

from datetime import timedelta

from schedulezero.when.grammar.core.pieces import OnDate, OnFeast, OnWeekday, Period, Slashed
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.said import TWO_SCHEDULES, Contradiction, Said

_WITHIN_A_YEAR = {"quarter": (1, 4, 7, 10), "quarterly": (1, 4, 7, 10), "half": (1, 7)}
_UNITS = ("day", "week", "month", "year")
_MONTHS = 12


def fill_period(said: Said, phrase: Phrase) -> None:
    """Put into the phrase how often it recurs."""
    counted: Period | None = None
    numbered = any(not isinstance(day, OnWeekday) for day in said.days)
    if said.of_units and not (said.positions or said.monthdays or numbered or said.weekly):
        raise Contradiction("of what")
    weekdays = sum(len(item.days) for item in said.weekly)
    weekdays += sum(isinstance(day, OnWeekday) for day in said.days)
    several = weekdays > 1  # Portuguese *segunda quarta do mês*
    of_no_month = any(period.unit != "month" or not said.again for period in said.of_units)
    if of_no_month and any(item.loose and len(item.days) == 1 for item in said.monthdays):
        raise Contradiction("of what")  # "one in year" is rather "in one year"
    if said.weekly and any(period.unit == "week" or several for period in said.of_units):
        raise Contradiction("of what")
    dated = any(isinstance(day, OnDate | Slashed | OnFeast) for day in said.days)
    if dated and any(period.unit in ("week", "month", "quarter") for period in said.of_units):
        raise Contradiction("of what")  # "24 December at 18 month"
    said.periods += said.of_units
    if said.per_unit is not None and said.per_unit.unit in ("month", "quarter", "year"):
        said.periods.append(Period(1, said.per_unit.unit))
    for index, period in enumerate(said.periods):
        if period.unit in _WITHIN_A_YEAR:
            phrase.months |= _months_of(period.unit, said)
            said.periods[index] = Period(1, "month")
    for period in said.periods:
        if phrase.unit is None or _UNITS.index(period.unit) > _UNITS.index(phrase.unit):
            phrase.unit = period.unit
        if period.every > 1:
            if counted not in (None, period):
                raise Contradiction(TWO_SCHEDULES)
            counted = period
    if len({item.unit for item in said.periods}) < len(said.periods) > 1:
        raise Contradiction(TWO_SCHEDULES)
    if counted is not None:
        if phrase.unit != counted.unit:
            raise Contradiction(TWO_SCHEDULES)
        phrase.every = counted.every
    if len(said.periods) > 1 and not (said.positions or said.monthdays or said.days or said.weekly):
        raise Contradiction(TWO_SCHEDULES)
    if said.interval is not None:
        on_days = bool(said.positions or said.monthdays or said.days)
        if any(item.every > 1 or (item.unit != "day" and not on_days) for item in said.periods):
            raise Contradiction(TWO_SCHEDULES)
        phrase.unit = None
        phrase.span = timedelta(days=said.interval.days, seconds=said.interval.seconds)
        if said.interval.months:
            raise Contradiction("interval")
    if said.by_clock and not phrase.span:
        raise Contradiction("by_clock")
    phrase.clock = said.by_clock


def _months_of(unit: str, said: Said) -> set[int]:
    """The months of a quarter or half-year that a day counted from its beginning or from its end is in."""
    first = set(_WITHIN_A_YEAR[unit])
    counted = [number for item in said.monthdays for number in item.days]
    counted += [number for item in said.positions for number, _ in item.days]
    if not any(number < 0 for number in counted):
        return first
    if any(number > 0 for number in counted):
        raise Contradiction("both ends")
    length = _MONTHS // len(first)
    return {month + length - 1 for month in first}
