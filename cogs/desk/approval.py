"""A second person's word: asked for where the guild's alerts go, given on the job's card or there."""

from __future__ import annotations

import logging

import discord

from cogs.desk import job_card
from cogs.desk.answers import acknowledge, fit, show
from cogs.desk.components import DeskButton, action, note_panel
from cogs.desk.jobs_here import actor_of, changed_meanwhile, client_of, job_here
from cogs.desk.language import speaking, t
from cogs.desk.wording import WAITING, sentence, titled
from cogs.services import Refused, services_of
from schedulezero.errors import Conflict, NotFound
from schedulezero.model import Job, JobState

log = logging.getLogger(__name__)


async def ask_for_approval(interaction: discord.Interaction, job: Job) -> None:
    """Posts a card in the guild's alert channel, so that a second person learns of the job."""
    guild = interaction.guild
    assert guild is not None
    settings = await services_of(interaction.client).memory.settings(guild.id)
    channel = guild.get_channel_or_thread(int(settings.alert_channel_id or 0))
    if not isinstance(channel, discord.abc.Messageable):
        return  # the job's card says that it waits, and the list finds it
    with speaking(guild.preferred_locale):
        said = t(
            "### {person} asks for approval\n{job} · `{method}`\n{schedule}",
            person=interaction.user.mention,
            job=titled(job),
            method=job.method,
            schedule=sentence(job),
        )
        panel = note_panel(
            said,
            DeskButton("job", "approve", job.id, t("Approve"), style=discord.ButtonStyle.success),
            DeskButton("job", "show", job.id, t("Look at the job")),
            colour=WAITING,
        )
    fit(panel)
    try:
        await channel.send(view=panel, allowed_mentions=discord.AllowedMentions.none())
    except discord.HTTPException as error:
        log.warning("the approval of job %s could not be asked for in %s: %s", job.id, channel, error)


@action("job", "approve")
async def approve(interaction: discord.Interaction, job_id: str) -> None:
    """Lets a pending job run, if another person than the one who wrote it says so."""
    await acknowledge(interaction)
    client = client_of(interaction)
    job = await job_here(interaction, job_id)
    if job.state is not JobState.PENDING:
        raise await changed_meanwhile(interaction, job_id)
    versions = await client.versions(job.id, 1)
    if actor_of(interaction) in (versions[0].actor_id if versions else job.creator_id, None):
        raise Refused(t("Somebody else than you has to approve what you wrote."))
    try:
        approved = await client.approve(job.id, actor_of(interaction))
    except (Conflict, NotFound):
        raise await changed_meanwhile(interaction, job_id) from None
    await show(interaction, await job_card.card_of(interaction, approved, heading=t("Approved")))
