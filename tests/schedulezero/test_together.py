"""Work for many at once: who comes meanwhile is served together, and each gets their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from schedulezero.errors import DatabaseUnavailable
from schedulezero.storage.batching import Together


async def test_who_comes_meanwhile_is_served_together() -> None:
    batches: list[list[int]] = []
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await go.wait()
        return [item * 10 for item in items]

    together = Together(work, most=3)
    first = asyncio.create_task(together.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.ask(number)) for number in range(2, 7)]
    await asyncio.sleep(0)
    go.set()
    assert [await task for task in (first, *others)] == [10, 20, 30, 40, 50, 60]
    assert batches == [[1], [2, 3, 4], [5, 6]]


async def test_a_failure_belongs_to_those_who_asked_then() -> None:
    async def work(items: Sequence[int]) -> list[int]:
        if 1 in items:
            raise ValueError("one")
        return list(items)

    together = Together(work)
    with pytest.raises(ValueError, match="one"):
        await together.ask(1)
    assert await together.ask(2) == 2


async def test_one_that_gave_up_keeps_nobody_from_an_answer() -> None:
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        return list(items)

    together = Together(work)
    gone, stays = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    go.set()
    assert await stays == 2


async def test_one_whose_item_is_at_fault_fails_alone() -> None:
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        if 5 in items:
            raise ValueError("five")
        return [item * 10 for item in items]

    together = Together(work)
    tasks = [asyncio.create_task(together.ask(number)) for number in range(9)]
    await asyncio.sleep(0)
    go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [item for item in found if not isinstance(item, ValueError)] == [0, 10, 20, 30, 40, 60, 70, 80]


async def test_closing_waits_for_those_who_asked() -> None:
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        return list(items)

    together = Together(work, most=1)
    await together.close()  # nobody has asked yet
    tasks = [asyncio.create_task(together.ask(number)) for number in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(together.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go.set()
    await closing
    assert await asyncio.gather(*tasks) == [0, 1, 2]


async def test_nobody_waits_for_work_that_was_cancelled() -> None:
    started = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        started.set()
        await asyncio.Event().wait()
        return list(items)

    together = Together(work, most=2)
    tasks = [asyncio.create_task(together.ask(number)) for number in range(5)]
    await started.wait()
    (working,) = (task for task in asyncio.all_tasks() if task.get_name() == "work done together")
    working.cancel()  # as a loop does that ends
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    started.clear()
    again = asyncio.create_task(together.ask(9))
    await started.wait()
    again.cancel()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_nobody_waits_twice_for_a_database_that_is_away() -> None:
    go = asyncio.Event()
    asked: list[int] = []

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        asked.append(len(items))
        raise DatabaseUnavailable("away")

    together = Together(work)
    tasks = [asyncio.create_task(together.ask(number)) for number in range(9)]
    await asyncio.sleep(0)
    go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(item, DatabaseUnavailable) for item in found)
    assert len(asked) <= 2
