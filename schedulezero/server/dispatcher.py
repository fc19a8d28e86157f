"""A run → the handler → its outcome.

Each handler has a worker that takes its runs in order and as many at once as the handler declared.
A handler that is away is waited for, without using attempts up, until the run's grace is over;
then the run is missed. A failed attempt is tried again as `retry` decides. Outcomes gather while
the last ones are being written, so that a burst is committed in a few transactions.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Run, RunState
from schedulezero.protocol import encode
from schedulezero.server.connection import CallTimeout, HandlerAway
from schedulezero.server.registry import Entry, Registry
from schedulezero.server.retry import Outcome, decide_retry, outcome_of
from schedulezero.server.run_queue import RunQueue
from schedulezero.server.store import Store
from schedulezero.server.troubles import Troubles
from schedulezero.server.turns import Turns

log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 2.0
_LARGEST_RESULT = 64 * 1024
_SHORT_WAIT = timedelta(seconds=2)


class Dispatcher:
    """Carries runs out as long as it runs."""

    def __init__(
        self,
        store: Store,
        queue: RunQueue,
        registry: Registry,
        troubles: Troubles,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._store = store
        self._queue = queue
        self._registry = registry
        self._troubles = troubles
        self._now = now
        self._turns = Turns()
        self._changed: list[Run] = []
        self._has_changed = asyncio.Event()
        self._finished: dict[int, asyncio.Future[Run]] = {}
        self.running = 0

    async def run(self) -> None:
        """Serves every lane until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._record())
            while True:
                handler_id = await self._queue.next_lane()
                group.create_task(self._serve(handler_id, group))

    async def finished(self, run: Run) -> Run:
        """Waits until that run has ended and its outcome is recorded, and returns how."""
        return await self._finished.setdefault(run.sequence, asyncio.get_running_loop().create_future())

    async def _serve(self, handler_id: str, group: asyncio.TaskGroup) -> None:
        while True:
            run = await self._queue.take(handler_id)
            if not self._turns.begin(run):
                self._end(run, RunState.SKIPPED, error="The run before it was still under way.")
                continue
            if self._turns.must_wait(run):
                group.create_task(self._in_turn(run, group))
                continue
            entry = await self._claim_slot(run)
            if entry is None:
                self._end(run, RunState.MISSED, error=f"The handler {handler_id!r} did not answer in time.")
                continue
            group.create_task(self._attempt(run, entry, group))

    async def _in_turn(self, run: Run, group: asyncio.TaskGroup) -> None:
        """Waits for the run before of the same job, then for the handler."""
        await self._turns.wait(run)
        entry = await self._claim_slot(replace(run, claimed_at=self._now()))
        if entry is None:
            self._end(run, RunState.MISSED, error=f"The handler {run.handler_id!r} did not answer in time.")
        else:
            group.create_task(self._attempt(run, entry, group))

    async def _claim_slot(self, run: Run) -> Entry | None:
        """Waits until the handler answers and has a free slot; None when the grace is over first."""
        began = max(run.scheduled_at, run.claimed_at or run.scheduled_at)
        give_up_at = began + run.grace
        while True:
            known = self._registry.get(run.handler_id)
            if known is not None:
                await known.slots.acquire()
                entry = await self._registry.reachable(run.handler_id)
                if entry is known:
                    return entry
                known.slots.release()
            left = (give_up_at - self._now()).total_seconds()
            if left <= 0:
                return None
            await self._registry.wait_for(run.handler_id, min(left, _LOOK_AGAIN_SECONDS))

    async def _attempt(self, run: Run, entry: Entry, group: asyncio.TaskGroup) -> None:
        if (run.attempts or self._waited(run) > _SHORT_WAIT) and not await self._store.is_open(run):
            entry.slots.release()  # its job was cancelled while it waited
            self._turns.end(run)
            return
        try:
            await self._attempt_open(run, entry, group)
        except Exception as error:
            # A defect of ours must end this run and not the dispatcher.
            log.exception("run %s could not be carried out", run.id)
            self._end(run, RunState.FAILED, error=f"The server could not make the call: {error}")

    async def _attempt_open(self, run: Run, entry: Entry, group: asyncio.TaskGroup) -> None:
        started_at = self._now()
        note = _note(run, self._waited(run))
        run = replace(run, attempts=run.attempts + 1, started_at=started_at, note=note)
        self.running += 1
        try:
            outcome = await self._call(run, entry)
        finally:
            self.running -= 1
            entry.slots.release()
        if outcome is None:
            # It went away between our look and our call, which used no attempt up.
            await self._queue_again(replace(run, attempts=run.attempts - 1), timedelta(), group)
        elif outcome.ok:
            self._end(run, RunState.SUCCEEDED, result=outcome.result)
        else:
            decision = decide_retry(run.attempts, outcome, random.random)
            if decision.delay is None:
                self._end(run, RunState.FAILED, result=outcome.result, error=outcome.error)
            else:
                attempts = run.attempts if decision.counted else run.attempts - 1
                again = replace(run, attempts=attempts, error=outcome.error)
                await self._queue_again(again, decision.delay, group)

    async def _call(self, run: Run, entry: Entry) -> Outcome | None:
        message: JsonObject = {
            "method": run.method,
            "params": dict(run.params),
            "run_id": run.id,
            "job_id": run.job_id,
            "attempt": run.attempts,
            "context": {
                "timezone": run.timezone,
                "number": run.number,
                "scheduled_at": to_iso(run.scheduled_at),
                "guild_id": run.guild_id,
            },
        }
        try:
            answer = await entry.connection.call(message, CALL_SECONDS)
        except HandlerAway:
            entry.heard_at = 0.0
            return None
        except CallTimeout:
            if entry.concurrency == 1:
                self._registry.replace_connection(entry)
            return Outcome(ok=False, error=f"The handler did not answer within {CALL_SECONDS:g} s.")
        entry.heard()
        return outcome_of(answer)

    async def _queue_again(self, run: Run, delay: timedelta, group: asyncio.TaskGroup) -> None:
        run = replace(run, not_before=self._now() + delay)
        self._note_change(run)

        async def later() -> None:
            await asyncio.sleep(delay.total_seconds())
            entry = await self._claim_slot(replace(run, claimed_at=run.not_before))
            if entry is None:
                self._end(run, RunState.MISSED, error=f"The handler {run.handler_id!r} went away.")
            else:
                group.create_task(self._attempt(run, entry, group))

        group.create_task(later())

    def _end(
        self, run: Run, state: RunState, *, result: JsonObject | None = None, error: str | None = None
    ) -> None:
        self._turns.end(run)
        if state is not RunState.SUCCEEDED:
            log.warning("run %s %s: %s", run.id, state.value, error)
        ended = replace(
            run, state=state, finished_at=self._now(), not_before=None, result=_bounded(result), error=error
        )
        self._note_change(ended)

    def _waited(self, run: Run) -> timedelta:
        """How long the run has been ready to go."""
        return self._now() - max(run.not_before or run.scheduled_at, run.claimed_at or run.scheduled_at)

    def _note_change(self, run: Run) -> None:
        self._changed.append(run)
        self._has_changed.set()

    async def _record(self) -> None:
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            batch, self._changed = self._changed, []
            try:
                await self._write(batch)
            except Exception:
                # A full disk or a locked file passes; what became of the runs must not be lost by it.
                log.exception("outcomes of %d runs could not be written; trying again", len(batch))
                self._changed = batch + self._changed
                await asyncio.sleep(1)
                self._has_changed.set()

    async def flush(self) -> None:
        """Writes the outcomes that have gathered, as before the end."""
        if self._changed:
            batch, self._changed = self._changed, []
            await self._write(batch)

    async def _write(self, batch: list[Run]) -> None:
        await self._store.record(batch)
        self._troubles.announce()
        for run in batch:
            if run.state is RunState.QUEUED:
                continue  # it is to be tried again
            waiting = self._finished.pop(run.sequence, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(run)


def _note(run: Run, waited: timedelta) -> str | None:
    if run.attempts > 0 or waited < _SHORT_WAIT:
        return run.note
    said = f"Waited {round(waited.total_seconds())} s for the handler."
    return f"{run.note} {said}" if run.note else said


def _bounded(result: JsonObject | None) -> JsonObject | None:
    """A result as the history keeps it: whole, unless it is unreasonably large."""
    if result is None or len(encode(result)) <= _LARGEST_RESULT:
        return result
    return {"truncated": f"The handler's answer was larger than {_LARGEST_RESULT} bytes."}
