"""What the bot remembers outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cogs.guild_settings import GuildSettings
from cogs.memory import Draft, Memory, new_id
from schedulezero.errors import DatabaseUnusable
from schedulezero.handler.run_context import RunContext, running
from schedulezero.storage.database import is_postgres_setting

DRAFT = Draft("d1", "1", "2", "send", {"message": "Grüße 🎉", "channel_id": ["3"]}, "tomorrow at 9")


async def test_zones_drafts_panels_and_notes_survive_a_restart(database: str) -> None:
    path = database.replace("schedulezero.db", "deep/down/memory.db")  # its folders are made
    memory = Memory(path)
    await memory.open()
    await memory.set_user_timezone(1, "Asia/Tokyo")
    await memory.set_guild_timezone(2, "Europe/Berlin")
    await memory.save_draft(DRAFT)
    await memory.save_draft(replace(DRAFT, when="friday 18:00"))
    await memory.save_panel("p1", 2, {"cursors": ["x"]})
    assert await memory.keep("lock", "5", {"a": 1}) is True
    assert await memory.keep("lock", "5", {"a": 2}) is False
    await memory.close()

    memory = Memory(path)
    await memory.open()
    assert await memory.timezone(1, 2) == "Asia/Tokyo"
    assert await memory.timezone(9, 2) == "Europe/Berlin"
    assert await memory.timezone(9, 9) is None
    assert await memory.draft("d1") == replace(DRAFT, when="friday 18:00")
    assert await memory.panel("p1", 2) == {"cursors": ["x"]}
    assert await memory.panel("p1", 3) is None
    assert await memory.kept("lock", "5") == {"a": 1}
    await memory.forget("lock", "5")
    assert await memory.kept("lock", "5") is None
    assert await memory.take_draft("d1") is True
    assert await memory.take_draft("d1") is False
    await memory.close()


async def test_changes_of_settings_at_once_are_all_kept(database: str) -> None:
    memories = [Memory(database), Memory(database)] if is_postgres_setting(database) else [Memory(database)]
    for memory in memories:
        await memory.open()

    def with_role(number: int) -> Callable[[GuildSettings], GuildSettings]:
        return lambda settings: replace(settings, manager_role_ids=(*settings.manager_role_ids, str(number)))

    done = await asyncio.gather(
        *(memories[number % len(memories)].change_settings(2, with_role(number)) for number in range(20))
    )
    assert set((await memories[0].settings(2)).manager_role_ids) == {str(number) for number in range(20)}
    assert all(len(after.manager_role_ids) == len(before.manager_role_ids) + 1 for before, after in done)
    for memory in memories:
        await memory.close()


async def test_a_draft_is_forgotten_after_a_month(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(database)
    await memory.open()
    monkeypatch.setattr("cogs.memory.instants.now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    await memory.save_draft(DRAFT)
    monkeypatch.undo()
    await memory.close()
    await memory.open()
    assert await memory.draft("d1") is None
    await memory.close()


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "photo.db"
    file.write_bytes(b"this is no database, " * 100)
    with pytest.raises(DatabaseUnusable, match=r"photo\.db is not a SQLite"):
        await Memory(str(file)).open()
    assert file.read_bytes().startswith(b"this is no database")
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        await Memory("/proc/nowhere/x.db").open()
    with pytest.raises(DatabaseUnusable, match="mysql database"):
        Memory("mysql://host/db")


def test_ids_fit_a_custom_id() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    assert len(new_id()) <= 16


async def test_each_kind_of_note_says_what_it_is_about(database: str) -> None:
    memory = Memory(database)
    await memory.open()
    about_place = [
        ("lockdown", "5", {"guild_id": "7"}),
        ("follow-up", "role:1:9", {"guild_id": "7"}),
        ("debt", "after-1", {"guild_id": "7"}),
        ("debt-tried", "after-1", {"guild_id": "7"}),
        ("debt-closed", "after-1", {"guild_id": "7"}),
        ("sprocket-settings", "web:7", {"secret": "x"}),
        ("rules", "7", {}),
        ("undelivered/7", "abc", {}),
        ("somebodys", "7", {}),
        ("somebodys", "x", {"guild_id": "7"}),
    ]
    others = [
        ("follow-up", "role:1:7", {"guild_id": "8"}),
        ("debt", "7", {"guild_id": "8"}),
        ("sprocket-settings", "web:8", {}),
        ("undelivered/8", "7", {}),
        ("somebodys", "thing:7", {}),
        ("owner-commands", "7", {}),
    ]
    for kind, key, value in (*about_place, *others):
        await memory.put(kind, key, value)
    await memory.forget_place("7")
    assert [await memory.kept(kind, key) for kind, key, _ in about_place] == [None] * len(about_place)
    assert [await memory.kept(kind, key) for kind, key, _ in others] == [value for *_, value in others]
    await memory.close()


async def test_a_run_that_began_before_writes_nothing_about_what_was_forgotten(database: str) -> None:
    memory = Memory(database)
    await memory.open()
    with running(RunContext(run_id="r", job_id="j", guild_id="7")):
        await memory.forget_place("7")
        assert not await memory.put("lockdown", "5", {"guild_id": "7"})
        assert not await memory.keep("undelivered/7", "abc", {"text": "secret"})
        assert await memory.put("lockdown", "6", {"guild_id": "8"})
    assert await memory.kept("lockdown", "5") is None and await memory.notes("undelivered/7") == {}
    with running(RunContext(run_id="s", job_id="j", guild_id="7")):
        assert await memory.put("lockdown", "5", {"guild_id": "7"}), "a later run may"
    await memory.close()
