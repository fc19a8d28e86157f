"""A job as a panel: its facts, its post, and the buttons for what can be done with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import discord
from discord import ui

from cogs.desk.drafts.post_preview import Post, post_items
from cogs.desk.jobs.waiting import Waits
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.lacking import greyed_out
from cogs.desk.kit.layout import MOST_COMPONENTS, count_of, panel_of, row_of
from cogs.desk.kit.wording import (
    MISSED,
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
    sentence_with_zone,
    skipped_runs,
    title_of,
)
from cogs.language import t, tn, translated, with_colon
from schedulezero.client.dialect import Feature
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import GuildRules, Job, JobState, MissedPolicy, OverlapPolicy, Run, RunState
from schedulezero.model.authorship import ASKED, ENDINGS, FOLLOWS, LONGEST_ASKED, belongs_to_another
from schedulezero.when.calendar.quiet_hours import next_allowed


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
    headline: str | None = None,
    hint: str = "",
    undo: int | None = None,
    lacks: frozenset[Feature] = frozenset(),
    warnings: Sequence[str] = (),
    rules: GuildRules | None = None,
    running: bool = False,
    waits: Waits | None = None,
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
        heading: what just happened to it, before its name.
        headline: the same, where its name is no part of the sentence.
        hint: a line below the facts.
        undo: the version that an Undo button restores.
        lacks: the features that its server lacks; their buttons are disabled.
        warnings: what the person should know, such as that it runs more often than new jobs may.
        rules: the guild's rules, which may leave out its next runs.
        running: whether the newest run is being carried out now.
        waits: what the reader may do about it while it waits for approval.
    """
    title = f"### {f'{with_colon(heading)} ' if heading else ''}{cut(plain(title_of(job)), 150)}"
    if headline:
        title = f"### {headline}\n**{cut(plain(title_of(job)), 150)}**"
    facts = f"{title}\n{_facts(job, kind, last_run, rules, running)}\n{hint}".rstrip()
    items: list[ui.Item[Any]] = [ui.TextDisplay(facts)]
    if waits is not None:
        items.append(ui.TextDisplay(f"✋ {waits.told}"))
    if job.state is JobState.PENDING and job.meta.get(ASKED):
        asked = quoted(str(job.meta[ASKED])[:LONGEST_ASKED])
        items.append(ui.TextDisplay(f"**✋ {with_colon(t('Changes requested'))}**\n{asked}"))
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
        items += _button_rows(job, undo, lacks, run_to_skip(job, rules), waits)
    panel = panel_of(*items, colour=job_colour(job))
    for item in post_items(post, MOST_COMPONENTS - count_of(panel)) if post is not None else ():
        panel.add_item(item)
    return panel


def _facts(job: Job, kind: str, last_run: Run | None, rules: GuildRules | None, running: bool) -> str:
    lines = [
        f"**{job_state(job)}** · {kind}",
        f"**{t('When:')}** {sentence_with_zone(job)}",
    ]
    if skipped := skipped_runs(job):
        label = tn("Skipped:", "Skipped:", len(skipped))
        lines.append(f"⏭ **{label}** {', '.join(map(full, skipped))}")
    if job.next_run_at is not None:
        left, why = next_allowed(job, rules)
        if left is not None:
            lines.append(f"**{t('Next run:')}** {full(left)}")
        if why is not None:
            said = t(
                "The run {when} will be skipped: {reason}",
                when=relative(job.next_run_at),
                reason=translated(why),
            )
            lines.append(f"⏭ {said}")
    if last_run is not None:
        lines.append(
            f"**{t('Last run:')}** {relative(last_run.scheduled_at)} · {outcome(last_run, running=running)}"
        )
        if last_run.error and (why := reason(last_run)):
            label = t("Last error:") if last_run.state is RunState.QUEUED else t("Error:")
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


def _button_rows(
    job: Job,
    undo: int | None,
    lacks: frozenset[Feature],
    skips: datetime | None,
    waits: Waits | None,
) -> list[ui.ActionRow[ui.LayoutView]]:
    if belongs_to_another(job):
        return _rows_of_part(job, undo)
    no_pause, no_edit = Feature.PAUSE in lacks, Feature.EDIT in lacks
    no_hold = Feature.HOLD in lacks
    active = job.state is JobState.ACTIVE
    first: list[DeskButton] = []
    if job.state is JobState.PENDING:
        first += _release(job, waits)
    else:
        first.append(DeskButton("job", "run", job.id, t("Run now"), style=discord.ButtonStyle.primary))
    if job.state is JobState.PAUSED or (is_held(job) and not skipped_runs(job)):
        first.append(DeskButton("job", "resume", job.id, t("Resume"), disabled=no_pause))
    else:  # a job of which a run is skipped goes on by itself
        first.append(DeskButton("job", "pause", job.id, t("Pause"), disabled=no_pause or not active))
    # The button names the run: a second tap on it, or an old card, skips no other one.
    skip = f"{job.id}:{run_number(skips)}" if skips is not None else job.id
    first += [
        DeskButton("job", "until", job.id, t("Pause until…"), disabled=no_hold or not active),
        DeskButton("job", "skip", skip, t("Skip next"), disabled=no_hold or not active or runs_once(job)),
        DeskButton("job", "edit", job.id, t("Edit"), disabled=no_edit),
    ]
    second = [
        DeskButton("job", "clone", job.id, t("Clone")),
        DeskButton("job", "history", job.id, t("History")),
        DeskButton("job", "changes", job.id, t("Changes"), disabled=Feature.UNDO in lacks),
        DeskButton("job", "show", job.id, t("Refresh")),
        *_undo(job, undo),
    ]
    if undo is None and skipped_runs(job):
        second.append(DeskButton("job", "resume", job.id, t("Don't skip"), disabled=no_pause))
    return [row_of(*first), row_of(*second), _last_row(job)]


def _release(job: Job, waits: Waits | None) -> list[DeskButton]:
    """Return the button that lets a waiting job run; for its writer, the one that takes the change back."""
    if waits is None or waits.may_release:
        label = t("Read and approve…") if waits is None or waits.needed else t("Read and let it run…")
        return [DeskButton("job", "approve", job.id, label, style=discord.ButtonStyle.success)]
    if waits.before is None:
        return []
    target = f"{job.id}:{waits.before}.{job.version}"
    label = t("Take back the change")
    return [DeskButton("job", "back", target, label, style=discord.ButtonStyle.primary)]


def _undo(job: Job, undo: int | None) -> list[DeskButton]:
    if undo is None:
        return []
    target = f"{job.id}:{undo}.{job.version}"
    return [DeskButton("job", "back", target, t("Undo"), style=discord.ButtonStyle.primary)]


def _last_row(job: Job) -> ui.ActionRow[ui.LayoutView]:
    """Return the buttons that end something: first the one for the panel, where a draft's *Confirm* was."""
    return row_of(
        DeskButton("job", "close", job.id, t("Close")),
        DeskButton("job", "cancel", job.id, t("Cancel this job"), style=discord.ButtonStyle.danger),
    )


def _rows_of_part(job: Job, undo: int | None) -> list[ui.ActionRow[ui.LayoutView]]:
    """Return the buttons of a job that belongs to another: it can only be run now or cancelled."""
    buttons = [DeskButton("job", "run", job.id, t("Run now"), style=discord.ButtonStyle.primary)]
    if job.state is JobState.PAUSED or is_held(job):
        buttons.append(DeskButton("job", "resume", job.id, t("Resume")))
    if job.id.startswith(ENDINGS):
        buttons.append(DeskButton("job", "clone", job.id, t("Clone")))
    buttons += [
        DeskButton("job", "history", job.id, t("History")),
        DeskButton("job", "show", job.id, t("Refresh")),
    ]
    links: list[DeskButton] = []
    if follows := job.meta.get(FOLLOWS):
        links.append(DeskButton("job", "show", str(follows)[:64], t("The job it belongs to")))
    links += _undo(job, undo)
    return [row_of(*buttons), *([row_of(*links)] if links else []), _last_row(job)]


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


def run_to_skip(job: Job, rules: GuildRules | None) -> datetime | None:
    """Return the run that *Skip next* skips: the next one that the guild's rules leave."""
    left, _ = next_allowed(job, rules)
    return left if left is not None else job.next_run_at


def run_number(run_at: datetime) -> int:
    """Return a run's instant as custom ids name it, in seconds."""
    return int(run_at.timestamp())


def runs_once(job: Job) -> bool:
    """Return whether a job runs at a single instant."""
    return job.trigger.type == "date"
