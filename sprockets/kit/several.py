"""Does the same in several channels, a few at a time, and tells which of them failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from schedulezero.errors import JobFailed

T = TypeVar("T")
_AT_ONCE = 10
"""The most requests that one job sends at the same time; more would only queue for Discord's limit."""


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


def partly(done: list[dict[str, Any]], failed: list[dict[str, str]], what: str) -> dict[str, Any]:
    """Return the result of a job with several parts. Raises JobFailed if none succeeded.

    Parameters:
        done: The results of the parts that succeeded.
        failed: The parts that failed, each with its ``error``.
        what: What they are, in the plural, such as ``channels``.
    """
    total = len(done) + len(failed)
    if failed and not done:
        reasons = list(dict.fromkeys(item["error"] for item in failed))
        raise JobFailed(
            "None of {total} {what}: {reasons}",
            retry=False,
            code="none_of_several",
            total=total,
            what=what,
            reasons=reasons[0] if len(reasons) == 1 else "; ".join(reasons),
        )
    result: dict[str, Any] = {"success": True, "done": done, "message": f"{len(done)} of {total} {what}"}
    if failed:
        result["partial"] = True
        result["failed"] = failed
    return result
