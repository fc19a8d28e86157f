"""What a restored backup takes over: endings that still wait, and the newer journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cogs.memory import Memory
from schedulezero.handler.journal import Journal
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.feed import Shown
from schedulezero.server.records.feeds import Feeds
from schedulezero.server.records.tables import metadata
from schedulezero.server.records.tokens import Scope, Tokens
from schedulezero.server.store.job_rows import insert_jobs
from schedulezero.storage.backup import back_up
from schedulezero.storage.carry_over import carry_over, forget_lost_endings, merge_journal
from schedulezero.storage.sqlite import SqliteDatabase

pytestmark = pytest.mark.sqlite
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def ending(number: int) -> Job:
    return Job(
        id=f"after-{number}",
        handler_id="discord-bot",
        method="remove_role_scheduled",
        params={},
        trigger=Trigger("date", {"run_date": "2030-01-01T12:00:00Z"}),
        name=f"Ending {number}",
        anchor_at=NOON,
        next_run_at=NOON,
        created_at=NOON,
        updated_at=NOON,
    )


async def add(path: Path, *jobs: Job, about: str | None = None) -> None:
    database, memory = SqliteDatabase(path, metadata), Memory(str(path))
    await database.open()
    await memory.open()
    await database.write(lambda connection: insert_jobs(connection, jobs))
    if about is not None:
        await memory.put("follow-up", about, {"job_id": jobs[-1].id})
    await memory.close()
    await database.close()


def states(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT id, state FROM jobs"))


async def test_the_newest_ending_about_one_thing_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    await add(path, ending(1), about="role of pia")
    back_up(path, copy)
    await add(path, ending(2), about="role of pia")
    other = replace(ending(3), id="plain", name="Plain")
    over = replace(ending(4), state=JobState.FINISHED, next_run_at=None)
    await add(path, other, over)
    carried = carry_over(path, copy)
    assert carried.endings == ("Ending 2",) and carried.called_off == 1 and not carried.unreadable
    assert carried.gone == ("Plain",)
    assert states(copy) == {"after-1": "cancelled", "after-2": "active"}
    memory = Memory(str(copy))
    await memory.open()
    assert await memory.kept("follow-up", "role of pia") == {"job_id": "after-2"}
    await memory.close()


async def test_a_revoked_token_does_not_come_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"

    async def change(*made: str, revoked: str | None = None) -> None:
        database = SqliteDatabase(path, metadata)
        await database.open()
        for name in made:
            await Tokens(database).make(name, Scope.READ)
        if revoked is not None:
            assert await Tokens(database).revoke(revoked) is not None
        await database.close()

    await change("leaked", "kept")
    back_up(path, copy)
    assert not carry_over(path, copy).tokens
    await change("newer", revoked="leaked")
    assert carry_over(path, copy).tokens
    with closing(sqlite3.connect(copy)) as connection:
        assert {name for (name,) in connection.execute("SELECT name FROM tokens")} == {"kept", "newer"}


async def test_a_revoked_calendar_address_does_not_come_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    database = SqliteDatabase(path, metadata)
    await database.open()
    feeds, shown = Feeds(database), Shown("Moonbase")
    leaked = await feeds.make("900", shown, NOON, personal=False, by=None)
    kept = await feeds.make("900", shown, NOON, personal=False, by=None)
    assert leaked is not None and kept is not None
    back_up(path, copy)
    assert await feeds.revoke("900", leaked.feed.id, None)
    renewed = await feeds.renew("900", kept.feed.id, NOON, None)
    await database.close()
    carry_over(path, copy)
    restored = SqliteDatabase(copy, metadata)
    await restored.open()
    feeds = Feeds(restored)
    assert renewed is not None and await feeds.polled(renewed.secret) is not None
    assert await feeds.polled(leaked.secret) is None and await feeds.polled(kept.secret) is None
    await restored.close()
    assert renewed.secret.encode() not in path.read_bytes() + copy.read_bytes()


async def test_a_journal_that_stays_gets_what_only_the_backup_knows(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    await journal.open()
    await journal.end("old@1", {"success": True, "from": "backup"})
    await journal.end("both@1", {"success": True, "from": "backup"})
    await journal.close()
    back_up(tmp_path / "j.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "j.db")) as connection, connection:
        connection.execute("DELETE FROM journal_runs WHERE run_id = 'old@1'")
    await journal.open()
    await journal.end("both@1", {"success": True, "from": "later"})
    await journal.end("new@1", {"success": True})
    await journal.close()
    merge_journal(tmp_path / "copy.db", tmp_path / "j.db")
    await journal.open()
    assert await journal.result("old@1") == {"success": True, "from": "backup"}
    assert await journal.result("both@1") == {"success": True, "from": "later"}
    assert await journal.result("new@1") == {"success": True}
    await journal.close()


async def test_runs_whose_endings_are_lost_are_forgotten_and_no_others(tmp_path: Path) -> None:
    await add(tmp_path / "a.db", ending(1))
    journal = Journal(tmp_path / "j.db")
    await journal.open()
    for number in (1, 2):
        await journal.begin_step(f"give@{number}", "after:role", 1, {"id": f"after-{number}", "at": "x"})
        await journal.end(f"give@{number}", {"success": True})
    await journal.end("post@1", {"success": True})
    await journal.close()
    assert forget_lost_endings(tmp_path / "j.db", tmp_path / "a.db") == 1
    await journal.open()
    assert await journal.result("give@2") is None
    assert await journal.result("give@1") == await journal.result("post@1") == {"success": True}
    await journal.close()
