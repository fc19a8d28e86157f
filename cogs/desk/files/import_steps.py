"""The buttons of an import's dry run: create, update or copy the jobs of a file, and undo that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from cogs.desk.files.known_jobs import Update, updated
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.lookup import job_here, verdicts
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.first_run import first_run_warning
from cogs.desk.kit.lacking import lacks_of, why
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.once import once
from cogs.desk.kit.wording import (
    BAD,
    GOOD,
    NEUTRAL,
    bullets,
    cut,
    no_longer_held,
    sentence_in,
    title_of,
    titled,
)
from cogs.language import t, tn, translated, with_colon
from cogs.rights.deciding import Act
from cogs.rights.rights import is_risky
from cogs.services import Refused, spec_for
from schedulezero.client.dialect import BulkChange, Feature
from schedulezero.errors import ClientError
from schedulezero.model import Job, JobState, JsonObject
from schedulezero.model.job_parts import parts_as_jobs
from schedulezero.when.calendar.weekdays import stored_trigger

_SHOWN_JOBS = 10
_QUICK = 50
_MOST_OPTIONS = 25  # in a select of Discord


async def drop(desk: Desk, panel_id: str) -> None:
    """Discard the dry run without importing."""
    await _take(desk, panel_id)
    said = t("Discarded. Nothing was scheduled.")
    await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def do(desk: Desk, panel_id: str) -> None:
    """Create the jobs that passed the dry run and don't exist here; one click undoes them all."""
    taken = await _take(desk, panel_id)
    await _import(desk, panel_id, _jobs_in(taken["import"]), [])


async def copy(desk: Desk, panel_id: str) -> None:
    """Create all jobs that passed the dry run, beside those that exist."""
    taken = await _take(desk, panel_id)
    await _import(desk, panel_id, _jobs_in([*taken["import"], *taken.get("copies", [])]), [])


async def update(desk: Desk, panel_id: str) -> None:
    """Create the jobs that don't exist here, and change those that exist to what the file says."""
    taken = await _take(desk, panel_id)
    updates = [Update.from_json(item) for item in taken.get("updates", [])]
    await _import(desk, panel_id, _jobs_in(taken["import"]), updates)


async def _import(desk: Desk, panel_id: str, jobs: list[Job], updates: list[Update]) -> None:
    memory = desk.memory
    approval = (await memory.settings(desk.guild.id)).approval
    lacks = await lacks_of(desk)
    made: dict[str, int] = {}
    done: list[Job] = []
    refused: list[str] = []
    waiting: list[Job] = []
    unlike: list[str] = []
    if len(jobs) > _QUICK:
        said = t("Importing {count} jobs…", count=len(jobs))
        await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))
    wanted: list[Job] = []
    async for job, verdict in verdicts(desk, Act.IMPORT, jobs):
        spec = spec_for(desk.bot, job.method)
        if spec is None or not verdict.allowed:
            refused.append(f"{with_colon(titled(job, 60))} {verdict.against[0]}")
            continue
        risky = approval and _is_risky(desk, job)
        paused = JobState.PAUSED if job.state is JobState.PAUSED else JobState.ACTIVE
        wanted.append(replace(job, state=JobState.PENDING if risky else paused))
    outcomes = [item async for item in desk.client.create_many(wanted, desk.actor_id)]
    for job, created in zip(wanted, outcomes, strict=True):
        if not isinstance(created, Job):
            refused.append(f"{with_colon(titled(job, 60))} {translated(created.message)}")
            continue
        made[created.id] = created.version
        done.append(created)
        waiting += [created] if created.state is JobState.PENDING else []
        if (warning := first_run_warning(created)) is not None:
            unlike.append(f"⚠ {with_colon(titled(created, 60))} {warning}")
    changed: dict[str, list[int]] = {}
    for item in updates:
        outcome, lost = await _update(desk, item, approval=approval)
        unlike += [f"⚠ {with_colon(titled(item.job, 60))} {lost}"] if lost is not None else []
        if isinstance(outcome, Job):
            changed[outcome.id] = [item.version, outcome.version]
            done.append(outcome)
            waiting += [outcome] if outcome.state is JobState.PENDING else []
        else:
            refused.append(f"{with_colon(titled(item.job, 60))} {outcome}")
    await memory.save_panel(panel_id, desk.guild.id, {"imported": made, "updated": changed})
    lines = [f"### {tn('{count} job was imported.', '{count} jobs were imported.', len(made))}"]
    if updates:
        lines.append(tn("{count} job was updated.", "{count} jobs were updated.", len(changed)))
    if waiting:
        await ask_for_approval(desk, *waiting)
        said = tn(
            "{count} job is waiting for approval.",
            "{count} jobs are waiting for approval.",
            len(waiting),
        )
        lines.append(f"✋ {said}")
    lines += [f"- {line}" for line in refused[:10]]
    buttons: list[DeskButton] = []
    lines += bullets(unlike, _SHOWN_JOBS)
    lines += why(lacks, Feature.BULK, Feature.UNDO) if made or changed else []
    if (made or changed) and Feature.BULK not in lacks:
        style = discord.ButtonStyle.primary
        buttons.append(DeskButton("import", "undo", panel_id, t("Undo"), style=style))
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if done:
        options = [
            discord.SelectOption(
                label=cut(title_of(job), 100),
                value=job.id,
                description=cut(sentence_in(job, await desk.zone()), 100),
            )
            for job in done[:_MOST_OPTIONS]
        ]
        items.append(row_of(DeskSelect("history", "job", "any", t("Open a job…"), options)))
    if buttons:
        items.append(row_of(*buttons))
    await desk.show(panel_of(*items, colour=BAD if refused else GOOD))


async def _update(desk: Desk, item: Update, *, approval: bool) -> tuple[Job | str, str | None]:
    """Change a job to what a file says, unless it was changed since.

    Return it, or why it stays as it is, and what a person should know about a run that was skipped.
    """
    try:
        before = await desk.client.job(item.job_id, desk.guild_id)
        wanted = replace(item.job, trigger=stored_trigger(item.job.trigger))
        changed = updated(before, wanted)
        if approval and _is_risky(desk, changed):
            changed = replace(changed, state=JobState.PENDING)
        async for _, verdict in verdicts(desk, Act.SAVE, [before], versions={before.id: changed}):
            if not verdict.allowed:
                return verdict.against[0], None
        found = await desk.client.change(changed, item.version, desk.actor_id)
        if wanted.state is JobState.PAUSED and found.state is JobState.ACTIVE:
            found = await desk.client.pause(found.id, by=desk.actor_id)
    except ClientError as error:
        return translated(error.message), None
    return found, no_longer_held(before, found)


def _is_risky(desk: Desk, job: Job) -> bool:
    """Return whether a job needs approval for what it does, or for what it does before or after."""
    found = ((spec_for(desk.bot, each.method), each.params) for each in (job, *parts_as_jobs(job)))
    return any(spec is not None and is_risky(spec, params, desk.guild) for spec, params in found)


async def undo(desk: Desk, panel_id: str) -> None:
    """Cancel the imported jobs and restore the updated ones, except those changed since."""
    with once(desk, panel_id, undoing=True):
        await _undo(desk, panel_id)


async def _undo(desk: Desk, panel_id: str) -> None:
    memory = desk.memory
    state = await memory.panel(panel_id, desk.guild.id)
    made: dict[str, int] = (state or {}).get("imported") or {}
    updates: dict[str, list[int]] = (state or {}).get("updated") or {}
    if not made and not updates:
        raise Refused(t("This has already been undone."))
    restored = await _restored(desk, updates)
    jobs = [await job_here(desk, job_id, cancelled=True) for job_id in made]
    allowed = [job.id async for job, verdict in verdicts(desk, Act.CANCEL, jobs) if verdict.allowed]
    change = BulkChange("cancel", {job_id: made[job_id] for job_id in allowed})
    outcome = await desk.client.bulk(desk.guild_id, change, desk.actor_id)
    await memory.save_panel(panel_id, desk.guild.id, {"imported": None, "updated": None})
    said = tn(
        "{count} imported job was cancelled.", "{count} imported jobs were cancelled.", len(outcome.changed)
    )
    if updates:
        back = tn("{count} job is back to how it was.", "{count} jobs are back to how they were.", restored)
        said += f" {back}"
    await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def _restored(desk: Desk, updates: Mapping[str, list[int]]) -> int:
    """Restore the versions before an import of jobs that weren't changed since; return how many."""
    restored = 0
    for job_id, (version, expected) in updates.items():
        job = await job_here(desk, job_id, cancelled=True)
        earlier = next(
            (item.job for item in await desk.client.versions(job_id) if item.job.version == version), job
        )
        async for _, verdict in verdicts(desk, Act.RESTORE, [job], versions={job_id: earlier}):
            if verdict.allowed and job.version == expected:
                try:
                    await desk.client.restore(job_id, version, expected=expected, by=desk.actor_id)
                except ClientError:
                    continue  # changed just now: it stays as somebody made it
                restored += 1
    return restored


async def _take(desk: Desk, panel_id: str) -> dict[str, Any]:
    """Use up a dry run; raise Refused if it is used up or someone else's."""
    memory = desk.memory
    state = await memory.panel(panel_id, desk.guild.id)
    if state is not None and state.get("by", "") not in ("", desk.actor_id):
        raise Refused(t("This draft belongs to someone else."))
    taken = await memory.take_panel(panel_id, desk.guild.id)
    if taken is None or "import" not in taken:
        raise Refused(t("This has already been done."))
    return taken


def _jobs_in(kept: list[JsonObject]) -> list[Job]:
    found = [Job.from_json(item) for item in kept]
    return [replace(job, trigger=stored_trigger(job.trigger)) for job in found]
