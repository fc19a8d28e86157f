"""The two REST dialects behind one interface.

`JobsDialect` is the full one of our embedded server. `SchedulesDialect` is what the published
server speaks; it can create, list, run and cancel, and has no place for a job's metadata, which
therefore travels inside the params under ``_meta``. What a dialect lacks it says in
`Dialect.lacks`, with a sentence for each, so that an interface can grey it out.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, cast
from urllib.parse import quote

from schedulezero.errors import BadAnswer, NotFound, NotSupported, RequestRefused
from schedulezero.http import Http
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods import META_KEY
from schedulezero.model import Job, JobState, JsonObject, Run, RunState, Trigger
from schedulezero.when.nearest import refusal

PAGE = 25
_JOB_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_RUN_SECONDS = 35.0  # the published server answers when the job has ended


class Feature(StrEnum):
    """What not every dialect has."""

    PAUSE = "pause"
    EDIT = "edit"
    UNDO = "undo"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, next run first; ``next_cursor`` is None on the last one."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs, newest first; ``next_cursor`` is None on the last one."""

    runs: tuple[Run, ...]
    next_cursor: str | None


class Dialect(Protocol):
    """What can be asked of a server, whichever dialect it speaks."""

    lacks: Mapping[Feature, str]

    async def create(self, job: Job) -> Job: ...

    async def show(self, job_id: str) -> Job: ...

    async def jobs(
        self, guild_id: str, *, state: JobState | None, text: str | None, cursor: str | None, limit: int
    ) -> JobPage: ...

    async def change(self, job: Job, version: int) -> Job: ...

    async def cancel(self, job: Job) -> Job: ...

    async def restore(self, job_id: str) -> Job: ...

    async def pause(self, job_id: str) -> Job: ...

    async def resume(self, job_id: str) -> Job: ...

    async def run(self, job: Job) -> Run: ...

    async def runs(
        self, guild_id: str, *, job_id: str | None, state: RunState | None, cursor: str | None, limit: int
    ) -> RunPage: ...


class JobsDialect:
    """Dialect A with all that our embedded server adds to it."""

    lacks: Mapping[Feature, str] = {}

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, job: Job) -> Job:
        body: JsonObject = {
            "handler_id": job.handler_id,
            "method": job.method,
            "params": dict(job.params),
            "trigger": job.trigger.to_json(),
            "name": job.name,
            "guild_id": job.guild_id,
            "creator_id": job.creator_id,
            "timezone": job.timezone,
            "grace_seconds": job.grace.total_seconds(),
            "missed": job.missed.value,
        }
        if job.id:
            body["job_id"] = job.id
        return _job(await self._http.request("POST", "/api/jobs", body=body))

    async def show(self, job_id: str) -> Job:
        return _job(await self._http.request("GET", _path(job_id)))

    async def jobs(
        self, guild_id: str, *, state: JobState | None, text: str | None, cursor: str | None, limit: int
    ) -> JobPage:
        query = {
            "guild_id": guild_id,
            "state": state.value if state else None,
            "text": text,
            "cursor": cursor,
            "limit": limit,
        }
        answer = await self._http.request("GET", "/api/jobs", query=query)
        return JobPage(tuple(_job(item) for item in _items(answer, "jobs")), answer.get("next_cursor"))

    async def change(self, job: Job, version: int) -> Job:
        body: JsonObject = {
            "method": job.method,
            "params": dict(job.params),
            "trigger": job.trigger.to_json(),
            "name": job.name,
            "timezone": job.timezone,
            "grace_seconds": job.grace.total_seconds(),
            "missed": job.missed.value,
            "version": version,
        }
        return _job(await self._http.request("PATCH", _path(job.id), body=body))

    async def cancel(self, job: Job) -> Job:
        return _job(await self._http.request("DELETE", _path(job.id)))

    async def restore(self, job_id: str) -> Job:
        return _job(await self._http.request("POST", f"{_path(job_id)}/restore"))

    async def pause(self, job_id: str) -> Job:
        return _job(await self._http.request("POST", f"{_path(job_id)}/pause"))

    async def resume(self, job_id: str) -> Job:
        return _job(await self._http.request("POST", f"{_path(job_id)}/resume"))

    async def run(self, job: Job) -> Run:
        return _run(await self._http.request("POST", f"{_path(job.id)}/run"))

    async def runs(
        self, guild_id: str, *, job_id: str | None, state: RunState | None, cursor: str | None, limit: int
    ) -> RunPage:
        query = {
            "guild_id": guild_id,
            "job_id": job_id,
            "status": state.value if state else None,
            "cursor": cursor,
            "limit": limit,
        }
        answer = await self._http.request("GET", "/api/executions", query=query)
        return RunPage(tuple(_run(item) for item in _items(answer, "records")), answer.get("next_cursor"))


class SchedulesDialect:
    """Dialect B, the published server's."""

    lacks: Mapping[Feature, str] = {
        Feature.PAUSE: "This server cannot pause jobs; cancel the job and create it again later.",
        Feature.EDIT: "This server cannot edit jobs; cancel the job and create it anew.",
        Feature.UNDO: "This server cannot bring a cancelled job back.",
        Feature.CALENDAR: "This server knows no counts, exclusions or longer periods.",
    }

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, job: Job) -> Job:
        if job.trigger.type == "calendar":
            raise NotSupported(refusal(job.trigger, job.timezone))
        meta = {
            "name": job.name,
            "guild_id": job.guild_id,
            "creator_id": job.creator_id,
            "timezone": job.timezone,
            "trigger": job.trigger.to_json(),
            "created_at": to_iso(job.created_at or datetime.now(UTC)),
        }
        args = dict(job.trigger.args)
        if job.trigger.type == "cron":
            args.setdefault("timezone", job.timezone)
        body: JsonObject = {
            "handler_id": job.handler_id,
            "job_method": job.method,
            "job_params": {**job.params, META_KEY: meta},
            "trigger": {"type": job.trigger.type, **args},
        }
        # Its own ids are long and guessable, and a button's custom id has room for few characters.
        body["job_id"] = job.id or secrets.token_hex(8)
        answer = await self._http.request("POST", "/api/schedule", body=body)
        return replace(job, id=str(answer.get("job_id") or body["job_id"]))

    async def show(self, job_id: str) -> Job:
        found = next((job for job in await self._all() if job.id == job_id), None)
        if found is None:
            raise NotFound(f"There is no job {job_id!r} any more.", code="job_not_found", field="job_id")
        return found

    async def jobs(
        self, guild_id: str, *, state: JobState | None, text: str | None, cursor: str | None, limit: int
    ) -> JobPage:
        # This dialect lists everything at once; the pages are cut here.
        wanted = text.casefold() if text else ""
        found = [
            job
            for job in await self._all()
            if job.guild_id == guild_id
            and (state is None or job.state is state)
            and wanted
            in f"{job.name or ''} {job.method} {' '.join(map(str, job.params.values()))}".casefold()
        ]
        far = datetime.max.replace(tzinfo=UTC)
        found.sort(key=lambda job: (job.next_run_at or far, job.id))
        start = int(cursor or 0)
        following = start + limit
        return JobPage(tuple(found[start:following]), str(following) if following < len(found) else None)

    async def change(self, job: Job, version: int) -> Job:
        raise NotSupported(self.lacks[Feature.EDIT])

    async def cancel(self, job: Job) -> Job:
        await self._http.request("DELETE", f"/api/schedules/{quote(job.id, safe='')}")
        return replace(job, state=JobState.CANCELLED, next_run_at=None)

    async def restore(self, job_id: str) -> Job:
        raise NotSupported(self.lacks[Feature.UNDO])

    async def pause(self, job_id: str) -> Job:
        raise NotSupported(self.lacks[Feature.PAUSE])

    async def resume(self, job_id: str) -> Job:
        raise NotSupported(self.lacks[Feature.PAUSE])

    async def run(self, job: Job) -> Run:
        started_at = datetime.now(UTC)
        body: JsonObject = {
            "handler_id": job.handler_id,
            "job_method": job.method,
            "job_params": dict(job.params),
        }
        answer = await self._http.request("POST", "/api/run_now", body=body, timeout=_RUN_SECONDS)
        return Run(
            job_id=job.id,
            handler_id=job.handler_id,
            method=job.method,
            params=job.params,
            scheduled_at=started_at,
            state=RunState.SUCCEEDED,
            attempts=1,
            started_at=started_at,
            finished_at=datetime.now(UTC),
            result=cast(JsonObject | None, answer.get("result")),
        )

    async def runs(
        self, guild_id: str, *, job_id: str | None, state: RunState | None, cursor: str | None, limit: int
    ) -> RunPage:
        own = {job.id: job for job in await self._all() if job.guild_id == guild_id}
        answer = await self._http.request("GET", "/api/executions", query={"limit": 1000, "job_id": job_id})
        found = [
            run
            for record in _items(answer, "records")
            if (run := _foreign_run(record)) is not None
            and run.job_id in own
            and (state is None or run.state is state)
        ]
        found.sort(key=lambda run: run.scheduled_at, reverse=True)
        start = int(cursor or 0)
        following = start + limit
        return RunPage(tuple(found[start:following]), str(following) if following < len(found) else None)

    async def _all(self) -> list[Job]:
        answer = await self._http.request("GET", "/api/schedules")
        return [job for item in _items(answer, "schedules") if (job := _job_of_schedule(item)) is not None]


async def learn_dialect(http: Http) -> Dialect:
    """Which dialect the server speaks: the published one has no ``/api/jobs``."""
    try:
        answer = await http.request("GET", "/api/jobs", query={"limit": 1})
    except NotFound:
        await http.request("GET", "/api/schedules")
        return SchedulesDialect(http)
    except RequestRefused as error:
        raise BadAnswer(f"The server at {http.endpoint} refuses to be asked: {error.message}") from error
    _items(answer, "jobs")
    return JobsDialect(http)


def _path(job_id: str) -> str:
    """The path of a job. What people type reaches it: an id that can be none is not asked for."""
    if not _JOB_ID.fullmatch(job_id) or not job_id.strip("."):
        raise NotFound("There is no job of that name here.", code="job_not_found", field="job_id")
    return f"/api/jobs/{job_id}"


def _items(answer: JsonObject, key: str) -> list[JsonObject]:
    items = answer.get(key)
    if not isinstance(items, list):
        raise BadAnswer(f"The server's answer has no list of {key}; is it a ScheduleZero server?")
    return [cast(JsonObject, item) for item in cast("list[Any]", items) if isinstance(item, dict)]


def _job(data: JsonObject) -> Job:
    try:
        return Job.from_json(data)
    except (KeyError, ValueError, TypeError) as error:
        raise BadAnswer(f"The server described a job in a way that cannot be read ({error}).") from error


def _run(data: JsonObject) -> Run:
    try:
        return Run.from_json(data)
    except (KeyError, ValueError, TypeError) as error:
        raise BadAnswer(f"The server described a run in a way that cannot be read ({error}).") from error


def _job_of_schedule(data: JsonObject) -> Job | None:
    """A published schedule as a job; None for one whose shape is not ours to understand."""
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
        timezone=str(meta.get("timezone") or "UTC"),
        created_at=_lenient_instant(meta.get("created_at")),
    )


def _foreign_run(data: JsonObject) -> Run | None:
    status = str(data.get("status", "")).lower()
    started_at = _lenient_instant(data.get("started_at") or data.get("start_time") or data.get("timestamp"))
    if started_at is None:
        return None
    duration = data.get("duration_ms")
    finished_at = _lenient_instant(data.get("finished_at") or data.get("end_time"))
    if finished_at is None and isinstance(duration, int | float):
        finished_at = started_at + timedelta(milliseconds=duration)
    result = data.get("result")
    return Run(
        job_id=str(data.get("job_id")),
        handler_id=str(data.get("handler_id")),
        method=str(data.get("method_name") or data.get("method")),
        params={},
        scheduled_at=_lenient_instant(data.get("scheduled_at")) or started_at,
        state=RunState.SUCCEEDED if status in ("success", "succeeded", "completed") else RunState.FAILED,
        attempts=int(data.get("attempts") or 1),
        started_at=started_at,
        finished_at=finished_at,
        result=cast(JsonObject, result) if isinstance(result, dict) else None,
        error=str(data["error"]) if data.get("error") else None,
    )


def _lenient_instant(value: Any) -> datetime | None:
    """An instant in whatever shape a foreign server writes it; without an offset it is UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else from_iso(value)
    except (ValueError, OverflowError, OSError):
        return None
    return None
