"""The bound of saving jobs: aiohttp that does nothing but write the rows that we write, by bare ``sqlite3``.

    python -m benchmarks.baselines.same_rows PORT FOLDER

It writes one prepared job again and again, with new ids, into tables with our indexes, and commits to the
disk before it answers. It checks nothing, computes nothing, and answers only what the caller reads.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from schedulezero import instants
from schedulezero.model import Job, JobState
from schedulezero.server.records.tables import metadata
from schedulezero.server.store.jobs import Store
from schedulezero.storage.sqlite import SqliteDatabase

BODY: dict[str, Any] = {
    "handler_id": "bench", "method": "send_announcement", "guild_id": "1", "creator_id": "2",
    "name": "Standup", "params": {"channel_id": "3", "message": "Good morning, everybody!"},
    "trigger": {"type": "cron", "args": {"day_of_week": "mon-fri", "hour": 9}}, "timezone": "Europe/Berlin",
}  # fmt: skip
"""The job that is saved."""

_CHANGE = "UPDATE jobs SET state = 'paused', next_run_at = NULL, version = ? WHERE id = ?"
_TABLES = (("jobs", "id"), ("job_versions", "job_id"), ("audit", "job_id"))


@dataclass(frozen=True, slots=True)
class _Insert:
    """A statement that writes a row again, with another job's id and, where it has one, another version."""

    statement: str
    columns: Sequence[str]
    row: Sequence[Any]
    key: str
    version: int = 1

    def rows(self, job_ids: Sequence[str]) -> list[list[Any]]:
        row = list(self.row)
        if "version" in self.columns:
            row[self.columns.index("version")] = self.version
        place = self.columns.index(self.key)
        return [[*row[:place], job_id, *row[place + 1 :]] for job_id in job_ids]


class _BareRows:
    """A database whose tables and rows are ours, and whose statements are bare."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous=FULL")
        self._inserts = [self._insert(table, key) for table, key in _TABLES]
        self._thread = ThreadPoolExecutor(1)

    def _insert(self, table: str, key: str) -> _Insert:
        columns = [
            row[1] for row in self._database.execute(f"PRAGMA table_info({table})") if row[1] != "sequence"
        ]
        names = ", ".join(columns)
        row = self._database.execute(f"SELECT {names} FROM {table}").fetchone()
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return _Insert(statement, columns, row, key)

    async def create(self, job_ids: Sequence[str]) -> None:
        """Write the rows of new jobs in one transaction."""

        def create() -> None:
            self._database.execute("BEGIN IMMEDIATE")
            self._insert_all(self._inserts, job_ids)
            self._database.execute("COMMIT")

        await self._in_thread(create)

    async def change(self, job_ids: Sequence[str]) -> None:
        """Read jobs and write them again, each with one more version and entry in the audit."""

        def change() -> None:
            marks = ", ".join("?" * len(job_ids))
            query = f"SELECT * FROM jobs WHERE id IN ({marks})"
            assert len(self._database.execute(query, list(job_ids)).fetchall()) == len(job_ids)
            _, versions, audit = self._inserts
            version = self._database.execute("SELECT max(version) FROM job_versions").fetchone()[0] + 1
            changed = [(version, job_id) for job_id in job_ids]
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(_CHANGE, changed)
            self._insert_all((replace(versions, version=version), audit), job_ids)
            self._database.execute("COMMIT")

        await self._in_thread(change)

    def _insert_all(self, inserts: Sequence[_Insert], job_ids: Sequence[str]) -> None:
        for insert in inserts:
            self._database.executemany(insert.statement, insert.rows(job_ids))

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def _opened(folder: str) -> _BareRows:
    """Return a database with our tables and one job, from which all others are copied."""
    path = f"{folder}/same.db"
    tables = SqliteDatabase(path, metadata)
    await tables.open()
    store, now = Store(tables), instants.now()
    job = replace(Job.from_json({**BODY, "job_id": "pattern"}), anchor_at=now, created_at=now, updated_at=now)
    await store.add_job(replace(job, next_run_at=now), by="2")
    await store.close()
    await tables.close()
    return _BareRows(path)


async def serve(port: int, folder: str) -> None:
    """Serve the three requests that the benchmarks make, until killed."""
    rows = await _opened(folder)

    async def create(request: web.Request) -> web.Response:
        await request.json()
        job_id = secrets.token_hex(8)
        await rows.create([job_id])
        return web.json_response({"job_id": job_id}, status=201)

    async def create_many(request: web.Request) -> web.Response:
        body = await request.json()
        job_ids = [secrets.token_hex(8) for _ in body["jobs"]]
        await rows.create(job_ids)
        found = [{"job": {**BODY, "job_id": job_id, "state": JobState.ACTIVE.value}} for job_id in job_ids]
        return web.json_response({"results": found})

    async def change(request: web.Request) -> web.Response:
        job_ids = [job["job_id"] for job in (await request.json())["jobs"]]
        await rows.change(job_ids)
        return web.json_response({"changed": [{**BODY, "job_id": job_id} for job_id in job_ids]})

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/api/jobs", create)
    app.router.add_post("/api/jobs/bulk-create", create_many)
    app.router.add_post("/api/jobs/bulk", change)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("serving", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
