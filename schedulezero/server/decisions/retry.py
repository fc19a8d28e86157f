"""Decides whether and when to retry a failed attempt. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence, read_sentence
from schedulezero.wire.storable import clean_text

MAX_ATTEMPTS = 3
BASE_DELAY = timedelta(seconds=1)
JITTER = 0.5
_LONGEST_REQUESTED_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt, as the caller saw it.

    Attributes:
        ok: whether the handler did not report a failure.
        result: the handler's answer.
        error: the reason for a failure.
        retry: False if the handler says that a retry can't help.
        retry_after: how long the handler asks to wait; such an attempt doesn't count.
        limited: whether that wait is the one of a rate limit.
        uncertain: whether the handler can't tell if the work was done.
        pause: whether the handler asks to pause the job until someone looks at it.
        progress: whether a part of the work was done, so that the run may take longer.
    """

    ok: bool
    result: JsonObject | None = None
    error: str | None = None
    retry: bool = True
    retry_after: timedelta | None = None
    limited: bool = False
    uncertain: bool = False
    pause: bool = False
    progress: bool = False


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Retry after ``delay``, or give up if that is None; ``counted`` says whether this uses up an attempt."""

    delay: timedelta | None
    counted: bool = True


def decide_retry(attempts: int, outcome: Outcome, random: Callable[[], float]) -> RetryDecision:
    """Decide what to do after a failed attempt.

    The n-th delay is ``1 s * 2**(n-1)``, times a random factor in [0.5, 1.5).

    Parameters:
        attempts: how many attempts were made, including this one.
        outcome: the outcome of this one.
        random: returns a number in [0, 1).
    """
    if not outcome.retry or outcome.uncertain:
        return RetryDecision(None)
    if outcome.retry_after is not None:
        return RetryDecision(min(outcome.retry_after, _LONGEST_REQUESTED_DELAY), counted=False)
    if attempts >= MAX_ATTEMPTS:
        return RetryDecision(None)
    factor = 1 - JITTER + 2 * JITTER * random()
    return RetryDecision(BASE_DELAY * 2 ** (attempts - 1) * factor)


def outcome_of(answer: JsonObject, *, older_form: bool = False) -> Outcome:
    """Return a handler's answer as an outcome; it is a failure only if ``success`` is false.

    Parameters:
        answer: the handler's answer.
        older_form: whether the handler registered in the older form; then ``"status": "error"`` is a failure
            as well, and ``message`` may hold the reason.
    """
    failed_in_older_form = older_form and answer.get("status") == "error"
    if answer.get("success") is not False and not failed_in_older_form:
        return Outcome(ok=True, result=answer)
    error = read_sentence(answer, "error")
    if not error and failed_in_older_form:
        error = read_sentence(answer, "message")
    return Outcome(
        ok=False,
        result=answer,
        error=clean_text(error) if error and _is_visible(error) else _no_reason(),
        retry=answer.get("retry") is not False,
        retry_after=_seconds(answer.get("retry_after")),
        limited=answer.get("limited") is True,
        uncertain=answer.get("uncertain") is True,
        pause=answer.get("pause") is True,
        progress=answer.get("progress") is True,
    )


def _is_visible(text: str) -> bool:
    return any(char.isprintable() and not char.isspace() for char in text)


def _no_reason() -> Sentence:
    return Sentence(
        "The handler said that the job failed, without giving a reason.", "handler_gave_no_reason"
    )


def _seconds(value: Any) -> timedelta | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        return None
    return timedelta(seconds=value)
