"""A standby becomes the primary: what of PgQueuer's tables is there, and what the nodes do."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from schedulezero.model.limits import NO_LIMITS
from schedulezero.model.standbys import Standbys
from schedulezero.server.engine.shared_queue import install
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.records.tables import metadata
from schedulezero.storage.postgres import PostgresDatabase
from schedulezero.storage.replication import standbys_of
from tests.conftest import until
from tests.support.nodes import Make, nodes, ready
from tests.support.nodes import raw as raw
from tests.support.postgres import Postgres, a_postgres, rows
from tests.support.runs import due_now, ended

pytestmark = [pytest.mark.postgresql, pytest.mark.long]

_VOLATILE = "SELECT relname FROM pg_class WHERE relpersistence = 'u'"


async def _installed(url: str) -> None:
    database = PostgresDatabase(url, metadata)
    await database.open()
    try:
        await install(database)
    finally:
        await database.close()


async def _as_an_older_version(url: str) -> None:
    """Have the tables as versions until 1.0 made them: PgQueuer's log was not in the WAL."""
    await _installed(url)
    names = pgqueuer_rows.settings().qualified
    for name in (names.queue_table_log, names.statistics_table):
        await rows(url, f"ALTER TABLE {name} SET UNLOGGED")


async def test_all_tables_are_in_the_wal(postgres_url: str) -> None:
    await _installed(postgres_url)
    assert await rows(postgres_url, _VOLATILE) == []


async def test_the_tables_of_an_older_version_are_put_into_the_wal(postgres_url: str) -> None:
    await _as_an_older_version(postgres_url)
    assert await rows(postgres_url, _VOLATILE) != []
    await _installed(postgres_url)
    assert await rows(postgres_url, _VOLATILE) == []


@contextmanager
def a_pair(prepared: str) -> Iterator[tuple[Postgres, Postgres]]:
    """A primary with a database and its standby."""
    with a_postgres() as primary, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        primary.execute("postgres", f"CREATE DATABASE {prepared}")
        standby = primary.standby(Path(folder))
        try:
            yield primary, standby
        finally:
            standby.stop()


async def test_nodes_go_on_after_a_failover(raw: Make) -> None:
    with a_pair("jobs") as (primary, standby):
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        url = f"postgresql://postgres@{hosts}/jobs?target_session_attrs=read-write"
        async with nodes(url, 2, NO_LIMITS) as found:
            handler = raw(found[0])
            await asyncio.to_thread(handler.start, "send", concurrency=5)
            await until(lambda: found[1].knows(handler.address))
            assert (await ended(found[0].api, await due_now(found[0].api)))["status"] == "succeeded"
            await until(lambda: _caught_up(primary.url("jobs")))
            await asyncio.to_thread(primary.stop)
            await asyncio.to_thread(standby.promote)
            for node in found:
                await until(lambda node=node: ready(node))
                job_id = await due_now(node.api)
                assert (await ended(node.api, job_id))["status"] == "succeeded"


async def _caught_up(url: str) -> bool:
    query = "SELECT 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
    return bool(await rows(url, query))


async def test_a_node_starts_on_a_database_that_a_failover_broke(raw: Make) -> None:
    with a_pair("jobs") as (primary, standby):
        await _as_an_older_version(primary.url("jobs"))
        await until(lambda: _caught_up(primary.url("jobs")))
        await asyncio.to_thread(primary.stop)
        await asyncio.to_thread(standby.promote)
        async with nodes(standby.url("jobs"), 1) as (node,):
            handler = raw(node)
            await asyncio.to_thread(handler.start, "send")
            assert (await ended(node.api, await due_now(node.api)))["status"] == "succeeded"


async def test_the_kind_of_standby_is_told() -> None:
    with a_pair("jobs") as (primary, standby):

        async def kind(postgres: Postgres) -> Standbys:
            database = PostgresDatabase(postgres.url("jobs"), sa.MetaData())
            await database.open()
            try:
                return await database.read(standbys_of)
            finally:
                await database.close()

        async def is_kind(wanted: Standbys) -> bool:
            return await kind(primary) is wanted

        await until(lambda: is_kind(Standbys.ASYNCHRONOUS))
        # These test servers run with synchronous_commit off.
        primary.execute("postgres", "ALTER DATABASE jobs SET synchronous_commit = on")
        primary.wait_for_standby()
        await until(lambda: is_kind(Standbys.SYNCHRONOUS))
        await asyncio.to_thread(primary.stop)
        await asyncio.to_thread(standby.promote)
        assert await kind(standby) is Standbys.NONE
