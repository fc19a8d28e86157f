"""Runs job functions on the host's event loop, with deadline, permission check and journal.

Async functions run on the loop, sync ones in a bounded thread pool. A call's deadline is shorter than the
caller's timeout of 30 s. Each run goes through the journal (`schedulezero.handler.journal`): a second call
for the same run waits for the first, gets its result, or resumes where it stopped. A call that names no run
gets one first (`schedulezero.handler.unnamed_calls`).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from schedulezero import faults
from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable, JobFailed
from schedulezero.handler.endable import AtMost, Endable, Turns, at_most
from schedulezero.handler.invocation import (
    Invocation,
    JobStopped,
    answer_of,
    answer_of_error,
    file_of,
    is_async,
    place_of,
)
from schedulezero.handler.journal import JOURNAL_AGAIN_SECONDS, Journal, unwritable
from schedulezero.handler.run_context import RunContext, context_of, running
from schedulezero.handler.unnamed_calls import UnnamedCalls
from schedulezero.interrupts import is_its_own
from schedulezero.methods.spec import JobFunction, MethodSpec, is_resumable
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence
from schedulezero.tracing import span
from schedulezero.wire.protocol import Call, failure

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 25.0
_BEGIN_AGAIN_SECONDS = 1.0
_TELL_SECONDS = 5.0
"""How long a call of a long run lasts before it may be answered with new progress."""
_KEPT_SECONDS = 600.0
"""How long the answer of a long run waits for the call that gets it."""
_SYNC_THREADS = 8
_MOST_UNWRITTEN = 10_000

Guard = Callable[[RunContext, MethodSpec, dict[str, Any]], Awaitable[None]]
"""Checks a run before its function is called; raises JobFailed if the run isn't allowed."""


After = Callable[[Invocation], None]
"""Called after each successful run; must not block."""
Moved = Callable[[str], None]
"""Called with a job's id when a call of a run of it begins, and when it has its answer; must not block."""


class Calls:
    """Turns calls into answers.

    Parameters:
        context: the first argument of every job function (the bot).
        journal: records runs; None to record nothing.
        guard: called before each run; None for no check.
        after: called after each successful run; None for no callback.
        moved: called when a call of a run begins and when it has its answer; None for no callback.
        wait: waits for the end of a job function.
    """

    def __init__(
        self,
        context: Any,
        journal: Journal | None,
        guard: Guard | None,
        after: After | None = None,
        moved: Moved | None = None,
        wait: AtMost = at_most,
    ) -> None:
        self._wait = wait
        self._after = after
        self._moved = moved
        self._context = context
        self._journal = journal
        self._guard = guard
        self._pool = ThreadPoolExecutor(_SYNC_THREADS, thread_name_prefix="schedulezero-job")
        self._under_way: dict[str, asyncio.Task[JsonObject]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._may_be_cancelled: set[asyncio.Task[Any]] = set()
        self._endable: set[Endable] = set()
        self.turns = Turns()
        self._in_threads: set[Future[Any]] = set()
        self._stopping = False
        self._contexts: dict[str, RunContext] = {}  # of long runs under way
        self._told: set[str] = set()  # the long runs whose callers were told to call again
        self._unwritten: dict[str, JsonObject] = {}
        self._unnamed = UnnamedCalls(journal, self._once, self._keep)

    def begin(self, invocation: Invocation) -> asyncio.Future[JsonObject]:
        """Return the future of a call's answer, which calls of the same run share; don't cancel it."""
        run_id = invocation.call.run_id
        if run_id is None:
            return self._unnamed.begin(invocation)
        task = self._under_way.get(run_id)
        if task is None:
            task = self._keep(self._once(run_id, invocation), f"run {run_id}")
            self._under_way[run_id] = task
            task.add_done_callback(lambda _: self._ended(run_id, invocation.call))
            self._tell_moved(invocation.call)
        if limit_of(invocation) <= DEADLINE_SECONDS:
            return task
        return self._keep(self._so_far(run_id, task, invocation), f"a call of run {run_id}")

    def _ended(self, run_id: str, call: Call) -> None:
        """Let go of a run; one whose caller is to call again stays for a while, so that it isn't repeated."""
        if run_id in self._told:
            asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._let_go, run_id)
        else:
            self._under_way.pop(run_id, None)
        self._tell_moved(call)

    def _let_go(self, run_id: str) -> None:
        self._told.discard(run_id)
        if (task := self._under_way.get(run_id)) is not None and task.done():
            del self._under_way[run_id]

    async def _so_far(
        self, run_id: str, task: asyncio.Task[JsonObject], invocation: Invocation
    ) -> JsonObject:
        """Return a long run's answer, or, before the caller gives up, that it goes on.

        The caller then calls again, and that doesn't count as an attempt.
        """
        told = self._said(run_id)
        for _ in range(int(DEADLINE_SECONDS / _TELL_SECONDS)):
            await asyncio.wait({task}, timeout=_TELL_SECONDS)
            if task.done():
                self._let_go(run_id)
                return task.result()
            if self._said(run_id) != told:
                break
        self._told.add(run_id)
        method, said = invocation.call.method, self._said(run_id)
        text = (
            Sentence("{method} is running: {progress}", "run_under_way", method=method, progress=said)
            if said
            else Sentence("{method} is running.", "run_under_way_silent", method=method)
        )
        return failure(text, retry_after=_BEGIN_AGAIN_SECONDS, progress=True)

    def _said(self, run_id: str) -> str | None:
        context = self._contexts.get(run_id)
        return next(iter(context.progress), None) if context is not None else None

    def _tell_moved(self, call: Call) -> None:
        if self._moved is not None and call.job_id is not None:
            self._moved(call.job_id)

    @property
    def under_way(self) -> Collection[str]:
        """The ids of the runs whose calls have no answer yet."""
        return self._under_way.keys()

    def _keep(self, work: Coroutine[Any, Any, Any], what: str) -> asyncio.Task[Any]:
        task = run_in_background(work, what, passed_on=(Exception,))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def opened(self) -> None:
        """Note that calls can arrive from now on."""
        self._unnamed.opened()

    async def finish(self) -> None:
        """Stop the calls in progress and wait until they have ended.

        Async functions are cancelled, and closed if they go on all the same. A function in a thread can't be
        stopped: `finish` waits for it and records its result, as well as results that already exist.
        Functions still waiting for a thread don't start.
        """
        self._stopping = True
        self._unnamed.stop()
        for future in list(self._in_threads):
            future.cancel()  # cancels only those that haven't started
        for task in list(self._may_be_cancelled):
            task.cancel()
        await asyncio.gather(*(work.end() for work in self._endable))
        ending = self._tasks - self._may_be_cancelled
        if ending:
            await asyncio.wait(ending, timeout=DEADLINE_SECONDS)

    def close(self) -> None:
        """Shut down the thread pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _once(self, run_id: str, invocation: Invocation) -> JsonObject:
        call, journal = invocation.call, self._journal
        resumable, unnamed = is_resumable(invocation.function), invocation.asked is not None
        pings = set[int]()
        try:
            if journal is not None:
                known = self._unwritten.get(run_id) or await journal.result(run_id)
                if known is not None:
                    return known
            if (refusal := await self._refusal(invocation, pings)) is not None:
                return refusal
            if self._stopping:
                return _not_begun(call)
            # Nobody can name an unnamed run after a crash; it is found by the note that it was begun.
            if journal is not None and (unnamed or not resumable):
                begun = await journal.begin(run_id, call.round)
                if begun.again and not resumable:
                    return failure(
                        Sentence(
                            "I was stopped while {method} was running, so it may or may not have taken "
                            "effect.",
                            "stopped_uncertain",
                            method=call.method,
                        ),
                        retry=False,
                        uncertain=True,
                    )
        except DatabaseUnavailable as error:
            log.error(
                "run %s was not begun: the journal cannot be written: %s",
                run_id,
                error,
                extra={"run_id": run_id},
            )
            return failure(unwritable(error), retry_after=JOURNAL_AGAIN_SECONDS)
        faults.point("handler.begun")
        answer = _not_begun(call) if self._stopping else await self._carry_out(invocation, journal, pings)
        faults.point("handler.done")
        if journal is not None:
            await self._note(journal, run_id, invocation, answer)
        faults.point("handler.ended")
        if self._after is not None and answer.get("success") is not False:
            self._after(invocation)
        return answer

    async def _note(self, journal: Journal, run_id: str, invocation: Invocation, answer: JsonObject) -> None:
        # A server that names no run tries again even if we say that it can't help, and the function may have
        # had a part of its effect.
        final = invocation.asked is not None and answer.get("retry") is False
        try:
            if answer.get("success") is not False or (final and not answer.get("uncertain")):
                await journal.end(run_id, answer)
            elif not is_resumable(invocation.function) and not answer.get("uncertain"):
                await journal.withdraw(run_id)
        except DatabaseUnavailable:
            # The job took effect, so this is the answer; we remember it for the lifetime of this process.
            log.exception(
                "what came of run %s could not be noted in the journal", run_id, extra={"run_id": run_id}
            )
            if len(self._unwritten) < _MOST_UNWRITTEN:
                self._unwritten[run_id] = answer

    async def _refusal(self, invocation: Invocation, pings: set[int]) -> JsonObject | None:
        """Return why the run may not start, or None; the guard fills in where its text may ping roles."""
        if self._guard is None:
            return None
        call = invocation.call
        context = context_of(call, pings=pings)
        try:
            with running(context), self._cancellable():
                await self._guard(context, invocation.spec, call.params)
        except BaseException as error:
            if not is_its_own(error):
                raise
            return answer_of_error(call, error)
        return None

    async def _carry_out(
        self, invocation: Invocation, journal: Journal | None, pings: set[int]
    ) -> JsonObject:
        call, function = invocation.call, invocation.function
        context = context_of(call, journal if is_resumable(function) else None, pings)
        if call.run_id is not None and limit_of(invocation) > DEADLINE_SECONDS:
            self._contexts[call.run_id] = context
        try:
            with span(f"run {call.method}", run_id=call.run_id or "", job_id=call.job_id or ""):
                answer = await self._within_deadline(invocation, context, journal)
        finally:
            self._contexts.pop(call.run_id or "", None)
        if log.isEnabledFor(logging.INFO) and call.run_id is not None:
            with running(context):
                log.info("%s %s", call.method, "failed" if answer.get("success") is False else "done")
        return answer

    async def _within_deadline(
        self, invocation: Invocation, context: RunContext, journal: Journal | None
    ) -> JsonObject:
        call, function = invocation.call, invocation.function
        limit = limit_of(invocation)
        with running(context):
            what, file = f"{call.method} ({place_of(function)})", file_of(function)
            work = Endable(self._result(invocation), what, self.turns, file, self._wait)
        if is_async(function):
            self._endable.add(work)
        try:
            if not await work.within(limit):
                return _too_slow(call, context, function, limit, journaled=journal is not None)
            result: Any = work.result()
        except Exception as error:  # noqa: BLE001 - a job may raise anything; the answer says what
            answer = answer_of_error(call, error)
            return {**answer, "progress": True} if context.steps and "retry_after" in answer else answer
        finally:
            self._endable.discard(work)
        return answer_of(call, result)

    async def _result(self, invocation: Invocation) -> Any:
        """Return the job function's result; any error is an Exception unless the call is cancelled."""
        try:
            return await self._call(invocation)
        except Exception:
            raise
        except BaseException as error:
            if not is_its_own(error):
                raise
            # If a task ended with this error, it would end the event loop and the bot.
            raise JobStopped(error) from error

    async def _call(self, invocation: Invocation) -> Any:
        function, params = invocation.function, invocation.params
        if is_async(function):
            return await function(self._context, params)
        context = contextvars.copy_context()
        future = self._pool.submit(context.run, _in_thread, function, self._context, params)
        self._in_threads.add(future)
        future.add_done_callback(self._in_threads.discard)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancelled():
                raise
            # It was still waiting for a thread, so nothing was done.
            method = invocation.call.method
            said = _shutting_down(method) if self._stopping else _too_busy(method)
            raise JobFailed(said, retry_after=_BEGIN_AGAIN_SECONDS) from None

    @contextmanager
    def _cancellable(self) -> Generator[None]:
        """Let `finish` cancel the current task inside this block, and only there."""
        task = asyncio.current_task()
        assert task is not None
        self._may_be_cancelled.add(task)
        try:
            yield
        finally:
            self._may_be_cancelled.discard(task)


def _in_thread(function: JobFunction, context: Any, params: dict[str, Any]) -> Any:
    try:
        return function(context, params)
    except Exception:
        raise
    except BaseException as error:
        raise JobStopped(error) from error  # neither Ctrl-C nor a cancellation reaches a thread


def _not_begun(call: Call) -> JsonObject:
    return failure(_shutting_down(call.method), retry_after=_BEGIN_AGAIN_SECONDS)


def _shutting_down(method: str) -> Sentence:
    return Sentence(
        "{method} wasn't started because the handler is shutting down.",
        "not_begun_shutting_down",
        method=method,
    )


def _too_busy(method: str) -> Sentence:
    return Sentence(
        "{method} wasn't started because all threads were busy.", "not_begun_too_busy", method=method
    )


def limit_of(invocation: Invocation) -> float:
    """Return how many seconds a run may take."""
    limit = invocation.spec.time_limit
    return limit.total_seconds() if limit is not None else DEADLINE_SECONDS


def _too_slow(
    call: Call, context: RunContext, function: JobFunction, limit: float, *, journaled: bool
) -> JsonObject:
    method, seconds = call.method, f"{limit:g}"
    if context.steps:
        # It made progress and resumes where it stopped; that doesn't count as an attempt.
        return failure(
            Sentence(
                "{method} reached its time limit of {seconds} s and will continue where it stopped.",
                "goes_on_later",
                method=method,
                seconds=seconds,
            ),
            retry_after=0.1,
            progress=True,
        )
    if journaled and not is_resumable(function):
        return failure(
            Sentence(
                "{method} took longer than {seconds} s, so it may or may not have taken effect.",
                "took_too_long_uncertain",
                method=method,
                seconds=seconds,
            ),
            retry=False,
            uncertain=True,
        )
    if is_async(function):
        return failure(
            Sentence(
                "{method} took longer than {seconds} s and was stopped.",
                "took_too_long",
                method=method,
                seconds=seconds,
            )
        )
    return failure(
        Sentence(
            "{method} took longer than {seconds} s and is still running, because a thread can't be stopped.",
            "took_too_long_in_thread",
            method=method,
            seconds=seconds,
        )
    )
