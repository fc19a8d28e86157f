"""What a post needs of the person and the bot: pings of roles, and the right to post in each place."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from cogs.rights.rights import findings, is_risky
from schedulezero.methods.spec import MethodSpec, spec_of
from sprockets.composer_sprocket import send_post
from tests.support.world import World

SPEC: MethodSpec = spec_of("send_post", send_post)


async def against(world: World, params: dict[str, Any]) -> str:
    """Return what speaks against a member's post, who may do nothing but write."""
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    member = await guild.fetch_member(world.plain.id)
    whole = {"channel_ids": [str(world.channel.id)], "text": "Hi", **params}
    return "\n".join(str(item.text) for item in findings(SPEC, whole, guild, member))


async def test_a_role_that_everyone_may_ping_takes_no_right(world: World) -> None:
    open_role, closed = world.guild.create_role("Open", mentionable=True), world.guild.create_role("Closed")
    assert await against(world, {"role_ids": [str(open_role.id)]}) == ""
    assert "Mention @everyone" in await against(world, {"role_ids": [str(open_role.id), str(closed.id)]})
    assert "Mention @everyone" in await against(world, {"role_ids": [str(world.guild.id)]})


async def test_a_role_of_another_server_is_refused(world: World) -> None:
    assert "The role isn't in this server." in await against(world, {"role_ids": ["5"]})


@pytest.mark.parametrize(
    ("params", "right"),
    [
        ({"ping": "here"}, "Mention @everyone"),
        ({"name": "Captain"}, "Manage Webhooks"),
    ],
)
async def test_what_a_post_needs(world: World, params: dict[str, Any], right: str) -> None:
    assert right in await against(world, params)
    assert await against(world, {}) == ""


async def test_a_thread_takes_the_right_to_write_in_threads(world: World) -> None:
    world.env.backend.create_thread(world.channel.id, "T", world.plain.id)
    closed = world.guild.create_text_channel(
        "closed",
        overwrites={world.guild.default_role: discord.PermissionOverwrite(send_messages_in_threads=False)},
    )
    thread = world.env.backend.create_thread(closed.id, "T", world.admin.id)
    said = await against(world, {"channel_ids": [str(closed.id), str(thread.id)]})
    assert f"You can't do this in <#{thread.id}>: you don't have *Send Messages in Threads* there." in said
    assert f"<#{closed.id}>" not in said, "the channel itself takes another right"


async def test_a_ping_of_roles_waits_for_a_second_person(world: World) -> None:
    role = world.guild.create_role("Closed")
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    place = {"channel_ids": [str(world.channel.id)], "text": "Hi"}
    assert is_risky(SPEC, {**place, "role_ids": [str(role.id)]}, guild)
    assert not is_risky(SPEC, place, guild)
