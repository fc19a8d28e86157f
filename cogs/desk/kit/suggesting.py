"""What is suggested while somebody types a command."""

from __future__ import annotations

import discord
from discord import app_commands

from cogs.services import services_of
from schedulezero import instants
from schedulezero.when.language.complete import completions


async def when_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """How a time would be understood as it is typed so far, and what it may become."""
    services = services_of(interaction.client)
    zone = await services.timezone_of(interaction.user.id, interaction.guild_id)
    found = completions(typed, zone=zone, locale=interaction.locale.value, now=instants.now())
    return [app_commands.Choice(name=item.label, value=item.text) for item in found]
