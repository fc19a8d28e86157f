"""What is said to happen once: a day and a time, or a span from now."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.pieces import LAST, Clock, Day, EndOf, Offset, OnDate, OnPosition, Span
from schedulezero.when.grammar.resolving import clock_of, date_of, plus_span
from schedulezero.when.grammar.rules.clock import FIRST_HOUR, LATE_PARTS, within
from schedulezero.when.grammar.said import Contradiction, Said

DAY_END = time(23, 59)


def moment(said: Said, context: Context, text: str) -> datetime:
    """Return when it happens, as a naive wall-clock time, or aware where it is counted from now.

    Raises Contradiction if the pieces don't make one moment, and WhenError if there is no such day.
    """
    _refuse_others(said)
    on_days = said.days or said.weekly or said.positions or said.monthdays or said.months
    if said.now:
        if on_days or said.times or said.bare or said.parts or said.ahead:
            raise Contradiction("now")
        return context.now.replace(microsecond=0) + timedelta(seconds=1)
    if said.ahead and not (on_days or said.of_units):
        return _ahead(said, context)
    if said.ahead or said.of_units:
        raise Contradiction("ahead")
    day = _the_day(said)
    times = said.times or said.bare
    part = said.parts[0] if said.parts else None
    if len(times) > 1 or (said.times and said.bare):
        raise Contradiction("times")
    at = clock_of(in_part(times[0], part)) if times else None
    if at is None and part is not None:
        at = context.part_times[part]
    if at is None and said.same_time:
        at = context.local.time().replace(second=0, microsecond=0)
    if day is None:
        if at is None:
            raise Contradiction("nothing")
        found = datetime.combine(context.today, at)
        return found if found > context.local else found + timedelta(days=1)
    chosen = at if at is not None else context.day_time
    if times and part in LATE_PARTS and chosen.hour < FIRST_HOUR:
        found = date_of(day, context, DAY_END, text=text) + timedelta(days=1)  # "tonight at midnight"
        return datetime.combine(found, chosen)
    return datetime.combine(date_of(day, context, chosen, text=text), chosen)


def in_part(at: Clock, part: str | None) -> Clock:
    """Return a time as one of a part of the day. Raises Contradiction if it lies outside of it."""
    if part is None:
        return at
    found = within(at, part)
    if found is None:
        raise Contradiction("part")
    return found


def _the_day(said: Said) -> Day | None:
    if said.weekly:
        raise Contradiction("weekly")
    if said.months and len(said.monthdays) == 1 and len(said.monthdays[0].days) == 1 and not said.days:
        (months,) = said.months
        if len(months) == 1:
            number = said.monthdays[0].days[0]
            if number == LAST:
                return EndOf("end", "month", 0, months[0])
            if number > 0:
                return OnDate(number, months[0])
    if said.positions and not said.days and not said.monthdays:
        (positions,) = said.positions
        if len(positions.days) == 1 and said.months and len(said.months[0]) == 1:
            return OnPosition(*positions.days[0], said.months[0][0])
        if (
            len(positions.days) == 1
            and said.within
            and not said.months
            and (within := said.within[0]).unit == "month"
        ):
            return OnPosition(
                *positions.days[0], within.month, within.ahead
            )  # "the first Monday of next month"
    if said.months or said.monthdays or said.positions or len(said.days) > 1:
        raise Contradiction("days")
    day = said.days[0] if said.days else None
    if said.parts == ["tonight"]:
        if day is not None:
            raise Contradiction("tonight")
        return Offset(0)
    return day


def _ahead(said: Said, context: Context) -> datetime:
    span = said.ahead[0]
    times = said.times or said.bare
    if times or said.parts:
        if not span.by_calendar or len(times) > 1:
            raise Contradiction("ahead")
        part = said.parts[0] if said.parts else None
        at = clock_of(in_part(times[0], part)) if times else context.part_times[said.parts[0]]
        day = plus_span(datetime.combine(context.today, time.min), span).date()
        return datetime.combine(day, at)
    if said.zone:
        raise Contradiction("zone")  # "20h Madrid" is a time there
    if said.same_time and not span.by_calendar:
        raise Contradiction("same time")
    if not span.months and not span.days and span.seconds < 1:
        raise Contradiction("no span")
    return after_span(span, context)


def after_span(span: Span, context: Context) -> datetime:
    """Return the instant a span from now: months and days by the calendar, the rest by the clock."""
    begin = context.now.replace(microsecond=0)
    if span.months or span.days:
        local = begin.astimezone(context.zone)
        shifted = plus_span(local.replace(tzinfo=None), Span(span.months, span.days))
        begin = shifted.replace(tzinfo=context.zone, fold=local.fold).astimezone(begin.tzinfo)
    return begin + timedelta(seconds=span.seconds)


def _refuse_others(said: Said) -> None:
    others = (
        said.windows, said.until, said.starting, said.lasting, said.within and not said.positions,
        said.left_out,
        said.by_clock,
        said.of_units, said.count not in (None, 1),
    )  # fmt: skip
    if any(others):
        raise Contradiction("bounds")
