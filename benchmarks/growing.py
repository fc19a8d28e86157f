"""What more jobs cost: a page of the list, the suggestions while somebody types, and doing nothing at all.

The server is a process of its own on SQLite. All jobs but a thousand are one guild's. The
searches and filters that find nothing look at those of another guild, since no index helps them.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.due_to_handler import config_in, save_jobs, server_process
from benchmarks.figures import REPETITIONS, Curve, Figure, Row, processor_seconds, shown
from schedulezero import instants
from schedulezero.client.client import Client
from schedulezero.client.dialect import JobQuery
from schedulezero.model import JobState
from schedulezero.server.service import ServerConfig

SIZES = (1_000, 100_000, 1_000_000)
_CALLS = 40
_GUILD, _SMALL_GUILD = "1", "2"
_IDLE_SECONDS = 15.0
_NOWHERE = (
    JobQuery(text="nowhere"),
    JobQuery(state=JobState.PAUSED),
    JobQuery(method="nothing"),
    JobQuery(channel_id="77"),
    JobQuery(creator_id="77"),
)
_EVERYWHERE = (JobQuery(text="stand"), JobQuery(state=JobState.ACTIVE), JobQuery(method="job"))


def grow(database: Path, size: int) -> None:
    """Copies the first job until there are so many, each with a time and a name of its own."""
    with sqlite3.connect(database) as direct:
        direct.execute("PRAGMA synchronous=OFF")
        columns = [row[1] for row in direct.execute("PRAGMA table_info(jobs)")]
        own = {"id": "'copy-' || n", "next_run_at": "next_run_at + n * 1000000", "sort_name": "'job ' || n"}
        first = "(SELECT * FROM jobs ORDER BY rowid LIMIT 1)"
        query = f"SELECT count(*) FROM jobs WHERE guild_id = (SELECT guild_id FROM {first})"
        (there,) = direct.execute(query).fetchone()
        values = ", ".join(own.get(column, f'"{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        direct.execute(
            f"""INSERT INTO jobs ({names})
            WITH RECURSIVE numbers(n) AS (
                SELECT {there} UNION ALL SELECT n + 1 FROM numbers WHERE n < {size - 1}
            )
            SELECT {values} FROM numbers, {first}"""
        )


async def _seed(config: ServerConfig) -> None:
    due = instants.now() + timedelta(days=2)
    await save_jobs(config.database, [due], guild_id=_GUILD, name="Standup", params={"message": "x" * 200})
    with sqlite3.connect(config.database) as direct:
        direct.execute("UPDATE jobs SET sort_name = 'standup'")
    grow(Path(config.database), 1000)
    with sqlite3.connect(config.database) as direct:
        names = ", ".join(row[1] for row in direct.execute("PRAGMA table_info(jobs)"))
        values = names.replace("guild_id", f"'{_SMALL_GUILD}'").replace("id,", "'small-' || id,", 1)
        direct.execute(f"INSERT INTO jobs ({names}) SELECT {values} FROM jobs")


async def _median(call: Callable[[], Awaitable[object]], calls: int = _CALLS) -> Figure:
    figures: list[float] = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        for _ in range(calls):
            await call()
        figures.append((time.perf_counter() - began) / calls * 1e3)
    return Figure(tuple(figures))


async def _each(client: Client, guild_id: str, queries: tuple[JobQuery, ...]) -> None:
    for query in queries:
        for order in ("next", "name", "created"):
            await client.jobs(guild_id, replace(query, sort=order), limit=8)


async def _pages(config: ServerConfig) -> dict[str, Figure]:
    client = Client(config.api_endpoint)
    middle = (await client.jobs(_GUILD, JobQuery(), limit=200)).next_cursor
    found = {
        "first page": await _median(lambda: client.jobs(_GUILD, JobQuery(), limit=8)),
        "later page, by name": await _median(lambda: client.jobs(_GUILD, JobQuery(sort="name"), limit=8)),
        "page after 200": await _median(lambda: client.jobs(_GUILD, JobQuery(), cursor=middle, limit=8)),
        "suggestions": await _median(lambda: client.jobs(_GUILD, JobQuery(text="stand"), limit=25)),
        "suggestions, none found": await _median(
            lambda: client.jobs(_SMALL_GUILD, JobQuery(text="nowhere"), limit=25)
        ),
        "each filter and order, none found": await _median(partial(_each, client, _SMALL_GUILD, _NOWHERE), 4),
        "each filter and order, all found": await _median(partial(_each, client, _GUILD, _EVERYWHERE), 6),
    }
    await client.close()
    return found


def megabytes(pid: int) -> float:
    """The memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _idle(config: ServerConfig) -> tuple[float, float]:
    """The share of a core in percent, and the megabytes, of a server that has nothing to do."""
    async with server_process(config) as process:
        await asyncio.sleep(2)  # what it does when it starts is over
        before = processor_seconds(process.pid)
        await asyncio.sleep(_IDLE_SECONDS)
        return (processor_seconds(process.pid) - before) / _IDLE_SECONDS * 100, megabytes(process.pid)


async def _measure() -> tuple[list[Row], list[Curve]]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        config = config_in(folder)
        await _seed(config)
        costs: dict[str, list[Figure]] = {}
        for size in SIZES:
            await asyncio.to_thread(grow, Path(config.database), size)
            async with server_process(config):
                for name, figure in (await _pages(config)).items():
                    costs.setdefault(name, []).append(figure)
        for name, figures in costs.items():
            ratio = figures[-1].median / figures[0].median
            middle = figures[1].median / figures[0].median
            rows.append(
                Row(
                    f"list, {name}: 10³, 10⁵, 10⁶ jobs",
                    ", ".join(shown(figure.median) for figure in figures[1:]) + " ms",
                    f"at 10³ {figures[0].text(' ms')}", f"{middle:.2f}×, {ratio:.2f}×",
                    "≤ 1.3×", max(ratio, middle) <= 1.3,
                )
            )  # fmt: skip
        cpu, megabytes = await _idle(config)
        empty_cpu, empty_megabytes = await _idle(config_in(other))
        rows.append(
            Row(
                "idle with 10⁶ future jobs",
                f"{cpu:.2f} % of a core, {megabytes:.0f} MB",
                f"empty {empty_cpu:.2f} %, {empty_megabytes:.0f} MB",
                f"+ {max(megabytes - empty_megabytes, 0):.0f} MB",
                "< 0.5 %, < 150 MB", cpu < 0.5 and megabytes < 150,
                f"measured once, over {_IDLE_SECONDS:.0f} s",
            )
        )  # fmt: skip
    curves = [
        Curve(f"list, {name}", SIZES, [figure.median for figure in figures])
        for name, figures in costs.items()
        if name in ("first page", "suggestions")
    ]
    return rows, curves


def rows_and_curves() -> tuple[list[Row], list[Curve]]:
    """The lines of the results, and cost against size."""
    return asyncio.run(_measure())


if __name__ == "__main__":
    for row in rows_and_curves()[0]:
        print(row)
