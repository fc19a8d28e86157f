"""Dialect B, the published server's: it can only create, list, run and cancel.

It has no field for a job's metadata, which is therefore sent inside the params under ``_meta``. It forgets a
schedule that has fired for the last time, but not its execution: `published_ids` says whose that was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
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
from schedulezero.client.published_ids import guild_of, job_of_run, new_job_id, new_run_id
from schedulezero.client.published_triggers import published_trigger
from schedulezero.errors import NotFound, NotSupported, RequestRefused, TriggerError
from schedulezero.instants import from_iso, to_iso, to_iso_or_none
from schedulezero.methods.spec import META_KEY
from schedulezero.model import (
    Job,
    JobState,
    JsonObject,
    MissedPolicy,
    OverlapPolicy,
    Run,
    RunState,
    Trigger,
)
from schedulezero.sentences import Sentence, read_sentence
from schedulezero.when.language.nearest import refusal

T = TypeVar("T")

_MOST_RECORDS = 1000
"""As many executions as the server keeps and returns."""
_MOST_REMEMBERED = 5000
_LONG_AGO = timedelta(hours=1)
"""A date in the past runs at once; this one is past also for a server whose clock is slow."""

_STATES = {
    "success": RunState.SUCCEEDED,
    "succeeded": RunState.SUCCEEDED,
    "completed": RunState.SUCCEEDED,
    "running": RunState.QUEUED,
    "queued": RunState.QUEUED,
    "pending": RunState.QUEUED,
}


class SchedulesDialect(Dialect):
    """Dialect B, the published server's."""

    lacks: Mapping[Feature, str] = {
        Feature.PAUSE: Sentence(
            "This server can't pause jobs. Cancel the job and create it again later.", "lacks_pause"
        ),
        Feature.EDIT: Sentence(
            "This server can't edit jobs. Cancel the job and create it again.", "lacks_edit"
        ),
        Feature.UNDO: Sentence("This server can't restore a cancelled job.", "lacks_undo"),
        Feature.CALENDAR: Sentence(
            "This server doesn't support counts, exclusions or longer periods.", "lacks_rich_triggers"
        ),
        Feature.HOLD: Sentence(
            "This server can't pause a job until a day or skip its next run.", "lacks_hold"
        ),
        Feature.BULK: Sentence("This server changes one job at a time.", "lacks_bulk"),
        Feature.MAKE_UP: Sentence("This server can't backfill missed runs. Use *Run now*.", "lacks_make_up"),
        Feature.RULES: Sentence(
            "This server doesn't support quiet hours, days off or limits.", "lacks_rules"
        ),
        Feature.TROUBLES: Sentence("This server doesn't report failed or missed runs.", "lacks_troubles"),
        Feature.AUDIT: Sentence("This server doesn't record who changed what.", "lacks_audit"),
        Feature.APPROVAL: Sentence("This server can't make a job wait for approval.", "lacks_approval"),
        Feature.POLICIES: Sentence(
            "This server has no settings for missed or overlapping runs. Leave both unchanged.",
            "lacks_policies",
        ),
        Feature.HISTORY: Sentence(
            "This server keeps only its last 1,000 runs, and forgets them when it restarts.", "lacks_history"
        ),
        Feature.LIVENESS: Sentence(
            "This server doesn't tell whether it can reach its handlers.", "lacks_liveness"
        ),
    }

    def __init__(self, http: Http) -> None:
        self._http = http
        self._jobs: dict[str, Job] = {}
        """The jobs seen last: their runs stay in the history when the server has forgotten them."""

    async def create(self, job: Job, by: str | None = None) -> Job:
        if job.state is JobState.PENDING:
            raise self._without(Feature.APPROVAL)
        if job.missed is not MissedPolicy.LATEST or job.overlap is not OverlapPolicy.ALLOW:
            raise self._without(Feature.POLICIES)
        if job.trigger.type == "calendar":
            raise NotSupported(refusal(job.trigger, job.timezone))
        now = datetime.now(UTC)
        try:
            trigger = published_trigger(job.trigger, job.timezone, now)
        except TriggerError as error:
            raise RequestRefused(error.message, code="bad_trigger", field=error.field) from error
        # Its own ids are long and guessable, and a button's custom id has room for few characters.
        saved = replace(
            job, id=job.id or new_job_id(job.guild_id), created_at=job.created_at or now, anchor_at=now
        )
        answer = await self._http.request("POST", "/api/schedule", body=_body(saved, saved.id, trigger))
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
        return JobPage(*_cut(found, cursor, limit))

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
        await self._http.request("POST", "/api/schedule", body=_body(job, new_run_id(job.id), trigger))
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
        guild_id: str,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> RunPage:
        await self._all()  # remembers the jobs
        answer = await self._http.request("GET", "/api/executions", query={"limit": _MOST_RECORDS})
        found = [
            self._named(run, guild_id)
            for record in items_of(answer, "records")
            if (run := _foreign_run(record)) is not None
            and self._guild_of(run.job_id) == guild_id
            and job_id in (None, run.job_id)
            and (state is None or run.state is state)
        ]
        found.sort(key=lambda run: run.scheduled_at, reverse=True)
        return RunPage(*_cut(found, cursor, limit))

    def _named(self, run: Run, guild_id: str) -> Run:
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
        answer = await self._http.request("GET", "/api/schedules")
        found = [
            job
            for item in items_of(answer, "schedules")
            if (job := _job_of_schedule(item)) is not None and job_of_run(job.id) is None
        ]
        for job in found:
            self._remember(job)
        return found


def _body(job: Job, schedule_id: str, trigger: JsonObject) -> JsonObject:
    """Return the body of a schedule that runs a job."""
    meta = {
        "name": job.name,
        "guild_id": job.guild_id,
        "creator_id": job.creator_id,
        "meta": dict(job.meta),
        "timezone": job.timezone,
        "trigger": job.trigger.to_json(),
        "created_at": to_iso_or_none(job.created_at),
        "anchor_at": to_iso_or_none(job.anchor_at),
    }
    return {
        "handler_id": job.handler_id,
        "job_method": job.method,
        "job_params": {**job.params, META_KEY: meta},
        "trigger": trigger,
        "job_id": schedule_id,
    }


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


def _job_of_schedule(data: JsonObject) -> Job | None:
    """Convert a published schedule to a job; None if its format is unknown to us."""
    args = data.get("args")
    if not isinstance(args, list) or len(cast("list[Any]", args)) < 3:
        return None
    handler_id, method, params = cast("list[Any]", args)[:3]
    if not isinstance(params, dict):
        return None
    own = dict(cast(JsonObject, params))
    found = own.pop(META_KEY, None)
    meta = cast(JsonObject, found) if isinstance(found, dict) else {}
    described = meta.get("trigger")
    trigger = (
        Trigger.from_json(cast(JsonObject, described))
        if isinstance(described, dict) and {"type", "args"} <= cast(JsonObject, described).keys()
        else Trigger("unknown", {"text": str(data.get("trigger"))})
    )
    next_run_at = _lenient_instant(data.get("next_fire_time"))
    return Job(
        id=str(data.get("id")),
        handler_id=str(handler_id),
        method=str(method),
        params=own,
        trigger=trigger,
        state=JobState.ACTIVE if next_run_at else JobState.FINISHED,
        next_run_at=next_run_at,
        name=meta.get("name"),
        guild_id=meta.get("guild_id"),
        creator_id=meta.get("creator_id"),
        meta=cast(JsonObject, meta.get("meta") or {}),
        timezone=str(meta.get("timezone") or "UTC"),
        created_at=_lenient_instant(meta.get("created_at")),
        anchor_at=_lenient_instant(meta.get("anchor_at")),
    )


def _foreign_run(data: JsonObject) -> Run | None:
    """Convert a record of an execution to a run of our job; None if its format is unknown to us."""
    started_at = _lenient_instant(data.get("started_at") or data.get("start_time") or data.get("timestamp"))
    if started_at is None:
        return None
    state = _STATES.get(str(data.get("status", "")).lower(), RunState.FAILED)
    finished_at = None
    if state is not RunState.QUEUED:
        duration = data.get("duration_ms")
        finished_at = _lenient_instant(
            data.get("completed_at") or data.get("finished_at") or data.get("end_time")
        )
        if finished_at is None and isinstance(duration, int | float):
            finished_at = started_at + timedelta(milliseconds=duration)
    schedule_id = str(data.get("job_id"))
    result = data.get("result")
    return Run(
        job_id=job_of_run(schedule_id) or schedule_id,
        handler_id=str(data.get("handler_id")),
        method=str(data.get("method_name") or data.get("method")),
        params={},
        scheduled_at=_lenient_instant(data.get("scheduled_at")) or started_at,
        state=state,
        attempts=1,
        started_at=started_at,
        finished_at=finished_at,
        result=cast(JsonObject, result) if isinstance(result, dict) else None,
        error=read_sentence(data, "error") if data.get("error") else None,
    )


def _lenient_instant(value: Any) -> datetime | None:
    """Parse an instant in any format a foreign server may use; without an offset it is UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else from_iso(value)
    except (ValueError, OverflowError, OSError):
        return None
    return None
