"""Guilds are served in turn: thousands of runs of another guild delay one's by little; none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from schedulezero.model import Run, RunState
from schedulezero.server.engine.run_queue import WINDOW, LocalRunQueue
from schedulezero.server.records.tables import metadata
from schedulezero.server.store.run_rows import insert_runs
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import Database, database_of

pytestmark = pytest.mark.sqlite  # with several nodes, PgQueuer hands out the runs
NOW = datetime(2027, 1, 1, 9, tzinfo=UTC)


@pytest_asyncio.fixture
async def store(database: str) -> AsyncIterator[RunStore]:
    opened: Database = database_of(database, metadata)
    await opened.open()
    yield RunStore(opened)
    await opened.close()


def a_run(guild_id: str | None, number: int, **more: Any) -> Run:
    given: dict[str, Any] = {
        "job_id": f"{guild_id}-{number}",
        "handler_id": "h",
        "method": "m",
        "params": {},
        "scheduled_at": NOW + timedelta(microseconds=number),
        "guild_id": guild_id,
        "claimed_at": NOW,
    }
    return Run(**{**given, **more})


async def written(store: RunStore, runs: list[Run]) -> list[Run]:
    """Write runs as the clock does."""
    return await store._database.write(lambda connection: insert_runs(connection, runs))


async def taken(queue: LocalRunQueue, count: int) -> list[Run]:
    return [await queue.take("h") for _ in range(count)]


async def test_each_guilds_first_goes_before_anybodys_second(store: RunStore) -> None:
    runs = await written(store, [a_run("a", n) for n in range(30)] + [a_run(str(n), 0) for n in range(5)])
    queue = LocalRunQueue(store)
    await queue.put(runs)
    order = [run.guild_id for run in await taken(queue, 35)]
    assert Counter(order[:6]) == {"a": 1, "0": 1, "1": 1, "2": 1, "3": 1, "4": 1}


async def test_those_without_a_guild_share_one_turn_and_reminders_have_their_own(store: RunStore) -> None:
    forged = [a_run(None, n, creator_id=str(n)) for n in range(3 * WINDOW)]
    queue = LocalRunQueue(store)
    await queue.put(await written(store, forged))
    await queue.put(await written(store, [a_run("a", 0), a_run("42", 0, creator_id="42"), a_run("a", 1)]))
    order = [run.guild_id for run in await taken(queue, 5)]
    assert Counter(order) == {None: 2, "a": 2, "42": 1}
    assert set(order[:3]) == {None, "42", "a"}


async def test_one_that_comes_later_goes_before_the_many_that_wait(store: RunStore) -> None:
    queue = LocalRunQueue(store)
    await queue.put(await written(store, [a_run("a", n) for n in range(3 * WINDOW)]))
    first = await taken(queue, 10)
    await queue.put(await written(store, [a_run("b", 0)]))
    assert (await queue.take("h")).guild_id == "b"
    rest = await taken(queue, 3 * WINDOW - 10)
    assert len({run.sequence for run in [*first, *rest]}) == 3 * WINDOW
    assert [run.scheduled_at for run in rest] == sorted(run.scheduled_at for run in rest)


async def test_a_person_who_waits_goes_first(store: RunStore) -> None:
    queue = LocalRunQueue(store)
    await queue.put(await written(store, [a_run("a", n) for n in range(20)]))
    by_hand = await store.add_run(a_run("a", 99))
    await queue.put([by_hand])
    assert (await queue.take("h")).sequence == by_hand.sequence


async def test_a_restart_keeps_the_turns(store: RunStore) -> None:
    await written(store, [a_run("a", n) for n in range(2 * WINDOW)])
    await written(store, [a_run("b", n) for n in range(3)])
    queue = LocalRunQueue(store)
    await queue.recover()
    assert Counter(run.guild_id for run in await taken(queue, 6)) == {"a": 3, "b": 3}


async def test_nothing_is_taken_twice_while_a_full_lane_gives_way(store: RunStore) -> None:
    """Runs under way are open in the store, and are read again once their lane has given way to others."""
    queue = LocalRunQueue(store)
    await queue.put(await written(store, [a_run("a", n) for n in range(WINDOW)]))
    under_way = await taken(queue, 256)
    others = [a_run(f"g{n}", 0) for n in range(2 * WINDOW)]
    await queue.put(await written(store, others))
    rest = await taken(queue, 3 * WINDOW - 256)
    assert not {run.sequence for run in under_way} & {run.sequence for run in rest}
    assert len({run.sequence for run in rest}) == len(rest)
    queue.done([*under_way, *rest])
    assert not queue.waiting()


async def test_runs_that_are_written_while_the_store_is_read_are_found(store: RunStore) -> None:
    queue = LocalRunQueue(store)
    await queue.put(await written(store, [a_run("a", n) for n in range(WINDOW + 500)]))
    seen: list[Run] = []

    async def take_all(count: int) -> None:
        seen.extend(await taken(queue, count))

    taking = asyncio.create_task(take_all(WINDOW + 500 + 40))
    for number in range(40):
        await queue.put(await written(store, [a_run(f"late{number}", 0)]))
    async with asyncio.timeout(60):
        await taking
    assert len({run.sequence for run in seen}) == WINDOW + 540


async def test_people_take_turns_with_their_reminders(store: RunStore) -> None:
    mine = [a_run("1", n, creator_id="1") for n in range(20)]
    runs = await written(store, [*mine, a_run("2", 50, creator_id="2")])
    queue = LocalRunQueue(store)
    await queue.put(runs)
    assert "2" in [run.creator_id for run in await taken(queue, 2)]


@pytest.mark.parametrize("count", [1, 7])
async def test_a_flow_whose_runs_are_over_starts_at_the_present_again(store: RunStore, count: int) -> None:
    first = await written(store, [a_run("a", n) for n in range(count)])
    assert [run.start_tag for run in first] == list(range(1, count + 1))
    ended = [replace(run, state=RunState.SUCCEEDED, finished_at=NOW) for run in first]
    await store.write_outcomes(ended)
    (again,) = await written(store, [a_run("a", 99)])
    assert again.start_tag == 1


class SlowToTell(RunStore):
    """A store whose reads are over long before their answer is there, once they are told to be."""

    slow = False

    async def open_runs(self, *args: Any, **kwargs: Any) -> list[Run]:
        found = await super().open_runs(*args, **kwargs)
        if self.slow:
            self.has_read.set()
            await self.may_tell.wait()
        return found

    def be_slow(self) -> None:
        self.slow, self.has_read, self.may_tell = True, asyncio.Event(), asyncio.Event()


async def test_runs_that_end_while_the_store_is_read_are_not_taken_again(store: RunStore) -> None:
    """The read saw them open; by the time of its answer they have ended."""
    slow = SlowToTell(store._database)
    queue = LocalRunQueue(slow)
    await queue.put(await written(slow, [a_run("a", n) for n in range(2 * WINDOW)]))
    await queue.put(await written(slow, [a_run("b", n) for n in range(WINDOW + 100)]))
    not_a = lambda flow: flow != "a"  # noqa: E731
    under_way = [await queue.take("h", not_a) for _ in range(WINDOW + 100)]
    slow.be_slow()
    again = asyncio.create_task(queue.take("h", not_a))
    async with asyncio.timeout(60):
        await slow.has_read.wait()
    await slow.write_outcomes([replace(run, state=RunState.SUCCEEDED, finished_at=NOW) for run in under_way])
    queue.done(under_way)
    slow.slow = False
    slow.may_tell.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
    rest = await taken(queue, 2 * WINDOW)
    assert {run.guild_id for run in rest} == {"a"}
