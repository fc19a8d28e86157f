"""Puts together what the pieces of a recurring phrase mean."""

from __future__ import annotations

from datetime import timedelta

from schedulezero.when.grammar.again.bounds import fill_bounds
from schedulezero.when.grammar.again.days import fill_days, fill_first_day, fill_months
from schedulezero.when.grammar.again.often import fill_period
from schedulezero.when.grammar.again.times import fill_times, in_bare_hours
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import OnDate
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.resolving import date_of
from schedulezero.when.grammar.said import Contradiction, Nonsense, Said

_DAY = timedelta(days=1)
_LONGEST_STEP = timedelta(hours=6)
"""Longer steps within a day divide it evenly."""


def phrase_of(said: Said, context: Context, text: str) -> Phrase:
    """Return the clauses of what recurs.

    Raises Contradiction if the pieces don't fit together, and WhenError if there is no such day.
    """
    if said.ahead or said.now or said.start_time is not None:
        raise Contradiction("ahead")
    often = said.periods or said.of_units or said.interval or said.per_unit or said.minutes or said.again
    if not often and any(not item.again for item in said.weekly):
        raise Contradiction("how often")  # "at the weekend for 3 days"
    phrase = Phrase()
    fill_period(said, phrase)
    fill_months(said, phrase)
    fill_days(said, phrase, context, text)
    fill_bounds(said, phrase, context, text)
    if said.count == 1 and not said.runs and (said.periods or len(phrase.weekdays) != 1):
        raise Contradiction("once")  # "Monday to Friday, once"
    if said.these_dates:
        dates = [OnDate(day, month) for month in phrase.months for day in phrase.days]
        nexts = [date_of(day, context, text=text) for day in dates]
        phrase.until = max(nexts), None
    fill_first_day(said, phrase)
    fill_times(said, phrase, context, text)
    if said.parts == ["tonight"]:
        raise Contradiction("tonight")
    on_some_days = phrase.weekdays or phrase.days or phrase.positions
    if on_some_days and not said.windows and phrase.span > _LONGEST_STEP and _DAY % phrase.span:
        raise Nonsense("every 18h on Friday")  # rather the time of day
    on_days = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts
    if said.again and (said.parts or said.habit) and not (phrase.unit or on_days):
        phrase.unit = "day"  # "every morning", "evenings"
    if not (phrase.unit or phrase.span or on_days):
        at_times = bool(said.times or said.bare or said.parts)
        for_days = said.lasting is not None and at_times and not said.days  # "for 3 days at 9"
        between = said.starting is not None and said.until is not None
        if (for_days or between) and said.count is None:  # "from 1 to 5 December": one run a day
            phrase.unit = "day"
        else:
            if any(in_bare_hours(window) for window in said.windows):
                raise Nonsense("how often")  # "10 to 12" are hours: it isn't ten minutes to twelve
            raise Contradiction("how often")
    return phrase
