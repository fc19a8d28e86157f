"""The limiter: people before jobs, the most late job first, never more than so many in any window."""

from __future__ import annotations

import asyncio

from bot.pace.pace import Pace
from tests.support.clocks import stopped_clock


async def test_people_come_first_and_then_what_is_most_late() -> None:
    pace, order = Pace(for_jobs=2, for_all=3, window=1.0), list[str]()

    async def ask(name: str, due: float | None) -> None:
        await pace.turn(due)
        order.append(name)

    def asking(*asked: tuple[str, float | None]) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(ask(name, due)) for name, due in asked]

    with stopped_clock() as clock:
        await clock.move_until_done(*asking(("first", 5), ("second", 6)), step=0.1)
        rest = asking(("late", 30), ("later", 20), ("latest", 10), ("person", None), ("another", None))
        await asyncio.sleep(0)  # they have asked before the clock moves on
        await clock.move_until_done(*rest, step=0.1)
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
    async with asyncio.timeout(60):
        await pace.turn(2.0)


async def test_a_guild_with_many_requests_delays_anothers_by_one() -> None:
    pace, order = Pace(for_jobs=2, for_all=3, window=1.0), list[str]()

    async def ask(guild_id: str, due: float) -> None:
        await pace.turn(due, guild_id)
        order.append(guild_id)

    with stopped_clock() as clock:
        many = [asyncio.create_task(ask("a", number)) for number in range(40)]
        await asyncio.sleep(0)
        one = asyncio.create_task(ask("b", 99))
        await asyncio.sleep(0)
        await clock.move_until_done(*many, one, step=0.1)
    assert order.index("b") <= 3
