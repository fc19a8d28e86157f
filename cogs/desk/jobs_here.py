"""A job of this guild, for whoever may change it: what every button about a job begins with.

A job that is gone, or that somebody else changed a moment before, is answered with what became of it
and who did it.
"""

from __future__ import annotations

import discord

from cogs.desk.answers import guild_id_of, member_of
from cogs.desk.language import t
from cogs.desk.rights import may_manage
from cogs.desk.wording import ACTIONS, relative, titled
from cogs.services import Refused, services_of
from schedulezero.client import Client
from schedulezero.dialects import Feature
from schedulezero.errors import NotFound
from schedulezero.model import Job, JobState


def client_of(interaction: discord.Interaction) -> Client:
    """The REST client."""
    return services_of(interaction.client).client


def actor_of(interaction: discord.Interaction) -> str:
    """Who asks, as the server notes it."""
    return str(interaction.user.id)


async def job_here(interaction: discord.Interaction, job_id: str, *, cancelled: bool = False) -> Job:
    """A job of this guild.

    Parameters:
        interaction: where it is asked for.
        job_id: which one.
        cancelled: whether one that was cancelled will do, too.

    Raises NotFound for one that is not there, Refused for one that was cancelled, with by whom.
    """
    job = await client_of(interaction).job(job_id, guild_id_of(interaction))
    if job.state is JobState.CANCELLED and not cancelled:
        raise Refused(f"{t('{job} was cancelled.', job=titled(job))}{await who_changed(interaction, job)}")
    return job


async def job_to_change(interaction: discord.Interaction, job_id: str, *, cancelled: bool = False) -> Job:
    """A job of this guild that the person may change; Refused when they may not."""
    job = await job_here(interaction, job_id, cancelled=cancelled)
    if not may_manage(job, member_of(interaction)):
        raise Refused(
            t("{job} may be changed by its creator, administrators and the roles it names.", job=titled(job))
        )
    return job


async def who_changed(interaction: discord.Interaction, job: Job) -> str:
    """Who changed a job last, and when, as a sentence to add to another; empty where nobody knows."""
    client = client_of(interaction)
    if Feature.UNDO in await client.lacks():
        return ""
    try:
        versions = await client.versions(job.id, 1)
    except NotFound:
        return ""
    if not versions or versions[0].actor_id is None:
        return ""
    newest = versions[0]
    said = t(
        "{action} by {person} {when}",
        action=t(ACTIONS.get(newest.action, newest.action)),
        person=f"<@{newest.actor_id}>",
        when=relative(newest.changed_at),
    )
    return f" ({said})"


async def changed_meanwhile(interaction: discord.Interaction, job_id: str) -> Refused:
    """What to tell whoever came second."""
    job = await client_of(interaction).job(job_id, guild_id_of(interaction))
    said = t("Somebody was faster: {job} was changed meanwhile.", job=titled(job))
    return Refused(f"{said}{await who_changed(interaction, job)}")
