"""Time zones as people look for them: by city, with the time that it is there now."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import discord

from cogs.desk.components import acknowledge, say
from cogs.desk.wording import plain
from cogs.services import Refused, services_of, timezone_of
from schedulezero import instants

_MOST = 25
_COMMON = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Moscow",
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Sao_Paulo", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
_PLACES = (
    "Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
    "Pacific/",
)  # fmt: skip


def suggestions(typed: str) -> list[tuple[str, str]]:
    """Zones for what was typed so far: name and label, at most 25."""
    now = instants.now()
    wanted = typed.strip().casefold().replace(" ", "_")
    if not wanted:
        return [(name, _label(name, now)) for name in _COMMON]
    found = [name for name in _names() if wanted in name.casefold()]
    found.sort(key=lambda name: (not name.casefold().rpartition("/")[2].startswith(wanted), name))
    return [(name, _label(name, now)) for name in found[:_MOST]]


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
        near = suggestions(zone)
        hint = f" Did you mean `{near[0][0]}`?" if near and zone.strip() else ""
        raise Refused(f"“{plain(zone[:60])}” is no time zone.{hint} Pick one from the list.")
    if whose == "guild":
        await services.memory.set_guild_timezone(interaction.guild_id, zone)
        return f"This server's times are now meant in **{zone}**, where it is {_clock(zone, now)}."
    await services.memory.set_user_timezone(interaction.user.id, zone)
    said = f"Your times are now meant in **{zone}**, where it is {_clock(zone, now)}."
    return f"{said} Jobs keep the zone they have."


@cache
def _names() -> tuple[str, ...]:
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(_PLACES)))


def _label(name: str, now: datetime) -> str:
    return f"{name.replace('_', ' ')} · {_clock(name, now)}"


def _clock(name: str, now: datetime) -> str:
    return f"{now.astimezone(ZoneInfo(name)):%a %H:%M}"
