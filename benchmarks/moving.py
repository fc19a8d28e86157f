"""Moves a large SQLite database to PostgreSQL, killed once on the way and begun again.

    python -m benchmarks.moving [JOBS RUNS]

Prints how long each try took, what came over, and what a job and a run take on either side.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.due_to_handler import ROOT, save_jobs
from schedulezero import instants
from schedulezero.model import Run, RunState
from schedulezero.server.records.rows import run_row
from schedulezero.server.records.tables import metadata, runs
from schedulezero.storage.database import database_of
from tests.support.postgres import a_postgres, rows

JOBS, RUNS = 100_000, 200_000


async def _fill(database: str, job_count: int, run_count: int) -> None:
    now = instants.now()
    params = {"channel_id": "1100000000000000001", "message": "Good morning, everybody! " * 4}
    due = [now + timedelta(days=1, seconds=number) for number in range(job_count)]
    await save_jobs(database, due, guild_id="1", name="Standup", params=params)
    tables = database_of(database, metadata)
    await tables.open()
    for start in range(0, run_count, 5000):
        made = [
            run_row(
                Run(
                    job_id=f"job-{number % job_count}", handler_id="bench", method="job", params=params,
                    scheduled_at=now - timedelta(seconds=number), claimed_at=now, started_at=now,
                    finished_at=now, state=RunState.SUCCEEDED, guild_id="1", attempts=1,
                    result={"message_id": str(number)},
                )
            )
            for number in range(start, min(start + 5000, run_count))
        ]  # fmt: skip
        await tables.write(lambda connection, made=made: connection.execute(sa.insert(runs), made))
    await tables.close()


async def _move(database: Path, url: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "SCHEDULEZERO_DATABASE": str(database)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "move", "--to", url, env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _measure(url: str, job_count: int, run_count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "schedulezero.db"
        await _fill(str(database), job_count, run_count)
        began = time.perf_counter()
        first = await _move(database, url)
        async with asyncio.timeout(600):
            while not await _moved(url, run_count // 2):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        print(f"SIGKILL after {time.perf_counter() - began:.1f} s, half of the runs being over")
        began = time.perf_counter()
        second = await _move(database, url)
        said, _ = await second.communicate()
        print(f"the second try took {time.perf_counter() - began:.1f} s and ended with {second.returncode}")
        print(said.decode())
        print(
            f"SQLite: {database.stat().st_size / (job_count + run_count):.0f} bytes a row, indexes included"
        )
        for table, count in (("jobs", job_count), ("runs", run_count)):
            (size,) = await rows(url, f"SELECT pg_total_relation_size('{table}')")
            print(f"PostgreSQL: {size[0] / count:.0f} bytes for each of {table}, indexes included")
        return second.returncode or 0


async def _moved(url: str, wanted: int) -> bool:
    known = await rows(url, "SELECT to_regclass('runs') IS NOT NULL AS there")
    return bool(known[0]["there"]) and (await rows(url, "SELECT count(*) AS n FROM runs"))[0]["n"] >= wanted


def main() -> int:
    job_count, run_count = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else (JOBS, RUNS)
    with a_postgres(durable=True) as postgres:
        return asyncio.run(_measure(postgres.new_database(), job_count, run_count))


if __name__ == "__main__":
    sys.exit(main())
