"""The bot is removed from its server, and invited back."""

from __future__ import annotations

from typing import Any

from simcord.backend import serializers

from cogs.forgetting import LEFT
from tests.conftest import until
from tests.support.world import World


async def sent_away(world: World) -> Any:
    """Remove the bot from its server as Discord does, and return the data to invite it back with."""
    backend: Any = world.env.backend
    guild = backend.guilds[world.guild.id]
    channels = {key: backend.channels[key] for key in guild.channel_ids}
    messages = {key: backend.messages.get(key) for key in guild.channel_ids}
    backend.remove_guild(world.guild.id)
    await until(lambda: world.bot.get_guild(world.guild.id) is None)

    async def noted() -> Any:
        return await world.bot.memory.kept(LEFT, str(world.guild.id))

    await until(noted)
    return guild, channels, messages


async def invited_back(world: World, kept: Any) -> None:
    guild, channels, messages = kept
    backend: Any = world.env.backend
    backend.guilds[world.guild.id] = guild
    backend.channels.update(channels)
    backend.messages.update({key: value for key, value in messages.items() if value is not None})
    payload = dict(serializers.guild_create_payload(backend, guild))
    del payload["unavailable"]  # only there after an outage
    backend.emit("GUILD_CREATE", payload)
    await until(lambda: world.bot.get_guild(world.guild.id) is not None)
    await world.env.settle()
