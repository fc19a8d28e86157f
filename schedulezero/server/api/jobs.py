"""``/api/jobs``: dialect A's route to create jobs, and the routes for the rest of a job's life."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from aiohttp import web

from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, JsonObject, RunState
from schedulezero.model.fields import codec_of
from schedulezero.server.api.runs import record, run_page
from schedulezero.server.decisions.refusal import no_such_job
from schedulezero.server.engine.lifecycle import Jobs, created_answer
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import (
    ApproveBody,
    AskedBody,
    InstantsBody,
    JobBody,
    JobChangeBody,
    PauseBody,
    RestoreBody,
    SkipBody,
    SpanBody,
    VersionBody,
    actor_of,
    check_zone,
    given_in,
    per_person,
    query_choice,
    query_int,
    read_body,
    read_instant,
)
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.masks import READS_ONLY, Masks
from schedulezero.server.records.queries import JobFilter, JobOrder, Position, RunFilter
from schedulezero.wire.storable import read_json

_MOST_A_PAGE = 200


class JobsResource:
    """The route handlers below ``/api/jobs``."""

    def __init__(self, jobs: Jobs, timezone: str, masks: Masks) -> None:
        self._jobs = jobs
        self._masks = masks
        self._timezone = timezone

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/jobs", self.create),
            web.get("/api/jobs", self.list),
            web.get("/api/jobs/{id}", self.show),
            web.patch("/api/jobs/{id}", self.change),
            web.delete("/api/jobs/{id}", self.cancel),
            web.post("/api/jobs/{id}/pause", self.pause),
            web.post("/api/jobs/{id}/resume", self.resume),
            web.post("/api/jobs/{id}/restore", self.restore),
            web.post("/api/jobs/{id}/run", self.run),
            web.post("/api/jobs/{id}/skip", self.skip),
            web.post("/api/jobs/{id}/approve", self.approve),
            web.post("/api/jobs/{id}/ask-changes", self.ask_for_changes),
            web.post("/api/jobs/{id}/missing", self.missing),
            web.post("/api/jobs/{id}/make-up", self.make_up),
            web.get("/api/jobs/{id}/versions", self.versions),
            web.get("/api/jobs/{id}/executions", self.executions),
        ]

    async def create(self, request: web.Request) -> web.Response:
        job = job_in(await read_body(request, JobBody), self._timezone)
        self._masks.check(job)
        job = await self._jobs.create(
            job, by=actor_of(request) or job.creator_id, per_person=per_person(request)
        )
        answer = created_answer(job, self._jobs.warning_for(job.handler_id))
        return json_answer(answer, status=201, headers={"Location": f"/api/jobs/{job.id}"})

    async def list(self, request: web.Request) -> web.Response:
        query = request.query
        state = query_choice(request, "state", JobState)
        order = query_choice(request, "sort", JobOrder) or JobOrder.NEXT
        due_before = query.get("due_before")
        last_states = bool(query_int(request, "last_states", 0, 0, 1))
        wanted = JobFilter(
            handler_id=query.get("handler_id"),
            method=query.get("method"),
            state=state,
            guild_id=query.get("guild_id"),
            creator_id=query.get("creator_id"),
            channel_id=query.get("channel_id"),
            text=query.get("text"),
            due_before=read_instant(due_before, "due_before") if due_before else None,
            names_only=request.get(READS_ONLY, False),  # a search could tell what is masked
        )
        page, cursor, states = await self._jobs.store.jobs_and_states(
            wanted,
            order=order,
            after=_read_cursor(query.get("cursor"), order),
            limit=query_int(request, "limit", 25, 1, _MOST_A_PAGE),
            last_states=last_states,
        )
        answer: JsonObject = {
            "jobs": [job.to_json() for job in page],
            "next_cursor": _write_cursor(cursor),
        }
        if last_states:
            answer["last_states"] = states
        if query_int(request, "total", 0, 0, 1):
            answer["total"] = await self._jobs.store.total(wanted)
        return json_answer(answer)

    async def show(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        job = await self._jobs.store.job(job_id)
        if job is None:
            raise no_such_job(job_id)
        answer = job.to_json()
        if query_int(request, "last_run", 0, 0, 1):
            found, _ = await self._jobs.runs.runs(RunFilter(job_id=job_id), before_sequence=None, limit=1)
            answer["last_run"] = record(found[0]) if found else None
        return json_answer(answer)

    async def change(self, request: web.Request) -> web.Response:
        body = await read_body(request, JobChangeBody)
        given = given_in(body)
        given.pop("version", None)
        if not given:
            names = ", ".join(name for name in JobChangeBody.model_fields if name != "version")
            raise ApiError(400, "bad_field", f"Nothing to change; possible are: {names}.")
        absent = next((name for name, value in given.items() if value is None and name != "name"), None)
        if absent is not None:
            raise ApiError(400, "bad_field", f"{absent!r} cannot be null; leave it out to keep it.", absent)
        if "timezone" in given:
            given["timezone"] = check_zone(given["timezone"], self._timezone)
        edits = codec_of(Job).read_some(given)
        job = await self._jobs.change(
            request.match_info["id"],
            body.version,
            lambda before: self._masks.kept(before, replace(before, **edits)),
            by=actor_of(request),
            per_person=per_person(request),
        )
        return json_answer(job.to_json())

    async def cancel(self, request: web.Request) -> web.Response:
        return self._answer(await self._jobs.cancel(request.match_info["id"], by=actor_of(request)))

    async def pause(self, request: web.Request) -> web.Response:
        body = await read_body(request, PauseBody)
        until = read_instant(body.until, "until") if body.until is not None else None
        if until is not None and until <= self._jobs.now():
            raise ApiError(400, "bad_field", f"'until' is in the past: {body.until!r}.", "until")
        job_id = request.match_info["id"]
        job = await self._jobs.pause(job_id, until, version=body.version, by=actor_of(request))
        return self._answer(job)

    async def resume(self, request: web.Request) -> web.Response:
        body = await read_body(request, VersionBody)
        job_id = request.match_info["id"]
        return self._answer(await self._jobs.resume(job_id, version=body.version, by=actor_of(request)))

    async def skip(self, request: web.Request) -> web.Response:
        body = await read_body(request, SkipBody)
        at = read_instant(body.at, "at") if body.at is not None else None
        return self._answer(await self._jobs.skip(request.match_info["id"], at, by=actor_of(request)))

    async def approve(self, request: web.Request) -> web.Response:
        body = await read_body(request, ApproveBody)
        job = await self._jobs.approve(
            request.match_info["id"],
            version=body.version,
            past_at_once=body.past_at_once,
            by=actor_of(request),
        )
        return self._answer(job)

    async def ask_for_changes(self, request: web.Request) -> web.Response:
        body = await read_body(request, AskedBody)
        job = await self._jobs.ask_for_changes(
            request.match_info["id"], body.comment, version=body.version, by=actor_of(request)
        )
        return self._answer(job)

    async def restore(self, request: web.Request) -> web.Response:
        body = await read_body(request, RestoreBody)
        job = await self._jobs.restore(
            request.match_info["id"],
            body.version,
            expected=body.expected,
            by=actor_of(request),
            per_person=per_person(request),
        )
        return self._answer(job)

    async def run(self, request: web.Request) -> web.Response:
        body = await read_body(request, VersionBody)
        job_id = request.match_info["id"]
        run = await self._jobs.run_now(job_id, version=body.version, by=actor_of(request))
        return json_answer(run.to_json(), status=202)

    async def missing(self, request: web.Request) -> web.Response:
        body = await read_body(request, SpanBody)
        since, until = read_instant(body.since, "since"), read_instant(body.until, "until")
        found = await self._jobs.missing(request.match_info["id"], since, until)
        return json_answer({"instants": [to_iso(at) for at in found]})

    async def make_up(self, request: web.Request) -> web.Response:
        body = await read_body(request, InstantsBody)
        wanted = [read_instant(text, "instants") for text in body.instants]
        late = next((at for at in wanted if at > self._jobs.now()), None)
        if late is not None:
            raise ApiError(400, "bad_field", f"{to_iso(late)} has not come yet.", "instants")
        runs = await self._jobs.make_up(
            request.match_info["id"], wanted, version=body.version, by=actor_of(request)
        )
        return json_answer({"runs": [run.to_json() for run in runs]}, status=202)

    async def versions(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        found = await self._jobs.versions.of(job_id, query_int(request, "limit", 20, 1, 100))
        if not found and await self._jobs.store.job(job_id) is None:
            raise no_such_job(job_id)
        return json_answer({"versions": [version.to_json() for version in found]})

    @staticmethod
    def _answer(job: Job) -> web.Response:
        return json_answer(job.to_json())

    async def executions(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        if await self._jobs.store.job(job_id) is None:
            raise no_such_job(job_id)
        wanted = RunFilter(job_id=job_id, state=query_choice(request, "status", RunState))
        return json_answer(await run_page(self._jobs.runs, request, wanted))


def job_in(body: JobBody, timezone: str) -> Job:
    """Return the new job that a body describes; ``timezone`` is that of a body without one."""
    given = given_in(body)
    zone = check_zone(given.get("timezone"), timezone)
    return Job.from_json({"params": {}, **given, "job_id": given.get("job_id") or "", "timezone": zone})


def _write_cursor(position: Position | None) -> str | None:
    if position is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _read_cursor(text: str | None, order: JobOrder) -> Position | None:
    if text is None:
        return None
    try:
        found: Any = read_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        value, job_id = found
        kind = str if order is JobOrder.NAME else int
        if isinstance(value, bool) or not isinstance(value, kind) or not isinstance(job_id, str):
            raise ValueError
    except (ValueError, TypeError) as error:
        raise ApiError(
            400, "bad_query", "'cursor' must be the next_cursor of an earlier page.", "cursor"
        ) from error
    return value, job_id
