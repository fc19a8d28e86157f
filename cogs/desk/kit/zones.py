"""Time zones as people see them: suggestions while they type, the one they name, and which zone is theirs."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from cogs import formats
from cogs.desk.kit.wording import plain
from cogs.language import locale, shown_locale, t
from cogs.services import Refused
from schedulezero import instants
from schedulezero.when.language.zone_search import chosen_zone, search_zones

_MOST_SHOWN = 60  # characters of what was typed, in an error message


async def zone_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Suggest zones by city, country, abbreviation or offset, each with its current local time."""
    now, language = instants.now(), interaction.locale.value
    # In a thread, because the first search in a language reads the names of all places in it.
    found = await asyncio.to_thread(search_zones, typed, language, now)
    return [app_commands.Choice(name=zone.label(now, language), value=zone.key) for zone in found]


async def zone_named(typed: str) -> str:
    """Return the IANA name of the zone that a person typed; raise Refused if that may be several, or none."""
    choice = await asyncio.to_thread(chosen_zone, typed, locale(), instants.now())
    if choice.zone is not None:
        return choice.zone
    typed = plain(typed.strip()[:_MOST_SHOWN])
    if choice.near:
        near = " · ".join(f"`{zone.key}`" for zone in choice.near)
        raise Refused(
            t(
                "“{zone}” could be any of these: {near}. Enter one of them, or a large city near you.",
                zone=typed,
                near=near,
            )
            if len(choice.near) > 1
            else t("I don't know the time zone “{zone}”. Did you mean {near}?", zone=typed, near=near)
        )
    raise Refused(t("I don't know the time zone “{zone}”. Enter a large city near you.", zone=typed))


def said_own_zone(name: str) -> str:
    """Say which zone is a person's."""
    return t("Your time zone is {zone}, where it is now {time}.", zone=f"**{name}**", time=clock_in(name))


def said_no_zone(name: str) -> str:
    """Say in which zone a person's times are read, who hasn't set one."""
    zone, time = f"**{name}**", clock_in(name)
    return t(
        "You haven't set a time zone. I read your times in {zone}, where it is now {time}.",
        zone=zone,
        time=time,
    )


def said_new_zone(name: str) -> str:
    """Say which zone is a person's from now on."""
    return t("Your time zone is now {zone}, where it is {time}.", zone=f"**{name}**", time=clock_in(name))


def clock_in(name: str) -> str:
    """Return the weekday and the time that clocks in a zone show now."""
    local = instants.now().astimezone(ZoneInfo(name)).replace(second=0)
    return formats.clock_on_day(local, shown_locale())
