"""The card of one job, and what its buttons do: run, pause, resume, cancel with Undo."""

from __future__ import annotations

import discord
from discord import ui

from cogs.desk.components import DeskButton, acknowledge, action, guild_id_of, show
from cogs.desk.draft import typed
from cogs.desk.preview import shown
from cogs.desk.wording import JOB_STATES, NEUTRAL, cut, full, outcome, plain, relative
from cogs.services import services_of, spec_for
from schedulezero.client import Client
from schedulezero.dialects import Feature
from schedulezero.errors import NotFound
from schedulezero.methods import Kind
from schedulezero.model import Job, JobState, Run
from schedulezero.when.describe import describe


async def show_card(interaction: discord.Interaction, job_id: str, heading: str | None = None) -> None:
    """Shows a job's card."""
    await acknowledge(interaction)
    job = await _job(interaction, job_id)
    await show(interaction, await card_of(interaction, job, heading=heading))


async def card_of(interaction: discord.Interaction, job: Job, *, heading: str | None = None) -> ui.LayoutView:
    """The card of a job as it stands, with its last run."""
    client = _client(interaction)
    page = await client.runs(guild_id_of(interaction), job_id=job.id, limit=1)
    return card(
        job,
        details=_details(interaction, job),
        last_run=page.runs[0] if page.runs else None,
        heading=heading,
        lacks=frozenset(await client.lacks()),
        locale=interaction.locale.value,
    )


def card(
    job: Job,
    *,
    details: str,
    last_run: Run | None,
    heading: str | None = None,
    lacks: frozenset[Feature] = frozenset(),
    locale: str = "en",
) -> ui.LayoutView:
    """A job as a panel.

    Parameters:
        job: what to show.
        details: its parameters in words.
        last_run: its newest run.
        heading: what just happened to it.
        lacks: what its server cannot do; those buttons are grey.
        locale: in whose language to say its schedule.
    """
    word, colour = JOB_STATES[job.state]
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    container.add_item(ui.TextDisplay(f"### {f'{heading}: ' if heading else ''}{cut(plain(job.title), 150)}"))
    lines = [
        f"**{word}** · `{job.method}`",
        f"**When:** {describe(job.trigger, job.timezone, locale)} ({job.timezone})",
    ]
    if job.next_run_at is not None:
        lines.append(f"**Next run:** {full(job.next_run_at)}")
    if last_run is not None:
        lines.append(f"**Last run:** {relative(last_run.scheduled_at)} · {outcome(last_run)}")
        if last_run.error:
            lines.append(f"**Its error:** {cut(plain(last_run.error), 300)}")
    if job.creator_id:
        lines.append(f"**By:** <@{job.creator_id}>")
    container.add_item(ui.TextDisplay("\n".join(lines)))
    if details:
        container.add_item(ui.Separator())
        container.add_item(ui.TextDisplay(details))
    if job.state is not JobState.CANCELLED:
        container.add_item(_buttons(job, lacks))
    panel = ui.LayoutView(timeout=None)
    panel.add_item(container)
    return panel


def note_panel(text: str, *buttons: DeskButton, colour: discord.Colour = NEUTRAL) -> ui.LayoutView:
    """A sentence in the place of a panel, with buttons where something can still be done."""
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    container.add_item(ui.TextDisplay(cut(text, 2000)))
    if buttons:
        row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
        for button in buttons:
            row.add_item(button)
        container.add_item(row)
    panel = ui.LayoutView(timeout=None)
    panel.add_item(container)
    return panel


@action("job", "show")
async def show_again(interaction: discord.Interaction, job_id: str) -> None:
    """Goes to a job's card."""
    await show_card(interaction, job_id)


@action("job", "run")
async def run_now(interaction: discord.Interaction, job_id: str) -> None:
    """Runs a job once, now."""
    await acknowledge(interaction)
    job = await _job(interaction, job_id)
    await _client(interaction).run(job)
    await show(interaction, await card_of(interaction, job, heading="Started"))


@action("job", "pause")
async def pause(interaction: discord.Interaction, job_id: str) -> None:
    """Holds a job."""
    await acknowledge(interaction)
    job = await _job(interaction, job_id)
    paused = await _client(interaction).pause(job.id)
    await show(interaction, await card_of(interaction, paused, heading="Paused"))


@action("job", "resume")
async def resume(interaction: discord.Interaction, job_id: str) -> None:
    """Lets a paused job run again."""
    await acknowledge(interaction)
    job = await _job(interaction, job_id)
    resumed = await _client(interaction).resume(job.id)
    await show(interaction, await card_of(interaction, resumed, heading="Resumed"))


@action("job", "cancel")
async def ask_cancel(interaction: discord.Interaction, job_id: str) -> None:
    """Asks before a job is cancelled."""
    await acknowledge(interaction)
    job = await _job(interaction, job_id)
    undo = Feature.UNDO not in await _client(interaction).lacks()
    said = f"### Cancel “{cut(plain(job.title), 150)}”?\nIt would not run any more"
    said += f"; it would have run {relative(job.next_run_at)}." if job.next_run_at else "."
    said += " You can undo it afterwards." if undo else " This server cannot undo that."
    panel = note_panel(
        said,
        DeskButton("job", "end", job.id, "Cancel the job", style=discord.ButtonStyle.danger),
        DeskButton("job", "show", job.id, "Keep it"),
        colour=discord.Colour.red(),
    )
    await show(interaction, panel)


@action("job", "end")
async def cancel(interaction: discord.Interaction, job_id: str) -> None:
    """Cancels a job and offers to undo it."""
    await acknowledge(interaction)
    client = _client(interaction)
    job = await _job(interaction, job_id)
    await client.cancel(job)
    buttons: list[DeskButton] = []
    if Feature.UNDO not in await client.lacks():
        buttons.append(DeskButton("job", "undo", job.id, "Undo", style=discord.ButtonStyle.primary))
    await show(
        interaction,
        note_panel(f"### Cancelled\n“{cut(plain(job.title), 150)}” does not run any more.", *buttons),
    )


@action("job", "undo")
async def undo_cancel(interaction: discord.Interaction, job_id: str) -> None:
    """Brings a cancelled job back."""
    await acknowledge(interaction)
    client = _client(interaction)
    await client.job(job_id, guild_id_of(interaction))  # of this guild, or refused
    job = await client.restore(job_id)
    await show(interaction, await card_of(interaction, job, heading="Back again"))


def _buttons(job: Job, lacks: frozenset[Feature]) -> ui.ActionRow[ui.LayoutView]:
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    row.add_item(DeskButton("job", "run", job.id, "Run now", style=discord.ButtonStyle.primary))
    no_pause = Feature.PAUSE in lacks
    if job.state is JobState.PAUSED:
        row.add_item(DeskButton("job", "resume", job.id, "Resume", disabled=no_pause))
    else:
        finished = job.state is JobState.FINISHED
        row.add_item(DeskButton("job", "pause", job.id, "Pause", disabled=no_pause or finished))
    row.add_item(DeskButton("job", "edit", job.id, "Edit", disabled=Feature.EDIT in lacks))
    row.add_item(DeskButton("job", "history", job.id, "History"))
    row.add_item(DeskButton("job", "cancel", job.id, "Cancel", style=discord.ButtonStyle.danger))
    return row


def _details(interaction: discord.Interaction, job: Job) -> str:
    spec = spec_for(interaction.client, job.method)
    if spec is None:
        return "*Its job method is not loaded at the moment; it would fail.*"
    values = typed(spec, job.params)
    lines = [
        shown(parameter, values[parameter.name])
        for parameter in spec.parameters
        if values.get(parameter.name) not in (None, "", [], False) and parameter.kind is not Kind.GUILD
    ]
    return cut("\n".join(lines), 1800)


async def _job(interaction: discord.Interaction, job_id: str) -> Job:
    """A job of this guild that is still there."""
    job = await _client(interaction).job(job_id, guild_id_of(interaction))
    if job.state is JobState.CANCELLED:
        raise NotFound(f"“{cut(plain(job.title), 100)}” was cancelled.", code="job_cancelled")
    return job


def _client(interaction: discord.Interaction) -> Client:
    return services_of(interaction.client).client
