"""The runs in a span of days: past runs with their outcomes, and upcoming instants. Pure."""

from __future__ import annotations

import calendar as days
import time as clock
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_interval, get_day_names, get_month_names

from cogs import formats
from cogs.desk.kit.pictured import Entry, Month
from cogs.desk.kit.wording import title_of
from schedulezero.clocks import hour
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import GuildRules, Job, JobState, Run, RunState
from schedulezero.when.calendar.quiet_hours import forbidden_to
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.say import language_of

_MICROSECOND = timedelta(microseconds=1)

MOST_OF_A_JOB = 300
"""The most instants of one job within a span; a job that runs more often shows only its first ones."""

MOST = 10_000
"""The most upcoming instants to compute for a span, over all jobs; a picture shows far fewer."""

_MOST_ALONE = 2
"""The most runs of a job on a day that are told one by one."""

_LONGEST = 2.0  # seconds; finding the next instant of a rare schedule takes some milliseconds


@dataclass(frozen=True, slots=True)
class Moment:
    """One run: past, with its outcome, or upcoming, without."""

    at: datetime
    title: str
    state: RunState | None = None
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """Runs of a job on one day, with the same outcome, that are told as one: *9:00 AM–5:00 PM, 9 times*."""

    first: Moment
    last: Moment
    count: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """The runs in a span, in order; ``whole`` is false if a bound cut off upcoming runs."""

    moments: list[Moment]
    whole: bool


def span_of(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which the first day begins and the last one ends."""
    begin = first_instant_at_or_after(datetime.combine(first, time.min), zone)
    end = first_instant_at_or_after(datetime.combine(last + timedelta(days=1), time.min), zone)
    return begin, end


def month_days(day: date) -> tuple[date, date]:
    """Return the first and the last day of a day's month."""
    return day.replace(day=1), day.replace(day=days.monthrange(day.year, day.month)[1])


def week_days(day: date, begins: int = 0) -> tuple[date, date]:
    """Return the first and the last day of a day's week, which begins on a weekday; Monday is 0."""
    first = day - timedelta(days=(day.weekday() - begins) % 7)
    return first, first + timedelta(days=6)


def moments(
    jobs: Iterable[Job],
    runs: Iterable[Run],
    begin: datetime,
    end: datetime,
    now: datetime,
    rules: GuildRules | None,
) -> Agenda:
    """Return every run in a span, in order, within the bounds above.

    Jobs take turns, so that a job that runs every minute cannot crowd out one that runs every week.

    Parameters:
        jobs: the guild's jobs; only active ones have upcoming runs.
        runs: past runs.
        begin, end: the span, without its end.
        now: the present instant, an anchor for jobs that have none.
        rules: the guild's rules; instants that they forbid are shown as skipped.
    """
    found = [
        Moment(run.scheduled_at, run.title, run.state, run.job_id)
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
            skipped = forbidden_to(job, rules, at) is not None
            found.append(Moment(at, title_of(job), RunState.SKIPPED if skipped else None, job.id))
            following = schedule.next_after(at)
            if following is not None and following < end:
                coming.append((job, schedule, following))
    return Agenda(sorted(found, key=lambda moment: moment.at), whole=not coming)


def told_together(found: Iterable[Moment], zone: ZoneInfo) -> list[Together]:
    """Return runs in the order in which they begin, those of a job that runs many times on a day as one."""
    days_of: defaultdict[tuple[date, str, str, RunState | None], list[Moment]] = defaultdict(list)
    for moment in found:
        day = moment.at.astimezone(zone).date()
        days_of[day, moment.job_id, moment.title, moment.state].append(moment)
    told: list[Together] = []
    for runs in days_of.values():
        if len(runs) > _MOST_ALONE:
            told.append(Together(runs[0], runs[-1], len(runs)))
        else:
            told += [Together(run, run, 1) for run in runs]
    return sorted(told, key=lambda together: together.first.at)


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
    words: Mapping[RunState | None, str],
) -> Month:
    """Return the picture of a month: its days with their runs, and the hours of the day."""
    language = language_of(locale)
    entries: defaultdict[date, list[Entry]] = defaultdict(list)
    hours = [0] * 24
    for moment in found:
        hours[moment.at.astimezone(zone).hour] += 1
    for together in told_together(found, zone):
        first, last = (moment.at.astimezone(zone) for moment in (together.first, together.last))
        times = dict.fromkeys(
            formats.clock(local.time().replace(second=0), locale) for local in (first, last)
        )
        state, title = together.first.state, together.first.title
        entries[first.date()].append(Entry("–".join(times), title, state, together.count))
    names, begins = get_day_names("abbreviated", locale=language), formats.first_weekday(locale)
    return Month(
        title=month_title(day, locale),
        weekdays=[names[(begins + number) % 7] for number in range(7)],
        week_begins=begins,
        first=day.replace(day=1),
        today=today,
        entries=entries,
        hours=hours,
        hour_names=[hour(time(number), locale) for number in range(24)],
        busy=busy,
        dark=frozenset(dark),
        more=more,
        zone=zone.key,
        words=words,
    )


def month_title(day: date, locale: str) -> str:
    """Return a month in words, such as *November 2026*."""
    names = get_month_names("wide", "stand-alone", locale=language_of(locale))
    return f"{names[day.month].capitalize()} {day.year}"


def week_title(first: date, last: date, locale: str) -> str:
    """Return a week in words, as the locale writes an interval: *23–29 Nov 2026*."""
    return format_interval(first, last, "yMMMd", locale=formats.babel_locale(locale))


def busiest_hour(found: Sequence[Moment], zone: ZoneInfo) -> tuple[int, int] | None:
    """Return the hour of the day with the most runs, and how many; None if there are no runs."""
    counts = Counter(moment.at.astimezone(zone).hour for moment in found)
    return max(counts.items(), key=lambda item: (item[1], -item[0])) if counts else None
