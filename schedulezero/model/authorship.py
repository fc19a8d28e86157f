"""Who wrote what a job does, from its versions. Pure.

Two changes of a job are of one kind where they touch its *definition*: what it does, or when. Pausing a job,
naming it or saying who may manage it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from schedulezero.model import Job, JobVersion
from schedulezero.model.fields import written_by_people

FOLLOWS = "follows"
"""Under this key of its meta a job that belongs to another one keeps the id of that one."""
ENDINGS = "after-"
"""The id of such a job begins so."""


_DEFINING = [item.name for item in written_by_people(Job) if item.written and item.written.defines]


def definition(job: Job) -> tuple[Any, ...]:
    """What a job does and when: what a second person approves, and a writer answers for."""
    return tuple(getattr(job, name) for name in _DEFINING)


def belongs_to_another(job: Job) -> bool:
    """Whether a job belongs to another one, such as the taking back of a role that one gave for a while."""
    return job.id.startswith(ENDINGS) or FOLLOWS in job.meta


def creator_after(before: Job, after: Job, by: str | None) -> str | None:
    """In whose name a changed job runs: whoever wrote what it does now.

    Parameters:
        before: the job as it was.
        after: as it will be.
        by: who changes it (a user's id), None for nobody known.

    A person's own job stays theirs.
    """
    if definition(before) == definition(after):
        return before.creator_id
    personal = before.guild_id is not None and before.guild_id == before.creator_id
    return after.creator_id if by is None or personal else by


def writers(present: Job, versions: Sequence[JobVersion]) -> frozenset[str]:
    """Everybody who had a part in what a job does now, and may therefore not approve it.

    Those are its creator, whoever changed its definition since it was last approved, and whoever wrote the
    present definition at any time.

    Parameters:
        present: the job as it stands.
        versions: its versions, newest first.
    """
    found = {present.creator_id}
    wanted, open_since_approval = definition(present), True
    for version, earlier in pairwise((*versions, None)):
        assert version is not None
        if version.action == "approved":
            open_since_approval = False
        wrote = earlier is None or definition(version.job) != definition(earlier.job)
        if wrote and (open_since_approval or definition(version.job) == wanted):
            found.add(version.actor_id)
    return frozenset(person for person in found if person is not None)


def unchanged_since(number: int, versions: Iterable[JobVersion]) -> bool:
    """Whether a job did the same, and waited for no approval, in every version from that one on.

    Parameters:
        number: the version to begin with.
        versions: its versions, in any order.
    """
    since = [version.job for version in versions if version.job.version >= number]
    first = next((job for job in since if job.version == number), None)
    if first is None:
        return False
    return all(definition(job) == definition(first) and job.state.value != "pending" for job in since)
