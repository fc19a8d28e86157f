"""After a guild's time zone has changed: offer to move the jobs that were planned in the zone before.

A moved job keeps its wall-clock times: *every Monday at 09:00* is 09:00 in the new zone, and *until 31
December* ends with that day there. Jobs that run once, or at an interval, are instants and no wall-clock
times; they stay. The jobs wait in the bot's memory under the panel's id, with their versions, so that none is
moved that somebody has changed since.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import discord

from cogs.desk.jobs.lookup import verdicts
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.wording import GOOD, NEUTRAL, bullets, cut, no_longer_held, plain, sentence, title_of
from cogs.language import t, tn, translated
from cogs.memory import new_id
from cogs.rights.deciding import Act
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError, RequestRefused
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import belongs_to_another

_NAMED = 10
_LIVING = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)


def movable(jobs: Iterable[Job], zone: str) -> list[Job]:
    """Return the jobs whose wall-clock times are those of a zone, in their order."""
    return [
        job
        for job in jobs
        if job.state in _LIVING
        and job.trigger.type not in ("date", "interval")
        and job.trigger.zone_or(job.timezone) == zone
        and not belongs_to_another(job)
    ]


def moved_to(job: Job, zone: str) -> Job:
    """Return a job with the same wall-clock times in another zone, its first and last ones included.

    The steps of an interval that has begun are instants, so its ``starting`` stays.
    """
    trigger = job.trigger
    before = ZoneInfo(trigger.zone_or(job.timezone))
    args = dict(trigger.args)
    for bound in ("starting", "until"):
        if args.get(bound) is None:
            continue
        at = datetime.fromisoformat(str(args[bound]))
        if at.tzinfo is None or (bound == "starting" and "interval" in args and at <= instants.now()):
            continue
        wall = at.astimezone(before).replace(tzinfo=None)
        args[bound] = to_iso(first_instant_at_or_after(wall, ZoneInfo(zone)))
    if "timezone" in args:
        args["timezone"] = zone
    return replace(job, trigger=replace(trigger, args=args), timezone=zone)


async def offered(desk: Desk, before: str, after: str, said: str) -> bool:
    """Offer to move the jobs of the zone before; return False if there are none.

    Parameters:
        desk: who has changed the guild's zone.
        before, after: the zones.
        said: what has been done so far, in a sentence.
    """
    if before == after or Feature.EDIT in await lacks_of(desk):
        return False
    try:
        jobs = movable([job async for job in desk.client.all_jobs(desk.guild_id)], before)
    except ClientError:
        return False  # the zone is saved, and the jobs can be moved one by one
    if not jobs:
        return False
    panel_id = await _kept(desk, before, after, {job.id: job.version for job in jobs})
    asked = tn(
        "{count} job still runs on {zone} time:",
        "{count} jobs still run on {zone} time:",
        len(jobs),
        zone=before,
    )
    lines = [f"**{cut(plain(title_of(job)), 80)}** · {sentence(job)}" for job in jobs]
    offer = t("Move to the same times of day in {zone}?", zone=after)
    style = discord.ButtonStyle.success
    panel = note_panel(
        "\n".join([f"### {said}", asked, *bullets(lines, _NAMED), offer]),
        DeskButton(
            "zone", "move", panel_id, tn("Move {count} job", "Move {count} jobs", len(jobs)), style=style
        ),
        DeskButton("zone", "leave", panel_id, t("Leave as is")),
        colour=NEUTRAL,
    )
    await desk.show(panel)
    return True


async def _kept(desk: Desk, before: str, after: str, jobs: Mapping[str, int]) -> str:
    panel_id = new_id()
    state = {"zone_before": before, "zone_after": after, "jobs": dict(jobs)}
    await desk.memory.save_panel(panel_id, desk.guild.id, state)
    return panel_id


async def _asked(desk: Desk, panel_id: str) -> dict[str, Any]:
    """Return what waits for an answer; raise Refused if it has been answered."""
    desk.check_settings()
    state = await desk.memory.panel(panel_id, desk.guild.id)
    if state is None or "zone_before" not in state:
        raise Refused(t("This has already been done."))
    return state


async def move(desk: Desk, panel_id: str) -> None:
    """Move the jobs, except those that were changed since and those that the person may not change.

    Each moves from the version that was offered, so what was cut short can be repeated with the same button.
    """
    state = await _asked(desk, panel_id)
    taps, tap = desk.services.double_taps, (desk.guild.id, panel_id)
    if not taps.is_first(tap, time.monotonic()):
        raise Refused(t("This has already been done."))
    try:
        moved, stayed, unheld = await _move(desk, state)
        await desk.memory.save_panel(panel_id, desk.guild.id, {})
    finally:
        taps.forget(tap)
    before, after = state["zone_before"], state["zone_after"]
    lines = [
        f"### {tn('Moved {count} job to {zone}', 'Moved {count} jobs to {zone}', len(moved), zone=after)}"
    ]
    lines += bullets(unheld, _NAMED)
    if stayed:
        said = tn("{count} was left unchanged:", "{count} were left unchanged:", len(stayed))
        lines += [said, *bullets(stayed, _NAMED)]
    buttons = [DeskButton("setup", "back", str(desk.guild.id), t("Go to the settings"))]
    if moved:
        back = await _kept(desk, after, before, moved)
        style = discord.ButtonStyle.primary
        buttons.append(DeskButton("zone", "move", back, t("Undo"), style=style))
    await desk.show(note_panel("\n".join(lines), *buttons, colour=GOOD))


async def _move(desk: Desk, state: Mapping[str, Any]) -> tuple[dict[str, int], list[str], list[str]]:
    """Move the jobs.

    Return the versions of those that moved, what to say of those that stayed, and of those of which a run was
    skipped that the new times don't have.

    Raises ClientError if the server doesn't answer.
    """
    versions = state["jobs"]
    jobs = [job async for job in desk.client.all_jobs(desk.guild_id) if job.id in versions]
    wanted = {job.id: moved_to(job, state["zone_after"]) for job in movable(jobs, state["zone_before"])}
    moved: dict[str, int] = {}
    stayed: list[str] = []
    unheld: list[str] = []
    left = [job for job in jobs if job.id in wanted]
    async for job, verdict in verdicts(desk, Act.SAVE, left, versions=wanted):
        if not verdict.allowed:
            stayed.append(f"**{cut(plain(title_of(job)), 80)}**: {verdict.against[0]}")
            continue
        try:
            saved = await desk.client.change(wanted[job.id], versions[job.id], desk.actor_id)
        except RequestRefused as error:
            stayed.append(f"**{cut(plain(title_of(job)), 80)}**: {translated(error.message)}")
        else:
            moved[job.id] = saved.version
            if (lost := no_longer_held(job, saved)) is not None:
                unheld.append(f"⚠ **{cut(plain(title_of(job)), 80)}**: {lost}")
            desk.services.live_cards.moved(job.id)
    return moved, stayed, unheld


async def leave(desk: Desk, panel_id: str) -> None:
    """Leave the jobs in the zone that they have."""
    state = await _asked(desk, panel_id)
    await desk.memory.save_panel(panel_id, desk.guild.id, {})
    said = t("Nothing was moved: all times stay in {zone}.", zone=state["zone_before"])
    to_settings = DeskButton("setup", "back", str(desk.guild.id), t("Go to the settings"))
    await desk.show(note_panel(said, to_settings, colour=NEUTRAL))


PANELS = (Panel("zone", clicks={"move": move, "leave": leave}),)
