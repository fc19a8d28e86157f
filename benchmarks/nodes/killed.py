"""Three server nodes and three handler processes on one PostgreSQL; one of each is killed midway.

``python -m benchmarks.nodes.killed [RUNS] [SECONDS]``: so many jobs fall due within so many seconds, spread
evenly. Each has one effect, a row in a table of its own. At the middle a node and a handler get SIGKILL and
stay dead. Counted are effects that are lacking or doubled, and how long nothing happened at most.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.nodes.jobs import add_jobs
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero import instants
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.methods.spec import resumable
from schedulezero.model import JsonObject as Json
from schedulezero.storage.postgres import asyncpg
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.shards import Shards
from tests.support.postgres import a_postgres, rows

RUNS, SECONDS = 20_000, 60.0
NODES = 3
_EFFECTS = "CREATE TABLE effects (run_id text NOT NULL, at double precision NOT NULL, process int NOT NULL)"
_LEAD_SECONDS = 5.0
_PATIENCE_SECONDS = 120.0


# ------------------------------------------------------------------ a handler process


async def handler(port: int, server_address: str, database: str) -> None:
    """Carries runs out until it is killed; each inserts its row once."""
    pool = await asyncpg.create_pool(database, min_size=2, max_size=8)
    process = os.getpid()

    async def look(_plan: Json, _since: Any) -> Json | None:
        query = "SELECT 1 FROM effects WHERE run_id = $1"
        return {"found": True} if await pool.fetchval(query, current_run().run_id) else None

    async def insert(_plan: Json) -> Json:
        query = "INSERT INTO effects VALUES ($1, $2, $3)"
        await pool.execute(query, current_run().run_id, time.time(), process)
        return {"process": process}

    @resumable
    async def work(_context: Any, _params: Json) -> Json:
        """Has its effect.

        Params:
        """
        return await step("effect", insert, find=look)

    journal = Journal(database)
    await journal.open()
    everything = Shards(frozenset({0}), 1)
    made = Handler(
        None, "workers", f"tcp://127.0.0.1:{port}", server_address, journal=journal, shards=everything
    )
    made.register_sprocket("work", work)
    made.start()
    await asyncio.Event().wait()


# ------------------------------------------------------------------ the whole


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the runs."""

    runs: int
    lost: int
    doubled: int
    states: dict[str, int]
    longest_gap: float
    lateness: tuple[float, float, float]
    """Median, 99 of 100, and the longest, in seconds."""
    takeover: float
    """How long after the kill the last run was done that was due before it."""

    def text(self) -> str:
        median, most, longest = self.lateness
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return (
            f"{self.runs} runs: lost {self.lost}, doubled {self.doubled}; {states}\n"
            f"longest gap without an effect {self.longest_gap:.2f} s; lateness {median * 1e3:.0f} ms median, "
            f"{most * 1e3:.0f} ms p99, {longest:.2f} s at most\n"
            f"what was due when a node and a handler were killed was done {self.takeover:.2f} s later"
        )


async def measure(database: str, runs: int, seconds: float) -> Outcome:
    """Runs it once on an empty database; the nodes make their own tables."""
    with tempfile.TemporaryDirectory(prefix="schedulezero-nodes-") as folder:
        processes: list[asyncio.subprocess.Process] = []
        try:
            return await _measure(database, runs, seconds, Path(folder), processes)
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                await process.wait()


async def _measure(
    database: str, runs: int, seconds: float, folder: Path, processes: list[asyncio.subprocess.Process]
) -> Outcome:
    ports = free_ports(3 * NODES)
    rest = [f"http://127.0.0.1:{port}" for port in ports[:NODES]]
    addresses = [f"tcp://127.0.0.1:{port}" for port in ports[NODES : 2 * NODES]]
    connection = await asyncpg.connect(database)
    await connection.execute(_EFFECTS)
    await connection.close()
    for number in range(NODES):
        config = folder / f"{number}.yaml"
        settings = {
            "api_endpoint": rest[number], "server_address": addresses[number], "database": database,
            "limits": NO_LIMIT_SETTINGS.model_dump(),
        }  # fmt: skip
        config.write_text(yaml.safe_dump(settings))
        with (folder / f"node-{number}.log").open("wb") as log:
            processes.append(await _python(log, "-m", "bot", "server", "--config", str(config)))
    await _ready(rest, handlers=0)
    for number in range(NODES):
        arguments = ("handler", str(ports[2 * NODES + number]), addresses[number], database)
        with (folder / f"handler-{number}.log").open("wb") as log:
            processes.append(await _python(log, "-m", "benchmarks.nodes.killed", *arguments))
    await _ready(rest, handlers=NODES)

    begin = instants.now() + timedelta(seconds=_LEAD_SECONDS + runs / 5000)
    due = [begin + timedelta(seconds=seconds * number / runs) for number in range(runs)]
    await add_jobs(database, [(f"job-{number}", "workers", at) for number, at in enumerate(due)], guilds=100)
    kill_at = begin.timestamp() + seconds / 2
    await asyncio.sleep(kill_at - time.time())
    processes[0].send_signal(signal.SIGKILL)  # a node
    processes[NODES + 1].send_signal(signal.SIGKILL)  # a handler that had registered at another one
    killed_at = time.time()

    give_up = begin.timestamp() + seconds + _PATIENCE_SECONDS
    states: dict[str, int] = {}
    while time.time() < give_up:
        await asyncio.sleep(0.5)
        found = await rows(database, "SELECT state, count(*) AS n FROM runs GROUP BY state")
        states = {row["state"]: row["n"] for row in found}
        if sum(states.values()) >= runs and not states.get("queued"):
            break
    return await _count(database, runs, states, killed_at)


async def _python(log: Any, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=log, stderr=log, cwd=Path(__file__).parent.parent.parent
    )


async def _ready(rest: list[str], handlers: int) -> None:
    async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(60):
        for endpoint in rest:
            while True:
                try:
                    ready = (await client.get(f"{endpoint}/api/health/ready")).status_code == 200
                    known = (await client.get(f"{endpoint}/api/handlers")).json()["handlers"]
                    if ready and len([item for item in known if item["status"] == "Connected"]) == handlers:
                        break
                except (httpx.HTTPError, ValueError, KeyError):
                    pass  # it is coming up
                await asyncio.sleep(0.1)


async def _count(database: str, runs: int, states: dict[str, int], killed_at: float) -> Outcome:
    found = await rows(
        database,
        "SELECT r.job_id AS id, r.scheduled_at / 1e6 AS due, count(e.at) AS effects, min(e.at) AS at "
        "FROM runs r LEFT JOIN (SELECT split_part(run_id, '@', 1) AS job_id, at FROM effects) e "
        "ON e.job_id = r.job_id GROUP BY r.job_id, r.scheduled_at",
    )
    effects = [row for row in found if row["effects"]]
    times = sorted(row["at"] for row in effects)
    late = sorted(float(row["at"]) - float(row["due"]) for row in effects)
    before_kill = [float(row["at"]) for row in effects if float(row["due"]) < killed_at]
    return Outcome(
        runs=runs,
        lost=runs - len(effects),
        doubled=sum(row["effects"] > 1 for row in found),
        states=states,
        longest_gap=max((b - a for a, b in pairwise(times)), default=0.0),
        lateness=(statistics.median(late), late[int(len(late) * 0.99)], late[-1]),
        takeover=max(before_kill) - killed_at,
    )


def main() -> int:
    if sys.argv[1:2] == ["handler"]:
        asyncio.run(handler(int(sys.argv[2]), sys.argv[3], sys.argv[4]))
        return 0
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    text, met = tried(runs, seconds)
    print(text)
    return 0 if met else 1


def tried(runs: int = RUNS, seconds: float = SECONDS) -> tuple[str, bool]:
    """Try it on a database of its own; return the figures, and whether nothing was lost or doubled."""
    with a_postgres(durable=True) as postgres:
        outcome = asyncio.run(measure(postgres.new_database(), runs, seconds))
    return outcome.text(), outcome.lost == outcome.doubled == 0


if __name__ == "__main__":
    sys.exit(main())
