"""Dialect B of the published server: ``/api/schedule``, ``/api/schedules`` and ``/api/run_now``.

It answers field by field as that server does; ``docs/reference/rest.md`` lists what differs on purpose.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, JsonObject, Run, RunState
from schedulezero.server.api.published_runs import immediate_id
from schedulezero.server.decisions.refusal import Missing
from schedulezero.server.engine.dispatcher import Dispatcher
from schedulezero.server.engine.lifecycle import Jobs
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.http.access import LONGEST_SECONDS
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import RunNowBody, ScheduleBody, read_body
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.masks import Masks
from schedulezero.server.records.queries import JobFilter
from schedulezero.when.calendar.flat import is_raised, read_flat
from schedulezero.wire.protocol import PING

_MOST_LISTED = 10_000
RUN_NOW_SECONDS = LONGEST_SECONDS - 5
"""How long ``POST /api/run_now`` waits for a run to end before it answers that the run goes on."""


class SchedulesResource:
    """The route handlers specific to dialect B."""

    def __init__(
        self, jobs: Jobs, registry: Registry, dispatcher: Dispatcher, timezone: str, masks: Masks
    ) -> None:
        self._jobs = jobs
        self._masks = masks
        self._registry = registry
        self._dispatcher = dispatcher
        self._timezone = timezone

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/schedule", self.create),
            web.get("/api/schedules", self.list),
            web.delete("/api/schedules/{id}", self.delete),
            web.post("/api/run_now", self.run_now),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await read_body(request, ScheduleBody)
        self._expect_handler(body.handler_id, body.job_method)
        trigger = read_flat(body.trigger, self._timezone)
        job = Job(
            id=body.job_id or "",
            handler_id=body.handler_id,
            method=body.job_method,
            params=body.job_params,
            trigger=trigger,
            timezone=self._timezone,
        )
        self._masks.check(job)
        job = await self._jobs.create(
            job,
            replace_existing=True,  # this dialect's contract
            past_at_once=True,
        )
        answer: JsonObject = {"status": "success", "job_id": job.id}
        if is_raised(body.trigger, trigger):
            answer["warning"] = "The shortest interval is one second, so the job runs once a second."
        return json_answer(answer, status=201)

    async def list(self, request: web.Request) -> web.Response:
        jobs, _ = await self._jobs.store.jobs(JobFilter(), limit=_MOST_LISTED)
        live = [job for job in jobs if job.state in (JobState.ACTIVE, JobState.PAUSED)]
        listed = await asyncio.to_thread(lambda: [_schedule(job) for job in live])  # there may be thousands
        return json_answer({"schedules": listed, "count": len(live)})

    async def delete(self, request: web.Request) -> web.Response:
        schedule_id = request.match_info["id"]
        # In this dialect, deleting an unknown id succeeds.
        with contextlib.suppress(Missing):
            await self._jobs.cancel(schedule_id)
        return json_answer(
            {
                "status": "success",
                "message": f"Schedule '{schedule_id}' removed",
                "schedule_id": schedule_id,
            }
        )

    async def run_now(self, request: web.Request) -> web.Response:
        body = await read_body(request, RunNowBody)
        # Every handler answers a ping, though none registers it.
        self._expect_handler(body.handler_id, body.job_method if body.job_method != PING["method"] else None)
        now = self._jobs.now()
        run = Run(
            job_id=immediate_id(body.handler_id, body.job_method, now),
            handler_id=body.handler_id,
            method=body.job_method,
            params=body.job_params,
            scheduled_at=now,
            claimed_at=now,
        )
        reached = await self._registry.reaches(run)
        run = await self._jobs.enqueue(run)
        if not reached:
            raise _waits(run)
        try:
            async with asyncio.timeout(RUN_NOW_SECONDS):
                ended = await self._dispatcher.finished(run)
        except TimeoutError as error:
            if not await self._registry.reaches(run):  # it went away since
                raise _waits(run) from error
            raise ApiError(
                500,
                "run_not_ended",
                f"The run hasn't ended after {RUN_NOW_SECONDS:g} s. It goes on; GET /api/executions shows "
                f"its outcome under the job_id {run.job_id!r}.",
            ) from error
        if ended.state is not RunState.SUCCEEDED:
            raise ApiError(500, "run_failed", ended.error or f"The run {ended.state.value}.")
        return json_answer(
            {
                "status": "success",
                "result": dict(ended.result or {}),
                "message": f"Job executed on handler '{body.handler_id}'",
            }
        )

    def _expect_handler(self, handler_id: str, method: str | None = None) -> None:
        if not self._registry.knows(handler_id):
            raise ApiError(404, "unknown_handler", f"No handler {handler_id!r} is registered.", "handler_id")
        if method is not None:
            self._jobs.check_method(handler_id, method, "job_method")


def _waits(run: Run) -> ApiError:
    return ApiError(
        500,  # the only status that this dialect has for a call without a result
        "handler_disconnected",
        f"The handler {run.handler_id!r} isn't connected. The run waits for it until "
        f"{to_iso(run.scheduled_at + run.grace)}; GET /api/executions shows its outcome under the job_id "
        f"{run.job_id!r}.",
        "handler_id",
    )


def _schedule(job: Job) -> dict[str, object]:
    arguments = ", ".join(f"{key}={value!r}" for key, value in job.trigger.args.items())
    return {
        "id": job.id,
        "next_fire_time": job.next_run_at.isoformat() if job.next_run_at else None,
        "trigger": f"{job.trigger.type}[{arguments}]",
        "args": [job.handler_id, job.method, dict(job.params), job.id],
    }
