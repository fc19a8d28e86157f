"""Damaged, foreign, later and full: what becomes of a database file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.cli import main
from bot.config import Settings
from schedulezero import database_file
from schedulezero.errors import DatabaseUnavailable, DatabaseUnusable
from schedulezero.journal import Journal, journal_of
from schedulezero.sqlite_database import SqliteDatabase
from tests.conftest import until

metadata = sa.MetaData()
notes = sa.Table("notes", metadata, sa.Column("text", sa.Text, nullable=False))


pytestmark = pytest.mark.sqlite


@asynccontextmanager
async def opened(path: Path, tables: sa.MetaData = metadata) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(path, tables)
    await database.open()
    yield database
    await database.close()


async def write(database: SqliteDatabase, text: str) -> None:
    await database.write(lambda connection: connection.execute(sa.insert(notes).values(text=text)))


async def texts(database: SqliteDatabase) -> list[str]:
    return list(await database.read(lambda connection: connection.scalars(sa.select(notes.c.text)).all()))


async def test_a_damaged_file_is_moved_aside_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path) as database:
        for number in range(300):
            await write(database, f"note {number} " * 20)
    content = bytearray(path.read_bytes())
    content[4096:12_288] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=r"is damaged \(.*\)\. It was moved to .*restore") as caught:
        await SqliteDatabase(path, metadata).open()
    (aside,) = tmp_path.glob("a.db.damaged-*")
    assert str(aside) in str(caught.value) and aside.read_bytes() == bytes(content)
    assert not path.exists()


async def test_an_empty_one_in_its_place_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.db.damaged-20260101T000000Z").write_bytes(b"x")
    async with opened(tmp_path / "a.db"):
        assert "begins empty; the damaged one is kept in" in caplog.text


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my poems, more than sixteen characters of them")
    with pytest.raises(DatabaseUnusable, match="not a SQLite database, and was left alone"):
        await SqliteDatabase(path, metadata).open()
    assert path.read_text().startswith("my poems") and list(tmp_path.iterdir()) == [path]


async def test_a_later_versions_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {database_file.SCHEMA + 1}")
    with pytest.raises(DatabaseUnusable, match="a later version"):
        await SqliteDatabase(path, metadata).open()


async def test_tables_are_brought_up_to_date_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path) as database:
        await write(database, "before")
    later = sa.MetaData()
    sa.Table(
        "notes",
        later,
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False, server_default="7"),
    )
    async with opened(path, later) as database:
        rows = await database.read(
            lambda connection: connection.execute(sa.text("SELECT * FROM notes")).all()
        )
    assert [tuple(row) for row in rows] == [("before", 7)]
    (kept,) = tmp_path.glob("a.db.before-*")
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == [("before",)]
    async with opened(path, later):
        assert len(list(tmp_path.glob("a.db.before-*"))) == 1  # nothing was missing this time


async def test_a_file_that_cannot_grow_loses_nothing_and_recovers(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as database:
        await write(database, "first")
        await limit_pages(database, 1)
        with pytest.raises(DatabaseUnavailable, match="full"):
            await write(database, "x" * 100_000)
        assert await texts(database) == ["first"]
        await limit_pages(database, 1_000_000)
        await write(database, "second")
        assert await texts(database) == ["first", "second"]


async def limit_pages(database: SqliteDatabase, pages: int) -> None:
    await database.write(
        lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar()
    )


async def test_backup_and_restore_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    path = Path(settings.database)
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", str(path))
    monkeypatch.setenv("SCHEDULEZERO_API_ENDPOINT", settings.api_endpoint)
    journal = Journal(journal_of(str(path)))
    await journal.open()
    await journal.end("job@1", {"success": True})
    async with opened(path) as database:
        await write(database, "kept")
        # While it is in use.
        assert main(["backup", str(tmp_path / "copy")]) == 0
        assert main(["backup", str(tmp_path / "copy")]) == 1  # it is there already
        await write(database, "too late")
    await journal.close()
    assert "is there already" in capsys.readouterr().err

    assert main(["restore", str(tmp_path / "copy")]) == 0
    async with opened(path) as database:
        assert await texts(database) == ["kept"]
    assert len(list(path.parent.glob(f"{path.name}.replaced-*[0-9]Z"))) == 1
    capsys.readouterr()

    (tmp_path / "bad.db").write_bytes(b"rubbish")
    assert main(["restore", str(tmp_path / "bad.db")]) == 1
    assert "no sound database" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "nothing")]) == 1
    assert "There is no file" in capsys.readouterr().err


async def test_restore_is_refused_while_a_server_runs(
    server: object, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", settings.database)
    monkeypatch.setenv("SCHEDULEZERO_API_ENDPOINT", settings.api_endpoint)
    assert main(["restore", "x"]) == 1
    assert "stop it first" in capsys.readouterr().err
    assert await until(lambda: Path(settings.database).exists())
