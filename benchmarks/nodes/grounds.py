"""What the nodes of a scenario stand on, and how it fails: databases, proxies, disks, clocks.

Each function is a context that sets a ground up. Its `Ground.strike` lets the fault happen and ends it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks.nodes.cluster import Cluster
from schedulezero.wire.addresses import free_ports
from tests.support.dropping_proxy import DroppingProxy
from tests.support.postgres import Postgres, a_postgres, rows

NODES = 3
PROMOTED_SECONDS = 2.0
"""How long after its primary's death a standby is promoted, as by a program that watches both."""
LAG_SECONDS = 3.0
CUT_SECONDS = 20.0
STOPPED_SECONDS = 40.0
FULL_SECONDS = 12.0
OFF_SECONDS = 15.0
_ON_THE_WAY_SECONDS = 0.05
UNREACHED_SECONDS = 20.0
_MEGABYTES = 512
_SMALL_MEGABYTES = 48


class Skipped(Exception):
    """This scenario can't be tried here; the message says why."""


@dataclass(frozen=True)
class Ground:
    """What the nodes stand on.

    Attributes:
        databases: the ``database`` of each node.
        rows: what a query finds in the database as it is now.
        strike: lets the fault happen, and ends it.
        struck: the nodes that it strikes.
        port: where the handler that takes several calls at once listens; any free port if None.
        reached_at: where the nodes reach it, if not there.
        outage: for how many seconds nothing can be written.
        environments: what each node's environment has in addition.
    """

    databases: list[str]
    rows: Callable[[str], Awaitable[list[Any]]]
    strike: Callable[[Cluster], Awaitable[None]]
    struck: frozenset[int] = frozenset({0})
    environments: list[Mapping[str, str]] = field(default_factory=lambda: [{}] * NODES)
    port: int | None = None
    reached_at: int | None = None
    outage: float = 0.0


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="schedulezero-nodes-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def one_postgres(
    strike: Callable[[Cluster], Awaitable[None]], environments: list[Mapping[str, str]] | None = None
) -> Iterator[Ground]:
    """One PostgreSQL, and a fault of the first node."""
    with a_postgres(durable=True) as postgres:
        url = postgres.new_database()
        yield Ground(
            [url] * NODES, lambda query: rows(url, query), strike, environments=environments or [{}] * NODES
        )


# -------------------------------------------------------------------- failover


@contextmanager
def failover(*, synchronous: bool) -> Iterator[Ground]:
    """A primary and its standby, which is promoted when the primary is killed.

    The asynchronous one has received nothing for `LAG_SECONDS` when that happens.
    """
    with (
        a_postgres(durable=True) as primary,
        DroppingProxy(primary.port) as stream,
        _folder() as folder,
    ):
        primary.execute("postgres", "CREATE DATABASE jobs")
        standby = primary.standby(folder, through=stream.port)
        try:
            if synchronous:
                primary.wait_for_standby()

            async def strike(cluster: Cluster) -> None:
                if not synchronous:
                    cluster.loses_records()
                    stream.drop()
                    await asyncio.sleep(LAG_SECONDS)
                cluster.strikes()
                await asyncio.to_thread(primary.stop, signal.SIGKILL)
                await asyncio.sleep(PROMOTED_SECONDS)
                await asyncio.to_thread(standby.promote)

            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            url = f"postgresql://postgres@{hosts}/jobs?target_session_attrs=read-write"
            yield Ground(
                [url] * NODES,
                lambda query: rows(url, query),
                strike,
                frozenset(),
            )
        finally:
            standby.stop()


# -------------------------------------------------------------------- a node alone


@contextmanager
def cut_off() -> Iterator[Ground]:
    """A proxy between the first node and the database drops all bytes, without a FIN."""
    with a_postgres(durable=True) as postgres, DroppingProxy(postgres.port) as proxy:
        url = postgres.new_database()

        async def strike(cluster: Cluster) -> None:
            cluster.strikes()
            proxy.drop()
            await asyncio.sleep(CUT_SECONDS)
            proxy.let_through()

        far = url.replace(f":{postgres.port}/", f":{proxy.port}/")
        yield Ground([far, *[url] * (NODES - 1)], lambda query: rows(url, query), strike)


async def _stop_for_a_while(cluster: Cluster) -> None:
    cluster.strikes()
    cluster.nodes[0].signal(signal.SIGSTOP)
    await asyncio.sleep(STOPPED_SECONDS)
    cluster.nodes[0].signal(signal.SIGCONT)


async def _end_and_start(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    assert node.process is not None
    cluster.strikes()
    node.signal(signal.SIGTERM)
    await node.process.wait()
    took = time.time() - cluster.struck_at
    cluster.says_that(f"it ended with status {node.process.returncode} after {took:.1f} s")
    await node.start()


async def _kill_and_start(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    assert node.process is not None
    cluster.strikes()
    await node.end()
    await node.start()


def stopped() -> contextlib.AbstractContextManager[Ground]:
    """The first node gets SIGSTOP, and SIGCONT later."""
    return one_postgres(_stop_for_a_while)


def ended() -> contextlib.AbstractContextManager[Ground]:
    """The first node gets SIGTERM, and is started again when it has ended."""
    return one_postgres(_end_and_start)


def killed() -> contextlib.AbstractContextManager[Ground]:
    """The first node gets SIGKILL, and is started again at once."""
    return one_postgres(_kill_and_start)


@contextmanager
def clock_off(hours: int) -> Iterator[Ground]:
    """The clock of the first node is set forward or back for a while, by Debian's ``libfaketime``."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise Skipped("Debian's package libfaketime is not installed")
    with _folder() as folder:
        offset = folder / "offset"
        offset.write_text("+0")

        async def strike(cluster: Cluster) -> None:
            cluster.strikes()
            offset.write_text(f"{hours * 3600:+}")
            await asyncio.sleep(OFF_SECONDS)
            offset.write_text("+0")

        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with one_postgres(strike, [faked, *[{}] * (NODES - 1)]) as ground:
            yield ground


@contextmanager
def out_of_reach() -> Iterator[Ground]:
    """What the first node sends to a handler is dropped for a while, as by a firewall."""
    (port,) = free_ports(1)
    with a_postgres(durable=True) as postgres, DroppingProxy(port) as wall:
        url = postgres.new_database()

        async def strike(cluster: Cluster) -> None:
            process = cluster.nodes[0].process
            assert process is not None
            wall.drop(partial(_comes_from, process.pid))
            await asyncio.sleep(_ON_THE_WAY_SECONDS)  # a call that had passed the wall is under way
            cluster.strikes()
            await asyncio.sleep(UNREACHED_SECONDS)
            wall.let_through()

        yield Ground(
            [url] * NODES,
            lambda query: rows(url, query),
            strike,
            frozenset(),
            port=port,
            reached_at=wall.port,
        )


@cache
def _comes_from(pid: int, port: int) -> bool:
    """Return whether a connection on this machine comes from a process (proc(5))."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(f":{port:04X}")}
    found: set[str] = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed a moment ago
            found.add(str(link.readlink()))
    return not wanted.isdisjoint(found)


# -------------------------------------------------------------------- full disks


@contextmanager
def _small_disk(megabytes: int) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="schedulezero-disk-"))
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    try:
        if os.getuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
            raise Skipped("a small disk can be mounted by root only")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


def _fill(disk: Path) -> Path:
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filling


@contextmanager
def full_postgres() -> Iterator[Ground]:
    """PostgreSQL's disk is full for a while, its WAL's too; if it ends, it is started when there is room."""
    with _small_disk(_MEGABYTES) as disk:
        data = disk / "postgres"
        data.mkdir()
        postgres = Postgres(data, durable=True)
        postgres.create()
        postgres.start()
        try:
            url = postgres.new_database()

            async def strike(cluster: Cluster) -> None:
                cluster.strikes()
                filling = await asyncio.to_thread(_fill, disk)
                await asyncio.sleep(FULL_SECONDS)
                filling.unlink()
                if not postgres.is_running:
                    cluster.says_that("PostgreSQL had ended, and was started again")
                    await asyncio.to_thread(postgres.start)

            yield Ground(
                [url] * NODES,
                lambda query: rows(url, query),
                strike,
                frozenset(range(NODES)),
                outage=FULL_SECONDS,
            )
        finally:
            postgres.stop()


@contextmanager
def full_sqlite() -> Iterator[Ground]:
    """The disk of the only node's SQLite file is full for a while."""
    with _small_disk(_SMALL_MEGABYTES) as disk:
        path = disk / "schedulezero.db"

        async def strike(cluster: Cluster) -> None:
            cluster.strikes()
            filling = await asyncio.to_thread(_fill, disk)
            await asyncio.sleep(FULL_SECONDS)
            filling.unlink()

        async def found(query: str) -> list[Any]:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                return connection.execute(query).fetchall()

        yield Ground([str(path)], found, strike, environments=[{}], outage=FULL_SECONDS)
