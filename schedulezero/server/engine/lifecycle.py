"""The operations on jobs, shared by both dialects.

The REST resources translate requests; the rules live here. A trigger must be readable and have a future run,
a handler must offer the method, and a change takes effect from the next run and doesn't move a schedule that
it didn't touch. Each change records its author (``by``, a user's id) and is stored as a version. A person who
changes what a job does becomes its creator, in whose name it runs. Operations that make a job run accept the
version that the caller saw, so that nobody runs or approves a version they haven't seen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, JsonObject, Run, RunState
from schedulezero.model.audit import Change
from schedulezero.model.authorship import creator_after, with_asked
from schedulezero.model.limits import Allowance, is_ending, is_personal, too_often
from schedulezero.model.part import (
    LONGEST_SPAN,
    MAIN,
    MOST_LEADS,
    MOST_THENS,
    PART_ID,
    leads,
    next_part_at,
    thens,
)
from schedulezero.said_values import said_moment
from schedulezero.sentences import Sentence, present_fields
from schedulezero.server.decisions.due import next_run_of
from schedulezero.server.decisions.parts import held as held_parts
from schedulezero.server.decisions.parts import planned
from schedulezero.server.decisions.refusal import Conflict, LimitReached, Missing, Refusal, no_such_job
from schedulezero.server.engine.clock import Clock
from schedulezero.server.engine.run_queue import RunQueue
from schedulezero.server.engine.wrong_states import wrong_state
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.records.audit import Audit
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.rows import run_at
from schedulezero.server.records.versions import Versions
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.room import Admission
from schedulezero.server.store.runs import RunStore
from schedulezero.when.calendar.calendar_trigger import HOLIDAYS
from schedulezero.when.calendar.gaps import gap_below
from schedulezero.when.calendar.holidays import load as load_holidays
from schedulezero.when.calendar.skipped import held_after
from schedulezero.when.calendar.triggers import run_date, schedule_of
from schedulezero.when.calendar.weekdays import with_day_names

_CLOCK_SKEW = timedelta(seconds=5)
"""How far in the past a date may be: a client whose clock is slightly slow still considers it future."""

_ID_LENGTH = 16
_IDS_AT_ONCE = 100
_ids: list[str] = []

MOST_BACKFILLED = 100
"""The most instants that one request can backfill."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Applies the rules of jobs to a store and notifies the clock and the queue of changes."""

    store: Store
    runs: RunStore
    clock: Clock
    queue: RunQueue
    registry: Registry
    rules: Rules
    versions: Versions
    audit: Audit
    now: Callable[[], datetime]

    async def create(
        self,
        job: Job,
        *,
        replace_existing: bool = False,
        by: str | None = None,
        per_person: bool = False,
        past_at_once: bool = False,
    ) -> Job:
        """Save a new job and compute its next run. A pending job has none until it is approved.

        Parameters:
            job: the job to save.
            past_at_once: whether a date in the past runs at once instead of being refused.
            replace_existing: whether it replaces an existing job with the same id.
            by: the id of the user who asks.
            per_person: whether the per-person limit of jobs applies, too.

        Raises TriggerError when the trigger is unreadable or has no future run, LimitReached when there are
        too many jobs or this one would run too often, and Refusal when the id is taken or the handler doesn't
        offer the method.
        """
        now = self.now()
        self.check_method(job.handler_id, job.method)
        self._check_parts(job)
        if HOLIDAYS in job.trigger.args:
            await asyncio.to_thread(load_holidays)  # slow the first time
        job = replace(job, id=job.id or new_job_id(), anchor_at=now, created_at=now, updated_at=now)
        due_at = now if past_at_once and _is_past_date(job, now) else first_run(job, now)
        self._check_interval(job, now)
        next_run_at = due_at if job.state is JobState.ACTIVE else None
        job = replace(job, trigger=with_day_names(job.trigger), next_run_at=next_run_at)
        job = planned(job, now)
        admission = self._admission(per_person)
        if not await self.store.add_job(job, replace=replace_existing, by=by, admission=admission):
            raise Conflict(
                "job_exists",
                Sentence("A job with the ID {id!r} already exists.", "job_exists", id=job.id),
                "job_id",
            )
        self._wake(job)
        return job

    async def change(
        self,
        job_id: str,
        version: int | None,
        edit: Callable[[Job], Job],
        *,
        by: str | None = None,
        per_person: bool = False,
    ) -> Job:
        """Apply an edit to a job; the schedule moves only if the edit changes it.

        Parameters:
            job_id: the job to change.
            version: the version the job must be at; None for any.
            edit: returns the changed job.
            by: the id of the user who asks.
            per_person: whether the per-person limit of jobs applies, too.

        Raises Missing when the job doesn't exist or is cancelled, Conflict when it is at another version, and
        TriggerError, LimitReached and Refusal as `create` does.
        """
        now = self.now()

        def apply(before: Job) -> Job:
            if before.state is JobState.CANCELLED:
                raise no_such_job(job_id)
            expect_version(before, version)
            after = edit(before)
            after = replace(after, trigger=with_day_names(after.trigger))
            after = replace(after, creator_id=creator_after(before, after, by))
            self.check_method(after.handler_id, after.method)
            self._check_parts(after)
            if after.trigger != before.trigger:
                self._check_interval(after, now)
            moved = (after.trigger, after.timezone) != (before.trigger, before.timezone)
            if after.state is JobState.PENDING:
                if moved:
                    after = replace(after, held_until=held_after(before, after, now))
                    if after.held_until is not None:
                        first_run(after, now)  # raises if the hold leaves none
                return replace(after, next_run_at=None, updated_at=now)
            if moved:
                state = JobState.ACTIVE if before.state is JobState.FINISHED else before.state
                anchor_at = before.anchor_at if after.trigger == before.trigger else now
                after = replace(after, anchor_at=anchor_at, state=state)
                after = replace(after, held_until=held_after(before, after, now))
                due_at = first_run(after, now)
                after = replace(after, next_run_at=due_at if state is JobState.ACTIVE else None)
            return replace(after, updated_at=now)

        return await self._apply(job_id, apply, "changed", by, per_person)

    async def pause(
        self,
        job_id: str,
        until: datetime | None = None,
        *,
        version: int | None = None,
        by: str | None = None,
    ) -> Job:
        """Pause a job until an instant, or until it is resumed if there is none.

        Raises Missing when the job doesn't exist, and Conflict when its state doesn't allow it or no run
        would be left.
        """
        now = self.now()

        def hold(before: Job) -> Job:
            assert until is not None
            expect_version(before, version)
            self._expect(before, JobState.ACTIVE, "paused")
            held = replace(before, held_until=until, updated_at=now)
            next_run_at = next_run_of(held, now)
            if next_run_at is None:
                raise Conflict(
                    "never_again",
                    Sentence("That would leave no runs. Cancel the job instead.", "job_never_again"),
                )
            return held_parts(replace(held, next_run_at=next_run_at), until)

        def pause(before: Job) -> Job | None:
            expect_version(before, version)
            if before.state is JobState.PAUSED:
                return None
            self._expect(before, JobState.ACTIVE, "paused")
            return replace(before, state=JobState.PAUSED, next_run_at=None, updated_at=now)

        return await self._apply(job_id, pause if until is None else hold, "paused", by)

    async def resume(self, job_id: str, *, version: int | None = None, by: str | None = None) -> Job:
        """Resume a paused or held job from its next instant on."""
        now = self.now()

        def apply(before: Job) -> Job | None:
            expect_version(before, version)
            if before.state is JobState.ACTIVE and before.held_until is None:
                return None
            if before.state is not JobState.ACTIVE:
                self._expect(before, JobState.PAUSED, "resumed")
            return self._active_again(replace(before, held_until=None), now)

        return await self._apply(job_id, apply, "resumed", by)

    async def skip(self, job_id: str, at: datetime | None = None, *, by: str | None = None) -> Job:
        """Skip a job's next run; later runs keep their schedule.

        Parameters:
            job_id: the job.
            at: the run that the caller saw as the next one; None for whichever is next. If it is skipped
                already, nothing changes.
            by: the id of the user who asks.

        Raises Missing when the job doesn't exist, and Conflict when its state doesn't allow it, another run
        is next, or no run would be left.
        """
        now = self.now()

        def apply(before: Job) -> Job | None:
            self._expect(before, JobState.ACTIVE, "skipped")
            if at is not None and before.held_until is not None and at <= before.held_until:
                return None
            if at is not None and at != before.next_run_at:
                raise Conflict(
                    "not_next_run",
                    Sentence(
                        "That run is no longer the next one, so nothing was skipped.", "run_no_longer_next"
                    ),
                    "at",
                )
            after = replace(before, held_until=before.next_run_at, updated_at=now)
            next_run_at = next_run_of(after, now)
            if next_run_at is None:
                raise Conflict(
                    "never_again",
                    Sentence("Only one run is left. Cancel the job instead.", "job_runs_once_more"),
                )
            return replace(after, next_run_at=next_run_at)

        return await self._apply(job_id, apply, "skipped", by)

    async def approve(
        self, job_id: str, *, version: int | None = None, past_at_once: bool = False, by: str | None = None
    ) -> Job:
        """Approve a pending job.

        Parameters:
            job_id: the job to approve.
            version: the version that the approver saw; None for any.
            past_at_once: whether a date that passed while the job waited runs at once, and isn't refused.
            by: the id of the user who approves.

        Raises Conflict when it is no longer at that version, and TriggerError when it has no future run.
        """
        now = self.now()

        def apply(before: Job) -> Job:
            self._expect(before, JobState.PENDING, "approved")
            expect_version(before, version)
            after = replace(with_asked(before, None), state=JobState.ACTIVE, updated_at=now)
            past = past_at_once and _is_past_date(after, now)
            return replace(after, next_run_at=now if past else first_run(after, now))

        return await self._apply(job_id, apply, "approved", by)

    async def ask_for_changes(
        self, job_id: str, comment: str, *, version: int | None = None, by: str | None = None
    ) -> Job:
        """Send a pending job back to its author with a comment, which its meta holds until it is changed.

        The job stays pending, at a new version: an approval of the version that was read conflicts. Raises
        Conflict when it isn't pending, or no longer at the version that was read.
        """
        now = self.now()

        def apply(before: Job) -> Job:
            self._expect(before, JobState.PENDING, "sent back")
            expect_version(before, version)
            return replace(with_asked(before, comment), updated_at=now)

        return await self._apply(job_id, apply, "changes_asked", by)

    async def cancel(self, job_id: str, *, version: int | None = None, by: str | None = None) -> Job:
        """Cancel a job. It stays in the store, hidden from listings, so that it can be restored."""
        now = self.now()

        def apply(before: Job) -> Job:
            if before.state is JobState.CANCELLED:
                raise no_such_job(job_id)
            expect_version(before, version)
            return replace(before, state=JobState.CANCELLED, next_run_at=None, updated_at=now)

        return await self._apply(job_id, apply, "cancelled", by)

    async def restore(
        self,
        job_id: str,
        version: int | None = None,
        *,
        expected: int | None = None,
        by: str | None = None,
        per_person: bool = False,
    ) -> Job:
        """Restore a job to an earlier version; without one, undo its cancellation.

        Parameters:
            job_id: the job to restore.
            version: the version to go back to; None for the state before the cancellation.
            expected: the version the job must be at now, so that no later change is lost.
            by: the id of the user who asks.
            per_person: whether the per-person limit of jobs applies, too.
        """
        now = self.now()
        wanted = await self.versions.one(job_id, version) if version is not None else None
        if version is not None and wanted is None:
            raise Missing(
                "no_such_version",
                Sentence(
                    "Version {version} of the job is no longer stored.", "version_missing", version=version
                ),
                "version",
            )
        if wanted is not None and wanted.state is JobState.CANCELLED:
            raise Conflict(
                "wrong_state",
                Sentence(
                    "In version {version}, the job was cancelled. Cancel the job instead, or restore "
                    "another version.",
                    "version_cancelled",
                    version=version,
                ),
                "version",
            )
        newest = await self.versions.of(job_id, 2) if version is None else []

        def apply(before: Job) -> Job:
            expect_version(before, expected)
            if wanted is None:
                self._expect(before, JobState.CANCELLED, "restored")
                earlier = [item.job for item in newest if item.job.version == before.version - 1]
                if earlier and earlier[0].state in (JobState.PENDING, JobState.PAUSED):
                    return replace(before, state=earlier[0].state, next_run_at=None, updated_at=now)
                return self._active_again(before, now)
            kept = {"run_count": before.run_count, "waiting": before.waiting, "version": before.version}
            after = replace(wanted, **kept, updated_at=now)
            after = replace(after, creator_id=creator_after(before, after, by))
            self.check_method(after.handler_id, after.method)
            self._check_parts(after)
            if after.trigger != before.trigger:
                self._check_interval(after, now)
            if after.state in (JobState.ACTIVE, JobState.FINISHED):
                return self._active_again(after, now)
            return replace(after, next_run_at=None)

        return await self._apply(job_id, apply, "restored", by, per_person)

    async def run_now(self, job_id: str, *, version: int | None = None, by: str | None = None) -> Run:
        """Run a job once outside its schedule, as soon as its guild's limit of runs a minute allows."""
        job = await self._runnable(job_id)
        expect_version(job, version)
        now = self.now()
        note = (
            Sentence("Run on demand by <@{by}>.", "run_on_demand_by", by=by)
            if by
            else Sentence("Run on demand.", "run_on_demand")
        )
        run = run_at(job, now, now, RunState.QUEUED, note, job.run_count + 1)
        run = await self.enqueue(run, ending=is_ending(job))
        await self._note_runs(job, "run", [now], by)
        return run

    async def make_up(
        self,
        job_id: str,
        instants: Sequence[datetime],
        *,
        version: int | None = None,
        by: str | None = None,
    ) -> list[Run]:
        """Backfill instants of a job whose runs failed or were never created.

        Returns the queued runs. Instants whose run succeeded or is already queued are left alone.
        """
        job = await self._runnable(job_id)
        expect_version(job, version)
        now = self.now()
        note = (
            Sentence("Backfilled by <@{by}>.", "made_up_by", by=by)
            if by
            else Sentence("Backfilled.", "made_up")
        )
        runs = [run_at(job, at, now, RunState.QUEUED, note, job.run_count) for at in instants]
        queued = await self.runs.add_runs(runs, ending=is_ending(job), parts=job.parts)
        await self.queue.put(queued)
        if queued:
            await self._note_runs(job, "made_up", [run.scheduled_at for run in queued], by)
        return queued

    async def _note_runs(self, job: Job, action: str, instants: Sequence[datetime], by: str | None) -> None:
        changes = tuple(Change("run", None, to_iso(at)) for at in instants)
        await self.audit.add(
            action, guild_id=job.guild_id, job_id=job.id, name=job.title, actor_id=by, changes=changes
        )

    async def missing(self, job_id: str, since: datetime, until: datetime) -> list[datetime]:
        """Return the instants of a job in a time span without a successful run, at most `MOST_BACKFILLED`."""
        job = await self._runnable(job_id)
        assert job.anchor_at is not None and job.created_at is not None
        until = min(until, self.now())
        since = max(since, job.created_at)
        if since > until:
            return []
        done = await self.runs.instants_done(job_id, since, until)
        schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
        found: list[datetime] = []
        at = schedule.next_after(since - timedelta(microseconds=1))
        while at is not None and at <= until and len(found) < MOST_BACKFILLED:
            if at not in done:
                found.append(at)
            at = schedule.next_after(at)
        return found

    async def allowance(self, guild_id: str, person_id: str | None) -> Allowance:
        """Return the limits of a guild, or of a person's own jobs, and their current usage."""
        limits = self.store.limits
        used, mine, lately = await self.store.usage(guild_id, person_id, self.now())
        if is_personal(guild_id, person_id):
            return Allowance(limits, used, limits.reminders_per_person, used, lately)
        rules = self.rules.of(guild_id)
        both = (limits.jobs_per_guild, rules.most_jobs if rules is not None else None)
        most = min((limit for limit in both if limit is not None), default=None)
        return Allowance(limits, used, most, mine, lately)

    async def enqueue(self, run: Run, *, ending: bool = False) -> Run:
        """Save a run on demand and put it in the queue."""
        run = await self.runs.add_run(run, ending=ending)
        await self.queue.put([run])
        return run

    def warning_for(self, handler_id: str) -> str | None:
        """Return a warning if the handler isn't registered (yet), otherwise None."""
        if self.registry.knows(handler_id):
            return None
        return Sentence(
            "No handler {handler_id!r} is registered at the moment. The job will wait for one when it is "
            "due.",
            "handler_not_registered",
            handler_id=handler_id,
        )

    async def _runnable(self, job_id: str) -> Job:
        job = await self.store.job(job_id)
        if job is None or job.state is JobState.CANCELLED:
            raise no_such_job(job_id)
        if job.state is JobState.PENDING:
            raise Conflict(
                "wrong_state",
                Sentence(
                    "The job is waiting for approval and can't run until it's approved.",
                    "job_waits_for_approval",
                ),
                "state",
            )
        return job

    def _admission(self, per_person: bool) -> Admission:
        def own_most(guild_id: str) -> int | None:
            rules = self.rules.of(guild_id)
            return rules.most_jobs if rules is not None else None

        return Admission(self.store.limits, own_most, per_person)

    def _check_interval(self, job: Job, now: datetime) -> None:
        """Raise LimitReached if the runs of a guild's or a person's job would be too close together."""
        personal = is_personal(job.guild_id, job.creator_id)
        shortest = self.store.limits.shortest(personal)
        if job.guild_id is None or shortest is None:
            return
        assert job.anchor_at is not None
        schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
        gap = gap_below(schedule, now, shortest)
        if gap is not None:
            raise LimitReached(too_often(gap, self.store.limits, personal=personal))

    async def _apply(
        self,
        job_id: str,
        change: Callable[[Job], Job | None],
        action: str,
        by: str | None,
        per_person: bool = False,
    ) -> Job:
        admission, now = self._admission(per_person), self.now()

        def apply(before: Job) -> Job | None:
            after = change(before)
            return planned(after, now) if after is not None else None

        job = await self.store.change_job(job_id, apply, action=action, by=by, admission=admission)
        if job is None:
            raise no_such_job(job_id)
        # Jobs that belong to it may have been cancelled or restored with it.
        if job.state in (JobState.CANCELLED, JobState.PAUSED, JobState.PENDING):
            self.runs.note_cancelled()
        elif action in ("resumed", "restored", "approved"):
            self.clock.look()
        self._wake(job)
        return job

    def _wake(self, job: Job) -> None:
        self.clock.wake(job.next_run_at)
        self.clock.wake(next_part_at(job.waiting) if job.state is JobState.ACTIVE else None)

    def _active_again(self, job: Job, now: datetime) -> Job:
        next_run_at = next_run_of(job, now)
        return replace(
            job,
            state=JobState.ACTIVE if next_run_at else JobState.FINISHED,
            next_run_at=next_run_at,
            updated_at=now,
        )

    def check_method(self, handler_id: str, method: str, field: str = "method") -> None:
        """Raise Refusal if a registered handler doesn't offer the method; ``field`` names it in the error."""
        methods = self.registry.methods(handler_id)
        if methods is not None and method not in methods:
            said = (
                Sentence(
                    "The handler {handler_id!r} doesn't offer {method!r}. It offers: {offered}.",
                    "method_unknown",
                    handler_id=handler_id,
                    method=method,
                    offered=", ".join(methods),
                )
                if methods
                else Sentence(
                    "The handler {handler_id!r} doesn't offer {method!r}, nor any other method.",
                    "handler_without_methods",
                    handler_id=handler_id,
                    method=method,
                )
            )
            raise Refusal("unknown_method", said, field)

    def _check_parts(self, job: Job) -> None:
        """Raise Refusal if the parts of a job can't be kept, or its handler doesn't offer their methods."""
        ids = [part.id for part in job.parts]
        spans = [span for part in job.parts for span in (part.before, part.after) if span is not None]
        wrong = (
            len(leads(job.parts)) > MOST_LEADS
            or len(thens(job.parts)) > MOST_THENS
            or len(set(ids)) < len(ids)
            or not all(PART_ID.fullmatch(part_id) and part_id != MAIN for part_id in ids)
            or any(part.before is not None and part.after is not None for part in job.parts)
            or any(span > LONGEST_SPAN or span < timedelta() for span in spans)
            or any(part.before == timedelta() for part in job.parts)
        )
        if wrong:
            raise Refusal(
                "bad_parts",
                Sentence(
                    "A job can have at most {leads} parts before it and {thens} after it, each "
                    "within a year.",
                    "parts_unusable",
                    leads=MOST_LEADS,
                    thens=MOST_THENS,
                ),
                "parts",
            )
        for number, part in enumerate(job.parts):
            self.check_method(job.handler_id, part.method, f"parts.{number}.method")

    @staticmethod
    def _expect(job: Job, state: JobState, done: str) -> None:
        if job.state is not state:
            raise Conflict(
                "wrong_state",
                wrong_state(job.state, done),
                "state",
            )


def expect_version(job: Job, version: int | None) -> None:
    """Raise Conflict if a change was meant for another version of the job."""
    if version is not None and version != job.version:
        raise Conflict(
            "job_changed",
            Sentence(
                "The job has been changed: it is at version {version}, not {version2}.",
                "job_changed",
                version=job.version,
                version2=version,
            ),
            "version",
        )


def new_job_id() -> str:
    """Return a new id that can't be guessed and fits into a custom id."""
    if not _ids:
        # Each read lets another thread run, which may take milliseconds: a few of them must do for many jobs.
        drawn = secrets.token_hex(_ID_LENGTH // 2 * _IDS_AT_ONCE)
        _ids.extend(drawn[start : start + _ID_LENGTH] for start in range(0, len(drawn), _ID_LENGTH))
    return _ids.pop()


def _is_past_date(job: Job, now: datetime) -> bool:
    assert job.anchor_at is not None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    return job.trigger.type == "date" and schedule.next_after(now) is None


def first_run(job: Job, now: datetime) -> datetime:
    """Return the first instant of a job that is being saved, after the end of its hold.

    Raises TriggerError when there is none, and Conflict when its hold leaves none.
    """
    assert job.anchor_at is not None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    found = schedule.next_after(now)
    if found is not None:
        if job.held_until is None or job.held_until < found:
            return found
        if (kept := next_run_of(job, now)) is not None:
            return kept
        raise Conflict(
            "never_again",
            Sentence(
                "The job is on hold beyond its last run. Resume it first, or choose a later time.",
                "job_held_beyond",
            ),
        )
    if job.trigger.type == "date":
        just_now = schedule.next_after(now - _CLOCK_SKEW)
        if just_now is not None:
            return just_now
        path, zone = "trigger.args.run_date", ZoneInfo(job.trigger.zone_or(job.timezone))
        moment = run_date(job.trigger.args["run_date"], zone, path)
        raise TriggerError(
            path,
            Sentence(
                "{moment} is in the past; the scheduler's clock says {now} ({zone}).",
                "run_date_past",
                moment=said_moment(moment.astimezone(zone)),
                now=said_moment(now.astimezone(zone)),
                zone=zone.key,
            ),
        )
    raise TriggerError(
        "trigger.args",
        Sentence("This never runs: no future date matches it.", "trigger_never_due"),
    )


def created_answer(job: Job, warning: str | None) -> JsonObject:
    """Return a saved job as JSON for the API, with a warning for its creator if there is one."""
    return {**job.to_json(), **(present_fields("warning", warning) if warning else {})}
