"""Which kept files a guild still needs, so that the others can be deleted.

A file is needed as long as an unfinished job, or anything among the bot's own tables such as a draft or a
template, names its digest anywhere in its values. What *undo* can bring back counts for another 30 days: jobs
that were cancelled or ran for the last time, and earlier versions of jobs. An error while asking the server
means that nothing is known; the callers then delete nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cogs.memory import Memory
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.model import Job, JobState, JobVersion
from schedulezero.model.kept_file import digests_among

UNDO = timedelta(days=30)
"""How long files stay that only *undo* needs."""
_OVER = (JobState.CANCELLED, JobState.FINISHED)
_MOST_VERSIONS = 100
"""As many as the server stores of a job (`schedulezero.server.records.versions`)."""
# New jobs come first and the order of the others never changes, so none is passed over between two pages.
_QUERIES = (JobQuery(sort="created"), JobQuery(state=JobState.CANCELLED, sort="created"))


async def needed_files(
    client: Client, memory: Memory, guild_id: str, wanted: frozenset[str], now: datetime
) -> frozenset[str]:
    """Return which of some files a guild, or a person for their own jobs, still needs.

    Raises ClientError if the server can't be asked.
    """
    found = await memory.mentioned(wanted)
    can_undo = Feature.UNDO not in await client.lacks()
    for query in _QUERIES:
        async for job in client.all_jobs(guild_id, query):
            if wanted <= found:
                return found
            named = _named_by(job, wanted - found)
            if named and (job.state not in _OVER or now - await _ended(client, job, now) <= UNDO):
                found |= named
            if can_undo and job.version > 1 and now - (job.updated_at or now) <= UNDO:
                versions = await client.versions(job.id, _MOST_VERSIONS)
                found |= named_by_versions(versions, wanted - found, now)
    return found


def named_by_versions(
    versions: Sequence[JobVersion], wanted: frozenset[str], now: datetime
) -> frozenset[str]:
    """Return which of some files the versions name that were replaced not too long ago.

    Parameters:
        versions: a job's versions, newest first.
        wanted: the files.
        now: the present instant.
    """
    found = frozenset[str]()
    for later, version in pairwise(versions):
        if now - later.changed_at <= UNDO:
            found |= _named_by(version.job, wanted)
    return found


def _named_by(job: Job, wanted: frozenset[str]) -> frozenset[str]:
    parts = (dict(part.params) for part in job.parts)
    return digests_among((dict(job.params), dict(job.meta), *parts), wanted) if wanted else frozenset()


async def _ended(client: Client, job: Job, now: datetime) -> datetime:
    """Return when a job was cancelled or ran for the last time; now if that isn't known."""
    instants = [job.updated_at] if job.updated_at is not None else []
    if job.state is JobState.FINISHED:  # its last run doesn't change the job
        page = await client.runs(job.guild_id, job_id=job.id, limit=1)
        instants += [run.finished_at or run.scheduled_at for run in page.runs]
    return max(instants, default=now)
