"""Time zones as people see them: suggestions while they type, and which zone is theirs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from cogs import formats
from cogs.language import shown_locale, t
from schedulezero import instants
from schedulezero.when.language.zone_search import search_zones


def zone_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest zones by city, country, abbreviation or offset, each with its current local time."""
    now, locale = instants.now(), interaction.locale.value
    return [
        app_commands.Choice(name=zone.label(now, locale), value=zone.key)
        for zone in search_zones(typed, locale, now)
    ]


def said_own_zone(name: str) -> str:
    """Say which zone is a person's."""
    return t("Your time zone is {zone}, where it is now {time}.", zone=f"**{name}**", time=clock_in(name))


def said_new_zone(name: str) -> str:
    """Say which zone is a person's from now on."""
    return t(
        "Your time zone is now {zone}, where it is {time}. Existing jobs keep theirs.",
        zone=f"**{name}**",
        time=clock_in(name),
    )


def clock_in(name: str) -> str:
    """Return the weekday and the time that clocks in a zone show now."""
    local = instants.now().astimezone(ZoneInfo(name)).replace(second=0)
    return formats.clock_on_day(local, shown_locale())
