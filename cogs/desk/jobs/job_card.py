"""The card of one job, and the actions of its buttons: run, hold, skip, cancel; changes come with Undo."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from cogs.desk.drafts.draft import typed
from cogs.desk.drafts.draft_card import parameter_lines
from cogs.desk.drafts.parts import part_lines
from cogs.desk.drafts.post_preview import Post, post_items, post_of
from cogs.desk.drafts.secrecy import veiled
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.by_hand import rules_by_hand
from cogs.desk.jobs.endings import endings_of, what_stays
from cogs.desk.jobs.lookup import (
    MOST_VERSIONS,
    changed_meanwhile,
    check,
    expect_uncancelled,
    job_for,
    job_here,
    rules_here,
    telling_of_conflicts,
)
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.lacking import expect, greyed_out
from cogs.desk.kit.layout import MOST_COMPONENTS, count_of, note_panel, panel_of, row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import (
    BAD,
    MISSED,
    NEUTRAL,
    OVERLAP,
    cut,
    full,
    is_held,
    job_colour,
    job_state,
    outcome,
    plain,
    quoted,
    reason,
    relative,
    result,
    sentence,
    skipped_runs,
    title_of,
    titled,
)
from cogs.language import example, locale, t, tc, translated, with_colon
from cogs.rights.allowance import closer_than_allowed
from cogs.rights.deciding import Act
from cogs.rights.member_counts import count_members
from cogs.services import Refused, spec_for
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError, NotFound, ScheduleZeroError, WhenError
from schedulezero.handler.run_context import RunContext, running
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec, Tell
from schedulezero.methods.values import check_params
from schedulezero.methods.variables import facts_of
from schedulezero.model import GuildRules, Job, JobState, MissedPolicy, OverlapPolicy, Run, RunState
from schedulezero.model.authorship import (
    ASKED,
    ENDINGS,
    FOLLOWS,
    LONGEST_ASKED,
    belongs_to_another,
    unchanged_since,
)
from schedulezero.when.calendar.quiet_hours import next_allowed
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand


async def show_card(desk: Desk, job_id: str, heading: str | None = None) -> None:
    """Show a job's card."""
    job, last_run = await desk.client.job_and_last_run(job_id, desk.guild_id)
    await expect_uncancelled(desk, job)
    await desk.show(await _card_with(desk, job, last_run, heading=heading))


async def card_of(
    desk: Desk,
    job: Job,
    *,
    heading: str | None = None,
    undo: int | None = None,
    warning: str | None = None,
    hint: str = "",
) -> ui.LayoutView:
    """Return the card of a job with its last run.

    Parameters:
        desk: where it is shown.
        job: the job, in its current version.
        heading: what just happened to it.
        undo: the version that an Undo button restores; None for no button.
        warning: what the person should know about it.
        hint: a line below the facts.
    """
    page = await desk.client.runs(desk.guild_id, job_id=job.id, limit=1)
    last_run = page.runs[0] if page.runs else None
    return await _card_with(desk, job, last_run, heading=heading, undo=undo, warning=warning, hint=hint)


async def _card_with(
    desk: Desk,
    job: Job,
    last_run: Run | None,
    *,
    heading: str | None = None,
    undo: int | None = None,
    warning: str | None = None,
    hint: str = "",
) -> ui.LayoutView:
    spec = spec_for(desk.bot, job.method)
    readable = veiled(spec, job, desk.member)
    return card(
        job,
        kind=kind_of(job, spec),
        details=await _details(desk, readable),
        parts=part_lines(job.parts, lambda name: spec_for(desk.bot, name), job),
        post=await _post(desk, readable),
        last_run=last_run,
        endings=await endings_of(desk, job) if last_run is not None else (),
        heading=heading,
        hint=hint,
        undo=undo,
        lacks=frozenset(await desk.client.lacks()),
        rules=await rules_here(desk),
        warnings=[
            said
            for said in (warning, closer_than_allowed(job, desk.services.limits, instants.now()))
            if said is not None
        ],
    )


def kind_of(job: Job, spec: MethodSpec | None) -> str:
    """Return what a job does in words."""
    return plain(said_kind(spec, job.method))


def card(
    job: Job,
    *,
    kind: str,
    details: str,
    last_run: Run | None,
    endings: Sequence[str] = (),
    parts: Sequence[str] = (),
    post: Post | None = None,
    heading: str | None = None,
    hint: str = "",
    undo: int | None = None,
    lacks: frozenset[Feature] = frozenset(),
    warnings: Sequence[str] = (),
    rules: GuildRules | None = None,
) -> ui.LayoutView:
    """Return a job as a panel.

    Parameters:
        job: the job to show.
        kind: what it does in words.
        details: its parameters in words.
        last_run: its newest run.
        endings: a line for each job that ends what its runs did for a while.
        parts: a line for each thing that it does before and after its own runs.
        post: a preview of the post, if it posts anything.
        heading: what just happened to it.
        hint: a line below the facts.
        undo: the version that an Undo button restores.
        lacks: the features that its server lacks; their buttons are disabled.
        warnings: what the person should know, such as that it runs more often than new jobs may.
        rules: the guild's rules, which may leave out its next runs.
    """
    title = f"### {f'{with_colon(heading)} ' if heading else ''}{cut(plain(title_of(job)), 150)}"
    facts = f"{title}\n{_facts(job, kind, last_run, rules)}\n{hint}".rstrip()
    items: list[ui.Item[Any]] = [ui.TextDisplay(facts)]
    if job.state is JobState.PENDING and job.meta.get(ASKED):
        asked = quoted(str(job.meta[ASKED])[:LONGEST_ASKED])
        items.append(ui.TextDisplay(f"**✋ {t('Changes asked for')}:**\n{asked}"))
    if parts:
        items.append(ui.TextDisplay(cut("\n".join(parts), 900)))
    if endings:
        items.append(ui.TextDisplay("\n".join(f"⏱ {line}" for line in endings)))
    items += [ui.TextDisplay(f"⚠ {warning}") for warning in warnings]
    if details:
        items += [ui.Separator(), ui.TextDisplay(details)]
    if job.state is not JobState.CANCELLED:
        if labels := _not_possible(job, lacks):
            items.append(ui.TextDisplay(greyed_out(labels)))
        items += _button_rows(job, undo, lacks)
    panel = panel_of(*items, colour=job_colour(job))
    for item in post_items(post, MOST_COMPONENTS - count_of(panel)) if post is not None else ():
        panel.add_item(item)
    return panel


def _facts(job: Job, kind: str, last_run: Run | None, rules: GuildRules | None) -> str:
    lines = [
        f"**{job_state(job)}** · {kind}",
        f"**{t('When:')}** {sentence(job)} ({job.timezone})",
    ]
    if skipped := skipped_runs(job):
        lines.append(f"⏭ **{t('Skipped:')}** {', '.join(map(full, skipped))}")
    elif is_held(job) and job.held_until is not None:
        lines.append(f"⏸ {t('Nothing runs until {when}.', when=full(job.held_until))}")
    if job.next_run_at is not None:
        left, why = next_allowed(job, rules)
        if left is not None:
            lines.append(f"**{t('Next run:')}** {full(left)}")
        if why is not None:
            said = t(
                "would be skipped {when}: {reason}", when=relative(job.next_run_at), reason=translated(why)
            )
            lines.append(f"⏭ {said}")
    if last_run is not None:
        lines.append(f"**{t('Last run:')}** {relative(last_run.scheduled_at)} · {outcome(last_run)}")
        if last_run.error and (why := reason(last_run)):
            label = t("So far:") if last_run.state is RunState.QUEUED else t("Error:")
            lines.append(f"**{label}** {why}")
        if told := result(last_run):
            lines.append(f"**{t('Result:')}** {told}")
    if job.creator_id:
        lines.append(f"**{t('By:')}** <@{job.creator_id}>")
    options: list[str] = []
    if job.missed is not MissedPolicy.LATEST:
        options.append(t("Missed runs: {policy}", policy=t(MISSED[job.missed])))
    if job.overlap is not OverlapPolicy.ALLOW:
        options.append(t("Overlapping runs: {policy}", policy=t(OVERLAP[job.overlap])))
    if job.in_quiet_hours:
        options.append(t("Also runs in quiet hours"))
    managers = job.meta.get("managers")
    if isinstance(managers, list) and managers:
        roles = " ".join(f"<@&{role}>" for role in managers)
        options.append(f"{with_colon(t('Only these roles may change it'))} {cut(roles, 300)}")
    return "\n".join([*lines, *(f"-# {option}" for option in options)])


def _button_rows(job: Job, undo: int | None, lacks: frozenset[Feature]) -> list[ui.ActionRow[ui.LayoutView]]:
    if belongs_to_another(job):
        return _rows_of_part(job, undo)
    no_pause, no_edit = Feature.PAUSE in lacks, Feature.EDIT in lacks
    no_hold = Feature.HOLD in lacks
    active = job.state is JobState.ACTIVE
    first: list[DeskButton] = []
    if job.state is JobState.PENDING:
        style = discord.ButtonStyle.success
        first.append(DeskButton("job", "approve", job.id, t("Read and approve…"), style=style))
    else:
        first.append(DeskButton("job", "run", job.id, t("Run now"), style=discord.ButtonStyle.primary))
    if job.state is JobState.PAUSED or is_held(job):
        first.append(DeskButton("job", "resume", job.id, t("Resume"), disabled=no_pause))
    else:
        first.append(DeskButton("job", "pause", job.id, t("Pause"), disabled=no_pause or not active))
    first += [
        DeskButton("job", "until", job.id, t("Pause until…"), disabled=no_hold or not active),
        DeskButton("job", "skip", job.id, t("Skip next"), disabled=no_hold or not active or runs_once(job)),
        DeskButton("job", "edit", job.id, t("Edit"), disabled=no_edit),
    ]
    second = [
        DeskButton("job", "clone", job.id, t("Clone")),
        DeskButton("job", "history", job.id, t("History")),
        DeskButton("job", "changes", job.id, t("Changes"), disabled=Feature.UNDO in lacks),
        DeskButton("job", "cancel", job.id, tc("one job", "Cancel"), style=discord.ButtonStyle.danger),
    ]
    if undo is not None:
        target = f"{job.id}:{undo}.{job.version}"
        style = discord.ButtonStyle.primary
        second.append(DeskButton("job", "back", target, t("Undo"), style=style))
    return [row_of(*first), row_of(*second)]


def _rows_of_part(job: Job, undo: int | None) -> list[ui.ActionRow[ui.LayoutView]]:
    """Return the buttons of a job that belongs to another: it can only be run now or cancelled."""
    buttons = [DeskButton("job", "run", job.id, t("Run now"), style=discord.ButtonStyle.primary)]
    if job.state is JobState.PAUSED or is_held(job):
        buttons.append(DeskButton("job", "resume", job.id, t("Resume")))
    if job.id.startswith(ENDINGS):
        buttons.append(DeskButton("job", "clone", job.id, t("Clone")))
    buttons += [
        DeskButton("job", "history", job.id, t("History")),
        DeskButton("job", "cancel", job.id, tc("one job", "Cancel"), style=discord.ButtonStyle.danger),
    ]
    links: list[DeskButton] = []
    if follows := job.meta.get(FOLLOWS):
        links.append(DeskButton("job", "show", str(follows)[:64], t("The job it belongs to")))
    if undo is not None:
        target = f"{job.id}:{undo}.{job.version}"
        links.append(DeskButton("job", "back", target, t("Undo"), style=discord.ButtonStyle.primary))
    return [row_of(*buttons), *([row_of(*links)] if links else [])]


def _not_possible(job: Job, lacks: frozenset[Feature]) -> list[str]:
    """Return the labels of the buttons that need a feature the server lacks."""
    if belongs_to_another(job):
        return []
    holds = [t("Pause until…"), *([] if runs_once(job) else [t("Skip next")])]
    # Read as: a feature, and the buttons that need it.
    buttons = (
        (Feature.PAUSE, [t("Pause")]),
        (Feature.HOLD, holds),
        (Feature.EDIT, [t("Edit")]),
        (Feature.UNDO, [t("Changes")]),
    )
    return [label for feature, labels in buttons if feature in lacks for label in labels]


def runs_once(job: Job) -> bool:
    """Return whether a job runs at a single instant."""
    return job.trigger.type == "date"


# -------------------------------------------------------------------- actions

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS = 3.0
"""How long a person waits for what a first look finds; the click is acknowledged by then."""
_LOOKS_AGAIN = 0.1
"""Seconds between two looks at whether a run that somebody started is over."""


async def run_now(desk: Desk, job_id: str) -> None:
    """Run a job once, now."""
    job = await job_for(desk, Act.RUN, job_id)
    taps, message = desk.services.double_taps, desk.interaction.message
    click = (desk.member.id, message.id, message.edited_at, job.id) if message is not None else None
    if click is not None and not taps.is_first(click, time.monotonic()):
        raise Refused(t("This was already done."))
    try:
        async with telling_of_conflicts(desk, job.id):
            run = await desk.client.run(job, desk.actor_id)
    except (ClientError, Refused):
        taps.forget(click)
        raise
    log.info("%s runs job %s on demand", desk.member.id, job.id, extra={"run_id": run.id})
    await soon(_over(desk, job, run))  # most runs are, and the card then shows what this one came to
    await desk.show(await card_of(desk, job, heading=t("Started"), hint=await rules_by_hand(desk)))


async def look_at_once(desk: Desk, job: Job) -> str | None:
    """Let a job that watches something look now; return what to say if it can't, or None.

    Until its next run it would know nothing of what was asked for.
    """
    try:
        run = await desk.client.run(job, desk.actor_id)
    except ClientError as error:
        return t("It couldn't check the calendar right away: {reason}", reason=translated(error.message))
    await soon(_over(desk, job, run), FIRST_LOOK_SECONDS)
    return None


async def _over(desk: Desk, job: Job, run: Run) -> None:
    """Return when a run is over."""
    while True:
        page = await desk.client.runs(desk.guild_id, job_id=job.id, limit=1)
        if not page.runs or page.runs[0].id != run.id or page.runs[0].finished_at is not None:
            return
        await asyncio.sleep(_LOOKS_AGAIN)


async def pause(desk: Desk, job_id: str) -> None:
    """Pause a job until someone resumes it."""
    job = await job_for(desk, Act.PAUSE, job_id)
    if job.state is JobState.PAUSED:
        raise await changed_meanwhile(desk, job.id)
    paused = await desk.client.pause(job.id, by=desk.actor_id)
    await _show_changed(desk, job, paused, t("Paused"))


async def resume(desk: Desk, job_id: str) -> None:
    """Let a paused or held job run again."""
    await expect(desk, Feature.PAUSE)
    job = await job_for(desk, Act.RESUME, job_id)
    if job.state is JobState.ACTIVE and not is_held(job):
        raise await changed_meanwhile(desk, job.id)
    async with telling_of_conflicts(desk, job.id):
        resumed = await desk.client.resume(job.id, desk.actor_id, version=job.version)
    await _show_changed(desk, job, resumed, t("Resumed"))


async def skip(desk: Desk, job_id: str) -> None:
    """Skip the next run."""
    job = await job_for(desk, Act.SKIP, job_id)
    skipped = await desk.client.skip(job.id, desk.actor_id)
    await _show_changed(desk, job, skipped, t("Next run skipped"))


async def ask_until(desk: Desk, job_id: str) -> None:
    """Ask until when to hold the job."""
    await expect(desk, Feature.HOLD)
    field = text_field(
        "until",
        t("Until when?"),
        description=t("It resumes by itself at that time"),
        placeholder=example("next monday at 9 · in 2 weeks · 7 january"),
        required=True,
    )
    await ask(desk, "job", "until", job_id, t("Pause until…"), [field])


async def hold_until(desk: Desk, job_id: str, fields: Mapping[str, Any]) -> None:
    """Hold a job until an instant."""
    job = await job_for(desk, Act.PAUSE, job_id)
    zone = await desk.zone()
    now = instants.now()
    typed = str(fields.get("until") or "")
    try:
        found = understand(typed, zone=zone, locale=locale(), now=now, habits=await desk.habits())
    except WhenError as error:
        raise Refused(f"{translated(error.message)}\n-# {t('You wrote:')} {plain(typed)}") from error
    if found.trigger.type != "date":
        raise Refused(t("Enter a single point in time, such as `next monday at 9`."))
    until = schedule_of(found.trigger, anchor=now, zone=zone).next_after(now)
    assert until is not None, "what is over is not understood"
    held = await desk.client.pause(job.id, until, desk.actor_id)
    await _show_changed(desk, job, held, t("Held"))


async def ask_cancel(desk: Desk, job_id: str) -> None:
    """Ask for confirmation before cancelling a job."""
    job = await job_for(desk, Act.CANCEL, job_id)
    undo = Feature.UNDO not in await desk.client.lacks()
    said = [f"### {t('Cancel {job}?', job=titled(job, 150))}"]
    if job.next_run_at:
        said.append(t("It was due {when}.", when=relative(job.next_run_at)))
    if (stays := await what_stays(desk, job)) is not None:
        said.append(f"⚠ {stays}")
    said.append(t("You can undo it afterwards.") if undo else t("The scheduler can't undo that."))
    panel = note_panel(
        "\n".join(said),
        DeskButton("job", "end", job.id, t("Cancel the job"), style=discord.ButtonStyle.danger),
        DeskButton("job", "show", job.id, tc("a job", "Keep it")),
        colour=BAD,
    )
    await desk.show(panel)


async def cancel(desk: Desk, job_id: str) -> None:
    """Cancel a job and offer an Undo button."""
    client = desk.client
    job = await job_for(desk, Act.CANCEL, job_id)
    try:
        cancelled = await client.cancel(job, desk.actor_id)
    except NotFound:
        raise await changed_meanwhile(desk, job_id) from None
    buttons: list[DeskButton] = []
    if Feature.UNDO not in await client.lacks():
        target = f"{job.id}:{job.version}.{cancelled.version}"
        buttons.append(DeskButton("job", "back", target, t("Undo"), style=discord.ButtonStyle.primary))
    said = t("{job} no longer runs.", job=titled(job, 150))
    await desk.show(note_panel(f"### {t('Cancelled')}\n{said}", *buttons, colour=NEUTRAL))


async def go_back(desk: Desk, target: str) -> None:
    """Restore a version of a job; the target is ``<job>:<version>.<expected>``."""
    job_id, _, numbers = target.rpartition(":")
    version, _, expected = numbers.partition(".")
    client = desk.client
    job = await job_here(desk, job_id, cancelled=True)
    number = _number(version)
    versions = await client.versions(job.id, MOST_VERSIONS)
    wanted = next((item.job for item in versions if item.job.version == number), None)
    if number is None or wanted is None:
        raise Refused(t("This version of {job} is no longer stored.", job=titled(job)))
    cleared = wanted.state is JobState.PENDING or unchanged_since(number, versions)
    await check(desk, Act.RESTORE, job, version=wanted, cleared=cleared)
    present = _number(expected)
    async with telling_of_conflicts(desk, job.id):
        restored = await client.restore(
            job.id, number, expected=job.version if present is None else present, by=desk.actor_id
        )
    heading = t("Job restored")
    if restored.state is JobState.PENDING and job.state is not JobState.PENDING:
        heading = t("Waits for approval")
        await ask_for_approval(desk, restored)
    await desk.show(await card_of(desk, restored, heading=heading))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


async def _show_changed(desk: Desk, before: Job, after: Job, heading: str) -> None:
    """Show the card after a change, with an Undo button if there is a new version."""
    undo = before.version if after.version != before.version else None
    await desk.show(await card_of(desk, after, heading=heading, undo=undo))


# -------------------------------------------------------------------- details


async def _details(desk: Desk, job: Job) -> str:
    spec = spec_for(desk.bot, job.method)
    if spec is None:
        return "*" + t("Its sprocket isn't loaded, so it would fail.") + "*"
    if spec.internal and spec.preview is not None:
        return await _as_it_will_look(desk, job, spec, spec.preview)
    asked = [parameter for parameter in spec.parameters if parameter.kind is not Kind.GUILD]
    asked.sort(key=lambda item: item.kind is Kind.LONG_TEXT)  # no line then stands in a quoted text
    lines = parameter_lines(asked, typed(spec, job.params), 100 if spec.variables else 600)
    return cut("\n".join(lines), 1800)


async def _as_it_will_look(desk: Desk, job: Job, spec: MethodSpec, tell: Tell) -> str:
    """Return where a job that the bot planned acts, and what it says there, in place of its params."""
    places = [item for item in spec.parameters if item.kind is Kind.CHANNEL]
    run = RunContext(
        job_id=job.id,
        guild_id=job.guild_id,
        creator_id=job.creator_id,
        scheduled_at=job.next_run_at or instants.now(),
        timezone=job.timezone,
    )
    try:
        with running(run):
            said = translated(await tell(desk.bot, check_params(spec, job.params)))
    except ScheduleZeroError as error:
        said = translated(error.message)
    lines = parameter_lines(places, typed(spec, job.params))
    shown = "\n".join(f"> {line}" for line in said.splitlines())
    return cut("\n".join([*lines, shown]), 1800)


async def _post(desk: Desk, job: Job) -> Post | None:
    spec = spec_for(desk.bot, job.method)
    if spec is None:
        return None
    number = job.run_count + 1
    at = job.next_run_at or instants.now()
    zone = job.trigger.zone_or(job.timezone)
    await count_members(desk.bot, desk.guild, job.params.values())
    facts = facts_of(desk.guild, timezone=zone, number=number, now=at)
    return post_of(spec, job.params, facts, number, guild_id=job.guild_id or "")


PANELS = (
    Panel(
        "job",
        clicks={
            "show": show_card,
            "run": run_now,
            "pause": pause,
            "resume": resume,
            "skip": skip,
            "cancel": ask_cancel,
            "end": cancel,
            "back": go_back,
        },
        opens={"until": ask_until},
        forms={"until": hold_until},
    ),
)
