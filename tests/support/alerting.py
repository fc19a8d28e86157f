"""Shared test helpers: alerts_to, cards."""

from __future__ import annotations

import discord
import simcord

from tests.support.text import text_of
from tests.support.world import World, pick


async def alerts_to(world: World) -> simcord.ChannelHandle:
    channel = world.guild.create_text_channel("alerts")
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:alerts", [channel])
    return channel


def cards(world: World, channel: simcord.ChannelHandle, part: str) -> list[discord.Message]:
    return [message for message in channel.history() if part in text_of(message)]
