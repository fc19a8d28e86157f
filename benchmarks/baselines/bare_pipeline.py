"""The bound of *due → handler*: a scheduler and a handler that keep our promises in the shortest way.

    python -m benchmarks.baselines.bare_pipeline RUNS [POSTGRESQL_URL]

Two processes with ZeroMQ and JSON between them, as ours. The scheduler writes into our tables, with our
indexes: it moves the due jobs on and writes their runs in one commit, and their outcomes in another; the
handler records in a journal that a call has begun, and how it ended. Everything that is there is done
together, by prepared statements on a bare connection. It knows no guilds, limits, turns, retries, timeouts or
other nodes.
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
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import zmq

from benchmarks.figures import Lateness
from schedulezero.wire.addresses import free_ports

_OUTSTANDING = 256
_BATCH = 200

_DUE = (
    "SELECT id, handler_id, method, params, next_run_at FROM jobs "
    "WHERE state = 'active' AND next_run_at <= ? ORDER BY next_run_at LIMIT ?"
)
_MOVE = (
    "UPDATE jobs SET next_run_at = NULL, state = 'finished', run_count = 1 WHERE id = ? AND next_run_at = ?"
)
_RUN = (
    "INSERT INTO runs (job_id, scheduled_at, handler_id, method, params, number, grace_seconds, state, "
    "claimed_at, attempts) VALUES (?, ?, ?, ?, ?, 1, 300, 'queued', ?, 0)"
)
_OUTCOME = (
    "UPDATE runs SET state = 'succeeded', attempts = 1, started_at = ?, finished_at = ?, result = ? "
    "WHERE job_id = ? AND scheduled_at = ? AND state = 'queued'"
)
_BEGIN = "INSERT INTO journal_runs (run_id, round, begun_at) VALUES (?, 1, ?) ON CONFLICT (run_id) DO NOTHING"
_END = "UPDATE journal_runs SET result = ? WHERE run_id = ?"


class _Sqlite:
    """A connection that carries out each statement with many rows, and commits them together."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=FULL")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def write(self, *work: tuple[str, list[tuple[Any, ...]]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in work:
            self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class _Postgres:
    """The same with asyncpg, which ours uses, too."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: Any = self._runner.run(asyncpg.connect(url))

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(_numbered(statement), *values))]

    def write(self, *work: tuple[str, list[tuple[Any, ...]]]) -> None:
        async def all_of_it() -> None:
            async with self._connection.transaction():
                for statement, rows in work:
                    await self._connection.executemany(_numbered(statement), rows)

        self._runner.run(all_of_it())

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


@cache
def _numbered(statement: str) -> str:
    """A statement with the placeholders that asyncpg wants."""
    first, *others = statement.split("?")
    return first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))


def _opened(database: str) -> _Sqlite | _Postgres:
    return _Postgres(database) if database.startswith("postgresql") else _Sqlite(database)


def _microseconds() -> int:
    return time.time_ns() // 1000


def _all_that_came(socket: zmq.Socket[bytes]) -> Iterator[list[bytes]]:
    socket.poll()
    while True:
        try:
            yield socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return


def handler(address: str, database: str, runs: int) -> None:
    """Answers so many calls, then prints how late they were."""
    lateness = Lateness(runs)
    with (
        zmq.Context() as context,
        context.socket(zmq.ROUTER) as router,
        closing(_opened(database)) as journal,
    ):
        router.bind(address)
        print("bound", flush=True)
        answered = 0
        while answered < runs:
            calls = [(frames[0], json.loads(frames[-1])) for frames in _all_that_came(router)]
            now = _microseconds()
            journal.write((_BEGIN, [(call["run_id"], now) for _, call in calls]))
            for _, call in calls:
                lateness.note(call["scheduled_at"] / 1e6, time.time())
            journal.write((_END, [('{"success": true}', call["run_id"]) for _, call in calls]))
            for peer, call in calls:
                answer = {"success": True, "call_id": call["call_id"]}
                router.send_multipart([peer, b"", json.dumps(answer).encode()])
            answered += len(calls)
    print(json.dumps(lateness.report(1.0)))


def scheduler(address: str, database: str, runs: int) -> None:
    """Carries out so many due jobs; returns when all outcomes are recorded."""
    with (
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
        closing(_opened(database)) as tables,
    ):
        dealer.connect(address)
        waiting: list[tuple[Any, ...]] = []
        under_way: dict[int, tuple[str, int]] = {}
        claimed = recorded = called = 0
        while recorded < runs:
            if claimed < runs and len(waiting) < _BATCH:
                now = _microseconds()
                due = tables.rows(_DUE, now, _BATCH)
                tables.write(
                    (_MOVE, [(job, at) for job, _, _, _, at in due]),
                    (
                        _RUN,
                        [(job, at, to, method, params, now) for job, to, method, params, at in due],
                    ),
                )
                claimed += len(due)
                waiting += due
            while waiting and len(under_way) < _OUTSTANDING:
                job, _, method, params, at = waiting.pop()
                called += 1
                under_way[called] = (job, at)
                call = {
                    "method": method, "params": json.loads(params), "run_id": f"{job}@{at}",
                    "job_id": job, "scheduled_at": at, "call_id": called, "attempt": 1,
                }  # fmt: skip
                dealer.send_multipart([b"", json.dumps(call).encode()])
            answers = [json.loads(frames[-1]) for frames in _all_that_came(dealer)]
            now = _microseconds()
            ended = [under_way.pop(answer["call_id"]) for answer in answers]
            tables.write((_OUTCOME, [(now, now, '{"success": true}', *run) for run in ended]))
            recorded += len(ended)


@contextmanager
def _databases(url: str | None) -> Iterator[tuple[str, str]]:
    """The scheduler's and the handler's database."""
    if url is not None:
        yield url, url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/bare.db", f"{folder}/journal.db"


async def _prepare(database: str, journal: str, due: list[datetime]) -> None:
    from benchmarks.due_to_handler import save_jobs
    from schedulezero.handler.journal import Journal

    await save_jobs(database, due)
    tables = Journal(journal)
    await tables.open()
    await tables.close()


def main() -> None:
    if sys.argv[1] == "handler":
        handler(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    runs = int(sys.argv[1])
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    with _databases(sys.argv[2] if len(sys.argv) > 2 else None) as (database, journal):
        begin = datetime.now(UTC) + timedelta(seconds=4 + runs / 3_000)
        asyncio.run(_prepare(database, journal, [begin] * runs))
        command = [
            sys.executable,
            "-m",
            "benchmarks.baselines.bare_pipeline",
            "handler",
            address,
            journal,
            str(runs),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                process.stdout.readline()
                left = begin.timestamp() - time.time()
                assert left > 0, "the jobs fell due before all was up"
                time.sleep(left)
                scheduler(address, database, runs)
                seconds = time.time() - begin.timestamp()
                report = json.loads(process.stdout.read())
            finally:
                process.kill()
    print(json.dumps({**report, "throughput": runs / seconds}))


if __name__ == "__main__":
    main()
