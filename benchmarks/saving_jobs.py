"""``POST /api/jobs`` beside the least that could be called the same: aiohttp with one SQLite insert.

    python -m benchmarks.saving_jobs client URL COUNT AT_ONCE
    python -m benchmarks.saving_jobs plain PORT FOLDER

Both commit to the disk before they answer. Ours also checks the body, works out the next run, keeps the job's
first version and writes the audit.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.due_to_handler import config_in, server_process
from benchmarks.figures import REPETITIONS, Figure, Row
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


def _baseline(at_once: int) -> Figure:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.saving_jobs", "plain", str(port), folder]
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
    for at_once, words in ((1, "one at a time"), (32, "32 at once")):
        ours, baseline = asyncio.run(_ours(at_once)), _baseline(at_once)
        ratio = ours.median / baseline.median
        found.append(
            Row(
                f"`POST /api/jobs`, {words}",
                ours.text(" ms", 1e3), f"aiohttp with one insert {baseline.text(' ms', 1e3)}",
                f"{ratio:.2f}×", "≤ 2×", ratio <= 2,
                "also checks the body and the trigger, finds the next run, keeps a version, writes the audit",
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
