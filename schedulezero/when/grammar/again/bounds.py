"""When a recurring phrase begins and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from schedulezero.errors import WhenError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.when.grammar.again.left_out import fill_left_out, lasting
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    Clock,
    Moment,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnWeekday,
    Slashed,
    Within,
)
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.refusing import on_which_weekday
from schedulezero.when.grammar.resolving import clock_of, date_of, time_of_part
from schedulezero.when.grammar.said import Contradiction, Nonsense, Said

_DAY = timedelta(days=1)
_MONTHS = 12
_LATELY = timedelta(days=60)


def fill_bounds(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    """Put into the phrase when it begins and ends."""
    movable = not (said.times or said.bare or phrase.span)
    if (
        said.starting is not None
        and movable
        and said.starting.at.day is None
        and said.starting.at.clock is not None
    ):
        said.times.append(
            said.starting.at.clock
        )  # "every day starting at 8": no first day, but the rule's time
        said.starting, movable = None, False
    if said.until is not None and said.until.at.day is None and _on_named_days(said):
        raise Nonsense("until")  # "from tomorrow every 3 hours until 6 pm": of tomorrow, or of each day?
    if said.interval is not None:
        _expect_one_stretch(said)
    if said.starting is not None:
        first = said.starting.at
        phrase.starting = _lately(_bound(first, said, context, text, movable=movable), first, context)
    if said.until is not None:
        if isinstance(said.until.at.day, OnDayOfMonth) and phrase.unit == "month":
            raise Contradiction("until")  # "every month on the 28th until the 3rd" runs once
        seen = _from_start(said.until.at, phrase, context)
        phrase.until = _bound(said.until.at, said, seen, text, movable=movable)
        by_number = said.starting is not None and isinstance(said.starting.at.day, OnDayOfMonth)
        if seen is not context and by_number and phrase.starting is not None:
            _in_one_stretch(phrase.starting[0], phrase.until[0])
        dated = not isinstance(said.until.at.day, Offset | OnWeekday)
        if dated and said.starting is not None and said.starting.at.day and phrase.starting is not None:
            phrase.until = _not_before(phrase.until, phrase.starting)
    phrase.count = said.count
    for within in said.within:
        if phrase.unit == "week" and within.unit != "day" and not phrase.weekdays:
            raise WhenError(on_which_weekday(text))  # "every week in June"
        _within(within, phrase, context, periods=bool(said.periods))
    if said.lasting is not None:
        lasting(said.lasting.span, phrase, context)
    if said.left_out is not None:
        fill_left_out(said, phrase, context, text)


def _expect_one_stretch(said: Said) -> None:
    """Refuse an interval whose times may begin it on each of several days or only on the first one."""
    begin = said.starting.at if said.starting is not None else Moment(None)
    days = said.weekly or said.periods or said.positions or said.monthdays or said.left_out
    if begin.clock is not None and (days or (begin.time_first and isinstance(begin.day, OnWeekday))):
        raise Nonsense("starting")  # "every hour from 5pm on Fridays"
    if begin.clock is not None and begin.day is None and said.until is not None and said.until.at.day:
        raise Nonsense("until")  # "every 5 minutes from 17:00 until 17:30 tomorrow"
    if isinstance(begin.day, OnWeekday) and said.windows:
        raise Nonsense("windows")  # "from Friday 17 to 18 o'clock"
    if said.lasting is not None and said.lasting.span.seconds and days:
        raise Nonsense("lasting")  # "every 10 minutes for an hour every Friday"


def _on_named_days(said: Said) -> bool:
    """Whether days other than the present one were named, so that a time alone may be of any of them."""
    started = said.starting is not None and said.starting.at.day not in (None, Offset(0))
    return bool(started or said.weekly or said.days or said.positions or said.monthdays or said.periods)


def _bound(at: Moment, said: Said, context: Context, text: str, *, movable: bool) -> tuple[date, time | None]:
    """A bound's day and time. A time that is said only there is the rule's: *every day until Friday at 9*."""
    clock = at.clock
    if at.part is not None:
        begin = time_of_part(at.part, context)
        clock = Clock(begin.hour, begin.minute)
        movable = False
    if clock is not None and movable and at.day is not None:
        if said.times and clock not in said.times:
            raise Nonsense("bound")  # "from the 20th at 8 to the 25th at 9"
        said.times.append(clock)
        clock = None
    if at.day is None:
        if clock is None or movable or (said.times and said.interval is None):
            raise Contradiction("bound")  # "every day at 8 until 9 o'clock": no day on which it ends
        moment = clock_of(clock)
        day = context.today
        if datetime.combine(day, moment) <= context.local:
            day += _DAY
        return day, moment
    moment = clock_of(clock) if clock is not None else None
    day = date_of(at.day, context, moment, text=text)
    return (day + _DAY if clock is not None and clock.next_day else day), moment


def _from_start(last: Moment, phrase: Phrase, context: Context) -> Context:
    """The context in which a last day is looked for: *from the 20th to the 25th* ends after it began."""
    if phrase.starting is None or not isinstance(last.day, OnDayOfMonth):
        return context
    begin = datetime.combine(phrase.starting[0], time.min)
    return replace(context, now=first_instant_at_or_after(begin, context.zone))


def _in_one_stretch(first: date, last: date) -> None:
    """*From the 24th to the 31st* of a month that has no 31st is no time until the end of the next one."""
    months = (last.year - first.year) * _MONTHS + last.month - first.month
    if months != (last.day < first.day):
        raise Contradiction("until")


def _lately(bound: tuple[date, time | None], at: Moment, context: Context) -> tuple[date, time | None]:
    """A start without a year that was a short while ago is that one: its rhythm goes on from there."""
    if isinstance(at.day, OnDate | Slashed) and at.day.year is None:
        try:
            before = bound[0].replace(year=bound[0].year - 1)
        except ValueError:
            return bound
        if context.today - before <= _LATELY and before < context.today:
            return before, bound[1]
    return bound


def _not_before(
    until: tuple[date, time | None], starting: tuple[date, time | None]
) -> tuple[date, time | None]:
    """An end without a year that would lie before its start is a year later."""
    day = until[0]
    if day < starting[0] and day.month < starting[0].month:
        try:
            return day.replace(year=day.year + 1), until[1]
        except ValueError:
            raise Contradiction("until") from None
    return until


def _within(within: Within, phrase: Phrase, context: Context, *, periods: bool) -> None:
    today = context.today
    if within.unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=within.ahead)
        last = first + timedelta(days=6)
    elif within.unit == "year":
        year = within.year or today.year + within.ahead
        first, last = date(year, 1, 1), date(year, 12, 31)
    else:
        index = today.year * 12 + today.month - 1 + within.ahead
        if within.month is not None:
            year = within.year or today.year + (within.month < today.month)
            index = year * 12 + within.month - 1
        first = date(index // 12, index % 12 + 1, 1)
        last = date((index + 1) // 12, (index + 1) % 12 + 1, 1) - _DAY
    if phrase.starting or phrase.until:
        raise Contradiction("within")
    if within.month is not None and phrase.positions and not (periods and phrase.unit == "month"):
        raise Contradiction("within")  # "every first Monday in December" is one a year
    if first > today:
        phrase.starting = first, None
    phrase.until = last, None
