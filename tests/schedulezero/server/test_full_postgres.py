"""A node whose PostgreSQL has no space left says so before a job needs some."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from schedulezero.server import health
from tests.conftest import until
from tests.support.nodes import nodes, ready
from tests.support.postgres import Postgres
from tests.support.small_disk import fill
from tests.support.small_disk import small_disk as small_disk

pytestmark = [pytest.mark.postgresql, pytest.mark.long]


async def test_a_full_disk_makes_a_node_unready(
    postgres: Postgres, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_WRITTEN_SECONDS", 0.0)
    subprocess.run(["chown", "postgres", str(small_disk)], check=True)
    postgres.execute("postgres", f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    try:
        postgres.execute("postgres", "CREATE DATABASE small TABLESPACE small")
        async with nodes(postgres.url("small"), 1) as (node,):
            filling = fill(small_disk)

            async def told() -> bool:
                return (await node.health()).get("trouble_code") == "database_disk_full"

            await until(told)
            assert not await ready(node)
            filling.unlink()
            await until(lambda: ready(node))
    finally:
        await asyncio.to_thread(postgres.execute, "postgres", "DROP DATABASE IF EXISTS small WITH (FORCE)")
        await asyncio.to_thread(postgres.execute, "postgres", "DROP TABLESPACE small")
