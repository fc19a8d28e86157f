"""``/schedule timezone``: a person's zone and a guild's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import discord

from cogs.desk.answers import acknowledge, say
from cogs.desk.language import t
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
        return t(
            "Your times are meant in {zone}, where it is {time} now.",
            zone=f"**{name}**",
            time=_clock(name, now),
        )
    if zone not in available_timezones():
        near = search_zones(zone, interaction.locale.value, now)
        hint = t(" Did you mean {zone}?", zone=f"`{near[0].key}`") if near and zone.strip() else ""
        said = t("“{zone}” is no time zone.{hint} Pick one from the list.", zone=plain(zone[:60]), hint=hint)
        raise Refused(said)
    known = {"zone": f"**{zone}**", "time": _clock(zone, now)}
    if whose == "guild":
        if not interaction.permissions.manage_guild:
            raise Refused(t("Settings are changed by those who may manage the server."))
        await services.memory.set_guild_timezone(interaction.guild_id, zone)
        return t("This server's times are now meant in {zone}, where it is {time}.", **known)
    await services.memory.set_user_timezone(interaction.user.id, zone)
    return t("Your times are now meant in {zone}, where it is {time}. Jobs keep the zone they have.", **known)


def _clock(name: str, now: datetime) -> str:
    return f"{now.astimezone(ZoneInfo(name)):%a %H:%M}"
