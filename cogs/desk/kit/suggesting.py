"""Suggestions while a person types a command."""

from __future__ import annotations

import discord
from discord import app_commands

from cogs.services import services_of
from schedulezero import instants
from schedulezero.when.language.complete import completions


async def when_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest how the typed text is read as a time, and how it could continue."""
    services = services_of(interaction.client)
    zone = await services.timezone_of(interaction.user.id, interaction.guild_id)
    habits = await services.habits_of(interaction.guild_id)
    found = completions(typed, zone=zone, locale=interaction.locale.value, now=instants.now(), habits=habits)
    return [app_commands.Choice(name=item.label, value=item.text) for item in found]
