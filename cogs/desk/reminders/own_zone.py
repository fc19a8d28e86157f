"""A person's own time zone: for everybody, anywhere, and asked for at the first reminder that needs it.

After a change, the reminders that were planned in the zone before can move along. They wait in the bot's
memory under the panel's id, with their versions, so that none is moved that has been changed since.
"""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import ui

from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.wording import GOOD, NEUTRAL, bullets, cut, plain, sentence
from cogs.desk.kit.zone_moves import movable, moved_to
from cogs.desk.kit.zones import said_new_zone, said_no_zone, said_own_zone, zone_named
from cogs.desk.reminders.controls import ReminderButton
from cogs.desk.reminders.fixing import refused_panel
from cogs.desk.reminders.reading import METHOD
from cogs.language import t, tn
from cogs.memory import new_id
from cogs.services import Refused
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.errors import ClientError, RequestRefused

MINE = "mine"
"""The target of a form that only sets the zone; otherwise a reminder is read again in it."""
_NAMED = 10


async def answer_zone(caller: Caller, typed: str | None) -> None:
    """Answer ``/remind timezone``: set the person's zone, or say which it is and offer to change it."""
    await caller.acknowledge()
    if typed is not None:
        await change_zone(caller, typed)
        return
    zone, own = await caller.zone(), await has_own_zone(caller)
    label = t("Change") if own else t("Set my time zone")
    style = discord.ButtonStyle.secondary if own else discord.ButtonStyle.primary
    said = said_own_zone(zone) if own else said_no_zone(zone)
    button = ReminderButton("zone", MINE, label, style=style)
    await caller.show(note_panel(said, button, colour=NEUTRAL))


async def change_zone(caller: Caller, typed: str) -> None:
    """Set the person's zone, confirm it and offer to move reminders; offer a correction if it isn't clear."""
    before = await caller.zone()
    try:
        zone = await set_own_zone(caller, typed)
    except Refused as error:
        await caller.show(await refused_panel(caller, error.message, "zone", MINE, {"zone": typed}))
        return
    panel = await move_offer(caller, before, zone)
    await caller.show(panel or note_panel(_said(caller, zone), colour=GOOD))


def _said(caller: Caller, zone: str) -> str:
    said = said_new_zone(zone)
    return f"{said} {t('Existing jobs keep theirs.')}" if isinstance(caller, Desk) else said


async def set_own_zone(caller: Caller, typed: str) -> str:
    """Set the person's zone by its name or a place, and return it; raise Refused if it isn't clear which."""
    zone = await zone_named(typed)
    await caller.memory.set_user_timezone(caller.interaction.user.id, zone)
    return zone


async def has_own_zone(caller: Caller) -> bool:
    """Return whether the person has set a zone of their own."""
    return await caller.memory.timezone(caller.interaction.user.id, None) is not None


# -------------------------------------------------------------------- moving reminders along


async def move_offer(caller: Caller, before: str, after: str) -> ui.LayoutView | None:
    """Return a panel that says the new zone and offers to move the reminders of the one before.

    None if no reminder has its times in that one.
    """
    if before == after or Feature.EDIT in await caller.client.lacks():
        return None
    query = JobQuery(method=METHOD)
    try:
        jobs = movable([job async for job in caller.client.all_jobs(caller.actor_id, query)], before)
    except ClientError:
        return None  # the zone is saved, and each reminder can be edited
    if not jobs:
        return None
    panel_id = await _kept(caller, before, after, {job.id: job.version for job in jobs})
    asked = tn(
        "{count} reminder still runs on {zone} time:",
        "{count} reminders still run on {zone} time:",
        len(jobs),
        zone=before,
    )
    lines = [f"**{cut(plain(job.title), 80)}** · {sentence(job)}" for job in jobs]
    offer = t("Move to the same times of day in {zone}?", zone=after)
    label = tn("Move {count} reminder", "Move {count} reminders", len(jobs))
    return note_panel(
        "\n".join([f"### {_said(caller, after)}", asked, *bullets(lines, _NAMED), offer]),
        ReminderButton("move", panel_id, label, style=discord.ButtonStyle.success),
        ReminderButton("leave", panel_id, t("Leave as is")),
        colour=NEUTRAL,
    )


async def _kept(caller: Caller, before: str, after: str, versions: Mapping[str, int]) -> str:
    panel_id = new_id()
    state = {"zone_before": before, "zone_after": after, "jobs": dict(versions)}
    await caller.memory.save_panel(panel_id, caller.interaction.user.id, state)
    return panel_id


async def move(caller: Caller, panel_id: str) -> None:
    """Move the reminders that were offered, except those that were changed since."""
    await caller.acknowledge()
    state = await caller.memory.take_panel(panel_id, caller.interaction.user.id)
    if state is None or "zone_before" not in state:
        raise Refused(t("This has already been done."))
    before, after, versions = state["zone_before"], state["zone_after"], state["jobs"]
    query = JobQuery(method=METHOD)
    jobs = [job async for job in caller.client.all_jobs(caller.actor_id, query) if job.id in versions]
    moved: dict[str, int] = {}
    for job in movable(jobs, before):
        try:
            saved = await caller.client.change(moved_to(job, after), versions[job.id], caller.actor_id)
        except RequestRefused:
            continue  # edited meanwhile: its person has chosen its times
        moved[job.id] = saved.version
    said = tn("Moved {count} reminder to {zone}", "Moved {count} reminders to {zone}", len(moved), zone=after)
    buttons = [ReminderButton("list", MINE, t("All reminders"))]
    if moved:
        back = await _kept(caller, after, before, moved)
        buttons.append(ReminderButton("move", back, t("Undo"), style=discord.ButtonStyle.primary))
    await caller.show(note_panel(f"### {said}", *buttons, colour=GOOD))


async def leave(caller: Caller, panel_id: str) -> None:
    """Leave the reminders in the zone that they have."""
    await caller.acknowledge()
    state = await caller.memory.take_panel(panel_id, caller.interaction.user.id)
    if state is None or "zone_before" not in state:
        raise Refused(t("This has already been done."))
    said = t("Nothing was moved: all times stay in {zone}.", zone=state["zone_before"])
    button = ReminderButton("list", MINE, t("All reminders"))
    await caller.show(note_panel(said, button, colour=NEUTRAL))
