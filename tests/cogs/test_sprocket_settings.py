"""A sprocket's own settings: shown, edited, refused in words, kept for each server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from simcord._modal import _submit_modal as submit  # pyright: ignore[reportPrivateUsage]

import sprockets
from schedulezero.methods.sprocket_settings import read, settings_of
from sprockets.web_sprocket import WebSettings
from tests.support.granting import let_everybody_use
from tests.support.world import World, said


async def form(world: World, who: Any) -> Any:
    shown = await who.slash(world.channel, "sprockets")
    return await who.select(shown.response, ["web"])


async def test_settings_are_kept_for_each_server(world: World) -> None:
    opened = await form(world, world.moderator)
    assert opened.modal["title"] == "Settings for web"
    assert "Saved. **web** uses these settings" in said(
        await world.moderator.submit_modal(opened, {"p:secret": "abc"})
    )
    assert (await settings_of(world.bot, "web", WebSettings, str(world.guild.id))).secret == "abc"
    assert (await settings_of(world.bot, "web", WebSettings, "1")).secret == ""
    again = await form(world, world.moderator)
    assert "abc" not in str(again.modal)  # it is a secret


async def test_who_may_only_schedule_changes_no_settings(world: World) -> None:
    role = world.guild.create_role("Schedulers")
    sam = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    settings = await world.bot.memory.settings(world.guild.id)
    await world.bot.memory.save_settings(world.guild.id, type(settings)(manager_role_ids=(str(role.id),)))

    let_everybody_use(world, "sprockets")
    opened = await form(world, sam)
    assert opened.modal is None and "*Manage Server* permission to change settings" in said(opened)


MANY = """
from pydantic import BaseModel
from sprockets.kit import RegisteringCog, by_name, job

class Settings(BaseModel):
    one: str = ""
    two: str = ""
    three: str = ""
    four: str = ""
    five: str = ""
    six: str = ""
    seven: str = ""

@job()
async def many(bot) -> dict:
    return {}

class ManySprocket(RegisteringCog):
    jobs = by_name(many)
    settings = Settings

async def setup(bot):
    await bot.add_cog(ManySprocket(bot))
"""


async def form_of(world: World, picked: str) -> Any:
    shown = await world.owner.slash(world.channel, "sprockets")
    assert shown.response is not None
    return await world.owner.select(shown.response, [picked])


async def test_more_settings_than_a_form_holds_are_asked_in_several(world: World, tmp_path: Path) -> None:
    (tmp_path / "many_sprocket.py").write_text(MANY)
    sprockets.__path__.append(str(tmp_path))
    try:
        await world.owner.slash(world.channel, "load_sprocket", name="many")
        first = await form_of(world, "many")
        assert len(first.modal["components"]) == 5
        await world.owner.submit_modal(first, {"p:one": "1"})
        second = await form_of(world, "many.1")
        assert len(second.modal["components"]) == 2
        assert "Saved" in said(await world.owner.submit_modal(second, {"p:seven": "7"}))
        model: Any = vars(type(world.bot.cogs["ManySprocket"]))["settings"]
        kept = await settings_of(world.bot, "many", model, str(world.guild.id))
        assert (kept.one, kept.seven) == ("1", "7")
        first, second = await form_of(world, "many"), await form_of(world, "many.1")
        await asyncio.gather(
            submit(world.owner, first, {"p:one": "one"}), submit(world.owner, second, {"p:seven": "seven"})
        )
        kept = await settings_of(world.bot, "many", model, str(world.guild.id))
        assert (kept.one, kept.seven) == ("one", "seven")
    finally:
        sprockets.__path__.remove(str(tmp_path))
        sys.modules.pop("sprockets.many_sprocket", None)


def test_what_a_newer_version_does_not_take_is_left_out() -> None:
    assert read(WebSettings, {"secret": "x" * 500, "gone": 1}).secret == ""
