"""A job of this guild, for whoever may act on it: what every button about a job begins with.

`deciding` says who may; this module fetches what that takes, and refuses. A job that is gone, or that
somebody else changed a moment before, is answered with what became of it and who did it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace

import discord

from cogs.desk.kit.replies import guild_id_of, member_of
from cogs.desk.kit.wording import ACTIONS, relative, titled
from cogs.language import t
from cogs.rights.channels import SeenChannels
from cogs.rights.deciding import WRITES, Act, Situation, Verdict, decide
from cogs.services import Refused, services_of, spec_for
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature
from schedulezero.errors import Conflict, NotFound
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


async def job_for(interaction: discord.Interaction, act: Act, job_id: str, *, cancelled: bool = False) -> Job:
    """A job of this guild, for a person who may do that to it as it stands; Refused when they may not."""
    job = await job_here(interaction, job_id, cancelled=cancelled)
    await check(interaction, act, job)
    return job


async def check(
    interaction: discord.Interaction,
    act: Act,
    job: Job,
    *,
    version: Job | None = None,
    cleared: bool = False,
) -> None:
    """Refuses whoever may not do that to a job; see `decide`."""
    async for _, verdict in verdicts(
        interaction, act, [job], versions={job.id: version or job}, cleared=cleared
    ):
        if not verdict.allowed:
            raise Refused("\n".join(verdict.against[:5]))


async def verdicts(
    interaction: discord.Interaction,
    act: Act,
    jobs: Iterable[Job],
    *,
    versions: Mapping[str, Job] | None = None,
    cleared: bool = False,
) -> AsyncIterator[tuple[Job, Verdict]]:
    """Whether the person may do something to each of many jobs; see `decide`.

    Parameters:
        interaction: who acts, and where.
        act: what they do.
        jobs: to which jobs, as they stand.
        versions: job id → the job as it would be afterwards, for those where that differs.
        cleared: see `Situation`.
    """
    member = member_of(interaction)
    settings = await services_of(interaction.client).memory.settings(member.guild.id)
    seen = SeenChannels(interaction.client, member.guild)
    for job in jobs:
        await asyncio.sleep(0)  # a verdict takes a fraction of a millisecond, and there may be thousands
        version = (versions or {}).get(job.id, job)
        spec = spec_for(interaction.client, version.method)
        situation = Situation(member, spec, approval=settings.approval, cleared=cleared)
        if spec is not None:
            situation = replace(
                situation,
                known=await seen.of(spec, version.params),
                joined=await seen.joined(member, spec, version.params),
                unreachable=await seen.unreachable(spec, version.params) if act in WRITES else None,
            )
        yield job, decide(act, job, situation, version=version)


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


async def conflict(interaction: discord.Interaction, job_id: str, error: Conflict) -> Conflict | Refused:
    """What to tell of a change that collided: by whom, where another one came first."""
    return await changed_meanwhile(interaction, job_id) if error.code == "job_changed" else error
