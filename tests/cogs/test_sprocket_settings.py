"""A sprocket's own settings: shown, edited, refused in words, kept for each server."""

from __future__ import annotations

from typing import Any

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
    assert again.modal["components"][0]["component"]["value"] == "abc"


async def test_who_may_only_schedule_changes_no_settings(world: World) -> None:
    role = world.guild.create_role("Schedulers")
    sam = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    settings = await world.bot.memory.settings(world.guild.id)
    await world.bot.memory.save_settings(world.guild.id, type(settings)(manager_role_ids=(str(role.id),)))

    let_everybody_use(world, "sprockets")
    opened = await form(world, sam)
    assert opened.modal is None and "*Manage Server* permission to change settings" in said(opened)


def test_what_a_newer_version_does_not_take_is_left_out() -> None:
    assert read(WebSettings, {"secret": "x" * 500, "gone": 1}).secret == ""
