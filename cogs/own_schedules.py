"""Schedules that sprockets bring with their jobs: what a guild has switched on, and how it follows them.

A guild's job from such a schedule is an ordinary job with `OWN_SCHEDULE` in its ``meta``, the schedule's text
as it was switched on. If the sprocket is loaded again with another text, the job follows, unless somebody has
changed its schedule. Nothing is created then, so reloading doubles nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from weakref import WeakValueDictionary

from schedulezero import instants
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.errors import Conflict
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import OWN_SCHEDULE
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import Understood

log = logging.getLogger(__name__)

_ON = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def understood(text: str, zone: str) -> Understood:
    """Return what the text of a sprocket's schedule means in a time zone."""
    return understand(text, zone=zone, locale="en-GB", now=instants.now())


async def all_switched_on(client: Client, guild_id: str, method: str) -> list[Job]:
    """Return a guild's jobs from a sprocket's own schedule: one at most, unless a race made two."""
    found = client.all_jobs(guild_id, JobQuery(method=method))
    return [job async for job in found if OWN_SCHEDULE in job.meta and job.state in _ON]


async def switched_on(client: Client, guild_id: str, method: str) -> Job | None:
    """Return a guild's job from a sprocket's own schedule; None if the guild has none."""
    return next(iter(await all_switched_on(client, guild_id, method)), None)


async def another_is_on(client: Client, job: Job) -> bool:
    """Return whether the own schedule from which a job came that is over has been switched on again."""
    if job.guild_id is None or OWN_SCHEDULE not in job.meta or job.state in _ON:
        return False
    return await switched_on(client, job.guild_id, job.method) is not None


def taking_turns(guild_id: str) -> asyncio.Lock:
    """Return the lock under which a guild's own schedules are switched on.

    One process answers all interactions of a guild, so a lock of this process is enough.
    """
    return _locks.setdefault(guild_id, asyncio.Lock())


async def follow_new_texts(client: Client, guild_id: str, schedules: Mapping[str, MethodSpec]) -> int:
    """Change a guild's jobs to the present texts of their sprockets' schedules; return how many.

    A job whose schedule somebody has changed keeps it.

    Parameters:
        client: the job server's client.
        guild_id: the guild.
        schedules: the methods that bring a schedule.
    """
    if Feature.EDIT in await client.lacks():
        return 0
    changed = 0
    for method, spec in schedules.items():
        job = await switched_on(client, guild_id, method)
        before = job.meta.get(OWN_SCHEDULE) if job is not None else None
        if job is None or before == spec.schedule:
            continue
        trigger = job.trigger
        if isinstance(before, str) and _means(job, before):
            trigger = understood(spec.schedule, job.timezone).trigger
        meta = {**job.meta, OWN_SCHEDULE: spec.schedule}
        try:
            await client.change(replace(job, trigger=trigger, meta=meta), job.version)
        except Conflict:
            log.info("job %s was changed meanwhile, and follows its sprocket later", job.id)
            continue
        changed += trigger != job.trigger
    return changed


def _means(job: Job, text: str) -> bool:
    """Return whether a job still has the schedule that a text means."""
    return describe(job.trigger, job.timezone) == describe(
        understood(text, job.timezone).trigger, job.timezone
    )
