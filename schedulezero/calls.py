"""Carries out calls of job functions on the host's event loop: deadline, rights, journal.

Async functions run on the loop, sync ones in a bounded pool of threads. A call has a deadline below the
caller's patience of 30 s. A call that names its run goes through the journal (`schedulezero.journal`): a
second one for the same run waits for the first, gets its result, or goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from schedulezero import faults
from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable
from schedulezero.invocation import Invocation, answer_of, answer_of_error, is_async
from schedulezero.journal import Journal
from schedulezero.methods import JobFunction, MethodSpec
from schedulezero.model import JsonObject
from schedulezero.protocol import Call, failure
from schedulezero.run_context import RunContext, context_of, running
from schedulezero.steps import is_resumable
from schedulezero.tracing import span

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 25.0
_JOURNAL_AGAIN_SECONDS = 5.0
_SYNC_THREADS = 8
_MOST_UNWRITTEN = 10_000

Guard = Callable[[RunContext, MethodSpec, dict[str, Any]], Awaitable[None]]
"""Looks at a run before its function is called, and raises JobFailed when it may not be done."""


After = Callable[[Invocation], None]
"""Is told of each run that was carried out well; must not wait."""


class Calls:
    """Turns calls into answers.

    Parameters:
        context: the first argument of every job function (the bot).
        journal: where runs are noted; None to note nothing.
        guard: who is asked first; None to ask nobody.
        after: who is told of good runs; None to tell nobody.
    """

    def __init__(
        self, context: Any, journal: Journal | None, guard: Guard | None, after: After | None = None
    ) -> None:
        self._after = after
        self._context = context
        self._journal = journal
        self._guard = guard
        self._pool = ThreadPoolExecutor(_SYNC_THREADS, thread_name_prefix="schedulezero-job")
        self._under_way: dict[str, asyncio.Task[JsonObject]] = {}
        self._unwritten: dict[str, JsonObject] = {}

    async def answer(self, invocation: Invocation) -> JsonObject:
        """The answer to a call; never raises but when it is cancelled."""
        run_id = invocation.call.run_id
        if self._journal is None or run_id is None:
            return await self._carry_out(invocation, None)
        task = self._under_way.get(run_id)
        if task is None:
            task = run_in_background(
                self._once(run_id, invocation, self._journal), f"run {run_id}", passed_on=(Exception,)
            )
            self._under_way[run_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(run_id, None))
        return await asyncio.shield(task)

    def cancel(self) -> None:
        """Ends what is under way; for the loop's thread."""
        for task in list(self._under_way.values()):
            task.cancel()

    def close(self) -> None:
        """Lets go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _once(self, run_id: str, invocation: Invocation, journal: Journal) -> JsonObject:
        call, resumable = invocation.call, is_resumable(invocation.function)
        try:
            known = self._unwritten.get(run_id) or await journal.result(run_id)
            if known is not None:
                return known
            if (refusal := await self._refusal(invocation)) is not None:
                return refusal
            if not resumable:
                begun = await journal.begin(run_id, call.round)
                if begun.again:
                    return failure(
                        f"I was stopped while {call.method} ran; whether it was done is not known.",
                        retry=False,
                        uncertain=True,
                    )
        except DatabaseUnavailable as error:
            log.error("run %s was not begun: the journal cannot be written: %s", run_id, error)
            return failure("My journal of runs cannot be written.", retry_after=_JOURNAL_AGAIN_SECONDS)
        faults.point("handler.begun")
        answer = await self._carry_out(invocation, journal)
        faults.point("handler.done")
        try:
            if answer.get("success") is not False:
                await journal.end(run_id, answer)
            elif not resumable and not answer.get("uncertain"):
                await journal.withdraw(run_id)
        except DatabaseUnavailable:
            # It was done, and that is the answer; it is remembered as long as this process lives.
            log.exception("what came of run %s could not be noted in the journal", run_id)
            if len(self._unwritten) < _MOST_UNWRITTEN:
                self._unwritten[run_id] = answer
        faults.point("handler.ended")
        if self._after is not None and answer.get("success") is not False:
            self._after(invocation)
        return answer

    async def _refusal(self, invocation: Invocation) -> JsonObject | None:
        if self._guard is None:
            return None
        call = invocation.call
        context = context_of(call)
        try:
            with running(context):
                await self._guard(context, invocation.spec, invocation.params)
        except Exception as error:  # noqa: BLE001 - whatever the guard raises, the function is not called
            return answer_of_error(call, error)
        return None

    async def _carry_out(self, invocation: Invocation, journal: Journal | None) -> JsonObject:
        call, function = invocation.call, invocation.function
        context = context_of(call, journal if is_resumable(function) else None)
        with span(f"run {call.method}", run_id=call.run_id or "", job_id=call.job_id or ""):
            answer = await self._within_deadline(invocation, context, journal)
        if log.isEnabledFor(logging.INFO) and call.run_id is not None:
            with running(context):
                log.info("%s %s", call.method, "failed" if answer.get("success") is False else "done")
        return answer

    async def _within_deadline(
        self, invocation: Invocation, context: RunContext, journal: Journal | None
    ) -> JsonObject:
        call, function = invocation.call, invocation.function
        deadline = asyncio.timeout(DEADLINE_SECONDS)
        try:
            async with deadline:
                with running(context):
                    result: Any = await self._result(function, invocation.params)
        except TimeoutError as error:
            if not deadline.expired():
                return answer_of_error(call, error)
            return _too_slow(call, context, function, journaled=journal is not None)
        except Exception as error:  # noqa: BLE001 - a job may raise anything; the answer says what
            return answer_of_error(call, error)
        return answer_of(call, result)

    async def _result(self, function: JobFunction, params: dict[str, Any]) -> Any:
        if is_async(function):
            found: Any = function(self._context, params)
            return await found
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: context.run(function, self._context, params)
        )


def _too_slow(call: Call, context: RunContext, function: JobFunction, *, journaled: bool) -> JsonObject:
    method, seconds = call.method, f"{DEADLINE_SECONDS:g}"
    if context.steps:
        # It came forward, and goes on where it stopped; that uses no attempt up.
        return failure(f"{method} goes on after {seconds} s.", retry_after=0.1)
    if journaled and not is_resumable(function):
        return failure(
            f"{method} took longer than {seconds} s; whether it was done is not known.",
            retry=False,
            uncertain=True,
        )
    if is_async(function):
        return failure(f"{method} took longer than {seconds} s and was stopped.")
    return failure(
        f"{method} took longer than {seconds} s and was left to itself, because a thread cannot be stopped."
    )
