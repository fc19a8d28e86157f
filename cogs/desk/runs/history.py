"""The history of runs: outcome, lateness, attempts, errors in words, links to posts.

Runs that did not succeed can be retried, one at a time or all of a span.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import discord
from discord import ui

from cogs.desk.jobs.by_hand import rules_by_hand
from cogs.desk.jobs.job_card import show_card
from cogs.desk.jobs.lookup import job_for, job_here, telling_of_conflicts
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import kinds_in
from cogs.desk.kit.lacking import why
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.once import once
from cogs.desk.kit.paging import Page, PagedPanel, State, cursor_of, place
from cogs.desk.kit.pictured import Bar
from cogs.desk.kit.wording import (
    NEUTRAL,
    WAITING,
    bullets,
    cut,
    outcome,
    plain,
    reason,
    result,
    state_word,
    title_of,
    titled,
)
from cogs.language import mark, t, tn
from cogs.memory import new_id
from cogs.rights.deciding import Act
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.decoding import no_job_here
from schedulezero.client.dialect import Feature, RunPage
from schedulezero.instants import from_microseconds, to_microseconds
from schedulezero.model import Job, Run, RunState
from schedulezero.model.method_names import spoken
from schedulezero.model.part import MAIN

PAGE = 7
_DRAWN = 50
_NOT_WELL = (RunState.FAILED, RunState.MISSED, RunState.SKIPPED, RunState.UNCERTAIN)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

_FORGOTTEN = mark("This view of the history has expired. Use `/schedule history` again.")
# Read as: a span to backfill, its length and the label of its option.
_SPANS = {
    "hour": (timedelta(hours=1), mark("in the last hour")),
    "day": (timedelta(days=1), mark("in the last 24 hours")),
    "week": (timedelta(days=7), mark("in the last week")),
    "month": (timedelta(days=31), mark("in the last month")),
}


async def show_history(desk: Desk, job_id: str | None, state: RunState | None = None) -> None:
    """Show the newest runs of a job, or of the whole guild."""
    if job_id:
        await job_here(desk, job_id, cancelled=True)
    await HISTORY.begin(desk, {"history": job_id or "", "state": state.value if state else None})


async def toggle_failed(desk: Desk, panel_id: str) -> None:
    """Switch between failed runs only and all runs."""
    view = await HISTORY.state(desk, panel_id)
    state = None if view["state"] else RunState.FAILED.value
    await HISTORY.show(desk, panel_id, {**view, "state": state, "cursors": []})


async def _page(desk: Desk, panel_id: str, view: State) -> Page:
    client, guild_id = desk.client, desk.guild_id
    job_id: str | None = view["history"] or None
    state = RunState(view["state"]) if view["state"] else None
    job = await client.job(job_id, guild_id) if job_id else None
    page = await client.runs(
        guild_id, job_id=job_id, state=state, cursor=cursor_of(view), limit=PAGE, total=True
    )
    drawn = await client.runs(guild_id, job_id=job_id, limit=_DRAWN)
    lacks = await client.lacks()
    files: list[discord.File] = []
    if len(drawn.runs) > 1:
        words = {state: state_word(state) for state in RunState}
        bars = [Bar(run.state, run.duration) for run in reversed(drawn.runs)]
        picture = await asyncio.to_thread(_drawn, bars, words)
        files.append(discord.File(BytesIO(picture), "history.png"))
    panel = history_panel(panel_id, job, page, view, drawn.runs, lacks, kinds_in(desk.bot))
    return Page(panel, page.next_cursor, files)


def _drawn(bars: Sequence[Bar], words: Mapping[RunState, str]) -> bytes:
    from cogs.desk.kit.pictures import timeline_png

    return timeline_png(bars, words)


HISTORY = PagedPanel("history", _FORGOTTEN, _page)


def history_panel(
    panel_id: str,
    job: Job | None,
    page: RunPage,
    view: Mapping[str, Any],
    drawn: Sequence[Run],
    lacks: Mapping[Feature, str],
    kinds: Callable[[str], str] = spoken,
) -> ui.LayoutView:
    """Return runs as a panel, newest first.

    Parameters:
        panel_id: the key of its state.
        job: the job of the runs; None for all jobs of the guild.
        page: the runs to show.
        view: its state (its filter, the cursors of the previous pages).
        drawn: the runs in the picture; no picture for fewer than two.
        lacks: the features that the server lacks, each with a sentence.
        kinds: what a job of a method does, in words.
    """
    make_up = Feature.MAKE_UP not in lacks
    title = t("History of “{name}”", name=cut(plain(title_of(job)), 100)) if job else t("History")
    if view["state"]:
        title += f" · {t('Filter:')} {state_word(RunState(view['state']))}"
    number, total = len(view["cursors"]) + 1, page.total
    count = tn("{count} run", "{count} runs", total or 0)
    where = place(number, total, PAGE, count, more=page.next_cursor is not None)
    items: list[ui.Item[Any]] = [ui.TextDisplay(" · ".join([f"### {title}", *where]))]
    if len(drawn) > 1:
        gallery: ui.MediaGallery[Any] = ui.MediaGallery()
        gallery.add_item(media="attachment://history.png", description=_described(drawn))
        items.append(gallery)
    if not page.runs:
        items.append(ui.TextDisplay(t("Nothing has run yet.")))
    for run in page.runs:
        items.append(_line(run, kinds, with_title=job is None, retry=make_up))
    if not make_up:
        items.append(ui.TextDisplay("\n".join(why(lacks, Feature.HISTORY, Feature.MAKE_UP))))
    items.append(
        row_of(
            DeskButton("history", "back", panel_id, t("Newer"), disabled=not view["cursors"]),
            DeskButton("history", "next", panel_id, t("Older"), disabled=page.next_cursor is None),
            DeskButton("history", "failed", panel_id, t("Show all") if view["state"] else t("Failed only")),
            DeskButton("history", "refresh", panel_id, t("Refresh")),
        )
    )
    if job is not None:
        if make_up:
            options = [
                discord.SelectOption(label=cut(t(words), 100), value=value)
                for value, (_, words) in _SPANS.items()
            ]
            placeholder = t("Backfill missed runs…")
            items.append(row_of(DeskSelect("job", "missing", job.id, placeholder, options)))
        items.append(row_of(DeskButton("job", "show", job.id, t("Back to the job"))))
    elif page.runs:
        items.append(_jobs_of(page.runs))
    return panel_of(*items, colour=NEUTRAL)


def _jobs_of(runs: Sequence[Run]) -> ui.Item[Any]:
    """Return a menu of the jobs of runs, the newest run first."""
    named = {run.job_id: run for run in reversed(runs)}
    options = [
        discord.SelectOption(
            label=cut(run.name or run.method, 100), value=run.job_id, description=state_word(run.state)
        )
        for run in reversed(named.values())
    ]
    return row_of(DeskSelect("history", "job", "any", t("Open a job…"), options[:25]))


async def open_picked(desk: Desk, _target: str) -> None:
    """Show the card of the picked job."""
    await show_card(desk, desk.picked())


def _described(runs: Sequence[Run]) -> str:
    """Describe the picture in words."""
    counts = Counter(run.state for run in runs)
    parts = [f"{state_word(state)} {counts[state]}" for state in RunState if counts[state]]
    return cut(
        tn(
            "The last run: {outcomes}",
            "The last {count} runs: {outcomes}",
            len(runs),
            outcomes=", ".join(parts),
        ),
        1000,
    )


def _line(run: Run, kinds: Callable[[str], str], *, with_title: bool, retry: bool) -> ui.Item[Any]:
    when = discord.utils.format_dt(run.scheduled_at, "F")
    title = f"**{cut(plain(run.title), 80)}** · " if with_title else ""
    lines = [f"{title}{when}{_part(run, kinds)}\n{outcome(run)}"]
    lines += [f"-# {said}" for said in (result(run, 250), reason(run, 250)) if said]
    text = ui.TextDisplay("\n".join(lines))
    if not retry or run.state not in _NOT_WELL:
        return text
    return ui.Section(text, accessory=DeskButton("run", "retry", run_target(run), t("Retry")))


def _part(run: Run, kinds: Callable[[str], str]) -> str:
    """Return which part of its job a run was, before or after the job's own run; empty for that itself."""
    if run.part in (None, MAIN) or run.of is None:
        return ""
    return f" · {'◀' if run.scheduled_at < run.of else '▶'} {plain(kinds(run.method))}"


# -------------------------------------------------------------------- trying again


def run_target(run: Run) -> str:
    """Return a button's target for a run: ``<job>:<instant>``, short enough for a custom id."""
    number, digits = to_microseconds(run.scheduled_at), ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"{run.job_id}:{digits}"


def read_run_target(target: str) -> tuple[str, datetime]:
    """Read a target made by `run_target`."""
    job_id, _, digits = target.rpartition(":")
    try:
        return job_id, from_microseconds(int(digits, 36))
    except (ValueError, OverflowError):
        raise no_job_here() from None


async def retry(desk: Desk, target: str) -> None:
    """Run an instant again whose run did not succeed."""
    job_id, at = read_run_target(target)
    job = await job_for(desk, Act.MAKE_UP, job_id)
    runs = await _queue(desk, job, [at])
    if not runs:
        raise Refused(t("This run is already being retried, or has since succeeded."))
    said = t("Retrying {job}. The history will show the result.", job=titled(job))
    await desk.say(f"{said}\n{await rules_by_hand(desk)}".rstrip())


async def _queue(desk: Desk, job: Job, wanted: Sequence[datetime]) -> Sequence[Run]:
    """Queue instants of a job, in the version against which the person's rights were checked."""
    async with telling_of_conflicts(desk, job.id):
        return await desk.client.make_up(job.id, wanted, desk.actor_id, version=job.version)


async def missing_picked(desk: Desk, job_id: str) -> None:
    """Show the missing runs of the picked span."""
    await ask_missing(desk, job_id, desk.picked())


async def ask_missing(desk: Desk, job_id: str, span_name: str) -> None:
    """List the missing runs in a span (a key of `_SPANS`), and ask whether to backfill them."""
    if span_name not in _SPANS:
        raise Refused(t("Nothing was picked."))
    span, words = _SPANS[span_name]
    job = await job_for(desk, Act.MAKE_UP, job_id)
    now = instants.now()
    found = await desk.client.missing(job.id, now - span, now)
    back = DeskButton("job", "history", job.id, t("Back to the history"))
    if not found:
        said = t("Nothing to backfill: every run {span} succeeded.", span=t(words))
        await desk.show(panel_of(ui.TextDisplay(said), row_of(back), colour=NEUTRAL))
        return
    panel_id = new_id()
    stamps = [instants.to_iso(at) for at in found]
    await desk.memory.save_panel(panel_id, desk.guild.id, {"make_up": job.id, "instants": stamps})
    listed = bullets([discord.utils.format_dt(at, "F") for at in found], 15)
    question = tn("Backfill {count} run of {job} now?", "Backfill {count} runs of {job} now?",
                  len(found), job=titled(job))  # fmt: skip
    style = discord.ButtonStyle.success
    await desk.show(
        panel_of(
            ui.TextDisplay("\n".join([f"### {question}", *listed])),
            row_of(DeskButton("run", "makeup", panel_id, t("Yes, do it"), style=style), back),
            colour=WAITING,
        ),
    )


async def make_up(desk: Desk, panel_id: str) -> None:
    """Backfill the confirmed runs."""
    with once(desk, panel_id):
        await _make_up(desk, panel_id)


async def _make_up(desk: Desk, panel_id: str) -> None:
    asked = await desk.memory.panel(panel_id, desk.guild.id)
    if asked is None or "make_up" not in asked:
        raise Refused(t(_FORGOTTEN))
    job = await job_for(desk, Act.MAKE_UP, asked["make_up"])
    wanted = [instants.from_iso(text) for text in asked["instants"]]
    runs = await _queue(desk, job, wanted)
    await desk.memory.take_panel(panel_id, desk.guild.id)
    said = tn("{count} run is in progress.", "{count} runs are in progress.", len(runs))
    back = DeskButton("job", "history", job.id, t("Back to the history"))
    said = f"{said}\n{await rules_by_hand(desk)}".rstrip()
    await desk.show(panel_of(ui.TextDisplay(said), row_of(back), colour=NEUTRAL))


PANELS = (
    Panel("job", clicks={"history": show_history, "missing": missing_picked}),
    Panel("history", clicks={**HISTORY.clicks, "failed": toggle_failed, "job": open_picked}),
    Panel("run", clicks={"retry": retry, "makeup": make_up}),
)
