"""The limiter: people before jobs, the most late job first, never more than so many in any window."""

from __future__ import annotations

import asyncio

from bot.pace.pace import Pace


async def test_people_come_first_and_then_what_is_most_late() -> None:
    pace, order = Pace(for_jobs=2, for_all=3, window=0.1), list[str]()

    async def ask(name: str, due: float | None) -> None:
        await pace.turn(due)
        order.append(name)

    filling = [asyncio.create_task(ask("first", 5)), asyncio.create_task(ask("second", 6))]
    await asyncio.gather(*filling)
    await asyncio.gather(
        ask("late", 30), ask("later", 20), ask("latest", 10), ask("person", None), ask("another", None)
    )
    assert order[2:] == ["person", "another", "latest", "later", "late"]


async def test_no_window_holds_more() -> None:
    pace = Pace(for_jobs=4, for_all=5, window=0.1)
    times = await asyncio.gather(*(pace.turn(1.0) for _ in range(17)))
    assert all(later - earlier >= 0.1 for earlier, later in zip(times, times[4:], strict=False))


async def test_one_that_gave_up_takes_nobodys_turn() -> None:
    pace = Pace(for_jobs=1, for_all=1, window=0.05)
    await pace.turn(1.0)
    gone = asyncio.create_task(pace.turn(1.0))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(5):
        await pace.turn(2.0)
