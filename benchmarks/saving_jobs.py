"""``POST /api/jobs`` beside the least that could be called the same: aiohttp with one SQLite insert.

    python -m benchmarks.saving_jobs client URL COUNT AT_ONCE
    python -m benchmarks.saving_jobs plain|same PORT FOLDER

Both commit to the disk before they answer. Ours also checks the body, works out the next run, keeps the job's
first version and writes the audit. *The same rows* is the bound: aiohttp that does nothing but write the rows
that we write, with our indexes, by bare ``sqlite3`` in a thread.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.due_to_handler import config_in, server_process
from benchmarks.figures import REPETITIONS, Figure, Row
from schedulezero import instants
from schedulezero.model import Job
from schedulezero.server.records.tables import metadata
from schedulezero.server.store.jobs import Store
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.wire.addresses import free_ports

_COUNTS = {1: 300, 32: 1500}
_BODY: dict[str, Any] = {
    "handler_id": "bench", "method": "send_announcement", "guild_id": "1", "creator_id": "2",
    "name": "Standup", "params": {"channel_id": "3", "message": "Good morning, everybody!"},
    "trigger": {"type": "cron", "args": {"day_of_week": "mon-fri", "hour": 9}}, "timezone": "Europe/Berlin",
}  # fmt: skip


async def client(url: str, count: int, at_once: int) -> float:
    """Saves so many jobs, so many at once; returns the seconds for one."""
    body = json.dumps(_BODY).encode()
    headers = {"Content-Type": "application/json"}
    left = count

    async def save(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 201, await answer.text()
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        left = at_once
        await asyncio.gather(*(save(session) for _ in range(at_once)))  # connections are up
        left = count
        began = time.perf_counter()
        await asyncio.gather(*(save(session) for _ in range(at_once)))
        return (time.perf_counter() - began) / count


async def plain(port: int, folder: str) -> None:
    """Serves the baseline until it is killed."""
    database = sqlite3.connect(f"{folder}/plain.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")

    async def create(request: web.Request) -> web.Response:
        body = await request.json()
        cursor = database.execute("INSERT INTO jobs (body) VALUES (?)", (json.dumps(body),))
        return web.json_response({"job_id": cursor.lastrowid}, status=201)

    await _serve(port, create)


async def same_rows(port: int, folder: str) -> None:
    """Serves the bound until it is killed: it writes one prepared job again and again, with new ids."""
    path = f"{folder}/same.db"
    tables = SqliteDatabase(path, metadata)
    await tables.open()
    store, now = Store(tables), instants.now()
    job = replace(
        Job.from_json({**_BODY, "job_id": "pattern"}), anchor_at=now, created_at=now, updated_at=now
    )
    await store.add_job(replace(job, next_run_at=now), by="2")
    await store.close()
    await tables.close()
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous=FULL")
    inserts: list[tuple[str, list[Any], int]] = []
    for table, key in (("jobs", "id"), ("job_versions", "job_id"), ("audit", "job_id")):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "sequence"]
        names = ", ".join(columns)
        row = database.execute(f"SELECT {names} FROM {table}").fetchone()
        marks = ", ".join("?" * len(columns))
        inserts.append((f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row), columns.index(key)))
    writer = ThreadPoolExecutor(1)

    def write(job_id: str) -> None:
        database.execute("BEGIN IMMEDIATE")
        for statement, row, place in inserts:
            row[place] = job_id
            database.execute(statement, row)
        database.execute("COMMIT")

    async def create(request: web.Request) -> web.Response:
        await request.json()
        job_id = secrets.token_hex(8)
        await asyncio.get_running_loop().run_in_executor(writer, write, job_id)
        return web.json_response({"job_id": job_id}, status=201)

    await _serve(port, create)


async def _serve(port: int, create: Callable[[web.Request], Awaitable[web.Response]]) -> None:
    app = web.Application()
    app.router.add_post("/api/jobs", create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("serving", flush=True)
    await asyncio.Event().wait()


def _client(url: str, at_once: int) -> float:
    command = [
        sys.executable,
        "-m",
        "benchmarks.saving_jobs",
        "client",
        url,
        str(_COUNTS[at_once]),
        str(at_once),
    ]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def _ours(at_once: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        config = config_in(folder)
        async with server_process(config):
            url = f"{config.api_endpoint}/api/jobs"
            return Figure(tuple([await asyncio.to_thread(_client, url, at_once) for _ in range(REPETITIONS)]))


def _baseline(kind: str, at_once: int) -> Figure:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.saving_jobs", kind, str(port), folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            url = f"http://127.0.0.1:{port}/api/jobs"
            return Figure(tuple(_client(url, at_once) for _ in range(REPETITIONS)))
        finally:
            process.kill()
            process.wait()


def rows() -> list[Row]:
    """The lines of the results."""
    found: list[Row] = []
    for at_once, words, most in ((1, "one at a time", 2.0), (32, "32 at once", 1.2)):
        ours, baseline = asyncio.run(_ours(at_once)), _baseline("plain", at_once)
        bound = _baseline("same", at_once) if at_once == 1 else None
        ratio = ours.median / baseline.median
        note = "also checks the body and the trigger, finds the next run, keeps a version, writes the audit"
        if bound is not None:
            note += (
                f"; the same rows by bare sqlite3 in a thread {bound.text(' ms', 1e3)}, "
                f"{bound.median / baseline.median:.2f}×"
            )
        found.append(
            Row(
                f"`POST /api/jobs`, {words}",
                ours.text(" ms", 1e3), f"aiohttp with one insert {baseline.text(' ms', 1e3)}",
                f"{ratio:.2f}×", f"≤ {most:g}×", ratio <= most, note,
            )
        )  # fmt: skip
    return found


def main() -> None:
    if sys.argv[1] == "client":
        print(asyncio.run(client(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        serve = {"plain": plain, "same": same_rows}[sys.argv[1]]
        asyncio.run(serve(int(sys.argv[2]), sys.argv[3]))


if __name__ == "__main__":
    main()
