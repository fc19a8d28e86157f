"""Dialect B, the published server's: it can only create, list, run and cancel.

It has no field for a job's metadata, which is therefore sent inside the params under ``_meta``. It forgets a
schedule that has fired for the last time, but not its execution: `published_ids` says whose that was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from schedulezero.client.decoding import items_of
from schedulezero.client.dialect import (
    PAGE,
    Dialect,
    Feature,
    JobPage,
    JobQuery,
    RunPage,
)
from schedulezero.client.http import Http
from schedulezero.client.published_ids import guild_of, new_job_id, new_run_id
from schedulezero.client.published_records import job_id_of, jobs_of, run_of_record, schedule_body
from schedulezero.client.published_triggers import published_trigger
from schedulezero.errors import NotFound, NotSupported, RequestRefused, TriggerError
from schedulezero.instants import to_iso
from schedulezero.model import (
    Job,
    JobState,
    JsonObject,
    MissedPolicy,
    OverlapPolicy,
    Run,
    RunState,
)
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.language.nearest import refusal

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_RECORDS = 1000
"""As many executions as the server keeps and returns."""
_MOST_REMEMBERED = 5000
_LONG_AGO = timedelta(hours=1)
"""A date in the past runs at once; this one is past also for a server whose clock is slow."""


class SchedulesDialect(Dialect):
    """Dialect B, the published server's."""

    published = True
    lacks: Mapping[Feature, str] = {
        Feature.PAUSE: Sentence(
            "The scheduler can't pause jobs. Cancel the job and create it again later.", "lacks_pause"
        ),
        Feature.EDIT: Sentence(
            "The scheduler can't edit jobs. Cancel the job and create it again.", "lacks_edit"
        ),
        Feature.UNDO: Sentence("The scheduler can't restore a cancelled job.", "lacks_undo"),
        Feature.CALENDAR: Sentence(
            "The scheduler doesn't support a limited number of runs, excluded days or periods such as "
            "every two months.",
            "lacks_rich_triggers",
        ),
        Feature.HOLD: Sentence(
            "The scheduler can't pause a job until a given day or skip its next run.", "lacks_hold"
        ),
        Feature.BULK: Sentence("The scheduler can change only one job at a time.", "lacks_bulk"),
        Feature.MAKE_UP: Sentence(
            "The scheduler can't backfill missed runs. Use *Run now*.", "lacks_make_up"
        ),
        Feature.RULES: Sentence(
            "The scheduler doesn't support quiet hours, days off or limits.", "lacks_rules"
        ),
        Feature.TROUBLES: Sentence("The scheduler doesn't report failed or missed runs.", "lacks_troubles"),
        Feature.AUDIT: Sentence("The scheduler doesn't record who changed what.", "lacks_audit"),
        Feature.APPROVAL: Sentence("The scheduler can't make a job wait for approval.", "lacks_approval"),
        Feature.POLICIES: Sentence(
            "The scheduler doesn't support settings for missed or overlapping runs. Use the defaults for "
            "both.",
            "lacks_policies",
        ),
        Feature.HISTORY: Sentence(
            "The scheduler keeps only its last 1,000 runs, and forgets them when it restarts.",
            "lacks_history",
        ),
        Feature.FORGET: Sentence(
            "The scheduler can't delete the history of jobs that no longer exist.", "lacks_forget"
        ),
        Feature.PARTS: Sentence("The scheduler can't run anything before or after a job.", "lacks_parts"),
        Feature.FEEDS: Sentence(
            "The scheduler doesn't support calendar subscriptions. Use the file from `/schedule calendar`.",
            "lacks_feeds",
        ),
        Feature.LIVENESS: Sentence(
            "The scheduler doesn't say whether it can reach its handlers.", "lacks_liveness"
        ),
    }

    def __init__(self, http: Http) -> None:
        self._http = http
        self._jobs: dict[str, Job] = {}
        """The jobs seen last: their runs stay in the history when the server has forgotten them."""
        self._foreign: Set[str] = frozenset()
        """The schedules with a guild that can't be ours: each is logged once."""

    async def create(self, job: Job, by: str | None = None) -> Job:
        if job.state is JobState.PENDING:
            raise self._without(Feature.APPROVAL)
        if job.state is JobState.PAUSED:
            raise self._without(Feature.PAUSE)
        if job.missed is not MissedPolicy.LATEST or job.overlap is not OverlapPolicy.ALLOW:
            raise self._without(Feature.POLICIES)
        if job.parts:
            raise self._without(Feature.PARTS)
        if job.trigger.type == "calendar":
            raise NotSupported(refusal(job.trigger, job.timezone))
        job = replace(job, trigger=with_day_names(job.trigger))
        now = datetime.now(UTC)
        try:
            trigger = published_trigger(job.trigger, job.timezone, now)
        except TriggerError as error:
            raise RequestRefused(error.message, code="bad_trigger", field=error.field) from error
        # Its own ids are long and guessable, and a button's custom id has room for few characters.
        saved = replace(
            job, id=job.id or new_job_id(job.guild_id), created_at=job.created_at or now, anchor_at=now
        )
        answer = await self._http.request(
            "POST", "/api/schedule", body=schedule_body(saved, saved.id, trigger)
        )
        saved = replace(saved, id=str(answer.get("job_id") or saved.id))
        self._remember(saved)
        listed = next((item for item in await self._all() if item.id == saved.id), None)
        return replace(
            saved,
            next_run_at=listed.next_run_at if listed is not None else None,
            state=listed.state if listed is not None else JobState.FINISHED,
        )

    async def show(self, job_id: str) -> Job:
        found = next((job for job in await self._all() if job.id == job_id), None)
        if found is None:
            raise NotFound(
                Sentence("The job {job_id!r} no longer exists.", "job_gone", job_id=job_id),
                code="job_not_found",
                field="job_id",
            )
        return found

    async def jobs(
        self,
        guild_id: str,
        query: JobQuery = JobQuery(),  # noqa: B008 - frozen, and the same for everybody
        *,
        cursor: str | None = None,
        limit: int = PAGE,
        last_states: bool = False,
        total: bool = False,
    ) -> JobPage:
        # This dialect returns the whole list at once; we split it into pages here.
        found = [job for job in await self._all() if job.guild_id == guild_id and _matches(job, query)]
        far = datetime.max.replace(tzinfo=UTC)
        keys: dict[str, Callable[[Job], Any]] = {
            "next": lambda job: (job.next_run_at or far, job.id),
            "name": lambda job: (job.title.casefold(), job.id),
            "created": lambda job: (far - (job.created_at or far), job.id),
        }
        found.sort(key=keys[query.sort])
        states: dict[str, RunState] = {}
        if last_states:
            for run in (await self.runs(guild_id, limit=_MOST_RECORDS)).runs:  # newest first
                states.setdefault(run.job_id, run.state)
        return JobPage(*_cut(found, cursor, limit), states, len(found))

    async def due_before(self, instant: datetime, *, cursor: str | None, limit: int) -> JobPage:
        due = [job for job in await self._all() if job.next_run_at is not None and job.next_run_at <= instant]
        return JobPage(tuple(due), None)

    async def cancel(self, job: Job, by: str | None = None) -> Job:
        await self._http.request("DELETE", f"/api/schedules/{quote(job.id, safe='')}")
        return replace(job, state=JobState.CANCELLED, next_run_at=None)

    async def run_of_message(self, guild_id: str, message_id: int) -> Run | None:
        page = await self.runs(guild_id, limit=1000)
        return next(
            (run for run in page.runs if (run.result or {}).get("message_id") == str(message_id)), None
        )

    async def run(self, job: Job, by: str | None = None) -> Run:
        # Not ``/api/run_now``: it answers only when the job has ended, and its record doesn't name the job.
        now = datetime.now(UTC)
        trigger: JsonObject = {"type": "date", "run_date": to_iso(now - _LONG_AGO)}
        await self._http.request(
            "POST", "/api/schedule", body=schedule_body(job, new_run_id(job.id), trigger)
        )
        self._remember(job)
        return Run(
            job_id=job.id,
            handler_id=job.handler_id,
            method=job.method,
            params=job.params,
            scheduled_at=now,
            state=RunState.QUEUED,
            name=job.name,
            guild_id=job.guild_id,
        )

    async def runs(
        self,
        guild_id: str | None,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
        total: bool = False,
    ) -> RunPage:
        await self._all()  # remembers the jobs
        answer = await self._http.request(
            "GET", "/api/executions", query={"limit": _MOST_RECORDS}, mends=True
        )
        records = items_of(answer, "records")
        found = await asyncio.to_thread(self._runs_of, records, guild_id, job_id, state)
        return RunPage(*_cut(found, cursor, limit), len(found) if total else None)

    def _runs_of(
        self, records: list[JsonObject], guild_id: str | None, job_id: str | None, state: RunState | None
    ) -> list[Run]:
        """Return a guild's runs among the records, newest first; a thread does it, as there may be many."""
        found = [
            self._named(run, guild_id)
            for record in records
            if self._guild_of(job_id_of(record)) == guild_id
            and job_id in (None, job_id_of(record))
            and (run := run_of_record(record)) is not None
            and (state is None or run.state is state)
        ]
        return sorted(found, key=lambda run: run.scheduled_at, reverse=True)

    def _named(self, run: Run, guild_id: str | None) -> Run:
        job = self._jobs.get(run.job_id)
        return replace(run, guild_id=guild_id, name=job.name if job is not None else None)

    def _guild_of(self, job_id: str) -> str | None:
        job = self._jobs.get(job_id)
        return job.guild_id if job is not None else guild_of(job_id)

    def _remember(self, job: Job) -> None:
        """Remember a job that the server may forget before its runs."""
        self._jobs.pop(job.id, None)
        self._jobs[job.id] = job
        while len(self._jobs) > _MOST_REMEMBERED:
            del self._jobs[next(iter(self._jobs))]

    async def _all(self) -> list[Job]:
        answer = await self._http.request("GET", "/api/schedules", mends=True)
        found, foreign = await asyncio.to_thread(jobs_of, items_of(answer, "schedules"))
        for schedule_id in foreign.keys() - self._foreign:
            log.warning(
                "The schedule %.100r isn't ours and is left out: %s", schedule_id, foreign[schedule_id]
            )
        self._foreign = foreign.keys()
        for job in found:
            self._remember(job)
        return found


def _cut(found: Sequence[T], cursor: str | None, limit: int) -> tuple[tuple[T, ...], str | None]:
    """Return one page of a list, and the cursor of the next page."""
    start = int(cursor or 0)
    following = start + limit
    return tuple(found[start:following]), str(following) if following < len(found) else None


def _matches(job: Job, query: JobQuery) -> bool:
    text = f"{job.name or ''} {job.method} {' '.join(map(str, job.params.values()))}".casefold()
    return (
        (query.state is None or job.state is query.state)
        and (query.method is None or job.method == query.method)
        and (query.creator_id is None or job.creator_id == query.creator_id)
        and (query.channel_id is None or query.channel_id in job.channel_ids)
        and (query.text or "").casefold() in text
    )
