"""A guild's zone: ``/schedule timezone`` and the settings."""

from __future__ import annotations

from dataclasses import replace

from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.context import Desk
from cogs.desk.kit.zones import clock_in, zone_named
from cogs.desk.settings import zone_move
from cogs.desk.settings.audit_panel import note_change
from cogs.language import t
from schedulezero.model.audit import Change


async def set_guild_zone(desk: Desk, zone: str) -> None:
    """Set the guild's zone and confirm it, or offer to move the jobs of the zone before."""
    zone = await zone_named(zone)
    desk.check_settings()
    before = await change_guild_zone(desk, zone)
    said = said_guilds_zone(zone)
    if not await zone_move.offered(desk, before, zone, said):
        await desk.say(said)


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
