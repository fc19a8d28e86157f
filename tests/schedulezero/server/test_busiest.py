"""The owner sees which guilds keep the bot busiest, and no person among them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest_asyncio

from schedulezero import instants
from schedulezero.model import Run, RunState
from schedulezero.model.busy import Busy
from schedulezero.model.limits import NO_LIMITS, held_back
from schedulezero.sentences import Sentence, in_a_row
from schedulezero.server.engine.shared_queue import install
from schedulezero.server.records.tables import metadata
from schedulezero.server.store.busiest import MOST
from schedulezero.server.store.run_rows import insert_runs
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import database_of
from schedulezero.storage.postgres import PostgresDatabase
from tests.conftest import Api

NOW = instants.now()


@pytest_asyncio.fixture
async def store(database: str) -> AsyncIterator[RunStore]:
    opened = database_of(database, metadata)
    await opened.open()
    if isinstance(opened, PostgresDatabase):
        await install(opened)
    yield RunStore(opened)
    await opened.close()


def runs_of(guild_id: str | None, count: int, *, ago: timedelta, **more: Any) -> list[Run]:
    """So many runs that were due so long ago."""
    at = NOW - ago
    given: dict[str, Any] = {"handler_id": "h", "method": "m", "params": {}, "guild_id": guild_id, **more}
    return [
        Run(job_id=f"{guild_id}-{ago}-{number}", scheduled_at=at, claimed_at=at, **given)
        for number in range(count)
    ]


async def have_begun(store: RunStore, runs: list[Run], late: timedelta) -> None:
    """Let runs be over that began so late."""
    written = await store._database.write(lambda connection: insert_runs(connection, runs))
    over = [
        replace(run, state=RunState.SUCCEEDED, started_at=run.scheduled_at + late, finished_at=NOW)
        for run in written
    ]
    await store.write_outcomes(over)


async def wait(store: RunStore, runs: list[Run]) -> None:
    await store._database.write(lambda connection: insert_runs(connection, runs))


async def test_it_tells_what_waits_what_ran_and_how_late(store: RunStore) -> None:
    minute = timedelta(minutes=1)
    await have_begun(store, runs_of("1", 3, ago=30 * minute), 2 * minute)
    await have_begun(store, runs_of("1", 1, ago=20 * minute), minute)
    await have_begun(store, runs_of("1", 9, ago=90 * minute), minute)
    await have_begun(store, runs_of("2", 1, ago=10 * minute), timedelta())
    await wait(store, runs_of("2", 5, ago=4 * minute))
    await wait(store, runs_of("3", 1, ago=-minute))
    assert await store.busiest(NOW) == [
        Busy("2", 5, 1, 4 * minute),
        Busy("1", 0, 4, 2 * minute),
        Busy("3", 1, 0, timedelta()),
    ]


async def test_runs_that_a_limit_held_back_count_from_when_they_were_due(store: RunStore) -> None:
    minute, seconds = timedelta(minutes=1), timedelta(seconds=55)
    limits = replace(NO_LIMITS, runs_per_minute=30)
    note = held_back(seconds, limits, personal=False)
    before = Sentence("The previous run was still in progress.", "run_before_under_way")
    waited = Sentence("Waited {round} s for the handler.", "waited_for_handler", round=3)
    notes = (note, in_a_row(before, note), in_a_row(note, waited), in_a_row(in_a_row(before, note), waited))
    for guild_id, found in enumerate(notes, 1):
        held = runs_of(str(guild_id), 1, ago=10 * minute, note=found)
        held = [replace(run, claimed_at=run.scheduled_at + seconds) for run in held]
        await have_begun(store, held, seconds + timedelta(seconds=3))
    backfilled = [replace(run, claimed_at=NOW - minute) for run in runs_of("8", 1, ago=99 * minute)]
    await have_begun(store, backfilled, 98 * minute + timedelta(seconds=1))
    waiting = runs_of("9", 1, ago=timedelta(seconds=50), note=note)
    await wait(store, [replace(run, claimed_at=run.scheduled_at + seconds) for run in waiting])
    late = {guild.guild_id: guild.late.total_seconds() for guild in await store.busiest(NOW)}
    assert late == {"1": 58, "2": 58, "3": 58, "4": 58, "8": 1, "9": 50}


async def test_people_and_runs_of_no_guild_are_not_told(store: RunStore) -> None:
    recent = timedelta(minutes=1)
    for guild_id, creator_id in (("5", "5"), (None, "6"), (None, None)):
        await wait(store, runs_of(guild_id, 4, ago=recent, creator_id=creator_id, name=f"w{creator_id}"))
        done = runs_of(guild_id, 4, ago=2 * recent, creator_id=creator_id)
        await have_begun(store, [replace(run, job_id=f"{creator_id}{run.job_id}") for run in done], recent)
    await have_begun(store, runs_of("7", 1, ago=recent, creator_id="5"), recent)
    assert [guild.guild_id for guild in await store.busiest(NOW)] == ["7"]


async def test_they_are_ten(store: RunStore) -> None:
    for number in range(MOST + 5):
        await wait(store, runs_of(str(number), 1 + number, ago=timedelta(minutes=1)))
    assert [guild.guild_id for guild in await store.busiest(NOW)] == [str(n) for n in range(14, 4, -1)]


async def test_rest_tells_them(api: Api) -> None:
    assert (await api.get("/api/guilds/busiest")).json() == {"guilds": []}
