"""Damaged, foreign, later and full: what becomes of a database file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.cli.main import main
from bot.config import Settings
from cogs.memory import Memory
from schedulezero.errors import DatabaseDamaged, DatabaseInUse, DatabaseUnavailable, DatabaseUnusable
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.server.records.tables import metadata as server_tables
from schedulezero.storage import backup, sqlite_file
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.wire.addresses import free_ports
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


async def filled(path: Path) -> None:
    async with opened(path) as database:
        for number in range(300):
            await write(database, f"note {number} " * 20)


def damage(path: Path) -> bytes:
    """Overwrites two pages; returns what the file holds now."""
    content = bytearray(path.read_bytes())
    content[4096:12_288] = b"\xff" * 8192
    path.write_bytes(content)
    return bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    files = [item for item in folder.rglob("*") if item.is_file() and not item.name.endswith(".lock")]
    return {item.name: item.read_bytes() for item in files}


async def test_a_damaged_file_stays_where_it_is_however_often_one_starts(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    content = damage(path)
    for _ in range(3):
        with pytest.raises(DatabaseDamaged, match=r"is damaged \(.*\)\. It was left as it is\. .*restore"):
            await SqliteDatabase(path, metadata).open()
        with pytest.raises(DatabaseDamaged):
            sqlite_file.look(path)
        with pytest.raises(DatabaseDamaged):
            backup.back_up(path, tmp_path / "copy.db")
    assert path.read_bytes() == content
    assert {item.name for item in tmp_path.iterdir()} <= {"a.db", "a.db-wal", "a.db-shm", "a.db.lock"}


@pytest.mark.long
async def test_begin_empty_sets_a_damaged_file_aside_and_leaves_a_sound_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    assert backup.begin_empty(path) is None
    async with opened(path) as database:
        assert len(await texts(database)) == 300
    content = damage(path)
    aside = backup.begin_empty(path)
    assert aside is not None and aside.read_bytes() == content
    async with opened(path) as database:
        assert await texts(database) == []
        await write(database, "first")
        with pytest.raises(DatabaseInUse, match="is in use by"):
            backup.begin_empty(path)
    assert backup.begin_empty(path) is None
    async with opened(path) as database:
        assert await texts(database) == ["first"]


@pytest.mark.parametrize("size", [50, 4096, 5000, -4096])
async def test_a_truncated_file_is_damaged(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    content = path.read_bytes()[:size]
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged, match="--begin-empty"):
        await SqliteDatabase(path, metadata).open()
    assert path.read_bytes() == content


async def test_a_file_whose_beginning_is_lost_counts_as_ours_where_its_backups_are(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    path.write_bytes(bytes(8192))
    (tmp_path / "a.db.lock").unlink()
    with pytest.raises(DatabaseUnusable, match="not a SQLite database, and was left alone") as caught:
        await SqliteDatabase(path, metadata).open()
    assert not isinstance(caught.value, DatabaseDamaged)
    (tmp_path / "backups" / "20260101T000000Z").mkdir(parents=True)
    (tmp_path / "backups" / "20260101T000000Z" / "a.db").write_bytes(b"x")
    with pytest.raises(DatabaseDamaged):
        await SqliteDatabase(path, metadata).open()


@pytest.mark.parametrize("lost", [slice(0, 16), slice(0, 8192), slice(16, 20)])
async def test_start_backup_and_begin_empty_agree_on_a_file_whose_beginning_is_lost(
    tmp_path: Path, lost: slice
) -> None:
    path = tmp_path / "a.db"
    await filled(path)
    content = bytearray(path.read_bytes())
    content[lost] = b"X" * (lost.stop - lost.start)
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match="--begin-empty"):
            await SqliteDatabase(path, metadata).open()
        with pytest.raises(DatabaseDamaged, match="--begin-empty"):
            backup.back_up(path, tmp_path / "copy.db")
    aside = backup.begin_empty(path)
    assert aside is not None and aside.read_bytes() == content
    async with opened(path) as database:
        assert await texts(database) == []


async def test_start_backup_and_begin_empty_agree_on_a_file_that_was_never_ours(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my poems, more than sixteen characters of them")
    for _ in range(2):
        for act in (
            sqlite_file.look,
            backup.begin_empty,
            lambda path: backup.back_up(path, tmp_path / "copy.db"),
        ):
            with pytest.raises(DatabaseUnusable, match="was left alone") as caught:
                act(path)
            assert not isinstance(caught.value, DatabaseDamaged)
        with pytest.raises(DatabaseUnusable, match="was left alone") as caught:
            await SqliteDatabase(path, metadata).open()
        assert not isinstance(caught.value, DatabaseDamaged)


async def test_a_new_database_is_whole_without_its_log(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path):
        copy = tmp_path / "b.db"
        copy.write_bytes(path.read_bytes())
    async with opened(copy) as database:
        assert await texts(database) == []
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == sqlite_file.APPLICATION


async def test_a_file_without_tables_that_is_not_marked_has_lost_its_log(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert path.stat().st_size > 0
    with pytest.raises(DatabaseDamaged, match="no tables"):
        await SqliteDatabase(path, metadata).open()
    assert backup.begin_empty(path) is not None
    assert backup.begin_empty(path) is None
    async with opened(path) as database:
        assert await texts(database) == []


async def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    for mark, statement in (
        (0, "CREATE TABLE bookmarks (url)"),
        (0, "CREATE TABLE jobs (id)"),
        (0, "CREATE TABLE notes (other)"),
        (77, "CREATE TABLE notes (text)"),
    ):
        path = tmp_path / f"{mark}{len(statement)}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {mark}")
            connection.execute(statement)
        before = path.read_bytes()
        with pytest.raises(DatabaseUnusable, match="of another program"):
            await SqliteDatabase(path, metadata).open()
        with pytest.raises(DatabaseUnusable, match="of another program"):
            backup.begin_empty(path)
        with pytest.raises(DatabaseUnusable, match="of another program"):
            backup.back_up(path, tmp_path / "copy.db")
        assert path.read_bytes() == before


async def test_a_journal_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path):
        pass
    journal = Path(journal_of(str(path)))
    await a_journal(path)
    with pytest.raises(DatabaseUnusable, match=r"journal of runs.*itself, .*/a\.db,"):
        await SqliteDatabase(journal, metadata).open()


async def an_earlier_copy(path: Path) -> None:
    path.with_name(f"{path.name}.damaged-20260101T000000Z").write_bytes(b"x")


async def a_replaced_one(path: Path) -> None:
    path.with_name(f"{path.name}.replaced-20260101T000000Z").write_bytes(b"x")


async def a_backup(path: Path) -> None:
    folder = path.parent / "backups" / "20260101T000000Z"
    folder.mkdir(parents=True)
    (folder / path.name).write_bytes(b"x")


async def a_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(b"x" * 4152)


async def a_journal(path: Path) -> None:
    journal = Journal(journal_of(str(path)))
    await journal.open()
    await journal.end("job@1", {"success": True})
    await journal.close()


@pytest.mark.parametrize("trace", [an_earlier_copy, a_replaced_one, a_backup, a_log, a_journal])
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
async def test_a_database_that_is_gone_is_no_first_start(
    tmp_path: Path, trace: Callable[[Path], Awaitable[None]], empty: bool
) -> None:
    path = tmp_path / "a.db"
    await trace(path)
    if empty:
        path.touch()
    before = contents(tmp_path)
    expected = "is empty, but" if empty else "is missing, but"
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match=expected):
            await SqliteDatabase(path, metadata).open()
        with pytest.raises(DatabaseDamaged, match=expected):
            sqlite_file.look(path)
    after = contents(tmp_path)
    assert {name: after.get(name) for name in before} == before

    backup.begin_empty(path)
    async with opened(path) as database:
        assert await texts(database) == []


@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
async def test_a_first_start_that_was_interrupted_is_still_a_first_start(tmp_path: Path, empty: bool) -> None:
    path = tmp_path / "a.db"
    journal = Journal(journal_of(str(path)))  # it has tables, and no runs yet
    await journal.open()
    await journal.close()
    if empty:
        path.touch()
    assert "the first start creates it" in sqlite_file.look(path)
    assert path.exists() == empty and not (tmp_path / "a.db.lock").exists()
    async with opened(path) as database:
        assert await texts(database) == []


async def test_a_write_that_was_interrupted_before_the_first_log_is_undone(tmp_path: Path) -> None:
    """As after a kill while a restored file was made ready: its rollback journal is hot."""
    path, copy = tmp_path / "a.db", tmp_path / "b.db"
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE notes SET text = 'changed'")
        for ending in ("", "-journal"):
            copy.with_name(copy.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
        connection.rollback()
    async with opened(copy) as database:
        found = await texts(database)
    assert len(found) == 300 and "changed" not in found


async def test_a_damaged_journal_or_memory_stops_the_start_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    memory, journal = Memory(str(path)), Journal(journal_of(str(path)))
    for part, file in ((memory, path), (journal, Path(journal_of(str(path))))):
        await part.open()
        await part.close()
        file.write_bytes(file.read_bytes()[:-4096])
        with pytest.raises(DatabaseDamaged, match=file.name):
            await part.open()
        assert backup.begin_empty(file) is not None
        await part.open()
        await part.close()


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my poems, more than sixteen characters of them")
    with pytest.raises(DatabaseUnusable, match="not a SQLite database, and was left alone"):
        await SqliteDatabase(path, metadata).open()
    assert path.read_text().startswith("my poems") and set(contents(tmp_path)) == {"notes.txt"}
    with pytest.raises(DatabaseUnusable, match="was left alone"):
        backup.begin_empty(path)
    assert path.read_text().startswith("my poems")


async def test_a_later_versions_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite_file.SCHEMA + 1}")
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
    async with opened(path, server_tables):
        pass
    async with opened(path) as database:
        await write(database, "kept")
        await journal.open()
        await journal.end("job@1", {"success": True})
        # While it is in use.
        assert main(["backup", str(tmp_path / "copy")]) == 0
        assert main(["backup", str(tmp_path / "copy")]) == 2  # it is there already
        await write(database, "too late")
    await journal.close()
    assert "is there already" in capsys.readouterr().err

    assert main(["restore", str(tmp_path / "copy")]) == 0
    async with opened(path) as database:
        assert await texts(database) == ["kept"]
    assert len(list(path.parent.glob(f"{path.name}.replaced-*[0-9]Z"))) == 1
    capsys.readouterr()

    copied = tmp_path / "copy" / path.name
    assert main(["restore", str(Path(journal_of(str(copied))))]) == 2
    assert f"Name the database, {copied}," in capsys.readouterr().err
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    assert main(["restore", str(tmp_path / "other.db")]) == 2
    assert "a database of another program" in capsys.readouterr().err
    (tmp_path / "bad.db").write_bytes(b"rubbish")
    assert main(["restore", str(tmp_path / "bad.db")]) == 2
    assert "not a sound database" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "nothing")]) == 2
    assert "There is no file" in capsys.readouterr().err


async def test_restore_is_refused_while_a_server_runs(
    server: object, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", settings.database)
    monkeypatch.setenv("SCHEDULEZERO_API_ENDPOINT", settings.api_endpoint)
    assert main(["restore", "x"]) == 1
    said = capsys.readouterr().err
    assert f"in use by process {os.getpid()}" in said and "Stop it first" in said
    assert await until(lambda: Path(settings.database).exists())


@pytest.mark.parametrize("beside", ["", "CREATE TABLE printers (name);"])
async def test_a_database_with_a_table_of_our_name_is_another_programs(tmp_path: Path, beside: str) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE jobs (printer); {beside}")
    before = path.read_bytes()
    for tables in (server_tables, metadata):
        with pytest.raises(DatabaseUnusable, match="of another program"):
            await SqliteDatabase(path, tables).open()
    with pytest.raises(DatabaseUnusable, match="of another program"):
        sqlite_file.look(path)
    assert path.read_bytes() == before
    assert {item.name for item in tmp_path.iterdir()} <= {"other.db", "other.db.lock"}


def test_a_refused_move_leaves_no_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", f"postgresql://nobody@127.0.0.1:{free_ports(1)[0]}/x")
    assert main(["move", "--to", str(tmp_path / "back.db")]) == 1
    assert not list(tmp_path.iterdir())
