"""Channels' names, topics and slow mode, by Discord's rules for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
import pytest

from tests.support.clocks import Clock
from tests.support.granting import give_the_bot
from tests.support.rules.applying import applied
from tests.support.rules.channel_texts import ChannelTexts
from tests.support.rules.thread_types import ThreadTypes
from tests.support.text import text_of
from tests.support.world import World


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    made = Clock()
    with applied(ChannelTexts(made), ThreadTypes()):
        yield made


def changes(world: World) -> int:
    return len([request for request in world.env.http_requests if request.method == "PATCH"])


@pytest.mark.parametrize(
    ("where", "text", "stands"),
    [
        ("name", "Launch in  3 Days!", "launch-in-3-days!"),
        ("topic", "Launch in 3 days", "Launch in 3 days"),
    ],
)
async def test_what_stands_there_is_told_and_not_written_again(
    world: World, where: str, text: str, stands: str
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    params = {"channel_id": str(world.channel.id), "text": text, "where": where}
    before = changes(world)
    for number in range(4):  # a fifth of these would have to wait for ten minutes
        answer = await world.run("set_channel_text", params)
        said = f"The {where} is {'already' if number else 'now'} “{stands}”."
        assert answer["success"] is True and answer["message"] == said, answer
    assert changes(world) == before + 1


async def test_a_third_change_in_ten_minutes_waits(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    params = {"channel_id": str(world.channel.id)}
    for text in ("one", "two"):
        assert (await world.run("set_channel_text", {**params, "text": text}))["success"] is True
    answer = await world.run("set_channel_text", {**params, "text": "three"})
    assert answer["success"] is False and answer["retry_after"] > 500


async def news(world: World) -> str:
    channel = world.guild.create_text_channel("news")
    world.env.backend.channels[channel.id].type = discord.ChannelType.news.value
    give_the_bot(world, discord.Permissions(administrator=True))
    await world.restart_bot()
    return str(channel.id)


async def test_an_announcement_channel_has_no_slow_mode_and_threads_of_its_own(world: World) -> None:
    channel_id = await news(world)
    answer = await world.run("set_slowmode", {"channel_id": channel_id, "seconds": 5})
    assert answer["success"] is False and "can't have slow mode" in answer["error"], answer
    before = len(world.env.http_requests)
    await world.run("create_thread", {"channel_id": channel_id, "title": "This week"})
    asked = [item for item in world.env.http_requests[before:] if item.path.endswith("/threads")]
    assert [(item.json or {})["type"] for item in asked] == [10]
    channel: Any = world.bot.get_channel(int(channel_id))
    with pytest.raises(discord.HTTPException) as refused:
        await channel.create_thread(name="x", type=discord.ChannelType.public_thread)
    assert refused.value.code == 50024


async def test_a_topic_that_changes_too_often_is_warned_of(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    values = {"channel_id": [world.channel], "text": "Now"}
    for when, warned in (("every 2 minutes", True), ("every 5 minutes", False)):
        shown = await world.draft(world.admin, "set_channel_text", values, when)
        assert ("Discord can't keep up with intervals shorter than" in text_of(shown.response)) is warned


async def test_a_server_with_two_factor_authentication_is_told_of(world: World) -> None:
    guild: Any = world.bot.get_guild(world.guild.id)
    guild.mfa_level = discord.MFALevel.require_2fa
    for job, values, told in (
        ("set_slowmode", {"channel_id": [world.channel], "seconds": "5"}, True),
        ("send_announcement", {"channel_id": [world.channel], "message": "Hi"}, False),
    ):
        shown = await world.draft(world.admin, job, values, "tomorrow at 9")
        assert ("two-factor authentication" in text_of(shown.response)) is told
    setup = await world.admin.slash(world.channel, "schedule setup")
    assert "two-factor authentication" in text_of(setup.response)
