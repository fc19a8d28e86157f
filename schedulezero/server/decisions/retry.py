"""A failed attempt → a decision: again, and when, or not. Pure."""

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
    """What one attempt came to, as the caller saw it.

    Attributes:
        ok: the handler did not say that it failed.
        result: its answer.
        error: the reason when it failed.
        retry: False when the handler says that trying again cannot help.
        retry_after: how long the handler asks to wait; such an attempt is not counted.
        uncertain: the handler cannot tell whether it was done.
        pause: the handler asks to hold the job until somebody looks at it.
    """

    ok: bool
    result: JsonObject | None = None
    error: str | None = None
    retry: bool = True
    retry_after: timedelta | None = None
    uncertain: bool = False
    pause: bool = False


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Try again after ``delay``, or give up when that is None; ``counted`` uses an attempt up."""

    delay: timedelta | None
    counted: bool = True


def decide_retry(attempts: int, outcome: Outcome, random: Callable[[], float]) -> RetryDecision:
    """Decides what follows a failed attempt.

    The n-th delay is ``1 s * 2**(n-1)``, times a random factor in [0.5, 1.5).

    Parameters:
        attempts: how many attempts were made, this one included.
        outcome: what this one came to.
        random: a number in [0, 1).
    """
    if not outcome.retry or outcome.uncertain:
        return RetryDecision(None)
    if outcome.retry_after is not None:
        return RetryDecision(min(outcome.retry_after, _LONGEST_REQUESTED_DELAY), counted=False)
    if attempts >= MAX_ATTEMPTS:
        return RetryDecision(None)
    factor = 1 - JITTER + 2 * JITTER * random()
    return RetryDecision(BASE_DELAY * 2 ** (attempts - 1) * factor)


def outcome_of(answer: JsonObject) -> Outcome:
    """A handler's answer as an outcome: failed only when ``success`` is false."""
    if answer.get("success") is not False:
        return Outcome(ok=True, result=answer)
    error = read_sentence(answer, "error")
    return Outcome(
        ok=False,
        result=answer,
        error=clean_text(error) if error else _no_reason(),
        retry=answer.get("retry") is not False,
        retry_after=_seconds(answer.get("retry_after")),
        uncertain=answer.get("uncertain") is True,
        pause=answer.get("pause") is True,
    )


def _no_reason() -> Sentence:
    return Sentence("The handler said that the job failed, without a reason.", "handler_gave_no_reason")


def _seconds(value: Any) -> timedelta | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        return None
    return timedelta(seconds=value)
