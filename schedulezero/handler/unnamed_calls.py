"""Gives each call that names no run a run, and the same one to its repetitions.

A published server's calls have no run id (`schedulezero.handler.repetitions` says how they are recognized).
From here on such a run is like any other: it is in the journal, and completed steps aren't repeated.

After a restart nothing in memory tells which calls may be repeated. For as long as a server may still repeat
a call from before, an equal call continues the last run in the journal that was begun before the restart. So
a run that isn't expected again is deleted from the journal; its steps stay there.

A function that has done some of its steps within the deadline, and would be called again, is called again at
once: a published server gives up after three attempts.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable
from schedulezero.handler import repetitions
from schedulezero.handler.invocation import Invocation, answer_of_error, stopped
from schedulezero.handler.journal import JOURNAL_AGAIN_SECONDS, Journal, unwritable
from schedulezero.handler.repetitions import RUN_IDS, Repetitions, UnnamedRun
from schedulezero.model import JsonObject
from schedulezero.wire.protocol import failure

log = logging.getLogger(__name__)

_LONGEST_CONTINUATION_SECONDS = 3600.0


class _Keep(Protocol):
    def __call__(self, work: Coroutine[Any, Any, JsonObject | None], what: str) -> asyncio.Task[Any]: ...


class UnnamedCalls:
    """Answers calls that name no run.

    Parameters:
        journal: records runs; None to record nothing.
        carry_out: carries out a run with the given id, or returns its result if it was carried out before.
        keep: starts a task that ends before the handler does.
    """

    def __init__(
        self,
        journal: Journal | None,
        carry_out: Callable[[str, Invocation], Awaitable[JsonObject]],
        keep: _Keep,
    ) -> None:
        self._journal = journal
        self._carry_out = carry_out
        self._keep = keep
        self._repetitions = Repetitions()
        self._under_way: dict[UnnamedRun, asyncio.Task[JsonObject]] = {}
        self._began_at = instants.now()
        self._recalls_until = -math.inf
        self._known: set[str] = set()  # the ids of runs that began while the journal was asked
        self._stopping = False
        self._stopped = asyncio.Event()

    def begin(self, invocation: Invocation) -> asyncio.Future[JsonObject]:
        """Return the future of a call's answer, which calls of the same run share; don't cancel it."""
        assert invocation.asked is not None
        arrived = self._repetitions.arrive(invocation.asked)
        if arrived.answer is not None:
            run_id = arrived.run.run_id
            said = "%s was called again; its run %s is not repeated"
            log.info(said, _method(invocation), run_id, extra={"run_id": run_id})
            known: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
            known.set_result(arrived.answer)
            return known
        run = arrived.run
        if arrived.begins:
            task = self._keep(self._run(run, invocation), f"a call of {_method(invocation)}")
            self._under_way[run] = task
        return self._under_way[run]

    def opened(self) -> None:
        """Note that calls can arrive from now on; some of them may repeat calls from before."""
        self._began_at = instants.now()
        self._recalls_until = repetitions.clock() + repetitions.PUBLISHED.longest_chain

    def stop(self) -> None:
        """Delete nothing from the journal any more: it is about to be closed."""
        self._stopping = True
        self._stopped.set()

    async def _run(self, run: UnnamedRun, invocation: Invocation) -> JsonObject:
        answer = stopped(invocation.call)
        try:
            answer = await self._answer_of(run, invocation)
        finally:  # a cancelled run must not stay under way
            del self._under_way[run]
            self._repetitions.ended(run, answer, repetitions.clock())
            if run.over and self._journal is not None and not self._stopping:
                self._keep(_delete(self._journal, run.run_id), f"deleting run {run.run_id}")
        return answer

    async def _answer_of(self, run: UnnamedRun, invocation: Invocation) -> JsonObject:
        asked, call = invocation.asked, invocation.call
        assert asked is not None
        try:
            if self._journal is not None and asked.at <= self._recalls_until:
                run.run_id = await self._interrupted(run, self._journal) or run.run_id
            named = replace(invocation, call=replace(call, run_id=run.run_id))
            answer = await self._carry_out(run.run_id, named)
            until = asyncio.get_running_loop().time() + _LONGEST_CONTINUATION_SECONDS
            while (pause := _pause_of(answer)) is not None and await self._may_continue(pause, until):
                answer = await self._carry_out(run.run_id, named)
        except DatabaseUnavailable as error:
            log.error("a call of %s was not begun: the journal cannot be read: %s", call.method, error)
            return failure(unwritable(error), retry_after=JOURNAL_AGAIN_SECONDS)
        except Exception as error:  # noqa: BLE001 - every call is answered
            return answer_of_error(call, error)
        return answer

    async def _may_continue(self, seconds: float, until: float) -> bool:
        """Wait as long as a run asks that made progress; return False if it may not go on then."""
        if asyncio.get_running_loop().time() + seconds > until:
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return True
        return False

    async def _interrupted(self, run: UnnamedRun, journal: Journal) -> str | None:
        """Return the id of an equal run from before the last start; each run has at most one id."""
        if run.run_id in self._known:
            return None
        since = instants.now() - timedelta(seconds=repetitions.PUBLISHED.longest_chain)
        found = await journal.begun_between(f"{RUN_IDS}{run.key}-", since, self._began_at)
        run_id = next((item for item in found if item not in self._known), None)
        self._known.add(run_id or run.run_id)
        return run_id


def _pause_of(answer: JsonObject) -> float | None:
    """Return how long a run that made progress waits for its next call; None if it has ended."""
    pause = answer.get("retry_after")
    goes_on = answer.get("success") is False and answer.get("progress") is True
    return float(pause) if goes_on and isinstance(pause, int | float) else None


async def _delete(journal: Journal, run_id: str) -> None:
    try:
        await journal.forget(run_id)
    except DatabaseUnavailable as error:
        log.warning("run %s stays in the journal: %s", run_id, error, extra={"run_id": run_id})


def _method(invocation: Invocation) -> str:
    return invocation.call.method
