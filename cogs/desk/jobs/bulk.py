"""Change many jobs together: select them in a list, confirm their names, undo with one click."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import discord
from discord import ui

from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.endings import what_stays
from cogs.desk.jobs.listing import LIST, PAGE, query_of
from cogs.desk.jobs.lookup import verdicts
from cogs.desk.kit.components import DeskButton, DeskChannelSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.once import once
from cogs.desk.kit.wording import BAD, GOOD, NEUTRAL, bullets, cut, plain, title_of, titled
from cogs.language import markn, t, tc, tn, translated, with_colon
from cogs.own_schedules import another_is_on
from cogs.rights.deciding import Act, Verdict, moved
from cogs.services import Refused
from schedulezero.client.dialect import BulkChange, BulkOutcome, JobQuery
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import belongs_to_another

MOST = 10_000
_NAMED = 12
_QUICK = 100

# Read as: the action; the question before it and the message afterwards, each for one job and for several.
_QUESTIONS = {
    "pause": (
        markn("Pause {count} job?", "Pause {count} jobs?"),
        markn("Paused {count} job.", "Paused {count} jobs."),
    ),
    "resume": (
        markn("Resume {count} job?", "Resume {count} jobs?"),
        markn("Resumed {count} job.", "Resumed {count} jobs."),
    ),
    "cancel": (
        markn("Cancel {count} job?", "Cancel {count} jobs?"),
        markn("Cancelled {count} job.", "Cancelled {count} jobs."),
    ),
    "change": (
        markn("Move {count} job to {channel}?", "Move {count} jobs to {channel}?"),
        markn("Moved {count} job.", "Moved {count} jobs."),
    ),
}
_ACTS = {"pause": Act.PAUSE, "resume": Act.RESUME, "cancel": Act.CANCEL, "change": Act.MOVE}


async def select(desk: Desk, panel_id: str) -> None:
    """Set the selection to the jobs picked on this page."""
    state = await LIST.state(desk, panel_id)
    state["selected"] = desk.all_picked()
    await LIST.save(desk, panel_id, state)
    await _show_selection(desk, panel_id, state)


async def select_all(desk: Desk, panel_id: str) -> None:
    """Select all jobs that match the list's filter, on every page."""
    state = await LIST.state(desk, panel_id)
    query = query_of(state)
    found = desk.client.all_jobs(desk.guild_id, query)
    state["selected"] = [job.id async for job in found][:MOST]
    await LIST.save(desk, panel_id, state)
    await _show_selection(desk, panel_id, state)


async def _show_selection(desk: Desk, panel_id: str, state: dict[str, Any]) -> None:
    jobs = await _selected(desk, state)
    fixed = all(belongs_to_another(job) for job in jobs)  # these are only run or cancelled
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(
            f"### {tn('{count} job selected', '{count} jobs selected', len(jobs))}\n{_names(jobs)}"
        ),
        row_of(
            DeskButton("bulk", "pause", panel_id, t("Pause"), disabled=fixed),
            DeskButton("bulk", "resume", panel_id, t("Resume")),
            DeskButton(
                "bulk",
                "cancel",
                panel_id,
                tc("several jobs", "Cancel"),
                style=discord.ButtonStyle.danger,
            ),
            DeskButton("bulk", "all", panel_id, t("Select all that match")),
            DeskButton("bulk", "list", panel_id, t("Back to the list")),
        ),
    ]
    if not fixed:
        items.append(row_of(DeskChannelSelect("bulk", "change", panel_id, t("Move to another channel…"))))
    await desk.show(panel_of(*items, colour=NEUTRAL))


async def _selected(desk: Desk, state: dict[str, Any]) -> list[Job]:
    """Return the selected jobs that still exist."""
    wanted = set(state.get("selected") or ())
    if not wanted:
        raise Refused(t("The selection is empty now."))
    client, guild_id = desk.client, desk.guild_id
    if len(wanted) <= PAGE:
        return [await client.job(job_id, guild_id) for job_id in state["selected"]]
    return [job async for job in client.all_jobs(guild_id, query_of(state)) if job.id in wanted]


async def _allowed(
    desk: Desk, jobs: list[Job], name: str, params: Mapping[str, str]
) -> tuple[list[Job], list[str]]:
    """Return the jobs that the person may change, and the reasons for the others."""
    versions: dict[str, Job] = {}
    refused: list[str] = []
    if name == "change":
        for job in jobs:
            if (wanted := moved(job, params["channel_id"])) is not None:
                versions[job.id] = wanted
            else:
                refused.append(
                    t("“{name}” uses no channel, or more than one.", name=plain(title_of(job))[:60])
                )
        jobs = [job for job in jobs if job.id in versions]
    allowed: list[Job] = []
    async for job, verdict in verdicts(desk, _ACTS[name], jobs, versions=versions):
        if verdict.allowed:
            allowed.append(job)
        else:
            refused.append(_why_not(job, verdict))
    return allowed, list(dict.fromkeys(refused))


def _why_not(job: Job, verdict: Verdict) -> str:
    """Return the first reason against an action, with the job's name."""
    why = verdict.against[0]
    return why if verdict.named else f"{with_colon(titled(job, 60))} {why}"


async def _confirm(desk: Desk, panel_id: str, *, name: str, **params: str) -> None:
    """Ask for confirmation before changing many jobs, see `_QUESTIONS`."""
    state = await LIST.state(desk, panel_id)
    jobs, refused = await _allowed(desk, await _selected(desk, state), name, params)
    state["bulk"] = {"action": name, "params": params, "jobs": {job.id: job.version for job in jobs}}
    await LIST.save(desk, panel_id, state)
    channel = f"<#{params.get('channel_id')}>"
    question = tn(*_QUESTIONS[name][0], len(jobs), channel=channel)
    text = f"### {question}\n{_names(jobs)}"
    if refused:
        text += "\n" + "\n".join(f"- {line}" for line in refused[:10])
    danger = name == "cancel"
    if danger:
        stays = {await what_stays(desk, job): None for job in jobs}  # each sentence once, in order
        text += "".join(f"\n⚠ {line}" for line in stays if line is not None)
    style = discord.ButtonStyle.danger if danger else discord.ButtonStyle.success
    buttons = row_of(
        DeskButton("bulk", "do", panel_id, t("Yes, do it"), style=style, disabled=not jobs),
        DeskButton("bulk", "list", panel_id, t("No, change nothing")),
    )
    await desk.show(panel_of(ui.TextDisplay(text), buttons, colour=BAD if danger else NEUTRAL))


async def ask_move(desk: Desk, panel_id: str) -> None:
    """Ask for confirmation before moving many jobs to the picked channel."""
    await _confirm(desk, panel_id, name="change", channel_id=desk.picked())


async def do(desk: Desk, panel_id: str) -> None:
    """Carry out the confirmed change."""
    with once(desk, panel_id):
        await _do(desk, panel_id)


async def _do(desk: Desk, panel_id: str) -> None:
    state = await LIST.state(desk, panel_id)
    wanted = state.get("bulk")
    if not wanted:
        raise Refused(t("This has already been done."))
    # Rights may have changed since the question was asked.
    jobs = await _selected(desk, {**state, "selected": list(wanted["jobs"])})
    jobs, _ = await _allowed(desk, jobs, wanted["action"], wanted["params"])
    versions = {job.id: wanted["jobs"][job.id] for job in jobs}
    await _show_progress(desk, len(versions))
    change = BulkChange(wanted["action"], versions, params=wanted["params"])
    outcome = await desk.client.bulk(desk.guild_id, change, desk.actor_id)
    changed = {job_id: list(versions) for job_id, versions in outcome.changed.items()}
    done = {"bulk": None, "undo": changed, "undo_of": wanted["action"], "selected": []}
    await LIST.save(desk, panel_id, {**state, **done})
    if wanted["action"] == "resume":
        await _ask_for_approval(desk, outcome)
    said = tn(*_QUESTIONS[wanted["action"]][1], len(outcome.changed))
    woken = wanted["action"] == "resume"
    await _show_outcome(desk, panel_id, said, outcome, undo=bool(changed), woken=woken)


async def undo(desk: Desk, panel_id: str) -> None:
    """Restore all changed jobs, except those changed again since."""
    with once(desk, panel_id, undoing=True):
        await _undo(desk, panel_id)


async def _undo(desk: Desk, panel_id: str) -> None:
    state = await LIST.state(desk, panel_id)
    changed: dict[str, list[int]] = state.get("undo") or {}
    if not changed:
        raise Refused(t("This has already been undone."))
    await _show_progress(desk, len(changed))
    allowed, refused = await _restorable(desk, changed, str(state.get("undo_of") or ""))
    change = BulkChange(
        "restore",
        {job_id: changed[job_id][1] for job_id in allowed},
        versions={job_id: changed[job_id][0] for job_id in allowed},
    )
    outcome = await desk.client.bulk(desk.guild_id, change, desk.actor_id)
    outcome = BulkOutcome(outcome.changed, {**outcome.refused, **refused})
    await LIST.save(desk, panel_id, {**state, "undo": None})
    await _ask_for_approval(desk, outcome)
    said = tn("Restored {count} job.", "Restored {count} jobs.", len(outcome.changed))
    await _show_outcome(desk, panel_id, said, outcome, undo=False, woken=True)


async def _ask_for_approval(desk: Desk, outcome: BulkOutcome) -> None:
    """Ask for approval of the changed jobs that are now pending; none of them was before."""
    waiting = desk.client.all_jobs(desk.guild_id, JobQuery(state=JobState.PENDING))
    await ask_for_approval(desk, *[job async for job in waiting if job.id in outcome.changed])


async def _restorable(
    desk: Desk, changed: Mapping[str, list[int]], action_name: str
) -> tuple[list[str], dict[str, str]]:
    """Return the jobs that the person may restore; and job id → reason, for the others.

    Parameters:
        desk: who asks.
        changed: job id → the version to restore, and the version it must have now.
        action_name: the action to undo. If neither it nor anyone else changed what a job does, the undo is
            checked against the job as it is now.
    """
    client, guild_id = desk.client, desk.guild_id
    query = JobQuery(state=JobState.CANCELLED) if action_name == "cancel" else JobQuery()
    if len(changed) <= PAGE:
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
        found = verdicts(desk, Act.RESTORE, jobs, versions=versions, cleared=cleared)
        async for job, verdict in found:
            if await another_is_on(client, job):
                refused[job.id] = t("This schedule is already switched on.")
            elif job.version != changed[job.id][1] or verdict.allowed:
                allowed.append(job.id)  # if it was changed since, the server refuses it with a reason
            else:
                refused[job.id] = _why_not(job, verdict)
    return allowed, refused


async def _show_progress(desk: Desk, count: int) -> None:
    """Show a progress message if the change takes a while."""
    if count > _QUICK:
        said = t("Changing {count} jobs…", count=count)
        await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def _over(desk: Desk, outcome: BulkOutcome) -> list[str]:
    """Return a line about those of the changed jobs that no longer run, because their time has passed."""
    finished = desk.client.all_jobs(desk.guild_id, JobQuery(state=JobState.FINISHED))
    count = len([job async for job in finished if job.id in outcome.changed])
    return [tn("{count} of them has finished.", "{count} of them have finished.", count)] if count else []


async def _show_outcome(
    desk: Desk, panel_id: str, said: str, outcome: BulkOutcome, *, undo: bool, woken: bool
) -> None:
    lines = [f"### {said}"]
    lines += await _over(desk, outcome) if woken else []
    if outcome.refused:
        reasons = list(dict.fromkeys(translated(reason) for reason in outcome.refused.values()))
        lines.append(
            tn("{count} job was left unchanged:", "{count} jobs were left unchanged:", len(outcome.refused))
        )
        lines += [f"- {reason}" for reason in reasons[:5]]
    buttons = [DeskButton("bulk", "list", panel_id, t("Back to the list"))]
    if undo:
        style = discord.ButtonStyle.primary
        buttons.insert(0, DeskButton("bulk", "undo", panel_id, t("Undo"), style=style))
    await desk.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(*buttons), colour=GOOD))


def _names(jobs: list[Job]) -> str:
    return "\n".join(bullets([cut(plain(title_of(job)), 80) for job in jobs], _NAMED))


PANELS = (
    Panel(
        "bulk",
        clicks={
            "select": select,
            "all": select_all,
            "list": LIST.refresh,
            "pause": partial(_confirm, name="pause"),
            "resume": partial(_confirm, name="resume"),
            "cancel": partial(_confirm, name="cancel"),
            "change": ask_move,
            "do": do,
            "undo": undo,
        },
    ),
)
