"""After a guild's time zone has changed: offer to move the jobs that were planned in the zone before.

`zone_moves` says which of them move, and how. The jobs wait in the bot's memory under the panel's id, with
their versions, so that none is moved that somebody has changed since. *Undo* restores the versions before the
move: worked out again, a time that the other zone's clocks skip would come back as another one. If the guild
requires approval, jobs that need it stay, and a person edits them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord

from cogs.desk.jobs.lookup import MOST_VERSIONS, verdicts
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.once import once
from cogs.desk.kit.wording import GOOD, NEUTRAL, bullets, cut, no_longer_held, plain, sentence, title_of
from cogs.desk.kit.zone_moves import movable, moved_to
from cogs.language import t, tn, translated
from cogs.memory import new_id
from cogs.rights.deciding import Act
from cogs.services import Refused
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError, RequestRefused
from schedulezero.model import Job

_NAMED = 10


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


async def _kept(
    desk: Desk, before: str, after: str, jobs: Mapping[str, int], back: Mapping[str, int] | None = None
) -> str:
    """Store what a button moves, with the version to restore of each job if it undoes a move."""
    panel_id = new_id()
    state = {"zone_before": before, "zone_after": after, "jobs": dict(jobs), "back": dict(back or {})}
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
    with once(desk, panel_id):
        state = await _asked(desk, panel_id)
        moved, stayed, unheld = await _move(desk, state)
        await desk.memory.save_panel(panel_id, desk.guild.id, {})
    before, after = state["zone_before"], state["zone_after"]
    lines = [
        f"### {tn('Moved {count} job to {zone}', 'Moved {count} jobs to {zone}', len(moved), zone=after)}"
    ]
    lines += bullets(unheld, _NAMED)
    if stayed:
        said = tn("{count} job was left unchanged:", "{count} jobs were left unchanged:", len(stayed))
        lines += [said, *bullets(stayed, _NAMED)]
    buttons = [DeskButton("setup", "back", str(desk.guild.id), t("Go to the settings"))]
    if moved:
        versions = {job_id: state["jobs"][job_id] for job_id in moved}
        back = await _kept(desk, after, before, moved, versions)
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
    wanted, act = await _wanted(desk, state, jobs), Act.RESTORE if state.get("back") else Act.REZONE
    moved: dict[str, int] = {}
    stayed: list[str] = []
    unheld: list[str] = []
    left = [job for job in jobs if job.id in wanted]
    async for job, verdict in verdicts(desk, act, left, versions=wanted):
        name = f"**{cut(plain(title_of(job)), 80)}**"
        if not verdict.allowed:
            stayed.append(verdict.against[0] if verdict.named else f"{name}: {verdict.against[0]}")
            continue
        try:
            would_be, expected = wanted[job.id], versions[job.id]
            saved = await (
                desk.client.restore(job.id, would_be.version, expected=expected, by=desk.actor_id)
                if act is Act.RESTORE
                else desk.client.change(would_be, expected, desk.actor_id)
            )
        except RequestRefused as error:
            stayed.append(f"{name}: {translated(error.message)}")
        else:
            moved[job.id] = saved.version
            if (lost := no_longer_held(job, saved)) is not None:
                unheld.append(f"⚠ **{cut(plain(title_of(job)), 80)}**: {lost}")
            desk.services.live_cards.moved(job.id)
    return moved, stayed, unheld


async def _wanted(desk: Desk, state: Mapping[str, Any], jobs: Iterable[Job]) -> dict[str, Job]:
    """Return the jobs still to be moved, as they should become."""
    left = movable(jobs, state["zone_before"])
    if not (back := state.get("back")):
        return {job.id: moved_to(job, state["zone_after"]) for job in left}
    found: dict[str, Job] = {}
    for job in left:
        for item in await desk.client.versions(job.id, MOST_VERSIONS):
            if item.job.version == back[job.id]:
                found[job.id] = item.job
    return found


async def leave(desk: Desk, panel_id: str) -> None:
    """Leave the jobs in the zone that they have."""
    state = await _asked(desk, panel_id)
    await desk.memory.save_panel(panel_id, desk.guild.id, {})
    said = t("Nothing was moved: all times stay in {zone}.", zone=state["zone_before"])
    to_settings = DeskButton("setup", "back", str(desk.guild.id), t("Go to the settings"))
    await desk.show(note_panel(said, to_settings, colour=NEUTRAL))


PANELS = (Panel("zone", clicks={"move": move, "leave": leave}),)
