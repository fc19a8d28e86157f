"""Shared test helpers: people."""

from __future__ import annotations

import simcord

from tests.support.world import World


async def people(world: World) -> dict[str, simcord.MemberActor]:
    """Return one person for each role."""
    role = world.guild.create_role("Schedulers")
    scheduler = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    memory = world.bot.memory
    settings = await memory.settings(world.guild.id)
    await memory.save_settings(world.guild.id, type(settings)(manager_role_ids=(str(role.id),)))
    return {
        "plain": world.plain,
        "scheduler": scheduler,
        "moderator": world.moderator,
        "admin": world.admin,
        "owner": world.owner,
    }
