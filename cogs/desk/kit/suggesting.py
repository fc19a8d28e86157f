"""Suggestions of times: while a person types a command, and after one was not understood."""

from __future__ import annotations

from collections.abc import Iterable

import discord
from discord import app_commands

from cogs.services import services_of
from schedulezero import instants
from schedulezero.when.language.complete import completions

_LONGEST_VALUE = 100
"""Characters of a select's option."""


async def when_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest how the typed text is read as a time, and how it could continue."""
    services = services_of(interaction.client)
    zone = await services.timezone_of(interaction.user.id, interaction.guild_id)
    habits = await services.habits_of(interaction.guild_id)
    found = completions(typed, zone=zone, locale=interaction.locale.value, now=instants.now(), habits=habits)
    return [app_commands.Choice(name=item.label, value=item.text) for item in found]


def time_options(texts: Iterable[str]) -> list[discord.SelectOption]:
    """Return the options of a select of times, each of which is read again when it is picked."""
    fitting = [text for text in dict.fromkeys(texts) if len(text) <= _LONGEST_VALUE]
    return [discord.SelectOption(label=text, value=text) for text in fitting]
