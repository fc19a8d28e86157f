"""What ran and what became of it, with the link to what was posted."""

from __future__ import annotations

import discord
from discord import ui

from cogs.desk.components import DeskButton, acknowledge, action, guild_id_of, show
from cogs.desk.wording import NEUTRAL, cut, outcome, plain
from cogs.services import services_of
from schedulezero.dialects import RunPage
from schedulezero.model import Job, RunState

PAGE = 10


async def show_history(
    interaction: discord.Interaction, job_id: str | None, state: RunState | None = None
) -> None:
    """Shows the newest runs of a job, or of the whole guild."""
    await acknowledge(interaction)
    client = services_of(interaction.client).client
    guild_id = guild_id_of(interaction)
    job = await client.job(job_id, guild_id) if job_id else None
    page = await client.runs(guild_id, job_id=job_id, state=state, limit=PAGE)
    await show(interaction, history_panel(job, page, state))


@action("job", "history")
async def job_history(interaction: discord.Interaction, job_id: str) -> None:
    """Goes from a job's card to its history."""
    await show_history(interaction, job_id)


def history_panel(job: Job | None, page: RunPage, state: RunState | None) -> ui.LayoutView:
    """Runs as a panel, newest first; of one job, or of all when that is None."""
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=NEUTRAL)
    title = f"History of “{cut(plain(job.title), 100)}”" if job else "History"
    if state:
        title += f", {state.value} only"
    container.add_item(ui.TextDisplay(f"### {title}"))
    if not page.runs:
        container.add_item(ui.TextDisplay("Nothing has run yet."))
    for run in page.runs:
        when = discord.utils.format_dt(run.scheduled_at, "F")
        title = "" if job else f"**{cut(plain(run.name or run.method), 80)}** · "
        lines = [f"{title}{when}\n{outcome(run)}"]
        if run.error:
            lines.append(f"-# {cut(plain(run.error), 200)}")
        if run.note:
            lines.append(f"-# {cut(plain(run.note), 100)}")
        container.add_item(ui.TextDisplay("\n".join(lines)))
    if job is not None:
        row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        row.add_item(DeskButton("job", "show", job.id, "Back to the job"))
        row.add_item(DeskButton("job", "history", job.id, "Refresh"))
        container.add_item(row)
    panel = ui.LayoutView(timeout=None)
    panel.add_item(container)
    return panel
