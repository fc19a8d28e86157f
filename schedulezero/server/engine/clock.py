"""Turns due jobs into runs. The whole loop, in order:

1. claim the due jobs, a batch at a time: one transaction writes a run for each instant and moves the job
   on to its next instant, so that each instant gets one run even after a crash;
2. hand the runs to the queue;
3. when nothing more is due, sleep until the next job is due or an earlier one is saved.

While it sleeps it doesn't query the database. If a job is waiting, it checks the wall clock at least every
15 s, because timers don't notice that the machine was suspended or its clock was set.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from schedulezero import faults, instants, metrics
from schedulezero.errors import DatabaseUnavailable, TriggerError
from schedulezero.instants import from_microseconds
from schedulezero.model import Job
from schedulezero.model.limits import is_ending
from schedulezero.sentences import Sentence
from schedulezero.server.decisions.due import Due, decide_due, obey
from schedulezero.server.decisions.parts import due_parts
from schedulezero.server.engine.run_queue import RunQueue
from schedulezero.server.engine.time_check import ClockOff, TimeCheck
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.troubles import Troubles
from schedulezero.server.store.jobs import Store
from schedulezero.when.calendar.triggers import schedule_of

log = logging.getLogger(__name__)

_PART = "the clock"

FIRST_BATCH = 50
BATCH = 200
"""The most jobs to claim in one transaction. The first batch is small so that its runs start sooner."""
_LONGEST_SLEEP_SECONDS = 15.0
_AGAIN_SECONDS = 1.0
_OTHERS_SECONDS = 0.05


class Clock:
    """Claims due jobs while it runs.

    Parameters:
        store: the jobs and runs.
        queue: receives the runs.
        rules: the guilds' rules.
        troubles: the outbox; the clock wakes its readers after each claim.
        time_check: compares this node's clock with the database's.
        now: returns the current instant; tests replace it.
    """

    def __init__(
        self,
        store: Store,
        queue: RunQueue,
        rules: Rules,
        troubles: Troubles,
        time_check: TimeCheck,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._time_check = time_check
        self._store = store
        self._queue = queue
        self._rules = rules
        self._troubles = troubles
        self._now = now
        self._next_at: datetime | None = None
        self._earlier = asyncio.Event()
        self._stuck_since: float | None = None

    def wake(self, next_run_at: datetime | None) -> None:
        """Wake the clock for a saved job if that is due earlier than the next job the clock knows of."""
        if next_run_at is None:
            return
        if self._next_at is None or next_run_at < self._next_at:
            self._next_at = next_run_at
            self._earlier.set()

    def look(self) -> None:
        """Check for due jobs at once, for example after a test moved the clock."""
        self._earlier.set()

    def heard(self, microseconds: str | None) -> None:
        """Handle a signal that another node saved a job; None means that signals may have been lost."""
        self.wake(from_microseconds(int(microseconds)) if microseconds else self._now())

    @property
    def stuck_seconds(self) -> float:
        """For how many seconds claiming due jobs has failed; 0 while it works."""
        return time.monotonic() - self._stuck_since if self._stuck_since is not None else 0.0

    async def run(self) -> None:
        """Claim due jobs and sleep in between, until cancelled."""
        batch = FIRST_BATCH
        while True:
            # Reset before the claim: a job saved during the claim may not be in it, but its wake-up counts.
            self._earlier.clear()
            self._next_at = None
            try:
                runs, next_at = await self._store.claim_due(
                    self._now(), batch, self._decide, self._rules.most_an_hour, self._time_check.check
                )
            except ClockOff as error:
                log.error("nothing is claimed: %s", error)
                await self._time_check.agreed()
                continue
            except DatabaseUnavailable as error:
                self._stuck_since = self._stuck_since or time.monotonic()
                # A full disk or a lock is temporary. If the commit succeeded after all, recovery finds the
                # runs.
                self._store.outage.failed(_PART, error)
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._recover()
                continue
            self._stuck_since = None
            self._store.outage.over(_PART)
            faults.point("clock.claimed")
            self._troubles.announce()
            metrics.HELD_BACK.inc(sum(run.not_before is not None for run in runs))
            if not runs and next_at is not None and next_at <= self._now():
                await asyncio.sleep(_OTHERS_SECONDS)  # another node is claiming it
            self.wake(next_at)
            await self._queue.put(runs)
            batch = min(2 * batch, BATCH) if len(runs) >= batch else FIRST_BATCH
            await self._sleep_until_due()

    async def _recover(self) -> None:
        try:
            await self._queue.recover()
        except DatabaseUnavailable as error:
            self._store.outage.failed(_PART, error)

    async def _sleep_until_due(self) -> None:
        while (wait := self._seconds_left()) is None or wait > 0:
            timeout = min(wait, _LONGEST_SLEEP_SECONDS) if wait is not None else None
            try:
                async with asyncio.timeout(timeout):
                    await self._earlier.wait()
                self._earlier.clear()
            except TimeoutError:
                continue

    def _seconds_left(self) -> float | None:
        if self._next_at is None:
            return None
        return (self._next_at - self._now()).total_seconds()

    def _decide(self, job: Job) -> Due:
        assert job.anchor_at is not None
        try:
            schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
            now, rules = self._now(), self._rules.of(job.guild_id)
            if job.next_run_at is None or job.next_run_at > now:  # only a part of it is due
                return Due((), (), job.next_run_at, parts=due_parts(job, rules, now))
            due = decide_due(job, schedule, now)
            if is_ending(job):
                return due
            return replace(obey(due, rules, job), parts=due_parts(job, rules, now))
        except (TriggerError, ArithmeticError, ValueError):
            # The trigger was valid when it was saved; its zone may have been removed from the system's time
            # zone database since. One bad job must not stop the clock for all the others.
            log.exception("job %s has an unusable trigger; it runs once more and not again", job.id)
            return Due(
                (job.next_run_at,) if job.next_run_at is not None else (),
                (),
                None,
                Sentence("Its trigger can't be read any more. Edit the job.", "trigger_unreadable"),
            )
