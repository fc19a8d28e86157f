"""The clock hears of jobs that are saved while it claims others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.model import Job, Run, Trigger
from schedulezero.server.engine.clock import Clock
from schedulezero.server.engine.run_queue import LocalRunQueue
from schedulezero.server.engine.shared_queue import install
from schedulezero.server.engine.time_check import TimeCheck
from schedulezero.server.records.announcer import Announcer
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.queries import RunFilter
from schedulezero.server.records.tables import metadata
from schedulezero.server.records.troubles import Troubles
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import database_of
from schedulezero.storage.postgres import PostgresDatabase
from tests.conftest import until


class StoreWithNews(Store):
    """Saves jobs right after a claim, before whoever claims has heard of its end."""

    news: list[Job]
    clock: Clock

    async def claim_due(
        self,
        now: datetime,
        limit: int,
        decide: Callable[[Job], Any],
        most_an_hour: Any = None,
        check: Callable[[Connection], None] = lambda connection: None,
    ) -> tuple[list[Run], datetime | None]:
        claimed = await super().claim_due(now, limit, decide, most_an_hour, check)
        while claimed[0] and self.news:
            job = self.news.pop()
            await self.add_job(job)
            self.clock.wake(job.next_run_at)
        return claimed


def a_job(name: str, at: datetime) -> Job:
    trigger = Trigger("date", {"run_date": instants.to_iso(at)})
    return Job(
        id=name, handler_id="h", method="m", params={}, trigger=trigger, anchor_at=at, next_run_at=at,
        created_at=at, updated_at=at,
    )  # fmt: skip


async def test_a_job_saved_during_a_claim_is_not_overlooked(database: str) -> None:
    tables = database_of(database, metadata)
    await tables.open()
    try:
        if isinstance(tables, PostgresDatabase):
            await install(tables)
        store = StoreWithNews(tables)
        queue, troubles = LocalRunQueue(RunStore(tables)), Troubles(tables, Announcer())
        clock = Clock(store, queue, Rules(tables), troubles, TimeCheck(tables, shared=False))
        now = instants.now()
        store.clock = clock
        store.news = [a_job("later", now + timedelta(hours=1)), a_job("at once", now)]
        first = a_job("first", now - timedelta(seconds=1))
        await store.add_job(first)
        clock.wake(first.next_run_at)
        running = asyncio.create_task(clock.run())
        try:

            async def both() -> bool:
                runs = (await RunStore(tables).runs(RunFilter(), before_sequence=None, limit=10))[0]
                return {run.job_id for run in runs} == {"first", "at once"}

            await until(both)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    finally:
        await tables.close()
