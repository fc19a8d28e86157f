"""What jobs say of what they did, or couldn't do, is true of the case at hand."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from cogs.language import speaking, translated
from schedulezero.sentences import read_sentence
from tests.support.granting import give_the_bot
from tests.support.refusing import refusing
from tests.support.world import World


async def test_slow_mode_of_no_seconds_is_off(world: World) -> None:
    for seconds, said in ((30, "30 s between messages"), (0, "slow mode is off")):
        answer = await world.run("set_slowmode", {"channel_id": str(world.channel.id), "seconds": seconds})
        assert answer["success"] is True and said in answer["message"], answer


async def given(world: World, role_id: int) -> str:
    params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role_id)}
    answer = await world.run("add_role_scheduled", params)
    assert answer["success"] is False, answer
    return str(answer["error_code"])


async def test_a_role_above_mine_is_told_apart_from_one_that_nobody_gives(world: World) -> None:
    give_the_bot(world, discord.Permissions(manage_roles=True))
    above, managed = world.guild.create_role("Above"), world.guild.create_role("Other bot")
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    guild.get_role(managed.id).managed = True
    guild.get_role(above.id).position = guild.me.top_role.position + 1
    assert await given(world, above.id) == "role_above_mine"
    assert await given(world, managed.id) == "role_managed"
    assert await given(world, world.guild.id) == "role_of_everyone"


async def test_a_thread_that_it_had_not_locked_is_told_without_permissions(world: World) -> None:
    parent: Any = world.bot.get_channel(world.channel.id)
    thread = await parent.create_thread(name="Talk", type=discord.ChannelType.public_thread)
    await thread.edit(locked=True)
    answer = await world.run("unlock_channel", {"channel_id": str(thread.id)})
    assert answer["message"] == "#Talk is open again. I hadn't locked it.", answer


@pytest.mark.parametrize(
    ("locale", "place"),
    [("en-GB", "the direct messages of"), ("de", "den Direktnachrichten von"), ("fr", "messages privés de")],
)
async def test_direct_messages_are_named_in_the_readers_language(
    world: World, locale: str, place: str
) -> None:
    with refusing(world, "POST", r"/channels/\d+/messages"):
        answer = await world.run("send_dm", {"user_id": str(world.plain.id), "message": "Hi"})
    said = read_sentence(answer, "error")
    assert said is not None
    with speaking(locale):
        assert f"{place} {world.plain.id}" in translated(said)


async def test_why_some_of_several_failed_is_told_in_the_readers_language(world: World) -> None:
    other = world.guild.create_text_channel("other")
    ids = [world.channel.id, other.id, 98, 99]
    with refusing(world, "POST", rf"/channels/{other.id}/messages"):
        answer = await world.run("send_to_multiple_channels", {"channel_ids": ids, "message": "News"})
    assert answer["success"] is True and answer["partial"] is True, answer
    said = read_sentence(answer, "message")
    assert said is not None and "I couldn't post in #other" in said
    with speaking("de"):
        shown = translated(said)
    assert "Ich wollte in #other posten" in shown and "channel" not in shown.lower(), shown
