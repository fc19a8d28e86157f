"""The kinds of jobs that were made last in a guild: what is likely wanted again."""

from __future__ import annotations

from collections.abc import Sequence

from schedulezero.client.client import Client
from schedulezero.client.dialect import JobQuery
from schedulezero.methods.spec import MethodSpec

_LOOKED_AT = 25


async def recently_used(
    client: Client, guild_id: str, person_id: str, specs: Sequence[MethodSpec]
) -> list[MethodSpec]:
    """Return the methods of a guild's newest jobs, newest first; the person's own come before others.

    Raises ClientError.

    Parameters:
        client: asks the server.
        guild_id: the guild.
        person_id: the person.
        specs: the methods that are offered; no other one is returned.
    """
    jobs = (await client.jobs(guild_id, JobQuery(sort="created"), limit=_LOOKED_AT)).jobs
    offered = {spec.name: spec for spec in specs}
    own_first = sorted(jobs, key=lambda job: job.creator_id != person_id)
    used = dict.fromkeys(job.method for job in own_first if job.method in offered)
    return [offered[method] for method in used]
