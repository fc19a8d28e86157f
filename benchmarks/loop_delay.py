"""How long a burst of due runs holds the bot's event loop: server in a thread, or in a process.

    python -m benchmarks.loop_delay [RUNS]

A handler runs no-op async jobs on this process's loop, as the bot's does, while a server beside it
dispatches RUNS (3,000) runs that fall due at once. A probe on the loop asks to be called every
millisecond and notes how late it is; the longest delay is what the gateway's heartbeat would feel.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from schedulezero.handler.handler import Handler
from schedulezero.instants import to_iso
from schedulezero.model import Job, Trigger
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig
from schedulezero.server.store.jobs import Store
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import database_of

REPETITIONS = 3
_PROBE_SECONDS = 0.001


@asynccontextmanager
async def in_a_thread(config: ServerConfig) -> AsyncIterator[None]:
    server = ServerThread(config)
    await server.start()
    yield
    await server.stop()


@asynccontextmanager
async def in_a_process(config: ServerConfig) -> AsyncIterator[None]:
    environment = {
        **os.environ,
        "SCHEDULEZERO_API_ENDPOINT": config.api_endpoint,
        "SCHEDULEZERO_SERVER_ADDRESS": config.server_address,
        "SCHEDULEZERO_DATABASE": config.database,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "server", env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    yield
    process.terminate()
    await process.wait()


Place = Callable[[ServerConfig], AbstractAsyncContextManager[None]]
PLACES: dict[str, Place] = {"thread": in_a_thread, "process": in_a_process}


async def measure(place: Place, runs: int, port: int) -> tuple[float, float, float]:
    """The longest delay and the 99th percentile in ms, and how many runs ended in a second."""
    done = 0
    finished = asyncio.Event()

    async def job(_bot: Any, _params: dict[str, Any]) -> dict[str, Any]:
        nonlocal done
        done += 1
        if done == runs:
            finished.set()
        return {"success": True}

    delays: list[float] = []

    async def probe() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_PROBE_SECONDS)
            delays.append((time.perf_counter() - began - _PROBE_SECONDS) * 1000)

    with tempfile.TemporaryDirectory() as folder:
        config = ServerConfig(f"http://127.0.0.1:{port}", f"tcp://127.0.0.1:{port + 1}", f"{folder}/bench.db")
        due_at = await _save_jobs(config, runs)
        async with place(config):
            handler = Handler(None, "bench", f"tcp://127.0.0.1:{port + 2}", config.server_address)
            handler.register_sprocket("job", job)
            handler.start()
            await handler.wait_bound()
            await handler.refresh()
            await asyncio.sleep(max(due_at - time.time() - 0.2, 0))
            probing = asyncio.create_task(probe())
            await finished.wait()
            seconds = time.time() - due_at
            probing.cancel()
            handler.stop()
            await handler.wait_stopped()
    delays.sort()
    return delays[-1], delays[int(len(delays) * 0.99)], runs / seconds


async def _save_jobs(config: ServerConfig, runs: int) -> float:
    """Writes the jobs into the database before the server opens it; returns when they are due."""
    now = datetime.now(UTC)
    due_at = now + timedelta(seconds=4 + runs / 1000)
    trigger = Trigger("date", {"run_date": to_iso(due_at)})
    database = database_of(config.database, metadata)
    await database.open()
    store = Store(database)
    pattern = Job("", "bench", "job", {}, trigger, next_run_at=due_at, anchor_at=now)
    pattern = replace(pattern, created_at=now, updated_at=now)
    jobs = [replace(pattern, id=str(number)) for number in range(runs)]
    await asyncio.gather(*(store.add_job(job) for job in jobs))
    await database.close()
    return due_at.timestamp()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"{runs} runs due at once; longest delay of the loop, its 99th percentile, runs per second")
    for repetition in range(REPETITIONS):
        for number, (name, place) in enumerate(PLACES.items()):
            port = 21_000 + repetition * 20 + number * 5
            longest, usual, rate = asyncio.run(measure(place, runs, port))
            print(f"server in a {name:8} {longest:7.1f} ms {usual:7.1f} ms {rate:8.0f}/s", flush=True)


if __name__ == "__main__":
    main()
