"""Many jobs changed together: selected in a list, named before it is done, undone with one click."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
from discord import ui

from cogs.desk import listing
from cogs.desk.answers import acknowledge, guild_id_of, member_of, panel_of, row_of, show
from cogs.desk.components import DeskButton, DeskChannelSelect, action, all_picked, picked
from cogs.desk.jobs_here import actor_of, client_of
from cogs.desk.language import mark, t, tn, translated
from cogs.desk.rights import may_manage, stands_against_moving
from cogs.desk.wording import BAD, GOOD, NEUTRAL, cut, plain
from cogs.services import Refused, services_of, spec_for
from schedulezero.dialects import BulkChange, BulkOutcome
from schedulezero.model import Job

MOST = 10_000
_NAMED = 12
_QUICK = 100

# Read as: what is done, the question before it, what it says afterwards.
_QUESTIONS = {
    "pause": (mark("Pause {count} jobs?"), mark("Paused: {count} jobs.")),
    "resume": (mark("Resume {count} jobs?"), mark("Resumed: {count} jobs.")),
    "cancel": (mark("Cancel {count} jobs?"), mark("Cancelled: {count} jobs.")),
    "change": (mark("Move {count} jobs to {channel}?"), mark("Moved: {count} jobs.")),
}


@action("bulk", "select")
async def select(interaction: discord.Interaction, panel_id: str) -> None:
    """Takes in which jobs of the page were selected."""
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    state["selected"] = all_picked(interaction)
    await listing.save_state(interaction, panel_id, state)
    await _show_selection(interaction, panel_id, state)


@action("bulk", "all")
async def select_all(interaction: discord.Interaction, panel_id: str) -> None:
    """Selects all jobs that the list's filter matches, on every page."""
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    query = listing.query_of(state)
    found = client_of(interaction).all_jobs(guild_id_of(interaction), query)
    state["selected"] = [job.id async for job in found][:MOST]
    await listing.save_state(interaction, panel_id, state)
    await _show_selection(interaction, panel_id, state)


@action("bulk", "list")
async def back_to_list(interaction: discord.Interaction, panel_id: str) -> None:
    """Goes back to the list."""
    await listing.refresh(interaction, panel_id)


async def _show_selection(interaction: discord.Interaction, panel_id: str, state: dict[str, Any]) -> None:
    jobs = await _selected(interaction, state)
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(
            f"### {tn('{count} job selected', '{count} jobs selected', len(jobs))}\n{_names(jobs)}"
        ),
        row_of(
            DeskButton("bulk", "pause", panel_id, t("Pause")),
            DeskButton("bulk", "resume", panel_id, t("Resume")),
            DeskButton("bulk", "cancel", panel_id, t("Cancel"), style=discord.ButtonStyle.danger),
            DeskButton("bulk", "all", panel_id, t("Select all that match")),
            DeskButton("bulk", "list", panel_id, t("Back to the list")),
        ),
        row_of(DeskChannelSelect("bulk", "change", panel_id, t("Move to another channel…"))),
    ]
    await show(interaction, panel_of(*items, colour=NEUTRAL))


async def _selected(interaction: discord.Interaction, state: dict[str, Any]) -> list[Job]:
    """The selected jobs that are still there, and that the person may change."""
    wanted = set(state.get("selected") or ())
    if not wanted:
        raise Refused(t("Nothing is selected any more."))
    client, guild_id, member = client_of(interaction), guild_id_of(interaction), member_of(interaction)
    if len(wanted) <= listing.PAGE:
        found = [await client.job(job_id, guild_id) for job_id in state["selected"]]
    else:
        found = [job async for job in client.all_jobs(guild_id, listing.query_of(state)) if job.id in wanted]
    return [job for job in found if may_manage(job, member)]


async def _confirm(interaction: discord.Interaction, panel_id: str, name: str, **params: str) -> None:
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    jobs = await _selected(interaction, state)
    refused: list[str] = []
    if name == "change":
        jobs, refused = await _movable(interaction, jobs, params["channel_id"])
    state["bulk"] = {"action": name, "params": params, "jobs": {job.id: job.version for job in jobs}}
    await listing.save_state(interaction, panel_id, state)
    channel = f"<#{params.get('channel_id')}>"
    question = t(_QUESTIONS[name][0], count=len(jobs), channel=channel)
    text = f"### {question}\n{_names(jobs)}"
    if refused:
        text += "\n" + "\n".join(f"- {line}" for line in refused[:10])
    danger = name == "cancel"
    style = discord.ButtonStyle.danger if danger else discord.ButtonStyle.success
    buttons = row_of(
        DeskButton("bulk", "do", panel_id, t("Yes, do it"), style=style, disabled=not jobs),
        DeskButton("bulk", "list", panel_id, t("No, leave them")),
    )
    await show(interaction, panel_of(ui.TextDisplay(text), buttons, colour=BAD if danger else NEUTRAL))


async def _movable(
    interaction: discord.Interaction, jobs: list[Job], channel_id: str
) -> tuple[list[Job], list[str]]:
    """The jobs that may run in another channel, and why the others may not."""
    member = member_of(interaction)
    settings = await services_of(interaction.client).memory.settings(member.guild.id)
    movable: list[Job] = []
    refused: list[str] = []
    for position, job in enumerate(jobs):
        if position % 20 == 0:
            await asyncio.sleep(0)  # there may be thousands
        spec = spec_for(interaction.client, job.method)
        against = stands_against_moving(spec, job, channel_id, member, approval=settings.approval)
        if against is None:
            movable.append(job)
        else:
            refused.append(against)
    return movable, list(dict.fromkeys(refused))


@action("bulk", "pause")
async def ask_pause(interaction: discord.Interaction, panel_id: str) -> None:
    """Asks before many jobs are paused."""
    await _confirm(interaction, panel_id, "pause")


@action("bulk", "resume")
async def ask_resume(interaction: discord.Interaction, panel_id: str) -> None:
    """Asks before many jobs are resumed."""
    await _confirm(interaction, panel_id, "resume")


@action("bulk", "cancel")
async def ask_cancel(interaction: discord.Interaction, panel_id: str) -> None:
    """Asks before many jobs are cancelled."""
    await _confirm(interaction, panel_id, "cancel")


@action("bulk", "change")
async def ask_move(interaction: discord.Interaction, panel_id: str) -> None:
    """Asks before many jobs are moved to the channel that was picked."""
    await _confirm(interaction, panel_id, "change", channel_id=picked(interaction))


@action("bulk", "do")
async def do(interaction: discord.Interaction, panel_id: str) -> None:
    """Does what was asked about."""
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    wanted = state.get("bulk")
    if not wanted:
        raise Refused(t("This was done already."))
    # Rights may have changed since the question was asked.
    jobs = await _selected(interaction, {**state, "selected": list(wanted["jobs"])})
    if wanted["action"] == "change":
        jobs, _ = await _movable(interaction, jobs, wanted["params"]["channel_id"])
    versions = {job.id: wanted["jobs"][job.id] for job in jobs}
    await _show_progress(interaction, len(versions))
    change = BulkChange(wanted["action"], versions, params=wanted["params"])
    outcome = await client_of(interaction).bulk(guild_id_of(interaction), change, actor_of(interaction))
    changed = {job_id: list(versions) for job_id, versions in outcome.changed.items()}
    await listing.save_state(interaction, panel_id, {**state, "bulk": None, "undo": changed, "selected": []})
    said = t(_QUESTIONS[wanted["action"]][1], count=len(outcome.changed))
    await _show_outcome(interaction, panel_id, said, outcome, undo=bool(changed))


@action("bulk", "undo")
async def undo(interaction: discord.Interaction, panel_id: str) -> None:
    """Brings all of them back as they were; those that somebody changed since are left alone."""
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    changed: dict[str, list[int]] = state.get("undo") or {}
    if not changed:
        raise Refused(t("This was undone already."))
    await _show_progress(interaction, len(changed))
    change = BulkChange(
        "restore",
        {job_id: versions[1] for job_id, versions in changed.items()},
        versions={job_id: versions[0] for job_id, versions in changed.items()},
    )
    outcome = await client_of(interaction).bulk(guild_id_of(interaction), change, actor_of(interaction))
    await listing.save_state(interaction, panel_id, {**state, "undo": None})
    said = tn("{count} job is as it was.", "{count} jobs are as they were.", len(outcome.changed))
    await _show_outcome(interaction, panel_id, said, outcome, undo=False)


async def _show_progress(interaction: discord.Interaction, count: int) -> None:
    """Says that many jobs are being changed, where that takes a while."""
    if count > _QUICK:
        said = t("Changing {count} jobs…", count=count)
        await show(interaction, panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def _show_outcome(
    interaction: discord.Interaction, panel_id: str, said: str, outcome: BulkOutcome, *, undo: bool
) -> None:
    lines = [f"### {said}"]
    if outcome.refused:
        reasons = list(dict.fromkeys(translated(reason) for reason in outcome.refused.values()))
        lines.append(tn("{count} was left alone:", "{count} were left alone:", len(outcome.refused)))
        lines += [f"- {reason}" for reason in reasons[:5]]
    buttons = [DeskButton("bulk", "list", panel_id, t("Back to the list"))]
    if undo:
        style = discord.ButtonStyle.primary
        buttons.insert(0, DeskButton("bulk", "undo", panel_id, t("Undo"), style=style))
    await show(interaction, panel_of(ui.TextDisplay("\n".join(lines)), row_of(*buttons), colour=GOOD))


def _names(jobs: list[Job]) -> str:
    named = [f"- {cut(plain(job.title), 80)}" for job in jobs[:_NAMED]]
    if len(jobs) > _NAMED:
        named.append(f"- {tn('and {count} more', 'and {count} more', len(jobs) - _NAMED)}")
    return "\n".join(named)
