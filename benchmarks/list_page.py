"""What a page of a guild's jobs costs, and how it grows: 10 jobs beside many, in one run.

    python -m benchmarks.list_page

Over the client, REST and SQLite, each order of the list, the first page and one in the middle. Three
repetitions; the median in milliseconds, and the ratio to the same page among 10 jobs.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from bot.demo import free_ports
from schedulezero.client import Client
from schedulezero.dialects import JobQuery
from schedulezero.model import Job, Trigger
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread

SIZES = (10, 10_000, 100_000)
REPETITIONS = 3
CALLS = 30
GUILD = "1"


def grow(database: Path, size: int) -> None:
    """Copies the first job until there are so many, each with a time and a name of its own."""
    with sqlite3.connect(database) as direct:
        copied = [row[1] for row in direct.execute("PRAGMA table_info(jobs)")]
        own = {"id": "'copy-' || n", "next_run_at": "next_run_at + n * 1000000", "sort_name": "'job ' || n"}
        columns = ", ".join(f'"{column}"' for column in copied)
        values = ", ".join(own.get(column, f'"{column}"') for column in copied)
        direct.execute("DELETE FROM jobs WHERE id LIKE 'copy-%'")
        direct.execute(
            f"""INSERT INTO jobs ({columns})
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {size - 1})
            SELECT {values} FROM numbers, (SELECT * FROM jobs LIMIT 1)"""
        )


async def cost(client: Client, query: JobQuery, cursor: str | None) -> float:
    """The median time of a page in milliseconds, over repetitions."""
    figures: list[float] = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        for _ in range(CALLS):
            await client.jobs(GUILD, query, cursor=cursor, limit=8)
        figures.append((time.perf_counter() - began) / CALLS * 1e3)
    return statistics.median(figures)


async def middle(client: Client, query: JobQuery) -> str | None:
    """The cursor of a page some hundred jobs in."""
    return (await client.jobs(GUILD, query, limit=200)).next_cursor


async def main() -> None:
    rest, registration = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.db"
        endpoint = f"http://127.0.0.1:{rest}"
        server = ServerThread(ServerConfig(endpoint, f"tcp://127.0.0.1:{registration}", str(database)))
        await server.start()
        client = Client(endpoint)
        trigger = Trigger("cron", {"hour": 9})
        await client.create(
            Job("", "bot", "send", {"message": "x" * 200}, trigger, guild_id=GUILD, name="Job")
        )
        first: dict[str, float] = {}
        print(f"{'jobs':>8} {'order':>8} {'page':>7} {'ms':>7} {'ratio':>6}")
        for size in SIZES:
            await asyncio.to_thread(grow, database, size)
            for sort in ("next", "name", "created"):
                query = JobQuery(sort=sort)
                for page, cursor in (("first", None), ("middle", await middle(client, query))):
                    taken = await cost(client, query, cursor)
                    baseline = first.setdefault(sort, taken)
                    print(f"{size:>8} {sort:>8} {page:>7} {taken:>7.2f} {taken / baseline:>6.2f}")
        await client.close()
        await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
