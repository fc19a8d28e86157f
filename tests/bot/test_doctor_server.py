"""``doctor`` tells what the server says about itself, and whether its database's disk has room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.config import Settings
from bot.health.doctor import doctor
from bot.health.doctor_database import check_database
from schedulezero.errors import DatabaseUnusable
from schedulezero.server import health
from schedulezero.server.records import tables
from schedulezero.storage.causes import DISK_FULL
from schedulezero.storage.database import database_of
from tests.conftest import until
from tests.support.nodes import Node, nodes
from tests.support.postgres import rows
from tests.support.small_disk import fill
from tests.support.small_disk import small_disk as small_disk


def settings_of(settings: Settings, node: Node) -> Settings:
    """The settings with which a node was started."""
    config = node.config
    return settings.model_copy(
        update={
            "database": config.database,
            "api_endpoint": config.api_endpoint,
            "server_address": config.server_address,
        }
    )


async def lines(
    settings: Settings, capsys: pytest.CaptureFixture[str], *, server_only: bool = True
) -> tuple[int, dict[str, str]]:
    """Run ``doctor``, and return its status and its lines by the names of the checks."""
    capsys.readouterr()
    status = await doctor(settings, "", server_only=server_only)
    told = [line for line in capsys.readouterr().out.splitlines() if line[:5] in ("ok   ", "FAIL ")]
    return status, {line[6:].partition(":")[0]: line for line in told}


@pytest.mark.sqlite
async def test_a_full_disk_fails_as_the_server_says(
    small_disk: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(health, "_FRESH_SECONDS", 0.0)
    async with nodes(str(small_disk / "a.db"), 1) as (node,):
        settings = settings_of(settings, node)
        status, said = await lines(settings, capsys)
        assert (status, said["server"].startswith("ok")) == (0, True), said
        fill(small_disk)
        status, said = await lines(settings, capsys)
    assert status == 1
    for name in ("database", "server"):
        assert said[name].startswith("FAIL") and str(DISK_FULL) in said[name], said
    assert "answers, but isn't ready" in said["server"]
    status, said = await lines(settings, capsys)  # without a server, too
    assert status == 1 and str(DISK_FULL) in said["database"], said


@pytest.mark.postgresql
async def test_it_counts_the_nodes_on_postgresql(settings: Settings, postgres_url: str) -> None:
    settings = settings.model_copy(update={"database": postgres_url})
    assert "no server is running on it" in (await check_database(settings)).finding
    async with nodes(postgres_url, 2):

        async def both() -> bool:
            found = (await check_database(settings)).finding
            return (
                "2 server nodes are running on it" in found and found.count(f", process {os.getpid()}") == 2
            )

        await until(both)


@pytest.mark.postgresql
async def test_a_postgresql_database_with_another_programs_table_is_left_alone(
    settings: Settings, postgres_url: str
) -> None:
    settings = settings.model_copy(update={"database": postgres_url})
    await rows(postgres_url, "CREATE TABLE jobs (x int)")
    check = await check_database(settings)
    assert not check.well and "a table jobs that is another program's" in check.remedy
    with pytest.raises(DatabaseUnusable, match="a table jobs that is another program's"):
        await database_of(postgres_url, tables.metadata).open()
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    assert [tuple(row) for row in await rows(postgres_url, columns)] == [("jobs", "x")]
