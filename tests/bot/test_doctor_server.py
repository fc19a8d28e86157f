"""``doctor`` tells what the server says about itself, and whether its database's disk has room."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.config import Settings
from bot.health import doctor_database
from bot.health.doctor import doctor, exposure
from bot.health.doctor_database import check_database
from bot.health.doctor_server import Answers, check_ports
from schedulezero.errors import DatabaseUnusable
from schedulezero.server import health
from schedulezero.server.records import tables
from schedulezero.storage.causes import DISK_FULL
from schedulezero.storage.database import database_of
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.wire.addresses import free_ports
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
    assert not check.well and "a table jobs that is another program's" in str(check.remedy)
    with pytest.raises(DatabaseUnusable, match="a table jobs that is another program's"):
        await database_of(postgres_url, tables.metadata).open()
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    assert [tuple(row) for row in await rows(postgres_url, columns)] == [("jobs", "x")]


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER ROLE CURRENT_USER SET default_transaction_read_only = on", "accepts no changes"),
        (None, "may not create tables"),
    ],
)
async def test_a_postgresql_database_that_takes_no_changes(
    settings: Settings, postgres_url: str, statement: str | None, says: str
) -> None:
    await rows(postgres_url, "CREATE ROLE reader LOGIN PASSWORD 'secret'")
    try:
        if statement is not None:
            await rows(postgres_url, "GRANT CREATE ON SCHEMA public TO reader")
            await rows(postgres_url, statement.replace("CURRENT_USER", "reader"))
        parts = urlsplit(postgres_url)
        place = parts.netloc.rpartition("@")[2]
        url = parts._replace(netloc=f"reader:secret@{place}").geturl()
        check = await check_database(settings.model_copy(update={"database": url}))
        assert not check.well and says in str(check.remedy)
    finally:
        await rows(postgres_url, "DROP OWNED BY reader")
        await rows(postgres_url, "DROP ROLE reader")


async def test_where_nothing_listens_no_password_is_suspected(settings: Settings) -> None:
    pytest.importorskip("asyncpg")
    (port,) = free_ports(1)
    url = f"postgresql://somebody@127.0.0.1:{port}/nothing"
    said = str(await check_database(settings.model_copy(update={"database": url})))
    assert "the host and port under `database`" in said and "percent-encoded" not in said


@pytest.mark.sqlite
async def test_a_locked_file_fails_as_at_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_database, "_LOCK_MS", 10)
    path = Path(settings.database)
    await _create(path)
    before = path.read_bytes()
    assert (await check_database(settings)).well
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        check = await check_database(settings)
    assert not check.well and "another program has locked it" in str(check.remedy)


async def _create(path: Path) -> None:
    database = SqliteDatabase(path, tables.metadata)
    await database.open()
    await database.close()


@dataclass(frozen=True)
class Ports:
    """Settings of ports, and what the checks find."""

    settings: dict[str, object]
    says: str
    server_only: bool = False


PORTS = (
    Ports({"server_address": "tcp://203.0.113.5:4242"}, "cannot be bound: Cannot assign requested address"),
    Ports({"api_endpoint": "http://203.0.113.5:8888"}, "(Cannot assign requested address)"),
    Ports({"handler_port": 31_999, "server_address": "tcp://127.0.0.1:31999"}, "both name port 31999"),
    Ports({"handler_port": 31_999, "api_endpoint": "http://localhost:31999"}, "both name port 31999"),
    Ports({"metrics_port": 31_999, "api_endpoint": "http://0.0.0.0:31999"}, "both name port 31999"),
    Ports({"metrics_port": 31_999, "api_endpoint": "http://127.0.0.2:31999"}, ""),
    Ports({"handler_port": 31_999, "api_endpoint": "http://127.0.0.1:31999"}, "", server_only=True),
    Ports({"server_address": "tcp://*:31999"}, ""),
)


@pytest.mark.parametrize("row", PORTS, ids=lambda row: str(row.settings))
async def test_ports_that_cannot_be_used_are_found_with_the_servers_reason(
    settings: Settings, row: Ports
) -> None:
    settings = settings.model_copy(update=row.settings)
    found = check_ports(settings, Answers.NOBODY, (), server_only=row.server_only)
    failed = [str(check) for check in [check async for check in found] if not check.well]
    assert row.says in "".join(failed) if row.says else not failed
    assert "is taken" not in "".join(failed)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tls_certificate": "cert.pem"}, "belong together"),
        ({"tls_certificate": "no.pem", "tls_key": "no.pem"}, "cannot be used"),
        ({"api_endpoint": "https://127.0.0.1:18888"}, "promises TLS"),
    ],
)
def test_a_certificate_is_checked_as_the_server_does(
    settings: Settings, change: dict[str, str], says: str
) -> None:
    check = exposure(settings.model_copy(update=change))
    assert not check.well and says in str(check.remedy)
