"""What a calendar feed holds: the runs of some days past, and the upcoming ones, as single events. Pure.

Single events, and not recurring ones, because a guild's days off, quiet hours and skipped runs leave some out
that no rule of a calendar file could. An event has the same UID before and after its run.
"""

from __future__ import annotations

import re
import time as clock
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from schedulezero.model import GuildRules, Job, JobState, Run, RunState
from schedulezero.model.feed import Shown
from schedulezero.model.part import MAIN
from schedulezero.when.calendar.quiet_hours import forbidden_to
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of

AHEAD = timedelta(days=92)
BEHIND = timedelta(days=7)
MOST_EVENTS = 2000
"""The most upcoming events of a feed, over all jobs."""
MOST_OF_A_JOB = 200
_LONGEST = 2.0  # seconds; finding the next instant of a rare schedule takes some milliseconds
_LONGEST_TEXT = 1000
_DONE = (RunState.SUCCEEDED, RunState.QUEUED, RunState.UNCERTAIN)
_ID = re.compile(r"\d{1,20}", re.ASCII)
_MESSAGE = re.compile(r"https://[\w.]+/channels/\d{1,20}/(\d{1,20})/\d{1,20}/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Event:
    """One run in a feed.

    Attributes:
        uid: the same for this run forever.
        at: when it is.
        changed_at: when what it says last changed.
        title: what is scheduled.
        place: the names of its channels; empty if it has none.
        text: what will be posted; empty in a guild's feed.
    """

    uid: str
    at: datetime
    changed_at: datetime
    title: str
    place: str
    text: str = ""


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the span of a feed; it moves once a day, so that a feed without changes stays as it is."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return today - BEHIND, today + AHEAD


def events_of(
    jobs: Iterable[Job],
    runs: Iterable[Run],
    rules: GuildRules | None,
    shown: Shown,
    *,
    personal: bool,
    now: datetime,
) -> list[Event]:
    """Return a feed's events in order, within the bounds above.

    Parameters:
        jobs: the place's jobs; only active ones have upcoming runs.
        runs: its past runs.
        rules: its rules; what they forbid is left out.
        shown: what every member may see; a guild's feed leaves out the rest.
        personal: whether all jobs are the reader's own, and their texts are included.
        now: the present instant.
    """
    begin, end = window(now)
    jobs, runs = list(jobs), list(runs)
    hidden = set[str]() if personal else _with_hidden_parts(jobs, runs, shown)
    found = [
        _event(run.job_id, run.scheduled_at, run.scheduled_at, run.title, place, run.params)
        for run in runs
        if begin <= run.scheduled_at < end and run.state in _DONE and run.part in (None, MAIN)
        if run.job_id not in hidden
        if (place := _place(run.method, run.params, shown, personal=personal)) is not None
    ]
    visible = (
        (job, place)
        for job in jobs
        if job.id not in hidden
        and (place := _place(job.method, job.params, shown, personal=personal)) is not None
    )
    found += [
        _event(job.id, at, job.updated_at or job.created_at or at, job.title, place, job.params)
        for job, place, at in _upcoming(visible, rules, now, end)
    ]
    once = {event.uid: event for event in found}  # a run that has begun comes before its job's next one
    events = sorted(once.values(), key=lambda event: (event.at, event.uid))
    return events if personal else [_without_text(event) for event in events]


def _upcoming(
    jobs: Iterable[tuple[Job, str]], rules: GuildRules | None, now: datetime, end: datetime
) -> Iterator[tuple[Job, str, datetime]]:
    """Yield the next runs of jobs, which take turns, so that no busy one crowds out the others."""
    coming: list[tuple[Job, str, Schedule, datetime]] = []
    for job, place in jobs:
        if job.state is JobState.ACTIVE and job.next_run_at is not None and job.next_run_at < end:
            anchor = job.anchor_at or job.created_at or now
            schedule = schedule_of(job.trigger, anchor=anchor, zone=job.timezone)
            coming.append((job, place, schedule, job.next_run_at))
    left, turns, stop = MOST_EVENTS, 0, clock.monotonic() + _LONGEST
    while coming and turns < MOST_OF_A_JOB:
        taking, coming, turns = coming, [], turns + 1
        for job, place, schedule, at in taking:
            if left == 0 or clock.monotonic() >= stop:
                return
            if forbidden_to(job, rules, at) is None:
                left -= 1
                yield job, place, at
            following = schedule.next_after(at)
            if following is not None and following < end:
                coming.append((job, place, schedule, following))


def _place(method: str, params: Mapping[str, Any], shown: Shown, *, personal: bool) -> str | None:
    """Return the names of a job's channels; None if not every member may see it. If in doubt, it is not."""
    if personal:
        return ""
    names: list[str] = []
    for param in shown.methods.get(method, ()):
        value: Any = params.get(param)
        items = cast("list[Any]", value) if isinstance(value, list) else [value] if value else []
        for item in items:
            if (name := shown.channels.get(_channel_id(item))) is None:
                return None
            names.append(f"#{name}")
    return ", ".join(dict.fromkeys(names)) or None


def _with_hidden_parts(jobs: Iterable[Job], runs: Iterable[Run], shown: Shown) -> set[str]:
    """Return the ids of the jobs of which a part posts, or has posted, where not every member may see it."""
    parts = [(job.id, part.method, part.params) for job in jobs for part in job.parts]
    parts += [(run.job_id, run.method, run.params) for run in runs if run.part not in (None, MAIN)]
    return {job_id for job_id, method, params in parts if not _part_shown(method, params, shown)}


def _part_shown(method: str, params: Mapping[str, Any], shown: Shown) -> bool:
    """Return whether every member may see a part's channels; one without any, such as a call, is shown."""
    names = shown.methods.get(method)
    if names is not None and not any(params.get(name) for name in names):
        return True
    return _place(method, params, shown, personal=False) is not None


def _channel_id(value: object) -> str:
    text = str(value).strip()
    if (link := _MESSAGE.fullmatch(text)) is not None:
        return link[1]
    return text if _ID.fullmatch(text) else ""


def _event(
    job_id: str, at: datetime, changed_at: datetime, title: str, place: str, params: Mapping[str, Any]
) -> Event:
    text = str(params.get("message") or "")[:_LONGEST_TEXT]
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Event(f"{job_id}-{stamp}@schedulezero", at, changed_at, title, place, text)


def _without_text(event: Event) -> Event:
    return Event(event.uid, event.at, event.changed_at, event.title, event.place)
