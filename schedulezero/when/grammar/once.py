"""What is said to happen once: a day and a time, or a span from now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    LAST,
    Clock,
    Day,
    EndOf,
    Offset,
    OnDate,
    OnPosition,
    Span,
    Within,
)
from schedulezero.when.grammar.resolving import clock_of, date_of, plus_span, time_of_part
from schedulezero.when.grammar.rules.clock.parts import NIGHT_ENDS, after_midnight, within
from schedulezero.when.grammar.said import Contradiction, Nonsense, Said


def moment(said: Said, context: Context, text: str) -> datetime:
    """Return when it happens, as a naive wall-clock time, or aware where it is counted from now.

    Raises Contradiction if the pieces don't make one moment, and WhenError if there is no such day.
    """
    _refuse_others(said)
    if said.habitual:
        raise Contradiction("how often")
    if said.start_time is not None:
        if said.times or said.bare or said.parts or not said.days:
            raise Contradiction("start time")
        said.times.append(said.start_time)
    if said.now:
        others = (
            said.days, said.times, said.bare, said.parts, said.ahead, said.weekly, said.positions,
            said.monthdays, said.months, said.same_time,
        )  # fmt: skip
        if any(others):
            raise Contradiction("now")  # "now 5" lacks its unit
        return context.now.replace(microsecond=0) + timedelta(seconds=1)
    if said.ahead:
        if said.days or said.weekly or said.positions or said.monthdays or said.months:
            # Portuguese *segunda em 2 horas* is no time of Monday, but *mañana 9hs* is one of tomorrow.
            raise Nonsense("ahead") if said.from_now else Contradiction("ahead")
        return _ahead(said, context)
    if said.same_time and (said.times or said.bare or said.parts):
        raise Contradiction("same time")
    day = _the_day(said, context)
    times = said.times or said.bare
    part = said.parts[0] if said.parts else None
    if len(times) > 1 or (said.times and said.bare):
        raise Contradiction("times")
    time_said = in_part(times[0], part) if times else None
    at = clock_of(time_said) if time_said is not None else time_of_part(part, context) if part else None
    if said.same_time and said.within == [Within("week", 1)] and day is None:
        day = Offset(7)
    if at is None and said.same_time and day is not None:
        at = context.local.time().replace(second=0, microsecond=0)
    if day is None:
        if at is None:
            raise Contradiction("nothing")
        found = datetime.combine(context.today, at)
        passed = part == "end" and not times  # "end of day" is never tomorrow's
        return found if found > context.local or passed else found + timedelta(days=1)
    chosen = at if at is not None else context.day_time
    if time_said is not None and time_said.next_day:
        return datetime.combine(date_of(day, context, time.max, text=text), chosen) + timedelta(days=1)
    found = datetime.combine(date_of(day, context, chosen, text=text), chosen)
    if time_said is not None and time_said.by_night and found <= context.local:
        raise Contradiction("night")  # the one that is over isn't meant
    return found


def in_part(at: Clock, part: str | None) -> Clock:
    """Return a time as one of a part of the day. Raises Contradiction if it lies outside of it."""
    if part is None:
        return at
    found = within(at, part)
    if found is None:
        raise Contradiction("part")
    return replace(found, next_day=True) if part == "evening" and after_midnight(found, part) else found


def _the_day(said: Said, context: Context) -> Day | None:
    if said.weekly:
        # Italian *fine settimana* is rather the weekend, two days, than the end of the week.
        raise Nonsense("weekend") if _is_weekend(said) else Contradiction("weekly")
    if (
        said.months
        and not said.positions
        and len(said.monthdays) == 1
        and len(said.monthdays[0].days) == 1
        and not said.days
    ):
        (months,) = said.months
        if len(months) == 1:
            return _day_in(said.monthdays[0].days[0], months[0])
    if said.positions and not said.days and not said.monthdays:
        (positions,) = said.positions
        if len(positions.days) == 1 and said.months and len(said.months[0]) == 1:
            return OnPosition(*positions.days[0], said.months[0][0])
    if said.months or said.monthdays or said.positions or len(said.days) > 1:
        raise Contradiction("days")
    day = said.days[0] if said.days else None
    tonight = said.parts == ["tonight"]
    if tonight and day is not None:
        raise Contradiction("tonight")
    if tonight or (said.parts == ["night"] and day == Offset(0)):
        return Offset(1 if _after_midnight(said) and context.local.hour >= NIGHT_ENDS else 0)
    if said.parts == ["night"] and day is not None and _after_midnight(said):
        raise Contradiction("which night")  # "Friday night at 1" may be Friday or Saturday
    return day


def _is_weekend(said: Said) -> bool:
    return any(len(item.days) > 1 and not item.again for item in said.weekly)


def _day_in(day: int, month: int) -> Day:
    if day == LAST:
        return EndOf("end", "month", 0, month)
    if day < 0:
        raise Contradiction("monthdays")
    return OnDate(day, month)


def _after_midnight(said: Said) -> bool:
    """Whether the time is in the small hours, which a night that was named by a day before ends with."""
    times = said.times or said.bare
    return bool(times) and in_part(times[0], said.parts[0]).hour < NIGHT_ENDS


def _ahead(said: Said, context: Context) -> datetime:
    span = said.ahead[0]
    times = said.times or said.bare
    if times or said.parts:
        if not span.by_calendar or len(times) > 1 or said.parts == ["tonight"]:
            raise Contradiction("ahead")
        part = said.parts[0] if said.parts else None
        at = clock_of(in_part(times[0], part)) if times else time_of_part(said.parts[0], context)
        day = plus_span(datetime.combine(context.today, time.min), span).date()
        return datetime.combine(day, at) + timedelta(days=bool(times) and times[0].next_day)
    if said.same_time and not span.by_calendar:
        raise Contradiction("same time")
    if said.zone:
        raise Contradiction("zone")  # a span from now has no wall clock: "20h UTC" is a time
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
    if said.parts and any(within.year is not None for within in said.within):
        raise Nonsense("year")  # "tonight in 2025" isn't at 20:25
    others = (
        said.windows, said.until, said.starting, said.lasting, said.within and not said.same_time,
        said.left_out, said.only, said.by_clock, said.of_units, said.count not in (None, 1),
    )  # fmt: skip
    if any(others):
        raise Contradiction("bounds")
