"""Secret settings of sprockets: typed once, used by jobs, and shown nowhere."""

from __future__ import annotations

import json
import stat
import traceback
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel, field_validator, model_validator

from bot.config import Settings
from bot.health.doctor_secrets import check_secrets
from cogs.health import Check
from cogs.hosting import data_folder, memory_of
from cogs.sprocket_loading.sealing import seal_settings
from schedulezero.errors import JobFailed
from schedulezero.methods.annotations import Secret
from schedulezero.methods.declaring import DeclarationError
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS
from schedulezero.methods.sprocket_settings import parameters_of_settings, save_settings, settings_of
from schedulezero.storage.database import is_postgres_setting
from schedulezero.storage.sealing import KEY_FILE
from sprockets.kit import OptionsFrom, SecretText, SecretUrl
from sprockets.web_sprocket import WebSettings
from tests.support.world import World, said

HUSH = "hush-hush-7c1d"


def holding(folder: Path, text: str) -> list[str]:
    """Return the files that contain a text anywhere in their bytes."""
    return [file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


async def form(world: World) -> Any:
    shown = await world.moderator.slash(world.channel, "sprockets")
    assert shown.response is not None
    return await world.moderator.select(shown.response, ["web"])


async def secret_of(world: World) -> str:
    return (await settings_of(world.bot, "web", WebSettings, str(world.guild.id))).secret


async def check(settings: Settings) -> tuple[bool, str]:
    found = await check_secrets(settings)
    assert isinstance(found, Check)
    return found.well, str(found)


@pytest.mark.sqlite
async def test_a_secret_setting_is_used_and_never_shown(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    folder = data_folder(settings)
    opened = await form(world)
    (field,) = opened.modal["components"]
    assert "placeholder" not in field["component"] and "value" not in field["component"]
    assert await check_secrets(settings) is None and not (folder / KEY_FILE).exists()
    answers = [said(await world.moderator.submit_modal(opened, {"p:secret": HUSH}))]
    assert await secret_of(world) == HUSH

    opened = await form(world)
    field, remove = (label["component"] for label in opened.modal["components"])
    assert (
        field["placeholder"] == "Already set. Leave it empty to keep the current value."
        and "value" not in field
    )
    assert opened.modal["components"][1]["label"] == "Remove: Secret"
    answers.append(said(await world.moderator.submit_modal(opened, {"p:secret": ""})))
    assert await secret_of(world) == HUSH
    for command in ("sprockets", "schedule audit"):
        answers.append(said(await world.admin.slash(world.channel, command)))
    assert "sprocket configured" in answers[-1]
    assert HUSH not in "".join(answers) + str(opened.modal) + caplog.text
    assert holding(folder, HUSH) == []
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    told = "ok    secrets: 1 secret setting of sprockets, encrypted with the present key"
    assert await check(settings) == (True, told)

    # A copy of another server's stored value can't be opened, nor can any with another key.
    memory, here = world.bot.memory, f"web:{world.guild.id}"
    stored = await memory.kept(SPROCKET_SETTINGS, here)
    assert stored is not None
    await memory.put(SPROCKET_SETTINGS, "web:8", stored)
    with pytest.raises(JobFailed) as failed:
        await settings_of(world.bot, "web", WebSettings, "8")
    assert (failed.value.code, failed.value.retry) == ("secret_settings_unreadable", False)
    await memory.forget(SPROCKET_SETTINGS, "web:8")

    answers.append(said(await world.moderator.submit_modal(await form(world), {remove["custom_id"]: True})))
    assert "Saved" in answers[-1] and await memory.kept(SPROCKET_SETTINGS, here) == {}
    assert await secret_of(world) == "" and len((await form(world)).modal["components"]) == 1


@pytest.mark.sqlite
async def test_a_secret_whose_key_is_gone_is_entered_again(world: World, settings: Settings) -> None:
    key_file = data_folder(settings) / KEY_FILE
    await world.moderator.submit_modal(await form(world), {"p:secret": HUSH})
    earlier = key_file.read_text()
    key_file.unlink()
    well, told = await check(settings)
    assert not well and "1 secret setting of sprockets, and no key" in told
    answer = await world.call(
        {
            "method": "call_web",
            "params": {"url": "https://example.com/"},
            "context": {"guild_id": str(world.guild.id)},
        }
    )
    assert answer["success"] is False and "can't be decrypted" in answer["error"], answer
    # It stays as it is until somebody enters another one: the key may come back.
    opened = await form(world)
    assert opened.modal["components"][0]["component"]["placeholder"] == "Can't be decrypted. Enter it again."
    await world.moderator.submit_modal(opened, {})
    key_file.write_text(earlier)
    assert await secret_of(world) == HUSH
    key_file.unlink()
    assert "Saved" in said(await world.moderator.submit_modal(await form(world), {"p:secret": "fresh"}))
    assert await secret_of(world) == "fresh"
    key_file.write_text(earlier)
    assert "1 of them encrypted with another key" in (await check(settings))[1]
    key_file.write_text("damaged")
    assert "their key can't be used" in (await check(settings))[1]
    refused = said(await world.moderator.submit_modal(await form(world), {"p:secret": HUSH}))
    assert "secrets can't be encrypted" in refused and str(key_file) not in refused


async def test_settings_from_before_are_encrypted_and_wiped(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"keys": str(tmp_path / "keys")})
    memory = memory_of(settings)
    await memory.open()
    for key in ("web:7", "web:8", "other:7"):
        await memory.put(SPROCKET_SETTINGS, key, {"secret": f"{HUSH} {key}" * 5, "more": key})
    await memory.close()
    folder, in_files = data_folder(settings), not is_postgres_setting(settings.database)
    assert bool(holding(folder, HUSH)) == in_files
    await memory.open()
    assert await check_secrets(settings) is None
    assert await seal_settings(memory, "web", WebSettings) == 2
    assert await seal_settings(memory, "web", WebSettings) == 0
    stored = await memory.kept(SPROCKET_SETTINGS, "web:8") or {}
    assert stored["more"] == "web:8"
    assert memory.secrets.open(stored["secret"], ("web", "8", "secret")) == f"{HUSH} web:8" * 5
    assert not await memory.rewrite(SPROCKET_SETTINGS, "web:8", {"secret": HUSH}, {})  # it was changed since
    assert await memory.kept(SPROCKET_SETTINGS, "web:8") == stored
    well, told = await check(settings)
    assert well and "2 secret settings of sprockets" in told
    await memory.close()
    assert holding(folder, f"{HUSH} web:") == [] and bool(holding(folder, f"{HUSH} other:")) == in_files


@pytest.mark.sqlite
async def test_a_sprockets_own_checks_tell_no_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    guild_id = str(world.guild.id)

    class Strict(BaseModel):
        api_key: SecretText = ""
        text: str = ""

        @field_validator("api_key")
        @classmethod
        def _known(cls, value: str) -> str:
            raise ValueError(f"{value} is wrong")

    class Pair(BaseModel):
        secret: SecretText = ""
        text: str = ""

        @model_validator(mode="after")
        def _fit(self) -> Pair:
            if self.secret == self.text:
                raise ValueError(f"the text is {self.secret}")
            return self

    class Loose(BaseModel):
        api_key: SecretText = ""
        feed: SecretUrl | None = None
        text: str = ""

    class Plain(BaseModel):
        api_key: str = "none"

    assert [item.secret for item in parameters_of_settings(Loose)] == [True, True, False]
    given = {"api_key": HUSH, "feed": None, "text": "shown"}
    await save_settings(world.bot, "loose", Loose, guild_id, given)
    found = await settings_of(world.bot, "loose", Loose, guild_id)
    assert found.api_key == HUSH and HUSH not in repr(found) and "shown" in repr(found)
    # A version that declares it no longer secret, or refuses it, doesn't get or tell it.
    assert (await settings_of(world.bot, "loose", Plain, guild_id)).api_key == "none"
    assert (await settings_of(world.bot, "loose", Strict, guild_id)).text == "shown"

    monkeypatch.setattr(type(world.bot.cogs["WebSprocket"]), "settings", Pair)
    assert "Saved" in said(await world.moderator.submit_modal(await form(world), {"p:secret": HUSH}))
    refused = said(await world.moderator.submit_modal(await form(world), {"p:text": HUSH}))
    assert "the text is …" in refused and HUSH not in refused
    # Not even an update of the sprocket that refuses what is stored tells it.
    await save_settings(world.bot, "web", Pair, guild_id, {"secret": HUSH, "text": HUSH})
    with pytest.raises(JobFailed) as failed:
        await settings_of(world.bot, "web", Pair, guild_id)
    assert failed.value.code == "sprocket_settings_unfit"
    assert HUSH not in "".join(traceback.format_exception(failed.value))
    again = await form(world)
    assert HUSH not in str(again.modal)
    assert "Saved" in said(await world.moderator.submit_modal(again, {"p:text": "fits"}))
    assert (await settings_of(world.bot, "web", Pair, guild_id)).secret == HUSH


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ('pa\\ss"word-99', "Value error, the key '…' or \"…\" or … doesn't fit"),
        ("schlüssel\u200b-99", "Value error, the key '…' or \"…\" or … doesn't fit"),
        ("e", "The exact reason might reveal a secret"),
    ],
)
async def test_a_check_that_quotes_a_secret_tells_it_in_no_form(
    world: World, monkeypatch: pytest.MonkeyPatch, secret: str, told: str
) -> None:
    class Pair(BaseModel):
        secret: SecretText = ""
        text: str = ""

        @model_validator(mode="after")
        def _fit(self) -> Pair:
            if self.text:
                key = self.secret
                raise ValueError(f"the key {key!r} or {json.dumps(key)} or {quote(key)} doesn't fit")
            return self

    monkeypatch.setattr(type(world.bot.cogs["WebSprocket"]), "settings", Pair)
    await save_settings(world.bot, "web", Pair, str(world.guild.id), {"secret": secret, "text": ""})
    refused = said(await world.moderator.submit_modal(await form(world), {"p:text": "x"}))
    assert "Nothing was changed" in refused and told in refused


def test_what_cannot_be_a_secret_setting_is_refused() -> None:
    class Number(BaseModel):
        token: Annotated[int, Secret()] = 0

    class Default(BaseModel):
        token: SecretText = "abc"

    class Options(BaseModel):
        token: Annotated[SecretText, OptionsFrom(lambda bot, guild_id: ["a"])] = ""

    for model in (Number, Default, Options):
        with pytest.raises(DeclarationError, match="'token' is a secret, so it must be"):
            parameters_of_settings(model)
