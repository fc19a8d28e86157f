"""Several processes of one bot keep one limit together, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from bot.pace import shared_pace
from bot.pace.shared_pace import SharedPace

PROCESSES = 3


@pytest_asyncio.fixture
async def paces(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[SharedPace]]:
    monkeypatch.setattr(shared_pace, "JOBS_A_SECOND", 100)
    monkeypatch.setattr(shared_pace, "PEOPLE_A_SECOND", 100)
    monkeypatch.setattr(shared_pace, "CONNECTIONS_A_SECOND", 5)
    made = [SharedPace(postgres_url, "bot", PROCESSES) for _ in range(PROCESSES)]
    yield made
    for pace in made:
        await pace.close()


async def asked(paces: list[SharedPace], count: int, due: float | None = 1.0) -> list[float]:
    """When so many requests of each process left, in order."""
    times: list[float] = []

    async def ask(pace: SharedPace) -> None:
        await pace.turn(due)
        times.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(ask(pace) for pace in paces for _ in range(count)))
    return sorted(times)


@pytest.mark.long
@pytest.mark.postgresql
async def test_no_window_holds_more_however_many_processes_ask(paces: list[SharedPace]) -> None:
    times = await asked(paces, 30)
    for begin in times:
        within = [at for at in times if begin <= at < begin + 0.3]
        assert len(within) <= 30 * 1.34, "timers of three processes are late by less than a third of that"


@pytest.mark.long
@pytest.mark.postgresql
async def test_what_one_leaves_unused_another_has(paces: list[SharedPace]) -> None:
    times = await asked(paces[:1], 40)
    assert times[-1] - times[0] < 40 / (100 / PROCESSES), "it kept to a third"


@pytest.mark.postgresql
async def test_a_person_does_not_wait_behind_jobs(paces: list[SharedPace]) -> None:
    order: list[str] = []

    async def ask(name: str, due: float | None) -> None:
        await paces[0].turn(due)
        order.append(name)

    jobs = [asyncio.create_task(ask("job", 1.0)) for _ in range(50)]
    await asyncio.sleep(0)
    await ask("person", None)
    assert order.count("job") < 25
    await asyncio.gather(*jobs)


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
    times: list[float] = []

    async def connect(pace: SharedPace) -> None:
        await pace.may_connect()
        times.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(connect(pace) for pace in paces))
    times.sort()
    assert all(later - earlier > 0.15 for earlier, later in pairwise(times))


async def test_without_its_database_a_process_keeps_to_its_share() -> None:
    pace = SharedPace("postgresql://nobody@127.0.0.1:1/nothing", "bot", PROCESSES)
    times = await asked([pace], 4)
    spacing = PROCESSES / shared_pace.JOBS_A_SECOND
    assert all(later - earlier > spacing * 0.8 for earlier, later in pairwise(times))
    await pace.close()
