"""A node whose PostgreSQL has no space left says so before a job needs some."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schedulezero.server import health
from tests.conftest import until
from tests.support.nodes import nodes, ready
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.postgresql, pytest.mark.long]

_MEGABYTES = 16


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own; skipped where nobody may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="schedulezero-disk-"))
    folder.chmod(0o755)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=777", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk needs rights")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


async def test_a_full_disk_makes_a_node_unready(
    postgres: Postgres, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_WRITTEN_SECONDS", 0.0)
    subprocess.run(["chown", "postgres", str(small_disk)], check=True)
    postgres.execute("postgres", f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    try:
        postgres.execute("postgres", "CREATE DATABASE small TABLESPACE small")
        async with nodes(postgres.url("small"), 1) as (node,):
            filling = small_disk / "filling"
            with filling.open("wb") as file:
                try:
                    while True:
                        file.write(bytes(65536))
                        file.flush()
                except OSError:
                    pass  # it is full

            async def told() -> bool:
                return (await node.health()).get("trouble_code") == "database_not_writable"

            await until(told)
            assert not await ready(node)
            filling.unlink()
            await until(lambda: ready(node))
    finally:
        await asyncio.to_thread(postgres.execute, "postgres", "DROP DATABASE IF EXISTS small WITH (FORCE)")
        await asyncio.to_thread(postgres.execute, "postgres", "DROP TABLESPACE small")
