"""``/schedule timezone``: a person's zone and a guild's."""

from __future__ import annotations

from dataclasses import replace

from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.context import Desk
from cogs.desk.kit.zones import clock_in, said_new_zone, said_own_zone, zone_named
from cogs.desk.settings import zone_move
from cogs.desk.settings.audit_panel import note_change
from cogs.language import t
from schedulezero.model.audit import Change


async def set_zone(desk: Desk, zone: str | None, whose: str) -> None:
    """Answer ``/schedule timezone``."""
    said = await _set_zone(desk, zone, whose)
    if said is not None:
        await desk.say(said)


async def _set_zone(desk: Desk, zone: str | None, whose: str) -> str | None:
    """Set a person's or the guild's zone and confirm it; without a zone, return the person's current one.

    None if there is an answer already.
    """
    services = desk.services
    if zone is None:
        return said_own_zone(await desk.zone())
    zone = await zone_named(zone)
    if whose == "guild":
        desk.check_settings()
        before = await change_guild_zone(desk, zone)
        said = said_guilds_zone(zone)
        return None if await zone_move.offered(desk, before, zone, said) else said
    await services.memory.set_user_timezone(desk.member.id, zone)
    return said_new_zone(zone)


def said_guilds_zone(zone: str) -> str:
    """Say which zone is the guild's from now on."""
    shown = {"zone": f"**{zone}**", "time": clock_in(zone)}
    return t("This server's time zone is now {zone}, where it is {time}.", **shown)


async def change_guild_zone(desk: Desk, zone: str) -> str:
    """Set the zone of the guild's times and of its quiet hours, and note it in the audit.

    Returns the zone that held before.
    """
    memory, rules = desk.memory, await rules_here(desk)
    before = await memory.timezone(0, desk.guild.id)
    await memory.set_guild_timezone(desk.guild.id, zone)
    if before != zone:
        await note_change(desk, "zone", [Change("timezone", before, zone)])
    if rules is not None and rules.timezone != zone:
        await desk.client.save_rules(replace(rules, timezone=zone), desk.actor_id)
    return before or desk.services.timezone
