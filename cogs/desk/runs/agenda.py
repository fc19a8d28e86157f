"""What runs when, in a span of days: past runs with their outcomes, and instants still to come. Pure."""

from __future__ import annotations

import calendar as days
import time as clock
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from cogs.desk.kit.pictures import Entry, Month
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import GuildRules, Job, JobState, Run, RunState
from schedulezero.model.quiet_hours import forbidden
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.lexicon import language_of

_MICROSECOND = timedelta(microseconds=1)

MOST_OF_A_JOB = 300
"""A job that runs more often within the span is shown with its first instants only."""

MOST = 10_000
"""Instants to come that are worked out for a span, over all jobs; what a picture can show is far less."""

_LONGEST = 2.0  # seconds; the next instant of a rare schedule takes some milliseconds to find


@dataclass(frozen=True, slots=True)
class Moment:
    """One run, past (with its outcome) or to come (without)."""

    at: datetime
    title: str
    state: RunState | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    """What runs in a span, in order; ``whole`` is false where jobs run more often than is worked out."""

    moments: list[Moment]
    whole: bool


def span_of(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which the first day begins and the last one ends."""
    begin = first_instant_at_or_after(datetime.combine(first, time.min), zone)
    end = first_instant_at_or_after(datetime.combine(last + timedelta(days=1), time.min), zone)
    return begin, end


def month_days(day: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    return day.replace(day=1), day.replace(day=days.monthrange(day.year, day.month)[1])


def week_days(day: date) -> tuple[date, date]:
    """Monday and Sunday of a day's week."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def moments(
    jobs: Iterable[Job],
    runs: Iterable[Run],
    begin: datetime,
    end: datetime,
    now: datetime,
    rules: GuildRules | None,
) -> Agenda:
    """Everything in a span, in order, as far as the bounds above allow.

    Jobs take turns, so that one that runs each minute takes nothing away from one that runs each week.

    Parameters:
        jobs: those of the guild; only active ones have anything to come.
        runs: past runs.
        begin, end: the span, its end not included.
        now: parts what was from what is to come.
        rules: what the guild forbids; such instants are shown as skipped.
    """
    found = [
        Moment(run.scheduled_at, run.name or run.method, run.state)
        for run in runs
        if begin <= run.scheduled_at < end
    ]
    coming: list[tuple[Job, Schedule, datetime]] = []
    for job in jobs:
        if job.state is not JobState.ACTIVE or job.next_run_at is None or job.next_run_at >= end:
            continue
        anchor = job.anchor_at or job.created_at or now
        schedule = schedule_of(job.trigger, anchor=anchor, zone=job.timezone)
        first = job.next_run_at
        if first < begin:
            found_first = schedule.next_after(begin - _MICROSECOND)
            if found_first is None or found_first >= end:
                continue
            first = found_first
        coming.append((job, schedule, first))
    left, stop, turns = MOST, clock.monotonic() + _LONGEST, 0
    while coming and left and turns < MOST_OF_A_JOB and clock.monotonic() < stop:
        taking, coming, turns = coming, [], turns + 1
        for position, (job, schedule, at) in enumerate(taking):
            if not left or clock.monotonic() >= stop:
                coming += taking[position:]
                break
            left -= 1
            skipped = rules is not None and forbidden(rules, at) is not None
            found.append(Moment(at, job.title, RunState.SKIPPED if skipped else None))
            following = schedule.next_after(at)
            if following is not None and following < end:
                coming.append((job, schedule, following))
    return Agenda(sorted(found, key=lambda moment: moment.at), whole=not coming)


def month_of(
    found: Sequence[Moment],
    day: date,
    zone: ZoneInfo,
    *,
    locale: str,
    today: date,
    dark: Iterable[date],
    busy: str,
    more: str,
) -> Month:
    """The picture of a month: its days with what runs in them, and the hours of the day."""
    language = language_of(locale)
    entries: defaultdict[date, list[Entry]] = defaultdict(list)
    hours = [0] * 24
    for moment in found:
        local = moment.at.astimezone(zone)
        entries[local.date()].append(Entry(f"{local:%H:%M}", moment.title, moment.state))
        hours[local.hour] += 1
    names = get_day_names("abbreviated", locale=language)
    return Month(
        title=month_title(day, locale),
        weekdays=[names[number] for number in range(7)],
        first=day.replace(day=1),
        today=today,
        entries=entries,
        hours=hours,
        busy=busy,
        dark=frozenset(dark),
        more=more,
    )


def month_title(day: date, locale: str) -> str:
    """A month in words, such as *November 2026*."""
    names = get_month_names("wide", "stand-alone", locale=language_of(locale))
    return f"{names[day.month].capitalize()} {day.year}"


def busiest_hour(found: Sequence[Moment], zone: ZoneInfo) -> tuple[int, int] | None:
    """The hour of the day with the most runs, and how many; None when there are none."""
    counts = Counter(moment.at.astimezone(zone).hour for moment in found)
    return max(counts.items(), key=lambda item: (item[1], -item[0])) if counts else None
