"""Background tasks that have an owner: a failure is logged at once, not when the program ends.

`asyncio.create_task` keeps an exception until someone asks for it, which may be never. All background work
starts here instead, or in an `asyncio.TaskGroup`; a test enforces that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_A_TURN = 25

_tasks: set[asyncio.Task[Any]] = set()  # the event loop itself holds only weak references to tasks


def run_in_background(
    work: Coroutine[Any, Any, T],
    what: str,
    *,
    failed: Callable[[BaseException], object] | None = None,
    passed_on: tuple[type[BaseException], ...] = (),
) -> asyncio.Task[T]:
    """Start a task and return it. Its owner cancels or awaits it before the loop ends.

    Parameters:
        work: the coroutine to run.
        what: names the work in the log: "``what`` stopped".
        failed: called with the exception right after it is logged.
        passed_on: exceptions that are left to whoever awaits the task, and not logged.
    """
    task = asyncio.get_running_loop().create_task(work, name=what)
    _tasks.add(task)

    def ended(done: asyncio.Task[T]) -> None:
        _tasks.discard(done)
        error = None if done.cancelled() else done.exception()
        if error is None or isinstance(error, passed_on):
            return
        log.error("%s stopped", what, exc_info=error)
        if failed is not None:
            failed(error)

    task.add_done_callback(ended)
    return task


async def for_each(work: Callable[[T], Coroutine[Any, Any, R]], items: Sequence[T]) -> list[R]:
    """Do something for many items concurrently, and return the results in the items' order.

    It starts with a few items in each turn of the loop, so that the others on the loop get theirs.
    """
    tasks: list[asyncio.Task[R]] = []
    async with asyncio.TaskGroup() as group:
        for place, item in enumerate(items, 1):
            tasks.append(group.create_task(work(item)))
            if place % _A_TURN == 0:
                await asyncio.sleep(0)
    return [task.result() for task in tasks]
