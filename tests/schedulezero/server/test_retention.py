"""The history stays bounded: what ended long ago is forgotten, what waits is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from schedulezero import instants
from schedulezero.model import Run, RunState
from schedulezero.server.engine import retention as retention_module
from schedulezero.server.engine.retention import Retention
from schedulezero.server.engine.shared_queue import install
from schedulezero.server.records.leases import Leases
from schedulezero.server.records.queries import RunFilter
from schedulezero.server.records.tables import metadata
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import database_of
from schedulezero.storage.postgres import PostgresDatabase


def a_run(number: int, age_days: float, state: RunState) -> Run:
    at = instants.now() - timedelta(days=age_days)
    return Run(
        job_id=f"job-{number}", handler_id="h", method="m", params={}, scheduled_at=at, claimed_at=at,
        state=state,
    )  # fmt: skip


async def test_old_runs_are_forgotten_step_by_step(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_module, "STEP", 3)
    monkeypatch.setattr(retention_module, "_BETWEEN_SECONDS", 0)
    tables = database_of(database, metadata)
    await tables.open()
    try:
        if isinstance(tables, PostgresDatabase):
            await install(tables)
        store = RunStore(tables)
        ages = [100, 99, 98, 97, 96, 95, 94, 1, 0.5]
        await store.add_runs([a_run(number, age, RunState.QUEUED) for number, age in enumerate(ages)])
        waiting = (await store.runs(RunFilter(), before_sequence=None, limit=20))[0]
        ended = [run for run in waiting if run.job_id != "job-2"]  # that one waits, old as it is
        await store.write_outcomes([a_run_of(run) for run in ended])

        kept_for = timedelta(days=90)
        retention = Retention(store, Leases(tables, shared=False), kept_for)
        forgotten = await retention.forget(instants.now() - kept_for)
        left = (await store.runs(RunFilter(), before_sequence=None, limit=20))[0]
        assert forgotten == 6
        assert [run.job_id for run in left] == ["job-8", "job-7", "job-2"]
        found = await store.runs(RunFilter(message_id="80"), before_sequence=None, limit=5)
        assert [run.job_id for run in found[0]] == ["job-8"]
        gone = await store.runs(RunFilter(message_id="00"), before_sequence=None, limit=5)
        assert gone[0] == []
    finally:
        await tables.close()


def a_run_of(run: Run) -> Run:
    return replace(
        run, state=RunState.SUCCEEDED, finished_at=run.scheduled_at,
        result={"message_id": f"{run.job_id.removeprefix('job-')}0"},
    )  # fmt: skip
