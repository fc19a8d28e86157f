"""Sends runs to their handlers and records the outcomes.

Each handler has a worker that takes its runs in order, as many at once as the handler declared. A guild whose
runs have to wait doesn't hold up others. If a handler is offline, or doesn't offer the run's method at the
moment, the run waits without using up attempts until its grace is over; then it is missed. `retry` decides
whether a failed attempt is repeated. A handler can ask for a delay (during a Discord outage or rate limit);
that doesn't use up an attempt either. A run whose handler reports progress may take days; without any it ends
after an hour. A run that has waited too long is skipped in favor of a later run of its job, unless the job
wants all of them. Outcomes collect while earlier ones are being written, so that a burst takes only a few
transactions. At shutdown, the calls under way end first. The runs of a handler that this node can't reach are
left to the other nodes (`schedulezero.server.engine.reach`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from schedulezero import faults, instants, metrics
from schedulezero.errors import DatabaseUnavailable
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, MissedPolicy, OverlapPolicy, Run, RunState
from schedulezero.sentences import Sentence, in_a_row
from schedulezero.server.decisions.due import REPLACED
from schedulezero.server.decisions.retry import Outcome, decide_retry, outcome_of
from schedulezero.server.engine.overlap import Turns
from schedulezero.server.engine.reach import ASK_SECONDS, Reach
from schedulezero.server.engine.run_queue import RunQueue
from schedulezero.server.engine.time_check import TimeCheck
from schedulezero.server.engine.waiting_runs import May
from schedulezero.server.handlers.connection import CallLost, CallTimeout, HandlerAway
from schedulezero.server.handlers.entries import Entry
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.records.troubles import Troubles
from schedulezero.server.store.run_tags import flow_of
from schedulezero.server.store.runs import Identity, RunStore
from schedulezero.wire.protocol import encode
from schedulezero.wire.storable import clean_text

log = logging.getLogger(__name__)

_ENDINGS = {
    RunState.SUCCEEDED: Sentence("succeeded", "outcome_succeeded"),
    RunState.FAILED: Sentence("failed", "outcome_failed"),
    RunState.MISSED: Sentence("missed", "outcome_missed"),
    RunState.SKIPPED: Sentence("skipped", "outcome_skipped"),
    RunState.CANCELLED: Sentence("cancelled", "outcome_cancelled"),
    RunState.UNCERTAIN: Sentence("uncertain", "outcome_uncertain"),
}

T = TypeVar("T")

CALL_SECONDS = 30.0
_AGAIN_SECONDS = 1.0
_MOST_ERRORS = 5
"""After so many errors in a row, when it takes runs, the dispatcher fails, and the server with it."""
_ELSEWHERE_SECONDS = 0.5
_MOST_HELD_UP = 1000
"""How many runs of one handler may wait for a slot, each of another flow, before they block all others."""
_LOOK_AGAIN_SECONDS = 2.0
_LARGEST_RESULT = 64 * 1024
_CLOCK_SKEW = timedelta(seconds=30)  # between nodes
_SHORT_WAIT = timedelta(seconds=2)
_LONGEST_TOLD_WAIT = timedelta(hours=1)
_LONGEST_LIMITED = timedelta(days=1)
"""How long a rate limit may put a run off; in an outage nobody knows for how long, but a limit ends."""
_LONGEST_WORK = timedelta(days=6)  # a handler's journal keeps the steps of a run for 7 days
_PROGRESS = "progress"
_OUTCOMES = "the record of outcomes"
_LONGEST_NAP_SECONDS = 15.0  # the system may be suspended while its wall clock advances


class Dispatcher:
    """Carries out runs while it is running."""

    def __init__(
        self,
        store: RunStore,
        queue: RunQueue,
        registry: Registry,
        troubles: Troubles,
        wake: Callable[[datetime | None], None],
        time_check: TimeCheck,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._store = store
        self._queue = queue
        self._registry = registry
        self._reach = Reach(queue, registry)
        self._troubles = troubles
        self._wake = wake
        self._time_check = time_check
        self._now = now
        self._began_at = now()
        self._turns = Turns(store)
        self._pausing: set[str] = set()
        self._final: set[Identity] = set()
        """Failed runs, not yet written, whose handler said that no retry can help."""
        self._changed: list[Run] = []
        self._leaving: list[Run] = []
        """Runs to leave to the other nodes, once what is in `_changed` is written."""
        self._has_changed = asyncio.Event()
        self._clock_moved = asyncio.Event()
        self._finished: dict[Identity, asyncio.Future[Run]] = {}
        self._unwritten_since: float | None = None
        self._taken: dict[Identity, str] = {}
        """The handlers of the runs that left the queue and haven't ended, by the run's identity."""
        self._calling: dict[Identity, Run] = {}
        self._lacking: set[Identity] = set()
        """The runs that wait for an instance to offer their method, and hold up no others."""
        self._stopping = False
        self._call_ended = asyncio.Event()
        self._progress_at: dict[Identity, datetime] = {}
        """When the handler last reported progress with a run, by the run's identity."""

    async def run(self) -> None:
        """Serve every lane until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._record())
            group.create_task(self._reach.keep_asking())
            group.create_task(self._leave_while_off())
            while True:
                handler_id = await self._queue.next_lane()
                group.create_task(self._serve(handler_id, group))

    async def drain(self) -> None:
        """Begin no more calls, and wait until those under way have ended; no call takes `CALL_SECONDS`.

        The runs that wait are given back to the other nodes at once.
        """
        self._stopping = True
        await self._queue.stop_taking(self._calling)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                while self._calling:
                    self._call_ended.clear()
                    await self._call_ended.wait()
        except TimeoutError:
            # Their claims run out; given back, they would be called again while their call is under way.
            log.warning("%d calls were not answered; their runs will be called again", len(self._calling))
            self._queue.done(list(self._calling.values()))

    async def _leave_while_off(self) -> None:
        """Leave the runs that aren't called yet to the other nodes while this node's clock is wrong."""
        while True:
            await self._time_check.differs()
            await self._queue.leave(self._calling)
            await asyncio.sleep(_AGAIN_SECONDS)  # calls under way end, and what was being claimed arrives

    @property
    def running(self) -> int:
        """The number of runs whose handler is being called."""
        return len(self._calling)

    def waiting(self) -> Counter[str]:
        """Return how many runs wait in this node's memory for their handler, turn or time, by handler."""
        taken = (handler_id for identity, handler_id in self._taken.items() if identity not in self._calling)
        return self._queue.waiting() + Counter(taken)

    def look(self) -> None:
        """Make waiting runs check the time again, for example after a test moved the clock."""
        self._clock_moved.set()
        self._clock_moved = asyncio.Event()

    async def finished(self, run: Run) -> Run:
        """Wait until a run has ended and its outcome is recorded, and return the ended run."""
        future = self._finished.setdefault(run.identity, asyncio.get_running_loop().create_future())
        try:
            while not (await asyncio.wait((future,), timeout=_ELSEWHERE_SECONDS))[0]:
                known = await self._store.run(run.sequence)
                if known is not None and known.id == run.id and known.state is not RunState.QUEUED:
                    return known  # another node carried it out
            return future.result()
        finally:
            self._finished.pop(run.identity, None)

    async def _serve(self, handler_id: str, group: asyncio.TaskGroup) -> None:
        held_up: set[str] = set()

        def may(flow: str) -> bool:
            return flow not in held_up and len(held_up) < _MOST_HELD_UP

        while True:
            run = await self._take(handler_id, may)
            if run.identity in self._taken:
                continue  # lost to another node, and come back while it was still waited for here
            self._taken[run.identity] = handler_id
            await self._or_failed(run, self._begin(run, held_up, group))

    async def _take(self, handler_id: str, may: May) -> Run:
        """Return a handler's next run; one error of the database must not end what other handlers get."""
        for _ in range(_MOST_ERRORS):
            try:
                return await self._patiently(lambda: self._queue.take(handler_id, may))
            except Exception:
                log.exception("the runs of %s cannot be taken; trying again", handler_id)
                await asyncio.sleep(_AGAIN_SECONDS)
        return await self._patiently(lambda: self._queue.take(handler_id, may))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of some work with the store; retry while the database is unavailable."""
        part, outage = object(), self._store.outage
        try:
            while True:
                try:
                    result = await work()
                    outage.over(part)
                    return result
                except DatabaseUnavailable as error:
                    outage.failed(part, error)
                    await asyncio.sleep(_AGAIN_SECONDS)
                    outage.forget(part)  # the next try may wait for as long as there is no run
        finally:
            outage.forget(part)

    async def _begin(self, run: Run, held_up: set[str], group: asyncio.TaskGroup) -> None:
        """Begin a run, or let it wait for its turn, its time or its handler."""
        if not await self._patiently(lambda: self._turns.may_begin(run)):
            self._end(
                run,
                RunState.SKIPPED,
                error=Sentence("The previous run was still in progress.", "run_before_under_way"),
            )
        elif await self._patiently(lambda: self._turns.must_wait(run)):
            group.create_task(self._or_failed(run, self._in_turn(run, group)))
        elif run.not_before is not None and run.not_before > self._now():
            # It was already waiting for this instant before the server restarted.
            group.create_task(self._or_failed(run, self._later(run, group)))
        elif (entry := self._registry.free_slot(run, flow_of(run))) is not None:
            group.create_task(self._or_failed(run, self._attempt(run, entry, group)))
        else:
            # The next run of its flow waits behind it, and those of others don't. While its method isn't
            # there, which may take days, only its own job waits.
            flow = flow_of(run)
            alone = len(self._lacking) < _MOST_HELD_UP and self._registry.lacks_method(run)
            if alone:
                self._lacking.add(run.identity)
            else:
                held_up.add(flow)

            def may_go_on(_: object) -> None:
                if alone:
                    self._lacking.discard(run.identity)
                else:
                    held_up.discard(flow)
                self._queue.look(run.handler_id)

            since = run if run.not_before is None else replace(run, claimed_at=run.not_before)
            group.create_task(self._or_failed(run, self._when_there(run, since, group))).add_done_callback(
                may_go_on
            )

    async def _or_failed(self, run: Run, work: Awaitable[None]) -> None:
        """Do some work for a run; an unexpected error fails that run but doesn't stop the dispatcher."""
        try:
            await work
        except Exception as error:
            log.exception("run %s could not be carried out", run.id, extra=_about(run))
            self._end(run, RunState.FAILED, error=_not_made(error))

    async def _when_there(self, run: Run, since: Run, group: asyncio.TaskGroup) -> None:
        """Wait for the handler until the grace of ``since`` is over, then begin an attempt."""
        try:
            entry = await self._claim_slot(since)
        except HandlerAway:
            self._leave_to_others(run, since)
            return
        if entry is None:
            self._end(run, RunState.MISSED, error=self._why_missed(run))
        elif self._stopping:
            entry.give_slot(flow_of(run))
        else:
            group.create_task(self._or_failed(run, self._attempt(run, entry, group)))

    def _why_missed(self, run: Run) -> Sentence:
        if self._registry.lacks_method(run):
            return Sentence(
                "“{method}” wasn't loaded in time.", "method_not_loaded_in_time", method=run.method
            )
        return Sentence(
            "The handler {handler_id!r} didn't answer in time.", "handler_silent", handler_id=run.handler_id
        )

    def _leave_to_others(self, run: Run, since: Run) -> None:
        """Leave a run whose handler this node can't reach to the other nodes."""
        self._reach.pause(run)
        if run.not_before is None and since.claimed_at != run.claimed_at:
            # There, too, its grace begins when its turn came.
            run = replace(run, not_before=since.claimed_at)
            self._note_change(run)
        self._leaving.append(run)
        self._has_changed.set()

    async def _in_turn(self, run: Run, group: asyncio.TaskGroup) -> None:
        """Wait for the previous run of the same job, then for the handler."""
        await self._patiently(lambda: self._turns.wait(run))
        if run.not_before is not None and run.not_before > self._now():
            await self._later(run, group)
        else:
            await self._when_there(run, replace(run, claimed_at=self._now()), group)

    async def _claim_slot(self, run: Run) -> Entry | None:
        """Wait for a free slot on an instance that answers. Returns None when the grace is over first.

        Raises HandlerAway if another node may reach the handler, and this one doesn't.
        """
        give_up_at = max(_began(run), self._began_at) + run.grace
        while True:
            for entry in self._registry.candidates(run):
                try:
                    await entry.take_slot(flow_of(run), run.start_tag)
                except HandlerAway:
                    continue  # it became silent while all of its slots were in use
                if self._registry.is_current(entry) and await self._registry.answers(entry):
                    return entry
                entry.give_slot(flow_of(run))
            left = (give_up_at - self._now()).total_seconds()
            if left <= 0 and not self._time_check.is_off:
                return None
            if self._reach.lacks(run):
                raise HandlerAway(f"no instance of {run.handler_id!r} answers this node")
            longest = ASK_SECONDS if self._queue.others_alive else _LOOK_AGAIN_SECONDS
            pause = min(left, longest) if left > 0 else longest
            await self._registry.wait_for(run.handler_id, pause)

    async def _attempt(self, run: Run, entry: Entry, group: asyncio.TaskGroup) -> None:
        try:
            await self._time_check.agreed()  # or it would be judged, and called, at the wrong time
            wanted = not self._has_waited(run) or await self._patiently(lambda: self._still_wanted(run))
            if wanted and not await self._patiently(lambda: self._queue.holds(run)):
                self._drop(run)  # this node was away for so long that another one has the run
                wanted = False
            if self._stopping:
                return  # what isn't called yet is left to the other nodes, or to the next start
            outcome = await self._call(run := self._started(run), entry) if wanted else None
        finally:
            entry.give_slot(flow_of(run))
        if wanted:
            self._conclude(run, outcome, group)

    def _drop(self, run: Run) -> None:
        """Let go of a run that isn't this node's to carry out any more."""
        self._taken.pop(run.identity, None)
        self._progress_at.pop(run.identity, None)
        self._turns.end([run])
        self._queue.done([run])

    def _has_waited(self, run: Run) -> bool:
        return run.attempts > 0 or run.not_before is not None or self._waited(run) > _SHORT_WAIT

    async def _still_wanted(self, run: Run) -> bool:
        """Return whether a run that had to wait should still be carried out; end it if not."""
        told_to_wait = run.not_before is not None and not run.attempts
        if (told_to_wait or self._may_be_void(run)) and not await self._store.is_open(run):
            self._drop(run)  # its job was cancelled, or a later run replaced it
            return False
        if run.identity in self._progress_at or _is_partly_done(run):
            return True
        late = self._now() - _began(run) > run.grace
        if run.missed is MissedPolicy.SKIP and late:
            self._end(
                run, RunState.MISSED, error=Sentence("The run couldn't take place in time.", "not_in_time")
            )
            return False
        gives_way = run.missed is not MissedPolicy.ALL and run.overlap is not OverlapPolicy.WAIT
        if gives_way and (late or told_to_wait) and await self._store.has_later(run):
            self._end(run, RunState.SKIPPED, error=REPLACED)
            return False
        return True

    def _may_be_void(self, run: Run) -> bool:
        """Return whether the run's job may have been cancelled since the run was created."""
        cancelled_at, made_at = self._store.cancelled_at, run.claimed_at
        return cancelled_at is not None and (made_at is None or cancelled_at > made_at - _CLOCK_SKEW)

    def _started(self, run: Run) -> Run:
        started_at, note = self._now(), _note(run, self._waited(run))
        if _is_partly_done(run) and run.started_at is not None:  # what began then goes on
            started_at, note = run.started_at, run.note
        return replace(run, attempts=run.attempts + 1, started_at=started_at, note=note)

    def _conclude(self, run: Run, outcome: Outcome | None, group: asyncio.TaskGroup) -> None:
        if outcome is None:
            # The handler went offline between the check and the call, so this doesn't count as an attempt.
            self._queue_again(replace(run, attempts=run.attempts - 1), timedelta(), group)
        elif outcome.ok:
            self._end(run, RunState.SUCCEEDED, result=outcome.result)
        elif outcome.uncertain:
            self._end(run, RunState.UNCERTAIN, result=outcome.result, error=outcome.error)
        else:
            self._retry_or_end(run, outcome, group)

    def _retry_or_end(self, run: Run, outcome: Outcome, group: asyncio.TaskGroup) -> None:
        decision = decide_retry(run.attempts, outcome, random.random)
        if decision.delay is None:
            if outcome.pause:
                self._pausing.add(run.job_id)
            if not outcome.retry:
                self._final.add(run.identity)
            self._end(run, RunState.FAILED, result=outcome.result, error=outcome.error)
            return
        attempts = run.attempts if decision.counted else run.attempts - 1
        # Kept with the run, so that what has begun goes on after a restart as well.
        kept = {_PROGRESS: True} if outcome.progress else run.result
        again = replace(run, attempts=attempts, error=outcome.error, result=kept)
        if not decision.counted and self._now() + decision.delay > self._patience_ends(run, outcome):
            self._end(again, RunState.MISSED, result=outcome.result, error=outcome.error)
            return
        self._queue_again(again, decision.delay, group)

    def _patience_ends(self, run: Run, outcome: Outcome) -> datetime:
        """Return how long the handler may put a run off."""
        if outcome.progress:
            self._progress_at[run.identity] = self._now()
        longest = _LONGEST_LIMITED if outcome.limited else _LONGEST_TOLD_WAIT
        began, patience = _began(run), max(run.grace, longest)
        since = max(began, self._progress_at.get(run.identity, self._began_at))
        return min(since + patience, began + max(_LONGEST_WORK, patience))

    async def _call(self, run: Run, entry: Entry) -> Outcome | None:
        message: JsonObject = {
            "method": run.method,
            "params": dict(run.params),
            "run_id": run.id,
            "job_id": run.job_id,
            "attempt": run.attempts,
            "round": run.round,
            "context": {
                "timezone": run.timezone,
                "number": run.number,
                "scheduled_at": to_iso(run.scheduled_at),
                "guild_id": run.guild_id,
                "creator_id": run.creator_id,
                **({"of": to_iso(run.of), "part": run.part} if run.of is not None else {}),
            },
        }
        faults.point("dispatcher.call")
        self._calling[run.identity] = run
        try:
            answer = await entry.connection.call(message, CALL_SECONDS)
        except HandlerAway:
            entry.heard_at = 0.0
            return None
        except CallLost:
            entry.heard_at = 0.0
            return Outcome(
                ok=False, error=Sentence("The handler disconnected before it answered.", "handler_went_away")
            )
        except CallTimeout:
            if entry.instance.concurrency == 1:
                self._registry.replace_connection(entry)
            return Outcome(
                ok=False,
                error=Sentence(
                    "The handler didn't answer within {call_seconds} s.",
                    "call_timed_out",
                    call_seconds=f"{CALL_SECONDS:g}",
                ),
            )
        finally:
            self._calling.pop(run.identity, None)
            self._call_ended.set()
        entry.spoke()
        faults.point("dispatcher.answered")
        return outcome_of(answer, older_form=entry.instance.older_form)

    def _queue_again(self, run: Run, delay: timedelta, group: asyncio.TaskGroup) -> None:
        run = replace(run, not_before=self._now() + delay)
        self._note_change(run)
        group.create_task(self._or_failed(run, self._later(run, group)))

    async def _later(self, run: Run, group: asyncio.TaskGroup) -> None:
        """Wait until a run may be attempted (again), then for the handler."""
        assert run.not_before is not None
        time = asyncio.get_running_loop().time
        # Use whichever clock gets there first: the system's may be set back, and the loop's may stop while
        # the machine is suspended.
        until = time() + min(
            (run.not_before - self._now()).total_seconds(), _LONGEST_TOLD_WAIT.total_seconds()
        )
        while True:
            left = min((run.not_before - self._now()).total_seconds(), until - time())
            if left <= 0:
                break
            try:
                async with asyncio.timeout(min(left, _LONGEST_NAP_SECONDS)):
                    await self._clock_moved.wait()
            except TimeoutError:
                continue
        await self._when_there(run, replace(run, claimed_at=run.not_before), group)

    def _end(
        self, run: Run, state: RunState, *, result: JsonObject | None = None, error: str | None = None
    ) -> None:
        self._taken.pop(run.identity, None)
        self._progress_at.pop(run.identity, None)
        if state is not RunState.SUCCEEDED:
            log.warning("run %s %s: %s", run.id, state.value, error, extra=_about(run))
        ended = replace(
            run,
            state=state,
            finished_at=self._now(),
            not_before=None,
            result=_bounded(result),
            error=clean_text(error) if error is not None else None,
        )
        self._note_change(ended)

    def _waited(self, run: Run) -> timedelta:
        """Return how long the run has been ready to start."""
        return self._now() - max(run.not_before or run.scheduled_at, _began(run))

    def _note_change(self, run: Run) -> None:
        self._changed.append(run)
        self._has_changed.set()

    async def _record(self) -> None:
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            batch, self._changed = self._changed, []
            leaving, self._leaving = self._leaving, []
            try:
                left = await self._write_what_can_be(batch) if batch else []
            except asyncio.CancelledError:
                self._changed = batch + self._changed  # possibly not written; `flush` writes them again
                raise
            if not left:
                self._unwritten_since = None
                self._store.outage.over(_OUTCOMES)
                if leaving:
                    await self._hand_over(leaving)
                continue
            # A full disk or a locked file is temporary; outcomes must not be lost because of it.
            if not self._store.outage.under_way:  # else it has said so
                log.error("outcomes of %d runs could not be written; trying again", len(left))
            self._unwritten_since = self._unwritten_since or time.monotonic()
            self._changed = left + self._changed
            self._leaving = leaving + self._leaving
            await asyncio.sleep(_AGAIN_SECONDS)
            self._has_changed.set()

    async def _hand_over(self, runs: list[Run]) -> None:
        # Before others may take them, since they may come back soon.
        for run in runs:
            self._taken.pop(run.identity, None)
            self._progress_at.pop(run.identity, None)
        self._turns.end(runs)
        await self._reach.hand_over(runs)

    async def _write_what_can_be(self, batch: list[Run]) -> list[Run]:
        """Write outcomes, isolating those that the database rejects. Returns the ones left to write."""
        try:
            await self._write(batch)
        except DatabaseUnavailable as error:
            self._store.outage.failed(_OUTCOMES, error)
            return batch
        except Exception:
            if len(batch) > 1:
                middle = len(batch) // 2
                return [
                    *await self._write_what_can_be(batch[:middle]),
                    *await self._write_what_can_be(batch[middle:]),
                ]
            log.exception("the outcome of run %s cannot be written", batch[0].id, extra=_about(batch[0]))
            return await self._write_that_it_cannot_be(batch[0])
        return []

    async def _write_that_it_cannot_be(self, run: Run) -> list[Run]:
        """End a run with a plain failure because the database rejects its real outcome."""
        reason = Sentence(
            "The run is over, but its result couldn't be stored. Its outcome: {outcome}.",
            "outcome_not_storable",
            outcome=_ENDINGS.get(run.state, run.state.value),
        )
        failed = replace(
            run,
            state=RunState.FAILED,
            finished_at=run.finished_at or self._now(),
            not_before=None,
            result=None,
            error=reason,
            note=None,
        )
        try:
            await self._write([failed])
        except Exception:
            log.exception("run %s cannot be ended; trying again", run.id, extra=_about(run))
            return [run]
        return []

    @property
    def unwritten_seconds(self) -> float:
        """For how many seconds writing outcomes has failed; 0 while it works."""
        return time.monotonic() - self._unwritten_since if self._unwritten_since is not None else 0.0

    async def flush(self) -> None:
        """Write the outcomes that have collected, for example at shutdown."""
        if self._changed:
            batch, self._changed = self._changed, []
            left = await self._write_what_can_be(batch)
            if left:
                log.error("%d outcomes were not written; the next start repeats their runs", len(left))

    async def _write(self, batch: list[Run]) -> None:
        ended = {run.job_id for run in batch if run.state is not RunState.QUEUED}
        pausing = self._pausing & ended
        final = self._final & {run.identity for run in batch}
        written = await self._store.write_outcomes(batch, pausing, final, self._queue.claims(batch))
        self._wake(written.next_at)
        self._pausing -= pausing
        self._final -= final
        self._troubles.announce()
        over = [run for run in batch if run.state is not RunState.QUEUED]  # the others will be retried
        self._queue.done(over)
        self._turns.end(over)
        for run in over:
            if run.identity not in written.counted:
                said = "run %s was %s here, and belongs to another node"
                log.warning(said, run.id, run.state.value, extra=_about(run))
                continue
            metrics.note_run(run)
            waiting = self._finished.pop(run.identity, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(run)


def _began(run: Run) -> datetime:
    """Return when a run became due: at its instant, or later when it was claimed or requested later."""
    return max(run.scheduled_at, run.claimed_at or run.scheduled_at)


def _is_partly_done(run: Run) -> bool:
    """Return whether the handler has reported progress with a run that hasn't ended."""
    return run.result is not None and run.result.get(_PROGRESS) is True


def _not_made(error: Exception) -> Sentence:
    return Sentence("The scheduler couldn't make the call: “{error}”.", "call_not_made", error=error)


def _note(run: Run, waited: timedelta) -> str | None:
    if run.attempts > 0 or waited < _SHORT_WAIT:
        return run.note
    said = Sentence(
        "Waited {round} s for the handler.", "waited_for_handler", round=round(waited.total_seconds())
    )
    return in_a_row(run.note, said)


def _bounded(result: JsonObject | None) -> JsonObject | None:
    """Return a result for the history, replaced by a note if it is larger than `_LARGEST_RESULT` bytes."""
    if result is None or len(encode(result)) <= _LARGEST_RESULT:
        return result
    return {
        "truncated": Sentence(
            "The handler's answer was larger than {largest_result} bytes.",
            "result_left_out",
            largest_result=_LARGEST_RESULT,
        )
    }


def _about(run: Run) -> dict[str, str]:
    """Return the extra fields of a log record about a run."""
    return {"run_id": run.id}
