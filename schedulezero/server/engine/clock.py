"""What is due becomes runs. The whole loop, in order:

1. claim the jobs that are due, a batch at a time: one transaction writes a run for each instant
   and moves the job on to its next one, so that an instant runs once whatever happens;
2. hand the runs to the queue;
3. when nothing more is due, sleep until the next job is, or until an earlier one is saved.

While it sleeps it asks nobody. It looks at the wall clock now and then, because a laptop that
slept or a clock that was set wakes no timer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from schedulezero import faults, instants, metrics
from schedulezero.errors import DatabaseUnavailable, TriggerError
from schedulezero.instants import from_microseconds
from schedulezero.model import Job
from schedulezero.model.limits import is_ending
from schedulezero.sentences import Sentence
from schedulezero.server.decisions.due import Due, decide_due, obey
from schedulezero.server.engine.run_queue import RunQueue
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.troubles import Troubles
from schedulezero.server.store.jobs import Store
from schedulezero.when.calendar.triggers import schedule_of

log = logging.getLogger(__name__)

FIRST_BATCH = 50
BATCH = 200
"""Jobs that are claimed in one transaction: few at first, which are on their way while more are claimed."""
_LONGEST_SLEEP_SECONDS = 15.0
_AGAIN_SECONDS = 1.0
_OTHERS_SECONDS = 0.05


class Clock:
    """Claims due jobs as long as it runs.

    Parameters:
        store: where jobs and runs are.
        queue: who takes the runs.
        rules: what guilds forbid.
        troubles: the outbox, whose readers are told when something was written.
        now: tells the present instant; a test moves it.
    """

    def __init__(
        self,
        store: Store,
        queue: RunQueue,
        rules: Rules,
        troubles: Troubles,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._store = store
        self._queue = queue
        self._rules = rules
        self._troubles = troubles
        self._now = now
        self._next_at: datetime | None = None
        self._earlier = asyncio.Event()
        self._stuck_since: float | None = None

    def wake(self, next_run_at: datetime | None) -> None:
        """Tells the clock of a job that was saved; it wakes when that is earlier than it planned."""
        if next_run_at is None:
            return
        if self._next_at is None or next_run_at < self._next_at:
            self._next_at = next_run_at
            self._earlier.set()

    def look(self) -> None:
        """Makes it look at once whether something is due, as after its time was moved."""
        self._earlier.set()

    def heard(self, microseconds: str | None) -> None:
        """Is told of a job that another node saved, or that something may have been missed."""
        self.wake(from_microseconds(int(microseconds)) if microseconds else self._now())

    @property
    def stuck_seconds(self) -> float:
        """For how long due jobs could not be claimed; 0 while they can."""
        return time.monotonic() - self._stuck_since if self._stuck_since is not None else 0.0

    async def run(self) -> None:
        """Claims and sleeps until cancelled."""
        batch = FIRST_BATCH
        while True:
            # A claim may not see what is saved meanwhile: whoever tells of it is heard.
            self._earlier.clear()
            self._next_at = None
            try:
                runs, next_at = await self._store.claim_due(
                    self._now(), batch, self._decide, self._rules.most_an_hour
                )
            except DatabaseUnavailable as error:
                self._stuck_since = self._stuck_since or time.monotonic()
                # A full disk or a lock passes. What was committed all the same is found in the store.
                log.error("due jobs cannot be claimed; trying again: %s", error)
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._recover()
                continue
            self._stuck_since = None
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
            log.error("the store cannot be read: %s", error)

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
            due = decide_due(job, schedule, self._now())
            return due if is_ending(job) else obey(due, self._rules.of(job.guild_id))
        except (TriggerError, ArithmeticError, ValueError):
            # It was valid when it was saved; a zone may since have left the system's database. Whatever it
            # is, it must not stop the clock for the jobs of others.
            log.exception("job %s has an unusable trigger; it runs once more and not again", job.id)
            assert job.next_run_at is not None
            return Due(
                (job.next_run_at,),
                (),
                None,
                Sentence("Its trigger can't be read any more. Edit the job.", "trigger_unreadable"),
            )
