"""``/schedule timezone``: a person's zone and a guild's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import discord

from cogs.desk.jobs.lookup import actor_of, client_of
from cogs.desk.kit.replies import acknowledge, check_settings, guild_id_of, say
from cogs.desk.kit.wording import plain
from cogs.desk.settings.audit_panel import note_change
from cogs.language import t
from cogs.services import Refused, services_of, timezone_of
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.model import GuildRules
from schedulezero.model.audit import Change
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.when.language.zone_search import search_zones


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
    if zone not in known_zones():
        near = search_zones(zone, interaction.locale.value, now)
        hint = t(" Did you mean {zone}?", zone=f"`{near[0].key}`") if near and zone.strip() else ""
        said = t("“{zone}” is no time zone.{hint} Pick one from the list.", zone=plain(zone[:60]), hint=hint)
        raise Refused(said)
    known = {"zone": f"**{zone}**", "time": _clock(zone, now)}
    if whose == "guild":
        check_settings(interaction)
        await change_guild_zone(interaction, zone)
        return t("This server's times are now meant in {zone}, where it is {time}.", **known)
    await services.memory.set_user_timezone(interaction.user.id, zone)
    return t("Your times are now meant in {zone}, where it is {time}. Jobs keep the zone they have.", **known)


async def change_guild_zone(interaction: discord.Interaction, zone: str) -> None:
    """Sets the zone of the guild's times and of its quiet hours, and notes who did."""
    assert interaction.guild_id is not None
    memory, rules = services_of(interaction.client).memory, await rules_here(interaction)
    before = await memory.timezone(0, interaction.guild_id)
    await memory.set_guild_timezone(interaction.guild_id, zone)
    if before != zone:
        await note_change(interaction, "zone", [Change("timezone", before, zone)])
    if rules is not None and rules.timezone != zone:
        await client_of(interaction).save_rules(replace(rules, timezone=zone), actor_of(interaction))


async def rules_here(interaction: discord.Interaction) -> GuildRules | None:
    """What the guild forbids; None where the server knows no rules."""
    client = client_of(interaction)
    if Feature.RULES in await client.lacks():
        return None
    return await client.rules(guild_id_of(interaction))


def _clock(name: str, now: datetime) -> str:
    return f"{now.astimezone(ZoneInfo(name)):%a %H:%M}"
