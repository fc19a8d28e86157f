"""``POST /api/jobs/bulk``: one change to many jobs of a guild, each reported as changed or refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from schedulezero import metrics
from schedulezero.errors import TriggerError, ValueUnusable
from schedulezero.model import Job, JsonObject
from schedulezero.sentences import present_fields
from schedulezero.server.decisions.refusal import LimitReached, Refusal, no_such_job
from schedulezero.server.engine.lifecycle import Jobs, expect_version
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import BulkBody, BulkEntry, actor_of, per_person, read_body


class BulkResource:
    """The route handler of bulk changes. Its writes run concurrently, so that SQLite can batch commits."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.post("/api/jobs/bulk", self.apply)]

    async def apply(self, request: web.Request) -> web.Response:
        body = await read_body(request, BulkBody)
        by, limited = actor_of(request), per_person(request)
        jobs = self._jobs
        actions: dict[str, Callable[[BulkEntry], Awaitable[Job]]] = {
            "pause": lambda entry: jobs.pause(entry.job_id, by=by),
            "resume": lambda entry: jobs.resume(entry.job_id, version=entry.expected, by=by),
            "cancel": lambda entry: jobs.cancel(entry.job_id, version=entry.expected, by=by),
            "change": lambda entry: jobs.change(
                entry.job_id, entry.expected, lay_over, by=by, per_person=limited
            ),
            "restore": lambda entry: jobs.restore(
                entry.job_id, entry.version, expected=entry.expected, by=by, per_person=limited
            ),
        }

        def lay_over(before: Job) -> Job:
            laid = {name: value for name, value in body.params.items() if name in before.params}
            return replace(before, params={**before.params, **laid})

        async def one(entry: BulkEntry) -> tuple[JsonObject | None, JsonObject | None]:
            try:
                before = await self._jobs.store.job(entry.job_id)
                if before is None or before.guild_id != body.guild_id:
                    raise no_such_job(entry.job_id)
                expect_version(before, entry.expected)
                after = await actions[body.action](entry)
            except (Refusal, TriggerError, ValueUnusable) as error:
                if isinstance(error, LimitReached):
                    metrics.note_refusal(error.limit)
                return None, {"job_id": entry.job_id, **present_fields("message", error.message)}
            return {"job_id": after.id, "before": before.version, "version": after.version}, None

        found = await asyncio.gather(*(one(entry) for entry in body.jobs))
        return json_answer(
            {
                "changed": [changed for changed, _ in found if changed],
                "refused": [refused for _, refused in found if refused],
            }
        )
