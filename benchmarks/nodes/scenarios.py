"""The scenarios, and how one is measured: jobs fall due evenly, and some faults find a backlog."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.nodes import grounds
from benchmarks.nodes.calls import RecordingHandler
from benchmarks.nodes.cluster import Cluster
from benchmarks.nodes.grounds import Ground
from benchmarks.nodes.outcome import Outcome, count
from schedulezero.wire.addresses import free_ports

BEFORE_SECONDS = 5.0
"""How long runs fall due before the fault."""
A_SECOND = {"many": 30, "one": 8}
"""How many runs of each handler fall due a second: one takes several calls at once, the other takes one."""
BACKLOG = {"many": 1500, "one": 60}
_CALL_SECONDS = {"many": 0.05, "one": 0.02}
_CONCURRENCY = {"many": 4, "one": 1}
_SAVE_EVERY_SECONDS = 0.25
_SAVED_LEAD_SECONDS = 4.0
_PATIENCE_SECONDS = 120.0
_SAVED_A_SECOND = 200
_LATER = 50
"""How many jobs are due in half an hour; nobody must be called for them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to fail.

    Attributes:
        title: what happens.
        ground: sets up what the nodes stand on.
        after: for how many seconds runs fall due after the fault.
        backlog: whether `BACKLOG` falls due a second before it.
    """

    title: str
    ground: Callable[[], AbstractContextManager[Ground]]
    after: float = 25.0
    backlog: bool = False


def _both(title: str, ground: Callable[[], AbstractContextManager[Ground]], after: float) -> list[Scenario]:
    return [
        Scenario(title, ground, after),
        Scenario(f"{title}, with a backlog", ground, after, backlog=True),
    ]


SCENARIOS = (
    Scenario(
        "a primary with a synchronous standby is killed",
        partial(grounds.failover, synchronous=True),
        backlog=True,
    ),
    Scenario(
        "a primary with an asynchronous standby, 3 s behind, is killed",
        partial(grounds.failover, synchronous=False),
        backlog=True,
    ),
    *_both("a node is cut off from the database for 20 s", grounds.cut_off, grounds.CUT_SECONDS + 8),
    *_both("a node is stopped for 40 s", grounds.stopped, grounds.STOPPED_SECONDS + 8),
    Scenario("a node is killed and started again", grounds.killed, backlog=True),
    Scenario("a node gets SIGTERM and is started again", grounds.ended, backlog=True),
    Scenario("a node can't reach a handler for 20 s", grounds.out_of_reach, backlog=True),
    Scenario("PostgreSQL's disk is full for 12 s", grounds.full_postgres),
    Scenario("SQLite's disk is full for 12 s", grounds.full_sqlite),
    Scenario("a node's clock is an hour ahead for 15 s", partial(grounds.clock_off, 1), backlog=True),
    Scenario("a node's clock is an hour behind for 15 s", partial(grounds.clock_off, -1), backlog=True),
)


async def measure(scenario: Scenario) -> tuple[Outcome, list[str]]:
    """Try a scenario; return its figures and remarks. Raises `grounds.Skipped`."""
    with scenario.ground() as ground, tempfile.TemporaryDirectory(prefix="schedulezero-nodes-") as folder:
        async with AsyncExitStack() as stack:
            ports = {"many": ground.port or free_ports(1)[0], "one": free_ports(1)[0]}
            handlers = [
                await stack.enter_async_context(
                    RecordingHandler(name, port, concurrency=_CONCURRENCY[name], seconds=_CALL_SECONDS[name])
                )
                for name, port in ports.items()
            ]
            cluster = await stack.enter_async_context(
                Cluster(Path(folder), ground.databases, ground.environments, handlers)
            )
            for number, handler in enumerate(handlers):
                at = ground.reached_at if handler.handler_id == "many" else None
                await handler.register(cluster.nodes[-1 - number % len(cluster.nodes)].address, at)
            await cluster.until_known()
            return await _through(scenario, ground, cluster), cluster.remarks


async def _through(scenario: Scenario, ground: Ground, cluster: Cluster) -> Outcome:
    wanted = _jobs(scenario)
    begin = time.time() + len(wanted) / _SAVED_A_SECOND
    later = [(f"later-{number}", "many", 1800.0) for number in range(_LATER)]
    await cluster.save_all([(job_id, handler_id, begin + at) for job_id, handler_id, at in later + wanted])
    await asyncio.sleep(max(begin + BEFORE_SECONDS - time.time(), 0))
    saving = asyncio.create_task(
        cluster.keep_saving(scenario.after - _SAVED_LEAD_SECONDS, _SAVE_EVERY_SECONDS, _SAVED_LEAD_SECONDS)
    )
    await ground.strike(cluster)
    await saving
    await asyncio.sleep(max(begin + BEFORE_SECONDS + scenario.after - time.time(), 0))
    end = time.time()

    async def over() -> bool:
        try:
            (row,) = await ground.rows(
                "SELECT (SELECT count(*) FROM runs WHERE state = 'queued') AS open, "
                "(SELECT count(*) FROM jobs WHERE state = 'active' "
                f"AND next_run_at < {int(end * 1e6)}) AS due"
            )
        except OSError:
            return False
        return row["open"] == row["due"] == 0

    while not (all_over := await over()) and time.time() < end + _PATIENCE_SECONDS:  # noqa: ASYNC110
        await asyncio.sleep(0.3)
    if not all_over:
        cluster.says_that(f"not all was over {_PATIENCE_SECONDS:.0f} s after the last instant")
    states = await ground.rows("SELECT job_id, state FROM runs")
    known = {row["id"] for row in await ground.rows("SELECT id FROM jobs")}
    calls = sorted((call for handler in cluster.handlers for call in handler.calls), key=lambda call: call.at)
    return count(
        saves=cluster.saves,
        calls=calls,
        states={row["job_id"]: row["state"] for row in states},
        known_jobs=known,
        health=cluster.health,
        struck=ground.struck,
        struck_at=cluster.struck_at,
        until=end,
        outage=ground.outage,
        unrecorded_since=cluster.unrecorded_since,
    )


def _jobs(scenario: Scenario) -> list[tuple[str, str, float]]:
    """Return the jobs of a scenario: id, handler, and seconds after the beginning."""
    seconds = BEFORE_SECONDS + scenario.after
    found = [
        (f"{handler_id}-{number}", handler_id, number / a_second)
        for handler_id, a_second in A_SECOND.items()
        for number in range(int(seconds * a_second))
    ]
    if scenario.backlog:
        found += [
            (f"{handler_id}-backlog-{number}", handler_id, BEFORE_SECONDS - 1)
            for handler_id, size in BACKLOG.items()
            for number in range(size)
        ]
    return found
