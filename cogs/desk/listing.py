"""The list of a guild's jobs: pages, next run first; pick one to manage it.

What a list shows (its filter, the cursors of the pages before) lies in the bot's memory under the
panel's id, so that its buttons work after a restart.
"""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from cogs.desk import job_card
from cogs.desk.components import DeskButton, DeskSelect, acknowledge, action, guild_id_of, picked, show
from cogs.desk.wording import JOB_STATES, NEUTRAL, cut, next_run, plain
from cogs.services import Refused, services_of
from schedulezero.dialects import JobPage, JobQuery
from schedulezero.memory import new_id
from schedulezero.model import JobState
from schedulezero.when.describe import describe

PAGE = 8


async def begin(interaction: discord.Interaction, *, state: JobState | None, text: str | None) -> None:
    """Answers ``/schedule list``."""
    await acknowledge(interaction)
    panel_id = new_id()
    filtered = {"state": state.value if state else None, "text": text, "cursors": []}
    await _show_page(interaction, panel_id, filtered)


@action("list", "next")
async def next_page(interaction: discord.Interaction, panel_id: str) -> None:
    """Turns a page forward."""
    await acknowledge(interaction)
    state = await _state(interaction, panel_id)
    if state.get("next"):
        state["cursors"] = [*state["cursors"], state["next"]]
    await _show_page(interaction, panel_id, state)


@action("list", "back")
async def previous_page(interaction: discord.Interaction, panel_id: str) -> None:
    """Turns a page back."""
    await acknowledge(interaction)
    state = await _state(interaction, panel_id)
    state["cursors"] = state["cursors"][:-1]
    await _show_page(interaction, panel_id, state)


@action("list", "refresh")
async def refresh(interaction: discord.Interaction, panel_id: str) -> None:
    """Shows the page as it is now."""
    await acknowledge(interaction)
    await _show_page(interaction, panel_id, await _state(interaction, panel_id))


@action("list", "pick")
async def pick(interaction: discord.Interaction, panel_id: str) -> None:
    """Goes to the card of the job that was picked."""
    await job_card.show_card(interaction, picked(interaction))


async def _state(interaction: discord.Interaction, panel_id: str) -> dict[str, Any]:
    assert interaction.guild_id is not None
    state = await services_of(interaction.client).memory.panel(panel_id, interaction.guild_id)
    if state is None:
        raise Refused("This list is too old. Use `/schedule list` again.")
    return state


async def _show_page(interaction: discord.Interaction, panel_id: str, state: dict[str, Any]) -> None:
    services = services_of(interaction.client)
    cursors: list[str] = state["cursors"]
    page = await services.client.jobs(
        guild_id_of(interaction),
        JobQuery(state=JobState(state["state"]) if state["state"] else None, text=state["text"]),
        cursor=cursors[-1] if cursors else None,
        limit=PAGE,
    )
    assert interaction.guild_id is not None
    await services.memory.save_panel(panel_id, interaction.guild_id, {**state, "next": page.next_cursor})
    await show(
        interaction,
        list_panel(panel_id, page, len(cursors) + 1, state["state"], state["text"], interaction.locale.value),
    )


def list_panel(
    panel_id: str, page: JobPage, number: int, state: str | None, text: str | None, locale: str
) -> ui.LayoutView:
    """A page of jobs as a panel.

    Parameters:
        panel_id: under which its state is kept.
        page: the jobs to show.
        number: which page it is, counted from 1.
        state, text: the filter, to be named in the heading.
        locale: in whose language to say the schedules.
    """
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=NEUTRAL)
    heading = "### Scheduled jobs"
    if state:
        heading += f", {state}"
    if text:
        heading += f", with “{cut(plain(text), 60)}”"
    if number > 1 or page.next_cursor:
        heading += f" · page {number}"
    container.add_item(ui.TextDisplay(heading))
    if not page.jobs:
        said = (
            "Nothing matches. `/schedule list` without options shows everything."
            if state or text
            else "Nothing is scheduled here yet. `/schedule create` makes a start."
        )
        container.add_item(ui.TextDisplay(said))
    for position, job in enumerate(page.jobs):
        if position:
            container.add_item(ui.Separator(visible=False))
        word = JOB_STATES[job.state][0]
        container.add_item(
            ui.TextDisplay(
                f"**{cut(plain(job.title), 80)}** · {word}\n"
                f"-# {describe(job.trigger, job.timezone, locale)} · {next_run(job)}"
            )
        )
    if page.jobs:
        options = [
            discord.SelectOption(
                label=cut(job.title, 100),
                value=job.id,
                description=cut(describe(job.trigger, job.timezone, locale), 100),
            )
            for job in page.jobs
        ]
        pick_row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        pick_row.add_item(DeskSelect("list", "pick", panel_id, "Manage a job…", options))
        container.add_item(pick_row)
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    row.add_item(DeskButton("list", "back", panel_id, "Previous", disabled=number == 1))
    row.add_item(DeskButton("list", "next", panel_id, "Next", disabled=page.next_cursor is None))
    row.add_item(DeskButton("list", "refresh", panel_id, "Refresh"))
    container.add_item(row)
    panel = ui.LayoutView(timeout=None)
    panel.add_item(container)
    return panel
