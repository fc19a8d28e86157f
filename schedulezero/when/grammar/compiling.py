"""Compiles a phrase to the simplest trigger: ``interval`` or ``cron`` if they suffice, or ``calendar``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import JsonObject, Trigger
from schedulezero.model.habits import DEFAULT_TIME
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.calendar_trigger import bound_args, rule_args
from schedulezero.when.calendar.cron_fields import POSITIONS
from schedulezero.when.calendar.rule import LARGEST_COUNT, LAST, WORKDAY, Rule, Unit
from schedulezero.when.calendar.weekdays import WEEKDAYS
from schedulezero.when.grammar.core.pieces import Span
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.refusing import how_often_between, on_which_weekday, which_one_of
from schedulezero.when.grammar.resolving import latest

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_END_OF_DAY = time(23, 59, 59)


def compile_phrase(
    phrase: Phrase, text: str, zone: ZoneInfo, now: datetime, day_time: time = DEFAULT_TIME
) -> Trigger:
    """Return the trigger for a phrase.

    Parameters:
        phrase: The parsed phrase.
        text: The text that was typed, for the error.
        zone: The zone of wall-clock times.
        now: The present instant, at which a period or count without a start begins.
        day_time: When something happens on a day without a time.

    Raises WhenError if a clause is missing or two clauses conflict.
    """
    starting = _local(phrase.starting, time.min, zone)
    until = _local(phrase.until, _END_OF_DAY, zone)
    if starting is not None and until is not None and until < starting:
        raise WhenError("“{text}” ends before it starts.", code="ends_before_start", text=text)
    if phrase.count is not None and not 1 <= phrase.count <= LARGEST_COUNT:
        raise WhenError(
            "“{text}”: the number of times must be from 1 to {largest_count}.",
            code="count_out_of_range",
            text=text,
            largest_count=LARGEST_COUNT,
        )
    if phrase.clock and not phrase.span:
        raise WhenError(
            "“{text}”: how often by the clock? For example: `every 15 minutes by the clock`.",
            code="by_the_clock_how_often",
            text=text,
        )
    elapsed = _elapsed(phrase, text)
    if elapsed is not None:
        if (phrase.count is not None or phrase.lasting is not None) and starting is None:
            starting = now.replace(second=0, microsecond=0) + _period(elapsed)
        if phrase.lasting is not None:
            until = _lasting(phrase.lasting, starting or now.replace(microsecond=0), zone)
            if (starting or now) + _period(elapsed) > until + _slack(phrase.lasting):
                raise _only_one_run(text)
        bounds = _bounds(phrase, starting, until)
        if not bounds:
            return Trigger("interval", elapsed)
        return Trigger("calendar", {"interval": elapsed, **bounds, "timezone": zone.key})

    rule = _rule(phrase, text, zone, day_time)
    if phrase.every > 1 and phrase.anchor is not None:
        rule = _anchored(rule, phrase.every, phrase.anchor)
    first = rule.next_after(starting - timedelta(microseconds=1) if starting else now)
    if first is None:
        raise WhenError(
            "“{text}” never happens: no future day matches it.", code="day_never_comes", text=text
        )
    first_day = first.astimezone(zone).date()
    if phrase.every > 1:
        rule = _anchored(rule, phrase.every, phrase.anchor or first_day)
        if starting is None:
            # A count begins with the first run: of "8 and 20, 3 times", what is over today doesn't count.
            midnight = first_instant_at_or_after(datetime.combine(first_day, time.min), zone)
            starting = midnight if phrase.count is None else first
    elif phrase.count is not None and starting is None:
        starting = first
    if phrase.lasting is not None:
        until = _lasting(phrase.lasting, first, zone)
        following = rule.next_after(first)
        if following is None or following > until + _slack(phrase.lasting):
            raise _only_one_run(text)
    bounds = _bounds(phrase, starting, until)
    if phrase.clock:
        fields = ticking_fields(rule) if phrase.every == 1 else None
        if fields is None:
            raise WhenError(
                "“{text}”: by the clock, the times must be the same in every hour or day. For example: "
                "`every 15 minutes by the clock from 9:00 to 16:45`.",
                code="by_the_clock_uneven",
                text=text,
            )
        if bounds:
            return Trigger("calendar", {"cron": fields, **bounds, "timezone": zone.key})
        return Trigger("cron", {**fields, "timezone": zone.key})
    if not bounds and (fields := plain_fields(rule)) is not None:
        return Trigger("cron", {**fields, "timezone": zone.key})
    return Trigger("calendar", {"rule": rule_args(rule), **bounds, "timezone": zone.key})


def _bounds(phrase: Phrase, starting: datetime | None, until: datetime | None) -> JsonObject:
    return bound_args(
        starting,
        until,
        phrase.count,
        tuple(sorted(phrase.excluded)),
        phrase.holidays,
        dates=phrase.excluded_dates,
        feasts=phrase.excluded_feasts,
        days=phrase.excluded_days,
    )


def _elapsed(phrase: Phrase, text: str) -> JsonObject | None:
    """The period of what counts real seconds, None for what goes by the wall clock."""
    by_the_clock = (
        phrase.clock or phrase.window or phrase.weekdays or phrase.days or phrase.positions or phrase.months
    )
    if phrase.span:
        if phrase.span < _SECOND:
            raise WhenError(
                "“{text}”: the shortest period is one second.", code="period_too_short", text=text
            )
        if by_the_clock:
            return None
        if phrase.times or phrase.unit is not None:
            raise WhenError(
                "“{text}” combines an interval with a time of day. Use one or the other.",
                code="both_interval_and_time",
                text=text,
            )
        return span_args(phrase.span)
    if phrase.unit == "week" and not by_the_clock and not phrase.times:
        return {"weeks": phrase.every}
    return None


def span_args(span: timedelta) -> JsonObject:
    """Return a span in the largest unit that divides it evenly."""
    seconds = int(span.total_seconds())
    for unit, length in (("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds % length == 0:
            return {unit: seconds // length}
    return {"seconds": seconds}


def _rule(phrase: Phrase, text: str, zone: ZoneInfo, day_time: time) -> Rule:
    """The rule of a phrase, its period not counted yet."""
    times = _times(phrase, text, day_time)
    unit = phrase.unit
    if phrase.feasts:
        return Rule(Unit.YEAR, 1, times, zone, feasts=tuple(sorted(phrase.feasts)))
    if phrase.days or phrase.positions:
        if unit == "year" and not phrase.months:
            raise WhenError(
                "“{text}”: in which month? For example: `every year on 25 December`.",
                code="in_which_month",
                text=text,
            )
        if phrase.weekdays and not phrase.both:
            raise WhenError(
                "“{text}” names both days of the month and weekdays. Use one or the other.",
                code="days_and_weekdays",
                text=text,
            )
        kind = Unit.YEAR if unit == "year" else Unit.MONTH
        rule = Rule(
            kind,
            1,
            times,
            zone,
            days=tuple(sorted(phrase.days)),
            positions=tuple(sorted(phrase.positions)),
            months=tuple(sorted(phrase.months)),
            weekdays=tuple(sorted(phrase.weekdays)),
        )
        # Twelve named months once a year are every month: one way to say it.
        return (
            Rule(Unit.MONTH, 1, times, zone, rule.weekdays, rule.days, rule.positions, rule.months)
            if phrase.every == 1
            else rule
        )
    if phrase.months:
        raise WhenError("“{text}”: on which day of the month?", code="which_day_of_month", text=text)
    if phrase.weekdays:
        if unit in ("month", "year"):
            raise WhenError(which_one_of(unit, text))
        if unit == "day" and phrase.every > 1:
            return Rule(Unit.DAY, 1, times, zone, weekdays=tuple(sorted(phrase.weekdays)))
        if len(phrase.weekdays) == 7 and phrase.every == 1:
            return Rule(Unit.DAY, 1, times, zone)
        return Rule(Unit.WEEK, 1, times, zone, weekdays=tuple(sorted(phrase.weekdays)))
    if unit == "day" or (phrase.span and (phrase.window or phrase.clock)):
        return Rule(Unit.DAY, 1, times, zone)
    match unit:
        case "week":
            said = on_which_weekday(text)
        case "month":
            said = Sentence(
                "“{text}”: on which day of the month? For example: `on the 1st of every month`.",
                "on_which_day_of_month",
                text=text,
            )
        case "year":
            said = Sentence(
                "“{text}”: on which day of the year? For example: `every year on 25 December`.",
                "on_which_day_of_year",
                text=text,
            )
        case _:
            said = Sentence(
                "“{text}”: on which days? For example: `every day at 9`.", "on_which_days", text=text
            )
    raise WhenError(said)


def _times(phrase: Phrase, text: str, day_time: time) -> tuple[time, ...]:
    if not phrase.span:
        if phrase.window is not None:
            raise WhenError(how_often_between(text))
        return tuple(sorted(phrase.times)) or (day_time,)
    if phrase.times:
        raise WhenError(
            "“{text}” combines an interval with a time of day. Use one or the other.",
            code="both_interval_and_time",
            text=text,
        )
    step = int(phrase.span.total_seconds() // 60)
    if phrase.span % _MINUTE or step >= 1440:
        raise WhenError(
            "“{text}”: within a day, the interval must be in whole minutes and shorter than 24 hours.",
            code="whole_minutes_within_day",
            text=text,
        )
    first, last = phrase.window or (time(0), time(23, 59))
    minutes = range(first.hour * 60 + first.minute, last.hour * 60 + last.minute + 1, step)
    return tuple(time(minute // 60, minute % 60) for minute in minutes)


def _anchored(rule: Rule, every: int, day: date) -> Rule:
    return replace(rule, every=every, anchor=day)


def plain_fields(rule: Rule) -> JsonObject | None:
    """Return the same rule in the wire's cron fields, or None if they can't express it."""
    hours = sorted({moment.hour for moment in rule.times})
    minutes = sorted({moment.minute for moment in rule.times})
    whole = len(rule.times) == len(hours) * len(minutes)
    if not whole or any(moment.second for moment in rule.times):
        return None
    fields: JsonObject = {"hour": _numbers(hours), "minute": _numbers(minutes)}
    if rule.weekdays:
        fields["day_of_week"] = ",".join(WEEKDAYS[day] for day in rule.weekdays)
    if rule.feasts or (rule.weekdays and rule.days):
        return None
    if any(weekday == WORKDAY or number < LAST for number, weekday in rule.positions) or any(
        day < LAST for day in rule.days
    ):
        return None
    days = ["last" if day == LAST else str(day) for day in rule.days]
    days += [
        f"{POSITIONS[number - 1 if number != LAST else LAST]} {WEEKDAYS[day]}"
        for number, day in rule.positions
    ]
    if days:
        fields["day"] = ",".join(days)
    if rule.months:
        fields["month"] = _numbers(list(rule.months))
    return fields


def ticking_fields(rule: Rule) -> JsonObject | None:
    """Return the same rule as fields with a star, which follow the clock through its changes, or None."""
    fields = plain_fields(rule)
    if fields is None:
        return None
    hour = _starred([moment.hour for moment in rule.times], 24)
    minute = _starred([moment.minute for moment in rule.times], 60)
    if hour is None and minute is None:
        return None
    return {**fields, "hour": hour or fields["hour"], "minute": minute or fields["minute"]}


def _starred(found: list[int], size: int) -> str | None:
    """Numbers as ``*`` or ``*/5``; None when they are not evenly spread from 0 on."""
    numbers = sorted(set(found))
    if len(numbers) < 2 or numbers != list(range(0, size, numbers[1])):
        return None
    return "*" if numbers[1] == 1 else f"*/{numbers[1]}"


def _numbers(numbers: list[int]) -> str:
    return ",".join(str(number) for number in numbers)


def _local(bound: tuple[date, time | None] | None, default: time, zone: ZoneInfo) -> datetime | None:
    if bound is None:
        return None
    day, moment = bound
    local = datetime.combine(day, moment if moment is not None else default)
    # Only a text that names the offset means the second of two such times.
    return (
        local.replace(tzinfo=zone).astimezone(UTC) if local.fold else first_instant_at_or_after(local, zone)
    )


def _lasting(span: Span, first: datetime, zone: ZoneInfo) -> datetime:
    """The end of what lasts for a span from its first run on."""
    return first_instant_at_or_after(latest(span, first.astimezone(zone).replace(tzinfo=None)), zone)


def _slack(span: Span) -> timedelta:
    """How much longer a span may last: *every Friday for 1 week* is as long as its period."""
    return timedelta(days=1) if span.by_calendar else _SECOND


def _only_one_run(text: str) -> WhenError:
    """The error about *every month on the 1st for 3 days*: how long each one takes is no part of a time."""
    return WhenError(
        "“{text}” would run only once in that period. Choose a longer period, or leave it out.",
        code="only_one_run",
        text=text,
    )


def _period(args: JsonObject) -> timedelta:
    return timedelta(**args)
