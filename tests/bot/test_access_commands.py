"""``token`` and ``keys`` on the command line, and a bot whose server wants a token."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from bot.cli.main import main
from bot.config import ConfigError, Settings, load_settings
from schedulezero.server.records.tables import metadata
from schedulezero.server.records.tokens import Scope, TokenRefused, Tokens
from schedulezero.storage.database import database_of
from schedulezero.wire.keys import load_keys
from tests.support.world import a_world


@pytest.fixture(autouse=True)
def environment(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", settings.database)
    monkeypatch.setenv("SCHEDULEZERO_KEYS", str(tmp_path / "keys"))


def test_tokens_are_made_listed_and_revoked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "list"]) == 1
    assert "There is no database" in capsys.readouterr().err  # and none is created
    assert main(["token", "make", "first"]) == 0
    assert f"made a new database, {settings.database}. Only a server on it" in capsys.readouterr().err
    assert main(["token", "revoke", "first"]) == 0
    assert main(["token", "make", "backup-script", "--scope", "write"]) == 0
    captured = capsys.readouterr()
    text = captured.out.splitlines()[-1]
    assert "Warning" not in captured.err
    assert text.startswith("sz_")
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    token_id = text.split("_")[1]
    assert token_id in listed and "backup-script" in listed and "write" in listed
    assert text.split("_", 2)[2] not in listed
    assert main(["token", "revoke", token_id]) == 0
    assert f"Revoked backup-script ({token_id})." in capsys.readouterr().out
    assert main(["token", "revoke", token_id]) == 1
    assert "There is no token" in capsys.readouterr().err


def test_a_token_is_revoked_by_its_name_which_no_other_one_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "make", "Backup  script"]) == 0
    capsys.readouterr()
    for same in ("Backup script", " backup SCRIPT ", "Ｂackup script"):
        assert main(["token", "make", same]) == 1
        assert "There is a token named “Backup script” already" in capsys.readouterr().err
    assert main(["token", "revoke", " BACKUP script"]) == 0
    assert main(["token", "list"]) == 0
    assert "There are no tokens." in capsys.readouterr().out
    assert main(["token", "make", "backup script"]) == 0


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 101, "a\x00b", "a\u202eb", "\udcff", "0123abcd", "0123ABCD"]
)
def test_names_that_a_token_cannot_have(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "make", name]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and "sz_" not in captured.out


async def test_names_of_an_earlier_version_that_are_there_twice(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    database = database_of(settings.database, metadata)
    await database.open()
    try:
        tokens = Tokens(database)
        for name in ("first", "second"):
            await tokens.make(name, Scope.READ)
        await database.write(
            lambda connection: connection.exec_driver_sql("UPDATE tokens SET name = 'twice'").rowcount
        )
    finally:
        await database.close()
    database = database_of(settings.database, metadata)
    await database.open()  # it still opens
    try:
        tokens = Tokens(database)
        ids = [item.id for item in await tokens.list()]
        with pytest.raises(TokenRefused) as caught:
            await tokens.revoke("twice")
        assert all(token_id in caught.value.message for token_id in ids) and len(await tokens.list()) == 2
        assert await tokens.revoke(ids[0].upper()) is not None
        assert await tokens.revoke("Twice") is not None
        assert await tokens.list() == []
    finally:
        await database.close()


async def test_of_two_tokens_that_are_made_at_once_one_gets_the_name(settings: Settings) -> None:
    databases = [database_of(settings.database, metadata) for _ in range(4)]
    for database in databases:
        await database.open()
    try:
        made = await asyncio.gather(
            *(Tokens(database).make("only one", Scope.READ) for database in databases * 3),
            return_exceptions=True,
        )
        assert sum(isinstance(item, str) for item in made) == 1, made
        assert sum(isinstance(item, TokenRefused) for item in made) == 11, made
        assert len(await Tokens(databases[0]).list()) == 1
    finally:
        for database in databases:
            await database.close()


def test_keys_are_shown_and_let_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = load_keys(tmp_path / "other")
    assert main(["keys", "--allow", other.public, "--name", "the bot\nforged line"]) == 0
    captured = capsys.readouterr()
    shown = captured.out
    assert f"made new keys in {tmp_path / 'keys'}" in captured.err
    assert load_keys(tmp_path / "keys").public in shown
    assert f"{other.public}  the bot forged line" in shown
    assert load_keys(tmp_path / "keys").secret not in shown
    assert main(["keys"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["keys", "--allow", "short"]) == 2
    assert "40 characters" in capsys.readouterr().err


def test_a_key_may_begin_with_a_hyphen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = "-/qGepCRI74e@v$y2q)t-g9P([ipd3h[WZh0T].P"
    assert main(["keys", "--allow", key, "--name", "moon"]) == 0
    assert f"{key}  moon" in capsys.readouterr().out
    assert main(["keys", "--revoke", key]) == 0
    assert main(["keys", "--allow", "--name", "moon"]) == 2


def test_a_key_is_taken_out_by_its_name_or_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = [load_keys(tmp_path / f"other{number}").public for number in range(3)]
    for key, name in zip(others, ("Moon base", "twice", "thrice"), strict=True):
        assert main(["keys", f"--allow={key}", "--name", name]) == 0
    assert (
        main(["keys", f"--allow={others[2]}", "--name", "TWICE"]) == 2
    )  # so that a name says whose key it is
    assert main(["keys", f"--allow={others[2]}"]) == 0
    ring = load_keys(tmp_path / "keys")
    assert ring.allowed()[others[2]] == "thrice"
    with ring.allowed_file.open("a") as file:
        file.write(f"{others[2]} twice\n")  # by hand
    capsys.readouterr()
    assert main(["keys", "--revoke", " moon  BASE"]) == 0
    shown = capsys.readouterr().out
    assert f"Revoked Moon base ({others[0]})." in shown and f"  {others[0]}" not in shown
    assert list(ring.allowed()) == [*others[1:], ring.public]
    assert main(["keys", "--revoke", "twice"]) == 2
    said = capsys.readouterr().err
    assert all(key in said for key in others[1:])
    assert main(["keys", f"--revoke={others[1]}"]) == 0
    assert main(["keys", f"--revoke={ring.public}"]) == 2  # this side's own is always let in
    assert list(ring.allowed()) == [others[2], ring.public]
    assert ring.allowed_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", ["api_token", "secrets_key"])
def test_a_secret_in_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{key}: secret-thing")
    with pytest.raises(
        ConfigError, match=f"set the environment variable SCHEDULEZERO_{key.upper()}"
    ) as caught:
        load_settings(file)
    assert "secret-thing" not in str(caught.value)
    file.write_text("")
    monkeypatch.setenv(f"SCHEDULEZERO_{key.upper()}", "secret thing")
    with pytest.raises(ConfigError, match=f"SCHEDULEZERO_{key.upper()} cannot be used: it must be") as caught:
        load_settings(file)
    assert "secret thing" not in str(caught.value)


@pytest.mark.long
async def test_the_bot_knows_its_own_servers_token(settings: Settings) -> None:
    async with a_world(settings.model_copy(update={"require_token": True})) as world:
        values = {"channel_id": [world.channel], "message": "Hello"}
        job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
        await world.admin.slash(world.channel, "schedule run", job=job_id)
        assert await world.message_in(world.channel, "Hello")
        async with httpx.AsyncClient(base_url=settings.api_endpoint) as stranger:
            assert (await stranger.get("/api/jobs")).status_code == 401
