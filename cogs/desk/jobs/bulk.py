"""Many jobs changed together: selected in a list, named before it is done, undone with one click."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from cogs.desk.jobs import listing
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.lookup import actor_of, client_of, verdicts
from cogs.desk.kit.components import DeskButton, DeskChannelSelect, action, all_picked, picked
from cogs.desk.kit.replies import acknowledge, guild_id_of, panel_of, row_of, show
from cogs.desk.kit.wording import BAD, GOOD, NEUTRAL, cut, plain
from cogs.language import mark, t, tn, translated
from cogs.rights.deciding import Act, moved
from cogs.services import Refused
from schedulezero.client.dialect import BulkChange, BulkOutcome, JobQuery
from schedulezero.model import Job, JobState

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
_ACTS = {"pause": Act.PAUSE, "resume": Act.RESUME, "cancel": Act.CANCEL, "change": Act.MOVE}


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
    """The selected jobs that are still there."""
    wanted = set(state.get("selected") or ())
    if not wanted:
        raise Refused(t("Nothing is selected any more."))
    client, guild_id = client_of(interaction), guild_id_of(interaction)
    if len(wanted) <= listing.PAGE:
        return [await client.job(job_id, guild_id) for job_id in state["selected"]]
    return [job async for job in client.all_jobs(guild_id, listing.query_of(state)) if job.id in wanted]


async def _allowed(
    interaction: discord.Interaction, jobs: list[Job], name: str, params: Mapping[str, str]
) -> tuple[list[Job], list[str]]:
    """The jobs to which the person may do it, and why not to the others."""
    versions: dict[str, Job] = {}
    refused: list[str] = []
    if name == "change":
        for job in jobs:
            if (wanted := moved(job, params["channel_id"])) is not None:
                versions[job.id] = wanted
            else:
                refused.append(t("“{name}” has no single channel.", name=plain(job.title)[:60]))
        jobs = [job for job in jobs if job.id in versions]
    allowed: list[Job] = []
    async for job, verdict in verdicts(interaction, _ACTS[name], jobs, versions=versions):
        if verdict.allowed:
            allowed.append(job)
        else:
            refused.append(f"“{plain(job.title)[:60]}”: {verdict.against[0]}")
    return allowed, list(dict.fromkeys(refused))


async def _confirm(interaction: discord.Interaction, panel_id: str, name: str, **params: str) -> None:
    await acknowledge(interaction)
    state = await listing.state_of(interaction, panel_id)
    jobs, refused = await _allowed(interaction, await _selected(interaction, state), name, params)
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
    jobs, _ = await _allowed(interaction, jobs, wanted["action"], wanted["params"])
    versions = {job.id: wanted["jobs"][job.id] for job in jobs}
    await _show_progress(interaction, len(versions))
    change = BulkChange(wanted["action"], versions, params=wanted["params"])
    outcome = await client_of(interaction).bulk(guild_id_of(interaction), change, actor_of(interaction))
    changed = {job_id: list(versions) for job_id, versions in outcome.changed.items()}
    done = {"bulk": None, "undo": changed, "undo_of": wanted["action"], "selected": []}
    await listing.save_state(interaction, panel_id, {**state, **done})
    if wanted["action"] == "resume":
        await _ask_for_approval(interaction, outcome)
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
    allowed, refused = await _restorable(interaction, changed, str(state.get("undo_of") or ""))
    change = BulkChange(
        "restore",
        {job_id: changed[job_id][1] for job_id in allowed},
        versions={job_id: changed[job_id][0] for job_id in allowed},
    )
    outcome = await client_of(interaction).bulk(guild_id_of(interaction), change, actor_of(interaction))
    outcome = BulkOutcome(outcome.changed, {**outcome.refused, **refused})
    await listing.save_state(interaction, panel_id, {**state, "undo": None})
    await _ask_for_approval(interaction, outcome)
    said = tn("{count} job is as it was.", "{count} jobs are as they were.", len(outcome.changed))
    await _show_outcome(interaction, panel_id, said, outcome, undo=False)


async def _ask_for_approval(interaction: discord.Interaction, outcome: BulkOutcome) -> None:
    """Tells of those changed jobs that wait for a second person now; none of them did before."""
    waiting = client_of(interaction).all_jobs(guild_id_of(interaction), JobQuery(state=JobState.PENDING))
    await ask_for_approval(interaction, *[job async for job in waiting if job.id in outcome.changed])


async def _restorable(
    interaction: discord.Interaction, changed: Mapping[str, list[int]], action_name: str
) -> tuple[list[str], dict[str, str]]:
    """The jobs that the person may bring back as they were; and job id → why not, for the others.

    Parameters:
        interaction: who asks.
        changed: job id → the version to go back to, and the one at which it must be.
        action_name: what was done. Where that changed nothing about what a job does, and nobody else did
            either, it is undone to what the job does as it stands.
    """
    client, guild_id = client_of(interaction), guild_id_of(interaction)
    query = JobQuery(state=JobState.CANCELLED) if action_name == "cancel" else JobQuery()
    if len(changed) <= listing.PAGE:
        present = [await client.job(job_id, guild_id) for job_id in changed]
    else:
        present = [job async for job in client.all_jobs(guild_id, query) if job.id in changed]
    same: list[Job] = []
    other: list[Job] = []
    versions: dict[str, Job] = {}
    for job in present:
        before, after = changed[job.id]
        if action_name in ("pause", "resume", "cancel") and after - before == 1:
            same.append(job)
            continue
        kept = (item.job for item in await client.versions(job.id) if item.job.version == before)
        for earlier in kept:
            versions[job.id] = earlier
            other.append(job)
    allowed: list[str] = []
    refused: dict[str, str] = {}
    for jobs, cleared in ((same, True), (other, False)):
        found = verdicts(interaction, Act.RESTORE, jobs, versions=versions, cleared=cleared)
        async for job, verdict in found:
            if job.version != changed[job.id][1] or verdict.allowed:
                allowed.append(job.id)  # one that was changed since is the server's to refuse, with a reason
            else:
                refused[job.id] = f"“{plain(job.title)[:60]}”: {verdict.against[0]}"
    return allowed, refused


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
