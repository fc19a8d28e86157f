"""``token`` and ``keys`` on the command line, and a bot whose server wants a token."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.cli import main
from bot.config import ConfigError, Settings, load_settings
from schedulezero.keys import load_keys
from tests.world import a_world


@pytest.fixture(autouse=True)
def environment(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_DATABASE", settings.database)
    monkeypatch.setenv("SCHEDULEZERO_KEYS", str(tmp_path / "keys"))


def test_tokens_are_made_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "list"]) == 0
    assert "There are no tokens." in capsys.readouterr().out
    assert main(["token", "make", "backup-script", "--scope", "write"]) == 0
    text = capsys.readouterr().out.split()[0]
    assert text.startswith("sz_")
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    token_id = text.split("_")[1]
    assert token_id in listed and "backup-script" in listed and "write" in listed
    assert text.split("_", 2)[2] not in listed
    assert main(["token", "revoke", token_id]) == 0
    assert main(["token", "revoke", token_id]) == 1
    assert "There is no token" in capsys.readouterr().out


def test_keys_are_shown_and_let_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = load_keys(tmp_path / "other")
    assert main(["keys", "--allow", other.public, "--name", "the bot\nforged line"]) == 0
    shown = capsys.readouterr().out
    assert load_keys(tmp_path / "keys").public in shown
    assert f"{other.public}  the bot forged line" in shown
    assert load_keys(tmp_path / "keys").secret not in shown
    assert main(["keys", "--allow", "short"]) == 1
    assert "40 characters" in capsys.readouterr().err


def test_a_token_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("api_token: secret-thing")
    with pytest.raises(ConfigError, match="SCHEDULEZERO_API_TOKEN") as caught:
        load_settings(file)
    assert "secret-thing" not in str(caught.value)


async def test_the_bot_knows_its_own_servers_token(settings: Settings) -> None:
    async with a_world(settings.model_copy(update={"require_token": True})) as world:
        values = {"channel_id": [world.channel], "message": "Hello"}
        job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
        await world.admin.slash(world.channel, "schedule run", job=job_id)
        assert await world.message_in(world.channel, "Hello")
        async with httpx.AsyncClient(base_url=settings.api_endpoint) as stranger:
            assert (await stranger.get("/api/jobs")).status_code == 401
