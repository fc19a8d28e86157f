"""Suggestions of times: while a person types a command, and after one was not understood."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from cogs import formats
from cogs.language import mark, shown_locale, t
from cogs.services import services_of
from schedulezero import instants
from schedulezero.when.language.complete import completions
from schedulezero.when.language.handy import Handy

# Read as: a time to offer, its label.
_HANDY = {
    Handy.HOUR: mark("In an hour"),
    Handy.EVENING: mark("This evening, {time}"),
    Handy.TOMORROW: mark("Tomorrow, {time}"),
    Handy.MONDAY: mark("Monday, {time}"),
}
_EVENING = 18  # every language calls it evening from then on, whenever a server's own one begins
_LONGEST_VALUE = 100
"""Characters of a select's option."""


async def when_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest how the typed text is read as a time, and how it could continue."""
    services = services_of(interaction.client)
    zone = await services.timezone_of(interaction.user.id, interaction.guild_id)
    habits = await services.habits_of(interaction.guild_id)
    found = completions(typed, zone=zone, locale=interaction.locale.value, now=instants.now(), habits=habits)
    return [app_commands.Choice(name=item.label, value=item.text) for item in found]


def handy_choices(found: Iterable[tuple[Handy, datetime]], zone: str) -> list[tuple[str, str]]:
    """Return a label for each time to offer, in the reader's language, with the text that means it exactly.

    Parameters:
        found: the times.
        zone: the person's zone.
    """
    choices: list[tuple[str, str]] = []
    for name, at in found:
        local = at.astimezone(ZoneInfo(zone))
        shown = formats.clock(local.time().replace(second=0), shown_locale())
        # What is stored is an instant: no change of zones, clocks or languages moves it.
        label = _HANDY[name]
        if name is Handy.EVENING and local.hour < _EVENING:
            label = mark("Today, {time}")
        choices.append((t(label, time=shown), local.isoformat(timespec="seconds")))
    return choices


def time_options(texts: Iterable[str]) -> list[discord.SelectOption]:
    """Return the options of a select of times, each of which is read again when it is picked."""
    fitting = [text for text in dict.fromkeys(texts) if len(text) <= _LONGEST_VALUE]
    return [discord.SelectOption(label=text, value=text) for text in fitting]
