"""Look up a job of this guild for a person who may act on it: the first step of every button about a job.

`deciding` holds the rules; this module fetches the facts they need, and refuses. If a job is gone or someone
else has just changed it, the answer says what happened and who did it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from cogs.desk.kit.context import Desk
from cogs.desk.kit.wording import ACTIONS, relative, titled
from cogs.language import t
from cogs.rights.channels import SeenChannels
from cogs.rights.deciding import WRITES, Act, Situation, Verdict, decide
from cogs.rights.own_checks import OwnChecks
from cogs.services import Refused, spec_for
from schedulezero.client.dialect import Feature
from schedulezero.errors import Conflict, NotFound
from schedulezero.model import GuildRules, Job, JobState, JobVersion
from schedulezero.model.job_parts import parts_as_jobs

_ASKED = WRITES - {Act.SAVE, Act.REZONE}
MOST_VERSIONS = 100
"""The most versions of a job that the server keeps."""


async def job_here(desk: Desk, job_id: str, *, cancelled: bool = False) -> Job:
    """Return a job of this guild.

    Parameters:
        desk: where the request came from.
        job_id: which job.
        cancelled: whether to accept a cancelled job.

    Raises NotFound if the job does not exist, Refused if it was cancelled, with the person who did it.
    """
    job = await desk.client.job(job_id, desk.guild_id)
    if not cancelled:
        await expect_uncancelled(desk, job)
    return job


async def expect_uncancelled(desk: Desk, job: Job) -> None:
    """Raise Refused if a job was cancelled, with the person who did it."""
    if job.state is JobState.CANCELLED:
        raise Refused(f"{t('{job} was cancelled.', job=titled(job))}{await who_changed(desk, job)}")


async def job_for(desk: Desk, act: Act, job_id: str, *, cancelled: bool = False) -> Job:
    """Return a job of this guild; raise Refused if the person may not do this to it."""
    job = await job_here(desk, job_id, cancelled=cancelled)
    await check(desk, act, job)
    return job


async def check(
    desk: Desk,
    act: Act,
    job: Job,
    *,
    version: Job | None = None,
    cleared: bool = False,
) -> None:
    """Raise Refused if the person may not do this to a job; see `decide`."""
    async for _, verdict in verdicts(desk, act, [job], versions={job.id: version or job}, cleared=cleared):
        if not verdict.allowed:
            raise Refused("\n".join(verdict.against[:5]))


async def verdicts(
    desk: Desk,
    act: Act,
    jobs: Iterable[Job],
    *,
    versions: Mapping[str, Job] | None = None,
    cleared: bool = False,
) -> AsyncIterator[tuple[Job, Verdict]]:
    """Yield for each job whether the person may act on it; see `decide`.

    Parameters:
        desk: who acts, and where.
        act: the action.
        jobs: the jobs, in their current versions.
        versions: job id → the job after the action, for those that it would change.
        cleared: see `Situation`.
    """
    member = desk.member
    settings = await desk.memory.settings(member.guild.id)
    seen, own = SeenChannels(desk.bot, member.guild), OwnChecks(desk.bot, member.guild, desk.actor_id)
    for job in jobs:
        await asyncio.sleep(0)  # a verdict takes a fraction of a millisecond, and there may be thousands
        version = (versions or {}).get(job.id, job)
        against: list[str] = []
        named = False
        for each in (version, *parts_as_jobs(version)):  # who writes or starts a job does so with its parts
            spec = spec_for(desk.bot, each.method)
            situation = Situation(member, spec, becomes=version, approval=settings.approval, cleared=cleared)
            if spec is not None:
                known = await seen.of(spec, each.params)
                situation = replace(
                    situation,
                    known=known,
                    joined=await seen.joined(member, spec, each.params),
                    unreachable=await seen.unreachable(spec, each.params) if act in WRITES else None,
                    # A draft's review, just before it is saved, has asked already.
                    objection=await own.against(spec, each.params, known) if act in _ASKED else None,
                )
            found = decide(act, job, situation, version=each)
            against, named = [*against, *found.against], named or found.named
        yield job, Verdict(tuple(dict.fromkeys(against)), named)


async def who_changed(desk: Desk, job: Job) -> str:
    """Return who last changed a job, and when, as a clause to append; empty if unknown."""
    return _by_whom(await _last_change(desk, job))


async def _last_change(desk: Desk, job: Job) -> JobVersion | None:
    """Return a job's newest version if it is known who made it."""
    client = desk.client
    if Feature.UNDO in await client.lacks():
        return None
    try:
        versions = await client.versions(job.id, 1)
    except NotFound:
        return None
    return versions[0] if versions and versions[0].actor_id is not None else None


def _by_whom(newest: JobVersion | None) -> str:
    if newest is None:
        return ""
    said = t(
        "{action} by {person} {when}",
        action=t(ACTIONS.get(newest.action, newest.action)),
        person=f"<@{newest.actor_id}>",
        when=relative(newest.changed_at),
    )
    return f" ({said})"


async def changed_meanwhile(desk: Desk, job_id: str) -> Refused:
    """Return the refusal for a person whose action came second, perhaps after one of their own."""
    job = await desk.client.job(job_id, desk.guild_id)
    newest = await _last_change(desk, job)
    if newest is not None and newest.actor_id == desk.actor_id:
        said = t("You have changed {job} yourself since this was shown.", job=titled(job))
    else:
        said = t("{job} was just changed by someone else.", job=titled(job))
    return Refused(f"{said}{_by_whom(newest)}")


@asynccontextmanager
async def telling_of_conflicts(desk: Desk, job_id: str) -> AsyncGenerator[None]:
    """Turn a conflict with another change into a refusal that names who made that change."""
    try:
        yield
    except Conflict as error:
        raise (await changed_meanwhile(desk, job_id) if error.code == "job_changed" else error) from None


async def rules_here(desk: Desk) -> GuildRules | None:
    """Return the guild's rules; None if the server does not support them."""
    client = desk.client
    if Feature.RULES in await client.lacks():
        return None
    return await client.rules(desk.guild_id)
