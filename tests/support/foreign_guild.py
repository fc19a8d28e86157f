"""Shared test helpers: Foreign, forged, untouched."""

from __future__ import annotations

from typing import Any

import discord
import simcord

from tests.support.world import World


class Foreign:
    """Another guild with its own administrator, who knows the id of a job in the first guild."""

    def __init__(self, world: World) -> None:
        guild = world.env.create_guild("Elsewhere")
        admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        self.guild = guild
        self.channel = guild.create_text_channel("lobby")
        self.eve = guild.add_member(world.env.create_user("eve"), roles=[admins])


async def forged(world: World, channel: simcord.ChannelHandle, item: discord.ui.Item[Any]) -> discord.Message:
    """Return a message of the bot's with a component that has a forged custom id."""
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(item)
    panel = discord.ui.LayoutView(timeout=None)
    panel.add_item(row)
    target: Any = world.bot.get_channel(channel.id)
    return await target.send(view=panel)


async def untouched(world: World, job_id: str) -> bool:
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    return job.state == "active" and job.version == 1
