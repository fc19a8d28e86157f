"""``POST /api/jobs/bulk`` changes many jobs of a guild, and ``POST /api/jobs/bulk-create`` creates many jobs.

Each job is done or refused alone, with a result of its own. Their writes run concurrently, so that those of
many jobs share a commit, and other requests get their turn in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from schedulezero.background import for_each
from schedulezero.model import Job, JsonObject
from schedulezero.sentences import present_fields
from schedulezero.server.api.jobs import job_in
from schedulezero.server.decisions.refusal import no_such_job
from schedulezero.server.engine.lifecycle import Jobs, created_answer
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import (
    BulkBody,
    BulkCreateBody,
    BulkEntry,
    JobBody,
    actor_of,
    checked,
    per_person,
    read_body,
)
from schedulezero.server.http.errors import EXPECTED, ApiError, refusal_of, status_of
from schedulezero.server.http.masks import Masks
from schedulezero.wire.storable import Unstorable


class BulkResource:
    """The route handlers for many jobs."""

    def __init__(self, jobs: Jobs, timezone: str, masks: Masks) -> None:
        self._jobs = jobs
        self._masks = masks
        self._timezone = timezone

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/jobs/bulk", self.apply),
            web.post("/api/jobs/bulk-create", self.create),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await read_body(request, BulkCreateBody, apart="jobs")
        by, limited = actor_of(request), per_person(request)

        async def one(placed: tuple[int, Any]) -> JsonObject:
            index, entry = placed
            try:
                if isinstance(entry, Unstorable):
                    raise ApiError(400, "bad_value", f"jobs[{index}] holds {entry}.", f"jobs.{index}")
                if not isinstance(entry, dict):
                    raise ApiError(400, "bad_json", "Each of the jobs must be a JSON object.", "jobs")
                job = job_in(checked(entry, JobBody), self._timezone)
                self._masks.check(job)
                job = await self._jobs.create(job, by=by or job.creator_id, per_person=limited)
            except EXPECTED as error:
                refusal = refusal_of(error)
                return {"status": status_of(refusal), **refusal.to_json()}
            return {"status": 201, "job": created_answer(job, self._jobs.warning_for(job.handler_id))}

        return json_answer({"results": await for_each(one, list(enumerate(body.jobs)))})

    async def apply(self, request: web.Request) -> web.Response:
        body = await read_body(request, BulkBody)
        by, limited = actor_of(request), per_person(request)
        jobs = self._jobs
        actions: dict[str, Callable[[BulkEntry], Awaitable[Job]]] = {
            "pause": lambda entry: jobs.pause(entry.job_id, version=entry.expected, by=by),
            "resume": lambda entry: jobs.resume(entry.job_id, version=entry.expected, by=by),
            "cancel": lambda entry: jobs.cancel(entry.job_id, version=entry.expected, by=by),
            "change": lambda entry: jobs.change(
                entry.job_id, entry.expected, lay_over, by=by, per_person=limited
            ),
            "restore": lambda entry: jobs.restore(
                entry.job_id, entry.version, expected=entry.expected, by=by, per_person=limited
            ),
        }
        there = await jobs.store.guilds_of([entry.job_id for entry in body.jobs])

        def lay_over(before: Job) -> Job:
            laid = {name: value for name, value in body.params.items() if name in before.params}
            return self._masks.kept(before, replace(before, params={**before.params, **laid}))

        async def one(entry: BulkEntry) -> tuple[JsonObject | None, JsonObject | None]:
            try:
                guild_id, version = there.get(entry.job_id, (None, 0))
                if guild_id != body.guild_id:
                    raise no_such_job(entry.job_id)
                after = await actions[body.action](entry)
            except EXPECTED as error:
                refusal = refusal_of(error)
                return None, {"job_id": entry.job_id, **present_fields("message", refusal.message)}
            return {"job_id": after.id, "before": version, "version": after.version}, None

        found = await for_each(one, body.jobs)
        return json_answer(
            {
                "changed": [changed for changed, _ in found if changed],
                "refused": [refused for _, refused in found if refused],
            }
        )
