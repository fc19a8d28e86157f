"""``/schedule timezone``: a person's zone and a guild's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import discord

from cogs.desk.components import acknowledge, say
from cogs.desk.wording import plain
from cogs.services import Refused, services_of, timezone_of
from schedulezero import instants
from schedulezero.when.zone_search import search_zones


async def set_zone(interaction: discord.Interaction, zone: str | None, whose: str) -> None:
    """Answers ``/schedule timezone``."""
    await acknowledge(interaction)
    await say(interaction, await _set_zone(interaction, zone, whose))


async def _set_zone(interaction: discord.Interaction, zone: str | None, whose: str) -> str:
    """Sets a person's or the guild's zone and says what it means; without a zone says which it is."""
    services = services_of(interaction.client)
    assert interaction.guild_id is not None
    now = instants.now()
    if zone is None:
        name = await timezone_of(services, interaction.user.id, interaction.guild_id)
        return f"Your times are meant in **{name}**, where it is {_clock(name, now)} now."
    if zone not in available_timezones():
        near = search_zones(zone, interaction.locale.value, now)
        hint = f" Did you mean `{near[0].key}`?" if near and zone.strip() else ""
        raise Refused(f"“{plain(zone[:60])}” is no time zone.{hint} Pick one from the list.")
    if whose == "guild":
        await services.memory.set_guild_timezone(interaction.guild_id, zone)
        return f"This server's times are now meant in **{zone}**, where it is {_clock(zone, now)}."
    await services.memory.set_user_timezone(interaction.user.id, zone)
    said = f"Your times are now meant in **{zone}**, where it is {_clock(zone, now)}."
    return f"{said} Jobs keep the zone they have."


def _clock(name: str, now: datetime) -> str:
    return f"{now.astimezone(ZoneInfo(name)):%a %H:%M}"
