"""What several tests share: Foreign, forged, untouched."""

from __future__ import annotations

from typing import Any

import discord
import simcord

from tests.world import World


class Foreign:
    """Another guild with an administrator of its own, who knows a job's id of the first."""

    def __init__(self, world: World) -> None:
        guild = world.env.create_guild("Elsewhere")
        admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        self.guild = guild
        self.channel = guild.create_text_channel("lobby")
        self.eve = guild.add_member(world.env.create_user("eve"), roles=[admins])


async def forged(world: World, channel: simcord.ChannelHandle, item: discord.ui.Item[Any]) -> discord.Message:
    """A message of the bot's with a component whose custom id somebody made up."""
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(item)
    panel = discord.ui.LayoutView(timeout=None)
    panel.add_item(row)
    target: Any = world.bot.get_channel(channel.id)
    return await target.send(view=panel)


async def untouched(world: World, job_id: str) -> bool:
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    return job.state == "active" and job.version == 1
