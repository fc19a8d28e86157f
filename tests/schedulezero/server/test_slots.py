"""Slots: one busy guild never holds them all, and whoever comes next gets one at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from schedulezero.server.handlers.slots import Slots


async def taken_by(slots: Slots, flow: str, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(slots.take(flow)) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def held(tasks: list[asyncio.Task[None]]) -> int:
    return sum(task.done() for task in tasks)


@pytest.mark.parametrize(("most", "alone"), [(1, 1), (2, 2), (8, 6), (256, 160)])
async def test_a_busy_flow_leaves_a_third(most: int, alone: int) -> None:
    slots = Slots(most)
    tasks = await taken_by(slots, "a", 2 * most)
    assert held(tasks) == alone
    for task in tasks:
        task.cancel()


async def test_flows_without_a_slot_get_one_though_many_others_wait() -> None:
    slots = Slots(256)
    many = [await taken_by(slots, f"hot{n}", 300) for n in range(10)]
    assert slots.free > 0
    one = await taken_by(slots, "b", 1)
    assert held(one) == 1
    for tasks in many:
        for task in tasks:
            task.cancel()


async def test_what_is_given_back_goes_round() -> None:
    slots, order = Slots(1), list[str]()

    async def call(flow: str) -> None:
        await slots.take(flow)
        order.append(flow)
        await asyncio.sleep(0)
        slots.give(flow)

    await asyncio.gather(*(call("a") for _ in range(50)), *(call("b") for _ in range(10)))
    assert Counter(order[:21])["b"] == 10


async def test_one_that_gave_up_holds_nothing() -> None:
    slots = Slots(1)
    await slots.take("a")
    waiting = await taken_by(slots, "a", 1)
    waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    slots.give("a")
    assert slots.free == 1
    async with asyncio.timeout(60):
        await slots.take("b")


async def test_one_that_gives_up_as_it_is_granted_gives_it_back() -> None:
    slots = Slots(1)
    await slots.take("a")
    (waiting,) = await taken_by(slots, "b", 1)
    slots.give("a")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert slots.free == 1
