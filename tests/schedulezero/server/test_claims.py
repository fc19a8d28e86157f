"""Whose run it is: what a node may call and record after it was cut off, or numbers were given again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.model import Job, Run, RunState, Trigger
from schedulezero.server.decisions.due import Due
from schedulezero.server.engine import shared_queue
from schedulezero.server.engine.shared_queue import install
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.records.tables import metadata, runs
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.room import lock_of
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.database import Database, database_of
from schedulezero.storage.postgres import PostgresDatabase, connect
from schedulezero.storage.sql import is_postgres
from tests.conftest import until
from tests.support.nodes import Make, Node, nodes
from tests.support.nodes import raw as raw
from tests.support.peers import RawHandler
from tests.support.postgres import rows
from tests.support.runs import due_now, ended

postgresql = [pytest.mark.postgresql, pytest.mark.long]


@asynccontextmanager
async def opened(setting: str) -> AsyncIterator[Database]:
    database = database_of(setting, metadata)
    await database.open()
    try:
        if isinstance(database, PostgresDatabase):
            await install(database)
        yield database
    finally:
        await database.close()


def a_run(job_id: str) -> Run:
    now = instants.now()
    return Run(job_id, "raw", "send", {}, now, claimed_at=now)


def lose_the_newest(connection: Connection) -> None:
    """Lose all runs with their numbers, as a standby that has not received them."""
    if is_postgres(connection):
        connection.execute(sa.text("TRUNCATE runs, pgqueuer RESTART IDENTITY"))
    else:
        connection.execute(sa.delete(runs))
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'runs'"))


async def test_an_outcome_never_goes_to_another_run_with_its_number(database: str) -> None:
    async with opened(database) as tables:
        store = RunStore(tables)
        lost = await store.add_run(a_run("lost"))
        await tables.write(lose_the_newest)
        other = await store.add_run(a_run("other"))
        assert other.sequence == lost.sequence
        assert not await store.is_open(lost) and await store.is_open(other)
        succeeded = Run(**{**_fields(lost), "state": RunState.SUCCEEDED, "result": {"message_id": "1"}})
        shared = isinstance(tables, PostgresDatabase)
        await store.write_outcomes([succeeded], claims={} if shared else None)
        assert await store.is_open(other)


def _fields(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in Run.__dataclass_fields__}


@pytest.mark.postgresql
async def test_only_a_success_counts_from_a_node_that_lost_its_claim(postgres_url: str) -> None:
    async with opened(postgres_url) as tables:
        store = RunStore(tables)
        run = await store.add_run(a_run("job"))
        key, token = pgqueuer_rows.key_of(run), uuid4()
        claim = sa.text("UPDATE pgqueuer SET status = 'picked', queue_manager_id = :token")
        await tables.write(lambda connection: connection.execute(claim, {"token": token}))
        failed = Run(**{**_fields(run), "state": RunState.FAILED})
        assert (await store.write_outcomes([failed], claims={key: uuid4()})).counted == set()
        assert (await store.write_outcomes([failed], claims={})).counted == set()
        assert await store.is_open(run)
        done = Run(**{**_fields(run), "state": RunState.SUCCEEDED})
        assert (await store.write_outcomes([done], claims={key: uuid4()})).counted == {run.identity}
        assert await rows(postgres_url, "SELECT * FROM pgqueuer") == []


@pytest.mark.postgresql
async def test_runs_that_an_older_version_queued_are_queued_once(postgres_url: str) -> None:
    async with opened(postgres_url) as tables:
        store = RunStore(tables)
        added = [await store.add_run(a_run(f"job-{number}")) for number in range(3)]
        older = "UPDATE pgqueuer SET dedupe_key = convert_from(payload, 'UTF8')"
        await tables.write(lambda connection: connection.exec_driver_sql(older))
        gone = f"DELETE FROM runs WHERE sequence = {added[0].sequence}"
        await tables.write(lambda connection: connection.exec_driver_sql(gone))
        await store.enqueue_open_runs()
        found = await rows(postgres_url, "SELECT dedupe_key FROM pgqueuer ORDER BY id")
        assert [row[0] for row in found] == [pgqueuer_rows.key_of(run) for run in added[1:]]


class Gate:
    """A handler that keeps each call until it is let go."""

    def __init__(self, handler: RawHandler) -> None:
        self.handler = handler
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        handler.respond = self._respond

    def _respond(self, call: dict[str, Any]) -> dict[str, Any]:
        self.begun.release()
        self.open.wait(30)
        return {"success": True}

    async def reached(self) -> None:
        await asyncio.to_thread(self.begun.acquire, timeout=30)

    def called(self) -> list[str]:
        return [self.handler.calls.get_nowait()["job_id"] for _ in range(self.handler.calls.qsize())]


async def _backlog(node: Node, gate: Gate, count: int) -> list[str]:
    """Make runs for a handler that takes one at a time; return once the first is called, the others taken."""
    await asyncio.to_thread(gate.handler.start, "send")
    jobs = [await due_now(node.api)]
    await gate.reached()
    # Due at one instant, so that they are taken together, while the first one keeps the handler.
    trigger = {"type": "date", "args": {"run_date": time.time() + 0.5}}
    jobs += [await due_now(node.api, trigger=trigger) for _ in range(count - 1)]

    async def taken() -> bool:
        health = await node.health()
        return (health["runs_under_way"], health["runs_waiting"]) == (1, count - 1)

    await until(taken)
    return jobs


class TestACutOffNode:
    pytestmark = postgresql

    @pytest.mark.parametrize("beats", [True, False], ids=["beats", "does not beat"])
    async def test_calls_nothing_that_another_node_has_taken(
        self, postgres_url: str, raw: Make, monkeypatch: pytest.MonkeyPatch, beats: bool
    ) -> None:
        if not beats:  # so that only the question before the call is left
            monkeypatch.setattr(shared_queue, "_BEAT_SECONDS", 1e6)
        async with nodes(postgres_url, 1) as (node,):
            gate = Gate(raw(node))
            jobs = await _backlog(node, gate, 4)
            taken = "UPDATE pgqueuer SET queue_manager_id = $1, heartbeat = now() + interval '1 day'"
            await rows(postgres_url, taken, uuid4())
            gate.open.set()

            async def let_go() -> bool:
                health = await node.health()
                return (health["runs_under_way"], health["runs_waiting"]) == (0, 0)

            await until(let_go)
            assert (first := gate.called()) == [(await _succeeded(node, jobs))[0]]
            # Given back, they are called, each once.
            await rows(postgres_url, "UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL")
            for job_id in jobs:
                assert (await ended(node.api, job_id))["status"] == "succeeded"
            assert sorted(first + gate.called()) == sorted(jobs)

    async def test_believes_no_answer_from_before_it_was_stopped(
        self, postgres_url: str, raw: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is stopped between the database's answer and the call, and another node takes over."""
        stopped_for = list[float]()
        claimed = pgqueuer_rows.claimed
        taken = "UPDATE pgqueuer SET queue_manager_id = $1, heartbeat = now() + interval '1 day'"

        def answered(connection: Connection, claims: Any, *, within: Any = None) -> set[str]:
            found = claimed(connection, claims, within=within)
            if found and within is not None and not stopped_for:
                other = threading.Thread(target=asyncio.run, args=(rows(postgres_url, taken, uuid4()),))
                other.start()
                other.join()
                stopped_for.append(40.0)
            return found

        monkeypatch.setattr(pgqueuer_rows, "claimed", answered)
        moved = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(stopped_for))
        monkeypatch.setattr(shared_queue, "time", moved)
        async with nodes(postgres_url, 1) as (node,):
            gate = Gate(raw(node))
            gate.open.set()
            await asyncio.to_thread(gate.handler.start, "send")
            job_id = await due_now(node.api)

            async def let_go() -> bool:
                health = await node.health()
                return bool(stopped_for) and (health["runs_under_way"], health["runs_waiting"]) == (0, 0)

            await until(let_go)
            assert gate.called() == []
            await rows(postgres_url, "UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL")
            assert (await ended(node.api, job_id))["status"] == "succeeded"
            assert gate.called() == [job_id]


async def _succeeded(node: Node, jobs: list[str]) -> list[str]:
    records = [(await node.api.get(f"/api/jobs/{job_id}/executions")).json()["records"] for job_id in jobs]
    return [found[0]["job_id"] for found in records if found[0]["status"] == "succeeded"]


class TestANodeThatStops:
    pytestmark = postgresql

    async def test_lets_its_call_end_and_gives_back_the_others(self, postgres_url: str, raw: Make) -> None:
        async with nodes(postgres_url, 1) as (node,):
            gate = Gate(raw(node))
            jobs = await _backlog(node, gate, 4)
            stopping = asyncio.create_task(node.thread.stop())

            async def given_back() -> bool:
                found = await rows(postgres_url, "SELECT status::text, count(*) FROM pgqueuer GROUP BY 1")
                return {row[0]: row[1] for row in found} == {"queued": 3, "picked": 1}

            await until(given_back)
            assert not stopping.done()
            gate.open.set()
            await stopping
        found = await rows(postgres_url, "SELECT job_id, attempts FROM runs WHERE state = 'succeeded'")
        assert [(row[0], row[1]) for row in found] == [(job_id, 1) for job_id in gate.called()]
        assert len(await rows(postgres_url, "SELECT FROM pgqueuer WHERE status = 'queued'")) == 3
        async with nodes(postgres_url, 1) as (other,):
            for job_id in jobs:
                assert (await ended(other.api, job_id))["status"] == "succeeded"
        assert sorted(gate.called()) == sorted({*jobs} - {found[0][0]})


async def test_a_server_that_stops_lets_its_call_end(database: str, raw: Make) -> None:
    async with nodes(database, 1) as (node,):
        gate = Gate(raw(node))
        await _backlog(node, gate, 2)
        stopping = asyncio.create_task(node.thread.stop())
        await until(lambda: _stopping(node))
        gate.open.set()
        await stopping
        (called,) = gate.called()
    async with opened(database) as tables:
        states = sa.select(runs.c.job_id, runs.c.state)
        found = await tables.read(lambda connection: connection.execute(states).all())
        assert {row.state for row in found} == {"succeeded", "queued"}
        assert [row.job_id for row in found if row.state == "succeeded"] == [called]


async def _stopping(node: Node) -> bool:
    return (await node.health()).get("trouble_code") == "node_stopping"


@pytest.mark.postgresql
async def test_nodes_count_a_guilds_runs_an_hour_one_after_the_other(postgres_url: str) -> None:
    now = instants.now()
    job = Job(
        "j", "raw", "send", {}, Trigger("date", {}), anchor_at=now, next_run_at=now, guild_id="900",
        created_at=now, updated_at=now,
    )  # fmt: skip
    async with opened(postgres_url) as tables:
        assert isinstance(tables, PostgresDatabase)
        store = Store(tables)
        await store.add_job(job)
        other_node = await connect(tables.url)
        try:
            async with other_node.transaction():
                lock = "SELECT pg_advisory_xact_lock($1::int, $2::int)"
                await other_node.execute(lock, *lock_of("900"))
                claim = store.claim_due(now, 10, lambda job: Due((now,), (), None), lambda guild_id: 1)
                claiming = asyncio.create_task(claim)

                async def waits() -> bool:
                    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    return bool(await other_node.fetchval(query))

                await until(waits)
                assert not claiming.done()
            claimed, _ = await claiming
        finally:
            await other_node.close()
    assert len(claimed) == 1
    await store.close()
