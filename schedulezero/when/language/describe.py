"""Describes a trigger in one sentence, whatever its origin, in the languages that have a file.

This is the inverse of `parse`: parsing the sentence gives the same schedule again, as a property test checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.clocks import by_12_hours, clock
from schedulezero.errors import TriggerError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Trigger
from schedulezero.when.calendar.cron_fields import FIELDS, CronFields
from schedulezero.when.calendar.feasts import is_fixed
from schedulezero.when.calendar.rule import LAST, WORKDAY, Bounded, Rule, Unit
from schedulezero.when.calendar.schedules import Crontab, Every, Once, OnFields, Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.grammar.compiling import ticking_fields
from schedulezero.when.language.say import wording_of

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_END_OF_DAY = time(23, 59, 59)
_MOST_TIMES = 96
_MOST_LISTED = 12
"""A sentence with more times than these is harder to read than the fields."""
_EVEN = 4
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_HOURS = 24
_MOST_MINUTES = 6
_MINUTES_A_DAY = 24 * 60


def describe(trigger: Trigger, zone: str, locale: str = "en") -> str:
    """Return the trigger as a sentence without a full stop, such as ``every Monday at 18:00``.

    Parameters:
        trigger: Any trigger, even an invalid one.
        zone: The zone for wall-clock times without one.
        locale: The language of the sentence, English if we don't have it, and whether its times have 12
            hours; a language alone, such as *en*, has 24.
    """
    try:
        schedule = schedule_of(trigger, anchor=_EPOCH, zone=zone)
    except TriggerError:
        return str(trigger.args.get("text") or f"{trigger.type}, unreadable")
    where = ZoneInfo(trigger.zone_or(zone))
    return _Speaker(locale, where).say(schedule, trigger)


class _Speaker:
    """Says schedules in one language."""

    def __init__(self, locale: str, zone: ZoneInfo) -> None:
        self.locale = locale
        self.words: Any = wording_of(locale)
        self.contractions: Mapping[str, str] = self.words["contractions"]
        self.zone = zone

    def say(self, schedule: Schedule, trigger: Trigger) -> str:
        """Tell a schedule, with words drawn together as the language has it: French *d'avril*."""
        said = self._say(schedule, trigger)
        for apart, together in self.contractions.items():
            behind = r"\d" if apart[-1].isdigit() else r"[^\W\d_]" if apart[-1].isalpha() else "$"
            said = re.sub(rf"(?<!\w){re.escape(apart)}(?!{behind})", together, said)
        return said

    def _say(self, schedule: Schedule, trigger: Trigger) -> str:
        if isinstance(schedule, Once):
            return self.words["once"].format(date=self._moment(schedule.at))
        if isinstance(schedule, Bounded):
            base = schedule.base
            if isinstance(base, Rule) and schedule.starting is None:
                schedule = replace(schedule, starting=_counted_from(base))
            said = self._rule(base) if isinstance(base, Rule) else self._say(base, trigger)
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
        bounded = Bounded(schedule, schedule.zone, starting=_counted_from(schedule))
        return ", ".join([self._rule(schedule), *self._bounds(bounded)])

    # ---------------------------------------------------------------- parts

    def _rule(self, rule: Rule) -> str:
        head = self._head(rule)
        if (step := _even_step(rule.times)) is not None:
            return self._window(self._interval(step), rule, head)
        return f"{head} {self._at(*rule.times)}"

    def _window(self, every: str, rule: Rule, head: str) -> str:
        first, last = self._clock(rule.times[0]), self._clock(rule.times[-1])
        return self.words["window"].format(every=every, first=first, last=last, head=head)

    def _at(self, *times: time) -> str:
        return self.words["at"].format(times=self._join([self._clock(moment) for moment in times]))

    def _clock(self, moment: time) -> str:
        if moment.microsecond:
            return moment.isoformat()
        if by_12_hours(self.locale):
            return clock(moment, self.locale)
        if moment.second:
            return f"{moment:%H:%M:%S}"
        return self.words["clock" if moment.minute else "full_hour"].format(
            hour=moment.hour, minute=moment.minute
        )

    def _ticking(self, schedule: OnFields) -> str | None:
        """Fields with a star whose times follow each other evenly all day or within a part of it."""
        fields = replace(schedule.fields, runs_through=False)
        rule = as_rule(fields, schedule.zone, most_times=_MINUTES_A_DAY)
        if rule is None or ticking_fields(rule) is None:
            return None
        step = _even_step(rule.times, least=2)
        if step is None or (step == _HOUR and rule.times[0] != time.min and len(rule.times) == _HOURS):
            return self._hourly(rule)
        every = self.words["by_clock"].format(every=self._interval(step))
        first, last = rule.times[0], rule.times[-1]
        daily = rule.unit is Unit.DAY and not rule.weekdays
        if first == time.min and _minutes(last) + step // _MINUTE >= _MINUTES_A_DAY:
            return every if daily else f"{every}, {self._head(rule)}"
        return self._window(every, rule, self._head(rule))

    def _hourly(self, rule: Rule) -> str | None:
        """Minutes of every hour: *every hour at :15 and :45*."""
        minutes = sorted({moment.minute for moment in rule.times})
        if len(rule.times) != 24 * len(minutes) or len(minutes) > _MOST_MINUTES:
            return None
        said = self.words["hourly"].format(minutes=self._join([f":{minute:02}" for minute in minutes]))
        daily = rule.unit is Unit.DAY and not rule.weekdays
        return said if daily else f"{said}, {self._head(rule)}"

    def _head(self, rule: Rule) -> str:
        """On which days a rule runs."""
        words, n = self.words, rule.every
        if rule.feasts:
            feasts = [self._feast(*item) for item in rule.feasts]
            return words["every_feast"].format(feasts=self._join(feasts))
        if rule.unit is Unit.DAY:
            head = words["every_day"] if n == 1 else words["every_days"].format(n=n)
            return (
                f"{head}, {words['only_on'].format(days=self._on_weekdays(rule))}" if rule.weekdays else head
            )
        if rule.unit is Unit.WEEK:
            return self._weekly(rule)
        head = self._by_month(rule)
        return f"{head}, {words['only_on'].format(days=self._on_weekdays(rule))}" if rule.weekdays else head

    def _by_month(self, rule: Rule) -> str:
        words, n = self.words, rule.every
        if min(rule.days, default=LAST) < LAST - 1:
            return words["before_month_end"].format(n=LAST - rule.days[0])
        days = self._join(self._days(rule))
        months = self._join([words["months"][month - 1] for month in rule.months])
        if rule.months:
            nth = "_nth" if rule.positions or any(day < 0 for day in rule.days) else ""
            key = f"every_year{nth}" if n == 1 else f"every_years{nth}"
            return words[key].format(days=days, months=months, n=n)
        return words["every_month" if n == 1 else "every_months"].format(days=days, n=n)

    def _weekly(self, rule: Rule) -> str:
        words, n = self.words, rule.every
        if n > 1:
            key = "every_other_week" if n == 2 else "every_weeks"
            return words[key].format(days=self._on_weekdays(rule), n=n)
        if rule.weekdays == (0, 1, 2, 3, 4):
            return words["every_workday"]
        days = self._join([words["weekdays_every"][day] for day in rule.weekdays])
        return self._gendered("every_weekdays", words["gender"][rule.weekdays[0]]).format(days=days)

    def _on_weekdays(self, rule: Rule) -> str:
        return self._join([self.words["weekdays_on"][day] for day in rule.weekdays])

    def _days(self, rule: Rule) -> list[str]:
        words = self.words
        said = self._days_of_month([day for day in rule.days if day > 0])
        for position, weekday in rule.positions:
            gender = words["workday_gender"] if weekday == WORKDAY else words["gender"][weekday]
            name = words["workday"] if weekday == WORKDAY else words["weekdays"][weekday]
            said.append(f"{self._ordinal(position, gender)} {name}")
        return said + self._days_of_month([day for day in rule.days if day < 0])

    def _days_of_month(self, days: Sequence[int]) -> list[str]:
        words = self.words
        said = [words["day_number"][day - 1] for day in days if day > 0]
        if LAST - 1 in days:
            said.append(words["last_but_one_day"])
        if LAST in days:
            said.append(words["last_day"])
        return said

    def _ordinal(self, position: int, gender: int) -> str:
        if position < 0:
            return self._gendered("last" if position == LAST else "last_but_one", gender)
        ordinals = self._gendered("ordinals", gender)
        if position <= len(ordinals):
            return ordinals[position - 1]
        return self._gendered("nth", gender).format(n=position)

    def _gendered(self, key: str, gender: int) -> Any:
        forms = self.words[key]
        return forms[gender if gender < len(forms) else 0]

    def _feast(self, name: str, days: int) -> str:
        words = self.words
        if (fixed := is_fixed(name)) is not None:
            bare = on = self._day_of_year(*fixed)
        else:
            bare, on = words["feasts"][name]
        if not days:
            return on
        one, many = words["after_feast" if days > 0 else "before_feast"]
        return (one if abs(days) == 1 else many).format(n=abs(days), feast=bare)

    def _day_of_year(self, month: int, day: int) -> str:
        return self.words["day_of_year"].format(
            day=self._day_number(day), month=self.words["months"][month - 1]
        )

    def _interval(self, period: timedelta) -> str:
        seconds = int(period.total_seconds())
        every = self.words["every"]
        # Not in days: "every 2 days" is a matter of the calendar and means a time of day.
        for unit, length in (("week", 604_800), ("hour", 3600), ("minute", 60), ("second", 1)):
            if seconds and seconds % length == 0:
                number = seconds // length
                return every[unit][0] if number == 1 else every[unit][1].format(n=number)
        return every["second"][1].format(n=period.total_seconds())

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
            one, many = words["count"]
            parts.append(one if schedule.count == 1 else many.format(n=schedule.count))
        if schedule.excluded:
            days = [
                words["excepted"].format(date=self._day(datetime.combine(day, time.min)))
                for day in schedule.excluded
            ]
            parts.append(words["except_dates"].format(dates=self._join(days)))
        if schedule.excluded_dates or schedule.excluded_feasts:
            days = [self._day_of_year(month, day) for month, day in sorted(schedule.excluded_dates)]
            days += [self._feast(*item) for item in schedule.excluded_feasts]
            parts.append(words["except_days_of_year"].format(days=self._join(days)))
        if schedule.excluded_days:
            days = self._days_of_month(schedule.excluded_days)
            parts.append(words["except_days_of_month"].format(days=self._join(days)))
        if schedule.holidays is not None:
            parts.append(words["except_holidays_of"].format(place=schedule.holidays))
        return parts

    def _moment(self, instant: datetime, *, whole: time | None = None) -> str:
        """An instant as a local date and time; as a date alone where the time is the day's ``whole``."""
        local = instant.astimezone(self.zone)
        if whole is not None and local.time() == whole and not local.fold:
            return self._day(local)
        said = f"{self._day(local)} {self._at(local.time())}"
        if local.fold:  # the second of two such times: only its offset tells it apart
            minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
            said += f" (UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})"
        return said

    def _day(self, local: datetime) -> str:
        return day_in_words(local, self.words)

    def _day_number(self, day: int) -> str:
        return _day_number(day, self.words)

    def _join(self, items: list[str]) -> str:
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.words['and']} {items[-1]}"


def day_in_words(local: date, words: Mapping[str, Any]) -> str:
    """Return a date in the words of a language, such as *1er juin 2026*."""
    month = words["months"][local.month - 1]
    return words["date"].format(day=_day_number(local.day, words), month=month, year=local.year)


def _day_number(day: int, words: Mapping[str, Any]) -> str:
    return str(words["first_of_month"]) if day == 1 else str(day)


def _counted_from(rule: Rule) -> datetime | None:
    """The day from which the periods of a rule are counted, where it matters."""
    if rule.every == 1 or rule.anchor is None:
        return None
    return datetime.combine(rule.anchor, time.min, rule.zone).astimezone(UTC)


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
