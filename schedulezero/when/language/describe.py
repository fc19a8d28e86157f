"""Describes a trigger in one sentence, whatever its origin, in the languages of `lexicon`.

This is the inverse of `parse`: parsing the sentence gives the same schedule again, as a property test checks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Trigger
from schedulezero.when.calendar.cron_fields import FIELDS, CronFields
from schedulezero.when.calendar.holidays import place_of
from schedulezero.when.calendar.rule import LAST, WORKDAY, Bounded, Rule, Unit
from schedulezero.when.calendar.schedules import Crontab, Every, Once, OnFields, Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.grammar.compiling import ticking_fields
from schedulezero.when.language.say import language_of, wording

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_END_OF_DAY = time(23, 59, 59)
_MOST_TIMES = 96
_MOST_LISTED = 24
"""A sentence with more times than these is harder to read than the fields."""
_EVEN = 4
_MINUTE = timedelta(minutes=1)
_MINUTES_A_DAY = 24 * 60


def describe(trigger: Trigger, zone: str, locale: str = "en") -> str:
    """Return the trigger as a sentence without a full stop, such as ``every Monday at 18:00``.

    Parameters:
        trigger: Any trigger, even an invalid one.
        zone: The zone for wall-clock times without one.
        locale: The language of the sentence; English if we don't have it.
    """
    try:
        schedule = schedule_of(trigger, anchor=_EPOCH, zone=zone)
    except TriggerError:
        return str(trigger.args.get("text") or f"{trigger.type}, unreadable")
    where = ZoneInfo(trigger.zone_or(zone))
    return _Speaker(language_of(locale), where).say(schedule, trigger)


class _Speaker:
    """Says schedules in one language."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.words: Any = wording(language)
        self.zone = zone

    def say(self, schedule: Schedule, trigger: Trigger) -> str:
        if isinstance(schedule, Once):
            return self.words["once"].format(date=self._moment(schedule.at))
        if isinstance(schedule, Bounded):
            base = schedule.base
            said = self._rule(base) if isinstance(base, Rule) else self.say(base, trigger)
            return ", ".join([said, *self._bounds(schedule)])
        if isinstance(schedule, Every):
            return self._interval(schedule.period)
        if isinstance(schedule, Crontab):
            return self.words["crontab"].format(line=schedule.line)
        if isinstance(schedule, OnFields):
            rule = as_rule(schedule.fields, schedule.zone)
            if rule is not None and (len(rule.times) <= _MOST_LISTED or _even_step(rule.times) is not None):
                return self._rule(rule)
            return self._ticking(schedule) or self._fields(trigger)
        assert isinstance(schedule, Rule)
        if schedule.every > 1 and schedule.anchor is not None:
            begins = datetime.combine(schedule.anchor, time.min, schedule.zone).astimezone(UTC)
            bounded = Bounded(schedule, schedule.zone, starting=begins)
            return ", ".join([self._rule(schedule), *self._bounds(bounded)])
        return self._rule(schedule)

    # ---------------------------------------------------------------- parts

    def _rule(self, rule: Rule) -> str:
        words, head = self.words, self._head(rule)
        if (step := _even_step(rule.times)) is not None:
            first, last = _clock(rule.times[0]), _clock(rule.times[-1])
            return words["window"].format(every=self._interval(step), first=first, last=last, head=head)
        return f"{head} {words['at'].format(times=self._join([_clock(moment) for moment in rule.times]))}"

    def _ticking(self, schedule: OnFields) -> str | None:
        """Fields with a star whose times follow each other evenly all day or within a part of it."""
        fields = replace(schedule.fields, runs_through=False)
        rule = as_rule(fields, schedule.zone, most_times=_MINUTES_A_DAY)
        if rule is None or ticking_fields(rule) is None:
            return None
        step = _even_step(rule.times, least=2)
        if step is None:
            return None
        every = self.words["by_clock"].format(every=self._interval(step))
        first, last = rule.times[0], rule.times[-1]
        if first == time.min and _minutes(last) + step // _MINUTE >= _MINUTES_A_DAY:
            daily = rule.unit is Unit.DAY and not rule.weekdays
            return every if daily else f"{every}, {self._head(rule)}"
        return self.words["window"].format(
            every=every, first=_clock(first), last=_clock(last), head=self._head(rule)
        )

    def _head(self, rule: Rule) -> str:
        """On which days a rule runs."""
        words = self.words
        weekdays = self._join([words["weekdays"][day] for day in rule.weekdays])
        days = self._join(self._days(rule))
        months = self._join([words["months"][month - 1] for month in rule.months])
        n = rule.every
        if rule.feasts:
            return words["every_feast"].format(
                feasts=self._join([self._feast(*item) for item in rule.feasts])
            )
        if rule.unit is Unit.DAY:
            head = words["every_day"] if n == 1 else words["every_days"].format(n=n)
            if rule.weekdays:
                head = f"{head}, {words['only_on'].format(days=weekdays)}"
        elif rule.unit is Unit.WEEK:
            key = {1: "every_weekdays", 2: "every_other_week"}.get(n, "every_weeks")
            head = words[key].format(days=weekdays, n=n)
            if n == 1 and rule.weekdays == (0, 1, 2, 3, 4):
                head = words["every_workday"]
        elif rule.unit is Unit.YEAR:
            head = words["every_years" if n > 1 else "every_year"].format(days=days, months=months, n=n)
        elif n > 1:
            head = words["every_months"].format(days=days, n=n)
        else:
            head = words["every_year" if rule.months else "every_month"].format(days=days, months=months)
        return head

    def _days(self, rule: Rule) -> list[str]:
        words = self.words
        said = [words["day_number"][day - 1] for day in rule.days if day > 0]
        for position, weekday in rule.positions:
            gender = words["workday_gender"] if weekday == WORKDAY else words["gender"][weekday]
            name = words["workday"] if weekday == WORKDAY else words["weekdays"][weekday]
            said.append(f"{self._ordinal(position, gender)} {name}")
        if LAST - 1 in rule.days:
            said.append(f"{words['last_but_one'][0]} {words['day_word']}")
        if LAST in rule.days:
            said.append(words["last_day"])
        return said

    def _ordinal(self, position: int, gender: int) -> str:
        words = self.words
        if position < 0:
            return words["last" if position == LAST else "last_but_one"][gender]
        if position <= len(words["ordinals"][gender]):
            return words["ordinals"][gender][position - 1]
        return words["nth"].format(n=position)

    def _feast(self, name: str, days: int) -> str:
        said = self.words["feasts"][name]
        return f"{said} {days:+d}" if days else said

    def _interval(self, period: timedelta) -> str:
        seconds = int(period.total_seconds())
        # Not in days: "every 2 days" is a matter of the calendar and means a time of day.
        for unit, length in (
            ("week", 604_800),
            ("hour", 3600),
            ("minute", 60),
            ("second", 1),
        ):
            if seconds % length == 0:
                number = seconds // length
                singular, plural = self.words["units"][unit]
                if number == 1:
                    return self.words["every_one"].format(unit=singular)
                return self.words["every_many"].format(n=number, unit=plural)
        return self.words["every_many"].format(
            n=period.total_seconds(), unit=self.words["units"]["second"][1]
        )

    def _fields(self, trigger: Trigger) -> str:
        trigger = with_day_names(trigger)  # which mean the same to every version that reads the text again
        args = trigger.args.get("cron", trigger.args)
        said = " ".join(f"{name}={args[name]}" for name in FIELDS if args.get(name) is not None)
        return self.words["cron"].format(fields=re.sub(r"\s*,\s*", ",", said))

    def _bounds(self, schedule: Bounded) -> list[str]:
        words, parts = self.words, list[str]()
        if schedule.starting is not None:
            parts.append(words["starting"].format(date=self._moment(_begins(schedule), whole=time.min)))
        if schedule.until is not None:
            parts.append(words["until"].format(date=self._moment(schedule.until, whole=_END_OF_DAY)))
        if schedule.count is not None:
            parts.append(words["count"].format(n=schedule.count))
        if schedule.excluded:
            days = [self._day(datetime.combine(day, time.min)) for day in schedule.excluded]
            parts.append(words["except"].format(dates=self._join(days)))
        if schedule.holidays is not None:
            own = schedule.holidays == place_of(schedule.zone)
            key = "except_holidays" if own else "except_holidays_of"
            parts.append(words[key].format(place=schedule.holidays))
        return parts

    def _moment(self, instant: datetime, *, whole: time | None = None) -> str:
        """An instant as a local date and time; as a date alone where the time is the day's ``whole``."""
        local = instant.astimezone(self.zone)
        if whole is not None and local.time() == whole and not local.fold:
            return self._day(local)
        said = self.words["date_time"].format(**self._parts(local), time=_clock(local.time()))
        if local.fold:  # the second of two such times: only its offset tells it apart
            minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
            said += f" (UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})"
        return said

    def _day(self, local: datetime) -> str:
        return self.words["date"].format(**self._parts(local))

    def _parts(self, local: datetime) -> dict[str, Any]:
        return {"day": local.day, "month": self.words["months"][local.month - 1], "year": local.year}

    def _join(self, items: list[str]) -> str:
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.words['and']} {items[-1]}"


def _begins(schedule: Bounded) -> datetime:
    """The beginning to name: where a period is counted, the day from which it is, which is its first."""
    assert schedule.starting is not None
    base = schedule.base
    if not isinstance(base, Rule) or base.every == 1:
        return schedule.starting
    first = base.next_after(schedule.starting - timedelta(microseconds=1))
    if first is None:
        return schedule.starting
    day = datetime.combine(first.astimezone(base.zone).date(), time.min)
    return max(first_instant_at_or_after(day, base.zone), schedule.starting)


def _even_step(times: tuple[time, ...], least: int = _EVEN) -> timedelta | None:
    """The step of times that follow each other evenly, where naming them all would be tiresome."""
    if len(times) < least or any(moment.second for moment in times):
        return None
    minutes = [_minutes(moment) for moment in times]
    steps = {later - earlier for earlier, later in pairwise(minutes)}
    return timedelta(minutes=steps.pop()) if len(steps) == 1 else None


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def as_rule(fields: CronFields, zone: ZoneInfo, most_times: int = _MOST_TIMES) -> Rule | None:
    """Return cron fields as an equivalent rule, or None if no rule is equivalent."""
    count = len(fields.hours) * len(fields.minutes)
    if fields.runs_through or fields.years is not None or fields.weeks is not None or count > most_times:
        return None
    if fields.seconds != (0,):
        return None
    times = tuple(time(hour, minute) for hour in fields.hours for minute in fields.minutes)
    months = () if len(fields.months) == 12 else fields.months
    every_day = len(fields.days) == 31
    if every_day and not months:
        if fields.weekdays is None or len(fields.weekdays) == 7:
            return Rule(Unit.DAY, 1, times, zone) if fields.weekdays is None else None
        return Rule(Unit.WEEK, 1, times, zone, weekdays=tuple(sorted(fields.weekdays)))
    if every_day or fields.weekdays is not None:
        return None
    positions = tuple(
        sorted((LAST if name == "last" else int(name[0]), weekday) for name, weekday in fields.day_positions)
    )
    days = tuple(sorted(fields.days | ({LAST} if fields.last_day else set[int]())))
    return Rule(Unit.MONTH, 1, times, zone, (), days, positions, months)


def _clock(moment: time) -> str:
    if moment.microsecond:
        return moment.isoformat()
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
