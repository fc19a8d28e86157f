"""``POST /api/jobs`` beside the least that could be called the same: aiohttp with one SQLite insert.

    python -m benchmarks.saving_jobs client URL COUNT AT_ONCE
    python -m benchmarks.saving_jobs plain PORT FOLDER

Both commit to the disk before they answer. Ours also checks the body, works out the next run, keeps the job's
first version and writes the audit. The bound is `benchmarks.baselines.same_rows`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import web

from benchmarks.baselines.same_rows import BODY
from benchmarks.due_to_handler import config_in, server_process
from benchmarks.figures import REPETITIONS, Figure, Row
from schedulezero.wire.addresses import free_ports

BOUND = "benchmarks.baselines.same_rows"
_COUNTS = {1: 300, 32: 1500}


async def client(url: str, count: int, at_once: int) -> float:
    """Saves so many jobs, so many at once; returns the seconds for one."""
    body = json.dumps(BODY).encode()
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


@contextmanager
def served_by(*module: str) -> Iterator[str]:
    """Run a module that serves a baseline on a port it is given, and yield its address."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", *module, str(port), folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _baseline(at_once: int, *module: str) -> Figure:
    with served_by(*module) as url:
        return Figure(tuple(_client(f"{url}/api/jobs", at_once) for _ in range(REPETITIONS)))


def rows() -> list[Row]:
    """The lines of the results."""
    found: list[Row] = []
    for at_once, words, most in ((1, "one at a time", 2.0), (32, "32 at once", 1.2)):
        ours, baseline = asyncio.run(_ours(at_once)), _baseline(at_once, "benchmarks.saving_jobs", "plain")
        bound = _baseline(at_once, BOUND)
        ratio = ours.median / baseline.median
        note = "also checks the body and the trigger, finds the next run, keeps a version, writes the audit"
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
        asyncio.run(plain(int(sys.argv[2]), sys.argv[3]))


if __name__ == "__main__":
    main()
