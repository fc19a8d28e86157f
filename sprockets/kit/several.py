"""Does the same in several channels, a few at a time, and tells which of them failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from schedulezero.errors import JobFailed
from schedulezero.sentences import Sentence, all_in_a_row
from sprockets.kit.results import success

T = TypeVar("T")
PEOPLE = Sentence("people", "of_people")
CHANNELS = Sentence("channels", "of_channels")
_AT_ONCE = 10
"""The most requests that one job sends at the same time; more would only queue for Discord's limit."""
_MOST_REASONS = 5


async def for_each(
    items: Sequence[T], work: Callable[[T], Awaitable[dict[str, Any]]]
) -> list[dict[str, Any] | JobFailed]:
    """Call ``work`` for each item, ten at a time, and return each one's result or its JobFailed.

    If Discord is down or asks to wait, this starts no more items and raises JobFailed. Wrap each item's work
    in a `step`, so that the next attempt doesn't repeat the finished ones.

    Parameters:
        items: The items to work on.
        work: Does the work for one item.
    """
    turns, away = asyncio.Semaphore(_AT_ONCE), list[JobFailed]()

    async def one(item: T) -> dict[str, Any] | JobFailed:
        async with turns:
            if away:
                return away[0]
            try:
                return await work(item)
            except JobFailed as error:
                if error.retry_after is not None:
                    away.append(error)
                return error

    results = await asyncio.gather(*(one(item) for item in items))
    if away:
        raise away[0]
    return results


def partly(
    done: list[dict[str, Any]], failed: list[dict[str, str]], what: str, *, of: int | None = None
) -> dict[str, Any]:
    """Return the result of a job with several parts. Raises JobFailed if none succeeded.

    Parameters:
        done: The results of the parts that succeeded.
        failed: The parts that failed, each with its ``error``.
        what: What they are, in the plural, such as `CHANNELS` or a text.
        of: How many there were in all, if some of them neither succeeded nor failed.

    Of a single one, the result or the reason is told without a count.
    """
    total = of or len(done) + len(failed)
    reasons = all_in_a_row(*[*dict.fromkeys(item["error"] for item in failed)][:_MOST_REASONS])
    if failed and not done:
        if len(failed) == 1:
            raise JobFailed(failed[0]["error"], retry=False)
        raise JobFailed(
            "Failed for all {total} {what}: {reasons}",
            retry=False,
            code="none_of_several",
            total=len(failed),
            what=what,
            reasons=reasons,
        )
    if total == 1:
        return success(Sentence("Done.", "done"), done=done)
    said = all_in_a_row(
        Sentence("Done for {count} of {total} {what}.", "done_of", count=len(done), total=total, what=what),
        Sentence("Failed: {reasons}", "failed_because", reasons=reasons) if reasons else None,
    )
    return success(said, done=done, **({"partial": True, "failed": failed} if failed else {}))
