"""Shared test helpers: bot_role, give_the_bot, let_everybody_use."""

from __future__ import annotations

import discord

from tests.support.world import World


def give_the_bot(world: World, permissions: discord.Permissions) -> None:
    """Change the permissions of the bot's own role in the guild."""
    world.env.backend.edit_role(world.guild.id, bot_role(world), {"permissions": permissions.value})


def bot_role(world: World) -> int:
    me = world.env.backend.get_guild(world.guild.id).members[world.env.backend.bot_user.id]
    return me.role_ids[0]


def let_everybody_use(world: World, command: str) -> None:
    """Open a command to everyone in the server's settings, as an administrator."""
    known = world.env.backend.commands
    registered = {**known[None], **known.get(world.guild.id, {})}
    command_id = next(int(data["id"]) for (name, _), data in registered.items() if name == command)
    world.guild.set_command_permissions(command_id, {world.guild.default_role: True})
