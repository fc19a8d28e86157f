"""What runs when, in a span of days: past runs with their outcomes, and instants still to come. Pure."""

from __future__ import annotations

import calendar as days
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from cogs.desk.pictures import Entry, Month
from schedulezero.guild_rules import forbidden
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import GuildRules, Job, JobState, Run, RunState
from schedulezero.when.lexicon import language_of
from schedulezero.when.triggers import schedule_of

MOST_OF_A_JOB = 300
"""A job that runs more often within the span is shown with its first instants only."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One run, past (with its outcome) or to come (without)."""

    at: datetime
    title: str
    state: RunState | None = None


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
) -> list[Moment]:
    """Everything in a span, in order.

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
    for job in jobs:
        if job.state is not JobState.ACTIVE or job.next_run_at is None:
            continue
        anchor = job.anchor_at or job.created_at or now
        schedule = schedule_of(job.trigger, anchor=anchor, zone=job.timezone)
        at = schedule.next_after(max(begin, job.next_run_at) - timedelta(microseconds=1))
        for _ in range(MOST_OF_A_JOB):
            if at is None or at >= end:
                break
            skipped = rules is not None and forbidden(rules, at) is not None
            found.append(Moment(at, job.title, RunState.SKIPPED if skipped else None))
            at = schedule.next_after(at)
    return sorted(found, key=lambda moment: moment.at)


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
