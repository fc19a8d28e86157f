"""No-op jobs that all fall due in one second: how many a second, and how late, each run recorded durably.

    python -m benchmarks.due_to_handler ours|postgresql|bound RUNS [NODES]

Ours is what `schedulezero-bot server` and a handler with its journal do: SQLite commits that wait for the
disk, a call over ZeroMQ and its answer. The baselines call a function in their own process. The bound is how
fast bare Python can keep the same promises (`benchmarks.baselines.bare_pipeline`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.figures import REPETITIONS, Curve, Figure, Lateness, Row
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.model import Job, Trigger
from schedulezero.server.records.rows import job_row
from schedulezero.server.records.tables import jobs, metadata
from schedulezero.server.service import ServerConfig
from schedulezero.storage.database import database_of
from schedulezero.wire.addresses import free_ports
from tests.support.postgres import a_postgres

SIZES = (300, 3_000, 30_000)
_LONG = 10_000
"""More runs are measured once: they take half a minute, and differ little."""
ROOT = Path(__file__).parent.parent


@asynccontextmanager
async def server_process(config: ServerConfig) -> AsyncIterator[asyncio.subprocess.Process]:
    """``schedulezero-bot server`` until the context is left."""
    environment = {
        **os.environ,
        "SCHEDULEZERO_API_ENDPOINT": config.api_endpoint,
        "SCHEDULEZERO_SERVER_ADDRESS": config.server_address,
        "SCHEDULEZERO_DATABASE": config.database,
        "SCHEDULEZERO_REQUESTS_PER_SECOND": "0",
        "SCHEDULEZERO_LIMITS": NO_LIMIT_SETTINGS.model_dump_json(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "server", env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


def config_in(folder: str) -> ServerConfig:
    """A server on free ports, its database in a folder."""
    rest, registration = free_ports(2)
    return ServerConfig(f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", f"{folder}/bench.db")


async def save_jobs(database: str, due: list[datetime], **changes: Any) -> None:
    """Saves a no-op job for each instant, in a few statements."""
    now = datetime.now(UTC)
    tables = database_of(database, metadata)
    await tables.open()
    pattern = Job("", "bench", "job", {}, Trigger("date", {}), anchor_at=now, created_at=now, updated_at=now)
    pattern = replace(pattern, **changes)
    for start in range(0, len(due), 5000):
        rows = [
            job_row(
                replace(
                    pattern,
                    id=f"job-{start + number}",
                    next_run_at=at,
                    trigger=Trigger("date", {"run_date": to_iso(at)}),
                )
            )
            for number, at in enumerate(due[start : start + 5000])
        ]
        await tables.write(lambda connection, rows=rows: connection.execute(sa.insert(jobs), rows))
    await tables.close()


async def ours(runs: int, database: str | None = None, nodes: int = 1) -> dict[str, Any]:
    """Measures once, on a SQLite file or the PostgreSQL that ``database`` names and nodes share."""
    lateness, all_called = Lateness(runs), asyncio.Event()

    async def job(_bot: Any, _params: dict[str, Any]) -> dict[str, Any]:
        if lateness.note(current_run().scheduled_at.timestamp(), time.time()):
            all_called.set()
        return {"success": True}

    with tempfile.TemporaryDirectory() as folder:
        config = config_in(folder)
        config = replace(config, database=database or config.database)
        begin = datetime.now(UTC) + timedelta(seconds=2 + 2 * nodes + runs / 5_000)
        await save_jobs(config.database, [begin] * runs)
        journal = Journal(journal_of(config.database))
        await journal.open()
        (port,) = free_ports(1)
        handler = Handler(None, "bench", f"tcp://127.0.0.1:{port}", config.server_address, journal=journal)
        handler.register_sprocket("job", job)
        async with AsyncExitStack() as servers, httpx.AsyncClient(base_url=config.api_endpoint) as api:
            for number in range(nodes):
                node = replace(config_in(folder), database=config.database) if number else config
                await servers.enter_async_context(server_process(node))
            handler.start()
            await handler.wait_bound()
            await handler.refresh()
            assert time.time() < begin.timestamp(), "the jobs fell due before all was up"
            await all_called.wait()
            await _all_recorded(api, runs)
            seconds = time.time() - begin.timestamp()
            handler.stop()
            await handler.wait_stopped()
        await journal.close()
    return lateness.report(seconds)


async def _all_recorded(api: httpx.AsyncClient, runs: int) -> None:
    async with asyncio.timeout(120):
        while (await api.get("/api/executions/stats")).json()["by_status"]["succeeded"] < runs:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def measured(command: list[str], environment: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON object that a process of its own prints."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def rows_and_curves() -> tuple[list[Row], list[Curve]]:
    """The lines of the results, and cost against size."""
    ours_, theirs = (
        [_repeated(module, *kind, str(runs), times=1 if runs > _LONG else REPETITIONS) for runs in SIZES]
        for module, kind in (
            ("benchmarks.due_to_handler", ("ours",)),
            ("benchmarks.baselines.apscheduler3", ()),
        )
    )
    rows = [
        _row(f"due → handler, {runs:,} no-op jobs at once", mine, other, "APScheduler 3.11")
        for runs, mine, other in zip(SIZES, ours_, theirs, strict=True)
    ]
    bound = _bound_note(_repeated("benchmarks.baselines.bare_pipeline", str(SIZES[1])), theirs[1])
    rows[1] = replace(rows[1], note=bound)
    newest = _row(f"the same, {SIZES[0]:,} jobs", ours_[0], [_apscheduler4(SIZES[0])], "APScheduler 4.0.0a6")
    rows.append(replace(newest, note="APScheduler 4 was measured once; with 3,000 jobs it takes 20 s"))
    postgres = _repeated("benchmarks.due_to_handler", "postgresql", str(SIZES[1]))
    work = f"the same, {SIZES[1]:,} jobs, one node on PostgreSQL"
    row = _row(work, postgres, theirs[1], "APScheduler 3.11 on SQLite", 4)
    bound = _bound_note(_repeated("benchmarks.due_to_handler", "bound", str(SIZES[1])), theirs[1])
    rows.append(replace(row, note=bound))
    rows.append(_nodes_row(postgres))
    curves = [
        Curve(f"{name}: {what}", SIZES, [cost(times) for times in found], baseline=name != "ours")
        for name, found in (("ours", ours_), ("APScheduler 3.11", theirs))
        for what, cost in (
            ("a run", lambda times: 1e3 / _figure(times, "throughput").median),
            ("lateness, p99", lambda times: 1e3 * _figure(times, "p99").median),
        )
    ]
    return rows, curves


def _bound_note(bare: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> str:
    """What to know of a row: how fast the same promises can be kept by bare statements and sockets."""
    rate, late = _figure(bare, "throughput"), _figure(bare, "p99")
    gain = rate.median / _figure(theirs, "throughput").median
    share = late.median / _figure(theirs, "p99").median
    return (
        f"the bound, two bare loops that write the same rows with a wire between them: {rate.text('/s')}, "
        f"p99 {late.text(' ms', 1e3)}, {gain:.1f}×, p99 {share:.2f}×"
    )


def _nodes_row(one: list[dict[str, Any]]) -> Row:
    """Three nodes beside one: only as many cores as there are can work at a time."""
    three = _repeated("benchmarks.due_to_handler", "postgresql", str(SIZES[1]), "3")
    rate, their_rate = _figure(three, "throughput"), _figure(one, "throughput")
    gain = rate.median / their_rate.median
    return Row(
        f"the same, {SIZES[1]:,} jobs, three nodes on PostgreSQL",
        rate.text("/s"), f"one node {their_rate.text('/s')}", f"{gain:.1f}×", "≥ 1.8×", gain >= 1.8,
        f"nodes, PostgreSQL and the handler share {os.cpu_count()} cores; one node keeps more than one busy",
    )  # fmt: skip


def _repeated(module: str, *arguments: str, times: int = REPETITIONS) -> list[dict[str, Any]]:
    return [measured([sys.executable, "-m", module, *arguments]) for _ in range(times)]


def _apscheduler4(runs: int) -> dict[str, Any]:
    python = ROOT / ".venv-apscheduler4" / "bin" / "python"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return measured([str(python), "benchmarks/baselines/apscheduler4.py", str(runs)], environment)


def _figure(times: list[dict[str, Any]], key: str) -> Figure:
    return Figure(tuple(found[key] for found in times))


def _row(
    work: str, ours_: list[dict[str, Any]], theirs: list[dict[str, Any]], name: str, least: float = 5
) -> Row:
    rate, their_rate = _figure(ours_, "throughput"), _figure(theirs, "throughput")
    late, their_late = _figure(ours_, "p99"), _figure(theirs, "p99")
    gain, share = rate.median / their_rate.median, late.median / their_late.median
    return Row(
        work,
        f"{rate.text('/s')}, p99 {late.text(' ms', 1e3)}",
        f"{name} {their_rate.text('/s')}, p99 {their_late.text(' ms', 1e3)}",
        f"{gain:.1f}×, p99 {share:.2f}×", f"≥ {least:g}×, p99 ≤ {1 / least:g}×",
        gain >= least and share <= 1 / least,
    )  # fmt: skip


def main() -> None:
    runs = int(sys.argv[2])
    if sys.argv[1] == "ours":
        print(json.dumps(asyncio.run(ours(runs))))
        return
    with a_postgres(durable=True) as postgres:
        database = postgres.new_database()
        if sys.argv[1] == "bound":
            command = [sys.executable, "-m", "benchmarks.baselines.bare_pipeline", str(runs), database]
            print(json.dumps(measured(command)))
        else:
            nodes = int(sys.argv[3]) if len(sys.argv) > 3 else 1
            print(json.dumps(asyncio.run(ours(runs, database, nodes))))


if __name__ == "__main__":
    main()
