"""The list of a guild's jobs: pages of sections, a filter, an order, and a selection to change together.

The bot's memory keeps a list's state (its filter, the cursors of the previous pages, the selection) under
the panel's id, so that its buttons work after a restart. `bulk` has the actions on a selection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.components import TEXT_CHANNELS, DeskButton, DeskSelect, objects
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.kinds import kinds_in
from cogs.desk.kit.lacking import why
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import ask, choice_field, text_field
from cogs.desk.kit.paging import Page, PagedPanel, State, cursor_of, place
from cogs.desk.kit.wording import (
    NEUTRAL,
    cut,
    job_state,
    next_run,
    plain,
    run_state,
    sentence_in,
    state_word,
    title_of,
)
from cogs.language import mark, t, tn
from cogs.services import Refused, offered_specs
from schedulezero.client.dialect import Feature, JobPage, JobQuery
from schedulezero.model import GuildRules, Job, JobState
from schedulezero.model.method_names import spoken
from schedulezero.model.part import leads, thens
from schedulezero.when.calendar.quiet_hours import next_allowed

PAGE = 8

# Read as: the order of the jobs, the label of its option.
_ORDERS = {
    "next": mark("Next run first"),
    "name": mark("By name"),
    "created": mark("Newest first"),
}
_STATES = (JobState.ACTIVE, JobState.PENDING, JobState.PAUSED, JobState.FINISHED, JobState.CANCELLED)


async def begin(desk: Desk, *, state: JobState | None, text: str | None) -> None:
    """Answer ``/schedule list``."""
    query: dict[str, Any] = {"state": state.value if state else None, "text": text}
    await LIST.begin(desk, {"query": query})


async def sort(desk: Desk, panel_id: str) -> None:
    """Show the jobs in the picked order."""
    state, picked = await LIST.state(desk, panel_id), desk.picked()
    if picked not in _ORDERS:
        raise Refused(t("Nothing was picked."))
    query = {**state["query"], "sort": picked}
    await LIST.show(desk, panel_id, {**state, "query": query, "cursors": []})


async def clear_filter(desk: Desk, panel_id: str) -> None:
    """Show all jobs, in the present order."""
    state = await LIST.state(desk, panel_id)
    query = {"sort": state["query"].get("sort")}
    await LIST.show(desk, panel_id, {**state, "query": query, "cursors": [], "selected": []})


async def ask_filter(desk: Desk, panel_id: str) -> None:
    """Ask which jobs to show."""
    query = (await LIST.state(desk, panel_id))["query"]
    methods = [
        discord.SelectOption(
            label=cut(t(spec.summary).rstrip("."), 100),
            value=spec.name,
            default=spec.name == query.get("method"),
        )
        for spec in offered_specs(desk.bot)[:25]
    ]
    states = [
        discord.SelectOption(
            label=state_word(state), value=state.value, default=state.value == query.get("state")
        )
        for state in _STATES
    ]
    channel: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id="channel_id",
        required=False,
        channel_types=TEXT_CHANNELS,
        default_values=objects([query.get("channel_id")], discord.abc.GuildChannel),
    )
    creator: ui.UserSelect[Any] = ui.UserSelect(
        custom_id="creator_id",
        required=False,
        default_values=objects([query.get("creator_id")], discord.User),
    )
    fields = [
        text_field("text", t("With this text"), value=query.get("text"), most=100),
        choice_field("state", t("State"), states),
        choice_field("method", t("What it does"), methods),
        ui.Label(text=t("In this channel"), component=channel),
        ui.Label(text=t("Created by"), component=creator),
    ]
    await ask(desk, "list", "filter", panel_id, t("Which jobs?"), fields)


async def filtered(desk: Desk, panel_id: str, fields: Mapping[str, Any]) -> None:
    """Show the jobs that match the submitted filter; empty fields match any."""
    state = await LIST.state(desk, panel_id)
    query: dict[str, Any] = {"sort": state["query"].get("sort")}
    for name in ("text", "state", "method", "channel_id", "creator_id"):
        value = fields.get(name)
        query[name] = (value[0] if isinstance(value, list) and value else value) or None
    await LIST.show(desk, panel_id, {**state, "query": query, "cursors": [], "selected": []})


def query_of(state: Mapping[str, Any]) -> JobQuery:
    """Return the filter and order of a list."""
    query = state["query"]
    return JobQuery(
        state=JobState(query["state"]) if query.get("state") else None,
        method=query.get("method"),
        channel_id=query.get("channel_id"),
        creator_id=query.get("creator_id"),
        text=query.get("text"),
        sort=query.get("sort") or "next",
    )


async def _page(desk: Desk, panel_id: str, state: State) -> Page:
    client = desk.client
    page = await client.jobs(
        desk.guild_id, query_of(state), cursor=cursor_of(state), limit=PAGE, last_states=True, total=True
    )
    panel = list_panel(
        panel_id,
        page,
        state,
        await client.lacks(),
        await rules_here(desk),
        kinds_in(desk.bot),
        await desk.zone(),
    )
    return Page(panel, page.next_cursor)


LIST = PagedPanel("query", mark("This list has expired. Use `/schedule list` again."), _page)


def list_panel(
    panel_id: str,
    page: JobPage,
    state: Mapping[str, Any],
    lacks: Mapping[Feature, str],
    rules: GuildRules | None = None,
    kinds: Callable[[str], str] = spoken,
    zone: str | None = None,
) -> ui.LayoutView:
    """Return a page of jobs as a panel.

    Parameters:
        panel_id: the key of its state.
        page: the jobs to show, with the states of their last runs.
        state: the state of the list, see `query_of`.
        lacks: the features that the server lacks, each with a sentence.
        rules: the guild's rules, which may leave out a job's next runs.
        kinds: what a job of a method does, in words.
        zone: the reader's zone; the jobs of others name theirs.
    """
    query, number = state["query"], len(state["cursors"]) + 1
    count = tn("{count} job", "{count} jobs", page.total or 0)
    where = place(number, page.total, PAGE, count, more=page.next_cursor is not None)
    heading = " · ".join([f"### {t('Scheduled jobs')}", *where])
    filters = _filters(query, kinds)
    new = DeskButton("draft", "new", "here", t("New"), style=discord.ButtonStyle.primary)
    items: list[ui.Item[Any]] = [
        ui.Section(ui.TextDisplay("\n".join([heading, *filters])), accessory=new),
    ]
    if not page.jobs:
        nothing = (
            t("Nothing matches. `/schedule list` without options shows everything.")
            if filters
            else t("Nothing is scheduled here yet. Start with `/schedule create`.")
        )
        items.append(ui.TextDisplay(with_mentions(nothing)))
        if not filters:
            first = DeskButton("draft", "post", "here", t("Schedule the first post"))
            items.append(row_of(first))
    schedules = {job.id: sentence_in(job, zone) for job in page.jobs}
    for job in page.jobs:
        last = (
            f" · {t('last run: {outcome}', outcome=run_state(page.last_states[job.id]))}"
            if job.id in page.last_states
            else ""
        )
        text = (
            f"**{cut(plain(title_of(job)), 80)}** · {job_state(job)}\n"
            f"-# {cut(schedules[job.id], 150)} · {_next_run(job, rules)}{last}{_parts(job)}"
        )
        button = DeskButton("job", "show", job.id, t("Open"))
        items.append(ui.Section(ui.TextDisplay(text), accessory=button))
    if page.jobs and Feature.BULK in lacks:
        items.append(ui.TextDisplay("\n".join(why(lacks, Feature.BULK))))
    elif page.jobs:
        options = [
            discord.SelectOption(
                label=cut(title_of(job), 100), value=job.id, description=cut(schedules[job.id], 100)
            )
            for job in page.jobs
        ]
        placeholder = t("Select jobs to change together…")
        items.append(row_of(DeskSelect("bulk", "select", panel_id, placeholder, options, most=len(options))))
    items.append(
        row_of(
            DeskButton("list", "back", panel_id, t("Previous"), disabled=number == 1),
            DeskButton("list", "next", panel_id, t("Next"), disabled=page.next_cursor is None),
            DeskButton("list", "filter", panel_id, t("Filter…")),
            *([DeskButton("list", "clear", panel_id, t("Clear filter"))] if filters else []),
            DeskButton("list", "refresh", panel_id, t("Refresh")),
        )
    )
    if len(page.jobs) > 1 or number > 1:
        items.append(row_of(DeskSelect("list", "sort", panel_id, t("Sort…"), _orders(query))))
    return panel_of(*items, colour=NEUTRAL)


def _orders(query: Mapping[str, Any]) -> list[discord.SelectOption]:
    present = query.get("sort") or "next"
    return [
        discord.SelectOption(label=t(words), value=order, default=order == present)
        for order, words in _ORDERS.items()
    ]


def _next_run(job: Job, rules: GuildRules | None) -> str:
    """Return when a job runs next by the guild's rules, or why it does not."""
    left, why = next_allowed(job, rules)
    if left is None and why is not None:
        return t("all upcoming runs are blocked by the server's rules")
    return next_run(replace(job, next_run_at=left))


def _parts(job: Job) -> str:
    """Return how many things a job does before and after its own runs."""
    counts = (("◀", len(leads(job.parts))), ("▶", len(thens(job.parts))))
    return "".join(f" · {sign} {count}" for sign, count in counts if count)


def _filters(query: Mapping[str, Any], kinds: Callable[[str], str]) -> list[str]:
    parts: list[str] = []
    if query.get("state"):
        parts.append(state_word(JobState(query["state"])))
    if query.get("method"):
        parts.append(plain(kinds(query["method"])))
    if query.get("channel_id"):
        parts.append(f"<#{query['channel_id']}>")
    if query.get("creator_id"):
        parts.append(f"<@{query['creator_id']}>")
    if query.get("text"):
        parts.append(t("with “{text}”", text=cut(plain(query["text"]), 60)))
    return [f"-# {t('Filter:')} {' · '.join(parts)}"] if parts else []


PANELS = (
    Panel(
        "list",
        clicks={**LIST.clicks, "sort": sort, "clear": clear_filter},
        opens={"filter": ask_filter},
        forms={"filter": filtered},
    ),
)
