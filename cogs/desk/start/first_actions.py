"""What the buttons of the first steps do: by the functions of the panels where it is done otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.corrections import Mistyped
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.modals import ask, new_form, open_form, text_field
from cogs.desk.reminders.own_zone import move_offer, set_own_zone
from cogs.desk.reminders.reminders import remind
from cogs.desk.settings import zone_move
from cogs.desk.settings.setup import set_alert_channel, set_typed_zone, zone_field
from cogs.desk.settings.zones import said_guilds_zone
from cogs.desk.start.help_panel import show_help
from cogs.language import t
from cogs.services import Refused
from schedulezero.methods.closed_doors import note_came_by


async def ask_guild_zone(desk: Desk, target: str) -> None:
    """Ask for the guild's zone."""
    desk.check_settings()
    await ask(desk, "start", "guildzone", target, t("Default time zone"), [zone_field()])


async def guild_zone_given(desk: Desk, _target: str, fields: Mapping[str, Any]) -> None:
    """Set the guild's zone, and offer to move the jobs of the one before, or show what is left to do."""
    try:
        before, zone = await set_typed_zone(desk, fields)
    except Refused as error:
        raise Mistyped(error.message, "guildzone") from error
    if not await zone_move.offered(desk, before, zone, said_guilds_zone(zone)):
        await show_help(desk)


async def alerts_chosen(desk: Desk, _target: str) -> None:
    """Set the channel for alerts, and show what is left to do."""
    await set_alert_channel(desk)
    await show_help(desk)


async def ask_own_zone(caller: Caller, target: str) -> None:
    """Ask for the person's own zone."""
    await open_form(caller, new_form("start", "zone", target, t("Set my time zone"), [zone_field()]))


async def own_zone_given(caller: Caller, _target: str, fields: Mapping[str, Any]) -> None:
    """Set the person's own zone, and offer to move their reminders, or show what is left to do."""
    await caller.acknowledge()
    before = await caller.zone()
    try:
        zone = await set_own_zone(caller, str(fields.get("zone") or ""))
    except Refused as error:
        raise Mistyped(error.message, "zone") from error
    if (offer := await move_offer(caller, before, zone)) is not None:
        await caller.show(offer)
    else:
        await show_help(caller)


async def ask_reminder(caller: Caller, target: str) -> None:
    """Ask what to remind of, and when; a first try needs no more than to be sent."""
    fields = [
        text_field(
            "what",
            t("What to remind you of"),
            value=t("Drink a glass of water"),
            required=True,
            long=True,
            most=1800,
        ),
        text_field("when", t("When"), value=t("in 1 minute"), required=True),
    ]
    await open_form(caller, new_form("start", "remind", target, t("A reminder for yourself"), fields))


async def reminder_given(caller: Caller, _target: str, fields: Mapping[str, Any]) -> None:
    """Create the reminder, as ``/remind me`` does."""
    await note_came_by(caller.memory, caller.actor_id)
    await remind(caller, str(fields.get("what") or ""), str(fields.get("when") or ""))


PANELS = (
    Panel(
        "start",
        clicks={"alerts": alerts_chosen},
        opens={"guildzone": ask_guild_zone},
        forms={"guildzone": guild_zone_given},
        everyone={"zone": ask_own_zone, "remind": ask_reminder},
        everyones_forms={"zone": own_zone_given, "remind": reminder_given},
    ),
)
