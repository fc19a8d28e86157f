"""What may be done with jobs, whichever dialect asks for it.

The REST resources translate; the rules live here: a trigger must be readable and have a future, a
method must be one that its handler offers, a change takes effect for the very next run and moves
no schedule that it did not touch.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schedulezero.errors import TriggerError
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, JsonObject, Run
from schedulezero.server.api.errors import ApiError, no_such_job
from schedulezero.server.clock import Clock
from schedulezero.server.registry import Registry
from schedulezero.server.run_queue import RunQueue
from schedulezero.server.store import Store
from schedulezero.when.triggers import schedule_of

_CLOCK_SKEW = timedelta(seconds=5)
"""A date so little past is one that a clock slightly behind ours still calls the future."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The rules of jobs over a store, telling the clock and the queue of what changed."""

    store: Store
    clock: Clock
    queue: RunQueue
    registry: Registry
    now: Callable[[], datetime]

    async def create(self, job: Job, *, replace_existing: bool = False) -> Job:
        """Saves a new job, its next run worked out.

        Raises TriggerError for a trigger that is unreadable or has no future, and ApiError when
        the id is taken or the handler is known and does not offer the method.
        """
        now = self.now()
        self.check_method(job.handler_id, job.method)
        job = replace(job, id=job.id or new_job_id(), anchor_at=now, created_at=now, updated_at=now)
        job = replace(job, next_run_at=first_run(job, now))
        if not await self.store.add_job(job, replace=replace_existing):
            raise ApiError(409, "job_exists", f"There is a job {job.id!r} already.", "job_id")
        self.clock.wake(job.next_run_at)
        return job

    async def change(self, job_id: str, version: int | None, edit: Callable[[Job], Job]) -> Job:
        """Applies an edit; the schedule moves only if the edit touched it."""
        now = self.now()

        def apply(before: Job) -> Job:
            if before.state is JobState.CANCELLED:
                raise no_such_job(job_id)
            if version is not None and version != before.version:
                raise ApiError(
                    409,
                    "job_changed",
                    f"The job was changed meanwhile: it is at version {before.version}, not {version}.",
                    "version",
                )
            after = edit(before)
            self.check_method(after.handler_id, after.method)
            if (after.trigger, after.timezone) != (before.trigger, before.timezone):
                state = JobState.ACTIVE if before.state is JobState.FINISHED else before.state
                anchor_at = before.anchor_at if after.trigger == before.trigger else now
                after = replace(after, anchor_at=anchor_at, state=state)
                due_at = first_run(after, now)
                after = replace(after, next_run_at=due_at if state is JobState.ACTIVE else None)
            return replace(after, version=before.version + 1, updated_at=now)

        return await self._apply(job_id, apply)

    async def pause(self, job_id: str) -> Job:
        """Holds a job: it keeps its schedule and does not fall due."""

        def apply(before: Job) -> Job | None:
            if before.state is JobState.PAUSED:
                return None
            self._expect(before, JobState.ACTIVE, "paused")
            return replace(before, state=JobState.PAUSED, next_run_at=None, version=before.version + 1)

        return await self._apply(job_id, apply)

    async def resume(self, job_id: str) -> Job:
        """Lets a paused job fall due again, at its next instant from now on."""
        now = self.now()

        def apply(before: Job) -> Job | None:
            if before.state is JobState.ACTIVE:
                return None
            self._expect(before, JobState.PAUSED, "resumed")
            return self._active_again(before, now)

        return await self._apply(job_id, apply)

    async def cancel(self, job_id: str) -> Job:
        """Ends a job. It is kept, unseen, so that it can be restored."""

        def apply(before: Job) -> Job:
            if before.state is JobState.CANCELLED:
                raise no_such_job(job_id)
            return replace(before, state=JobState.CANCELLED, next_run_at=None, version=before.version + 1)

        return await self._apply(job_id, apply)

    async def restore(self, job_id: str) -> Job:
        """Undoes a cancel."""
        now = self.now()

        def apply(before: Job) -> Job:
            self._expect(before, JobState.CANCELLED, "restored")
            return self._active_again(before, now)

        return await self._apply(job_id, apply)

    async def run_now(self, job_id: str) -> Run:
        """Runs a job once, now, beside its schedule."""
        job = await self.store.job(job_id)
        if job is None or job.state is JobState.CANCELLED:
            raise no_such_job(job_id)
        return await self.enqueue(
            Run(
                job_id=job.id,
                handler_id=job.handler_id,
                method=job.method,
                params=job.params,
                scheduled_at=self.now(),
                name=job.name,
                guild_id=job.guild_id,
                grace=job.grace,
                claimed_at=self.now(),
                note="Run on demand.",
            )
        )

    async def enqueue(self, run: Run) -> Run:
        """Saves a run on demand and hands it to the queue."""
        run = await self.store.add_run(run)
        await self.queue.put([run])
        return run

    def warning_for(self, handler_id: str) -> str | None:
        """What to tell about a handler that is not there (yet)."""
        if self.registry.get(handler_id) is not None:
            return None
        return f"No handler {handler_id!r} is registered now; the job waits for one when it falls due."

    async def _apply(self, job_id: str, change: Callable[[Job], Job | None]) -> Job:
        job = await self.store.change_job(job_id, change)
        if job is None:
            raise no_such_job(job_id)
        self.clock.wake(job.next_run_at)
        return job

    def _active_again(self, job: Job, now: datetime) -> Job:
        assert job.anchor_at is not None
        schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
        next_run_at = schedule.next_after(now)
        return replace(
            job,
            state=JobState.ACTIVE if next_run_at else JobState.FINISHED,
            next_run_at=next_run_at,
            version=job.version + 1,
            updated_at=now,
        )

    def check_method(self, handler_id: str, method: str, field: str = "method") -> None:
        """Refuses a method that a registered handler does not offer; ``field`` names it in the error."""
        entry = self.registry.get(handler_id)
        if entry is not None and method not in entry.methods:
            offered = ", ".join(entry.methods) or "none at all"
            raise ApiError(
                400,
                "unknown_method",
                f"The handler {handler_id!r} does not offer {method!r}; it offers: {offered}.",
                field,
            )

    @staticmethod
    def _expect(job: Job, state: JobState, done: str) -> None:
        if job.state is not state:
            raise ApiError(
                409,
                "wrong_state",
                f"The job is {job.state.value}; only one that is {state.value} can be {done}.",
                "state",
            )


def new_job_id() -> str:
    """An id that nobody guesses and a custom id has room for."""
    return secrets.token_hex(8)


def first_run(job: Job, now: datetime) -> datetime:
    """The first instant of a job that is being saved; TriggerError when it has none."""
    assert job.anchor_at is not None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    found = schedule.next_after(now)
    if found is not None:
        return found
    if job.trigger.type == "date":
        just_now = schedule.next_after(now - _CLOCK_SKEW)
        if just_now is not None:
            return just_now
        raise TriggerError(
            "trigger.args.run_date",
            f"{job.trigger.args['run_date']!r} is in the past; the server's clock says {to_iso(now)}.",
        )
    raise TriggerError("trigger.args", "This trigger never falls due: no date from now on matches it.")


def created_answer(job: Job, warning: str | None) -> JsonObject:
    """A saved job as the API answers it, with what its creator should know."""
    return {**job.to_json(), **({"warning": warning} if warning else {})}
