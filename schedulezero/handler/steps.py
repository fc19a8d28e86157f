"""Steps: effects that a job has only once per run, even after a crash.

A job function that wraps each effect in a `step` and is marked `resumable` may be called again for the same
run at any time: completed steps aren't repeated, and the function continues where it stopped.

    @resumable
    async def greet(bot, params):
        return await step("greeting", lambda plan: post(plan["text"]), plan={"text": params["text"]},
                          find=lambda plan, since: look_for(plan["text"], since))
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from schedulezero import faults
from schedulezero.errors import DatabaseUnavailable, JobFailed, Uncertain
from schedulezero.handler.journal import JOURNAL_AGAIN_SECONDS, Journal, unwritable
from schedulezero.handler.run_context import current_run
from schedulezero.model import JsonObject
from schedulezero.wire.storable import Unstorable, check

log = logging.getLogger(__name__)

_Function = TypeVar("_Function", bound=Callable[..., Any])

Do = Callable[[JsonObject], Awaitable[JsonObject]]
Find = Callable[[JsonObject, datetime], Awaitable[JsonObject | None]]


async def step(key: str, do: Do, *, plan: JsonObject | None = None, find: Find | None = None) -> JsonObject:
    """Do something once in the current run and return its result; a repeated call returns the first result.

    Parameters:
        key: Names the step within its run; at most 100 characters.
        do: Gets the plan, does it, and returns a JSON object. If it raises JobFailed, it must have had no
            effect, unless the error says ``may_have_worked``.
        plan: What to do. If the step was begun before, its first plan is used again, so that a text with a
            random word in it stays the same.
        find: Gets the plan and the instant at which an unfinished step was begun. Returns the result if the
            step took effect, None if it didn't, and raises Uncertain if it can't tell. Omit it if repeating
            the step does no harm.
    """
    run = current_run()
    if run.journal is None or run.run_id is None:
        return await do(plan or {})
    try:
        check({key: plan})
    except Unstorable as error:
        raise JobFailed(
            "The step wasn't done: its plan contains {error}.",
            retry=False,
            code="step_plan_unstorable",
            error=error.said,
        ) from error
    try:
        begun = await run.journal.begin_step(run.run_id, key, run.round, plan)
    except DatabaseUnavailable as error:
        raise JobFailed(unwritable(error), retry_after=JOURNAL_AGAIN_SECONDS) from error
    if begun.result is not None:
        return begun.result
    faults.point("step.begun")
    if begun.again and find is not None:
        found = await find(begun.plan or {}, begun.begun_at)
        if found is not None:
            _expect_storable(key, found)
            await _note(run.journal, run.run_id, key, found)
            return found
    try:
        result = await do(begun.plan or {})
    except Uncertain:
        raise
    except JobFailed as error:
        # Not for a step that was begun before: an earlier attempt may still have taken effect.
        if not begun.again and not error.may_have_worked:
            await _withdraw(run.journal, run.run_id, key)
        raise
    faults.point("step.done")
    _expect_storable(key, result)
    await _note(run.journal, run.run_id, key, result)
    run.steps.append(key)
    return result


def _expect_storable(key: str, result: JsonObject) -> None:
    """Fail a run whose step returned something the journal can't store; a retry would return the same."""
    try:
        check(result)
    except Unstorable as error:
        raise JobFailed(
            "The step {key!r} was done, but its result can't be stored: it contains {what}.",
            retry=False,
            may_have_worked=True,
            code="step_result_unstorable",
            key=key,
            what=error.said,
        ) from error


async def _withdraw(journal: Journal, run_id: str, key: str) -> None:
    try:
        await journal.withdraw_step(run_id, key)
    except DatabaseUnavailable as error:
        log.warning(
            "step %s of run %s stays begun in the journal: %s", key, run_id, error, extra={"run_id": run_id}
        )


async def _note(journal: Journal, run_id: str, key: str, result: JsonObject) -> None:
    try:
        await journal.end_step(run_id, key, result)
    except DatabaseUnavailable as error:
        # The step took effect anyway; a later call for this run finds that out, as after a crash.
        log.warning(
            "step %s of run %s was done and could not be noted: %s",
            key,
            run_id,
            error,
            extra={"run_id": run_id},
        )


def nonce(key: str) -> str | None:
    """Return 25 characters that stay the same for every attempt of a step; None outside a run.

    Discord returns the first message if a second one has the
    [same nonce](https://discord.com/developers/docs/resources/message#create-message). `post` sets it
    automatically.

    Parameters:
        key: Names the step within its run.
    """
    run = current_run()
    if run.run_id is None:
        return None
    digest = hashlib.sha256(f"{run.run_id}\n{key}\n{run.round}".encode()).digest()
    return base64.b32encode(digest).decode()[:25]
