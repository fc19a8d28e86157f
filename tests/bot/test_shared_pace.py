"""Several processes of one bot keep one limit together, on PostgreSQL.

What was granted is compared, not when this machine got round to it: slots on the database's clock, which all
processes share, and on each loop's own, before which no request leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from itertools import pairwise

import pytest
import pytest_asyncio

from bot.pace import shared_pace
from bot.pace.shared_pace import SharedPace, Slot

PROCESSES = 3
A_SECOND = 100
SPACING = 1_000_000 // A_SECOND
CONNECTIONS_A_SECOND = 5
TIMER_SECONDS = 0.001
"""A loop's timer may be early by the resolution of its clock, which is far below this."""


@pytest_asyncio.fixture
async def paces(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[SharedPace]]:
    monkeypatch.setattr(shared_pace, "JOBS_A_SECOND", A_SECOND)
    monkeypatch.setattr(shared_pace, "PEOPLE_A_SECOND", A_SECOND)
    monkeypatch.setattr(shared_pace, "CONNECTIONS_A_SECOND", CONNECTIONS_A_SECOND)
    made = [SharedPace(postgres_url, "bot", PROCESSES) for _ in range(PROCESSES)]
    yield made
    for pace in made:
        await pace.close()


async def waited(turn: Awaitable[Slot]) -> Slot:
    """The slot of a turn, which doesn't end before its slot."""
    slot = await turn
    assert asyncio.get_running_loop().time() >= slot.at - TIMER_SECONDS, "it left before its slot"
    return slot


async def asked(paces: list[SharedPace], count: int) -> list[Slot]:
    """The slots that so many requests of each process get."""
    return await asyncio.gather(*(waited(pace.turn(1.0)) for pace in paces for _ in range(count)))


def leased(slots: list[Slot]) -> list[int]:
    """The slots on the database's clock, in order."""
    found = [slot.leased for slot in slots if slot.leased is not None]
    assert len(found) == len(slots), "a process kept to its share, though the database is there"
    return sorted(found)


@pytest.mark.long
@pytest.mark.postgresql
async def test_no_window_holds_more_however_many_processes_ask(paces: list[SharedPace]) -> None:
    instants = leased(await asked(paces, 30))
    assert all(later - earlier >= SPACING for earlier, later in pairwise(instants))


@pytest.mark.long
@pytest.mark.postgresql
async def test_what_one_leaves_unused_another_has(paces: list[SharedPace]) -> None:
    instants = leased(await asked(paces[:1], 40))
    assert instants == list(range(instants[0], instants[0] + 40 * SPACING, SPACING)), "it kept to a third"


@pytest.mark.postgresql
async def test_a_person_does_not_wait_behind_jobs(
    paces: list[SharedPace], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_pace, "JOBS_A_SECOND", 1 / 3600)
    pace = SharedPace(postgres_url, "bot", PROCESSES)
    await pace.turn(1.0)
    job = asyncio.create_task(pace.turn(1.0))  # it leaves in an hour
    for asking in (pace, *paces):
        await asking.turn(None)
    assert not job.done()
    job.cancel()
    await pace.close()


@pytest.mark.postgresql
async def test_the_earliest_due_goes_first(paces: list[SharedPace]) -> None:
    order: list[float] = []

    async def ask(due: float) -> None:
        await paces[0].turn(due)
        order.append(due)

    await asyncio.gather(*(ask(due) for due in (5.0, 3.0, 4.0, 1.0, 2.0)))
    assert order == sorted(order)


@pytest.mark.postgresql
async def test_logins_stand_in_one_line(paces: list[SharedPace]) -> None:
    slots = await asyncio.gather(*(waited(pace.may_connect()) for pace in paces))
    instants = leased(slots)
    assert all(later - earlier >= 1_000_000 // CONNECTIONS_A_SECOND for earlier, later in pairwise(instants))


async def test_without_its_database_a_process_keeps_to_its_share() -> None:
    pace = SharedPace("postgresql://nobody@127.0.0.1:1/nothing", "bot", PROCESSES)
    slots = await asked([pace], 4)
    assert all(slot.leased is None for slot in slots)
    spacing = PROCESSES / shared_pace.JOBS_A_SECOND
    instants = sorted(slot.at for slot in slots)
    assert all(later - earlier >= spacing * 0.999 for earlier, later in pairwise(instants))
    await pace.close()
