"""A node whose SQLite file has no space left says so, tells people why, and recovers by itself."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from schedulezero.errors import DatabaseUnavailable
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.server import health
from schedulezero.server.records.tables import metadata
from schedulezero.server.thread import ServerThread
from schedulezero.storage import sqlite_errors
from schedulezero.storage.causes import DISK_FULL, HELD, READ_ONLY
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.storage.sqlite_errors import cause_of
from tests.conftest import until
from tests.support.nodes import Make, node_config, nodes, ready
from tests.support.nodes import raw as raw
from tests.support.runs import due_now, ended
from tests.support.small_disk import fill
from tests.support.small_disk import small_disk as small_disk


async def test_a_full_disk_makes_a_node_unready_until_there_is_space(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, raw: Make
) -> None:
    monkeypatch.setattr(health, "_FRESH_SECONDS", 0.0)
    database = small_disk / "a.db"
    journal = Journal(journal_of(str(database)))
    await journal.open()
    async with nodes(str(database), 1) as (node,):
        handler = raw(node)
        handler.start("send")
        filling = fill(small_disk)
        report = await node.health()
        assert (report["trouble_code"], report["ready"], report["live"]) == (
            "database_disk_full",
            False,
            True,
        )
        assert not await ready(node)
        metrics = (await node.api.get("/metrics")).text
        assert 'schedulezero_ready{reason="database_disk_full"} 0.0' in metrics
        refused = await node.api.post("/api/jobs", json=_large_job())
        assert refused.status_code == 503
        error = refused.json()["error"]
        assert (error["code"], error["message"]) == ("database_unavailable", str(DISK_FULL))
        assert error["message_code"] == "database_disk_full"
        with pytest.raises(DatabaseUnavailable) as raised:
            for number in range(100):
                await journal.begin(f"{'run' * 1000}{number}", 1)
        assert raised.value.message == DISK_FULL
        filling.unlink()
        await until(lambda: ready(node))
        assert 'schedulezero_ready{reason=""} 1.0' in (await node.api.get("/metrics")).text
        assert (await ended(node.api, await due_now(node.api)))["status"] == "succeeded"
        await journal.begin("run", 1)
    await journal.close()


def _large_job() -> dict[str, object]:
    trigger = {"type": "interval", "args": {"days": 1}}
    return {"handler_id": "raw", "method": "send", "params": {"text": "x" * 60_000}, "trigger": trigger}


async def test_a_file_that_may_not_grow_is_noticed_before_a_job_needs_it(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", metadata)
    await database.open()
    try:
        await database.write(health._write)
        await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1").all())
        with pytest.raises(DatabaseUnavailable) as raised:
            await database.write(health._write)
        assert raised.value.cause == DISK_FULL
        await database.write(
            lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1000000").all()
        )
        await database.write(health._write)
        tables = await database.read(lambda connection: sa.inspect(connection).get_table_names())
        assert set(tables) == set(metadata.tables)
    finally:
        await database.close()


def _failed(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("the words don't matter")
    error.sqlite_errorcode = code
    return error


def test_the_cause_is_told_by_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    for code, cause in (
        (sqlite3.SQLITE_FULL, DISK_FULL),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, HELD),
        (sqlite3.SQLITE_LOCKED, HELD),
        (sqlite3.SQLITE_READONLY_DIRECTORY, READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, READ_ONLY),
        (sqlite3.SQLITE_IOERR_WRITE, None),
    ):
        assert cause_of(path, _failed(code)) == cause
    # SQLite's index of the log can't grow on a full disk, which it reports as an error of the disk.
    usage = SimpleNamespace(total=10**9, free=4096)
    monkeypatch.setattr(sqlite_errors.shutil, "disk_usage", lambda path: usage)
    assert cause_of(path, _failed(sqlite3.SQLITE_IOERR_SHMSIZE)) == DISK_FULL


async def test_a_server_that_starts_on_a_full_disk_is_not_called_ready(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = node_config(str(small_disk / "a.db"))
    caplog.set_level(logging.INFO)

    async def said_at_start() -> str:
        caplog.clear()
        server = ServerThread(config)
        await server.start()
        await server.stop()
        return caplog.text

    assert "server ready" in await said_at_start()
    filling = fill(small_disk)
    os.truncate(filling, filling.stat().st_size - sqlite_errors.LEAST_FREE // 2)  # enough to open the file
    said = await said_at_start()
    assert "server ready" not in said and "not ready: the disk of its database is full" in said
