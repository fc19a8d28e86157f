"""Who wrote what a job does, derived from its versions. Pure.

A change matters here if it touches the job's *definition*: what it does, or when. Pausing a job, renaming it
or changing who may manage it doesn't.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from schedulezero.model import Job, JobState, JobVersion
from schedulezero.model.fields import written_by_people

FOLLOWS = "follows"
"""Key in a job's meta that holds the id of the job it belongs to."""
ASKED = "asked"
"""Key in a pending job's meta that holds the changes a second person asks for, until somebody makes some."""
QUEUE = "queue"
"""Key in a job's meta that holds the id of the queue in which it waits."""
OWN_SCHEDULE = "own_schedule"
"""Key in a job's meta that holds the text of its sprocket's own schedule, if the job was made from it."""
LONGEST_ASKED = 1000
ENDINGS = "after-"
"""Prefix of such a job's id."""


_DEFINING = [item.name for item in written_by_people(Job) if item.written and item.written.defines]


def definition(job: Job) -> tuple[Any, ...]:
    """Return what a job does and when: what a second person approves and its author is responsible for."""
    return tuple(getattr(job, name) for name in _DEFINING)


def belongs_to_another(job: Job) -> bool:
    """Return whether a job belongs to another one, such as the removal of a temporary role."""
    return job.id.startswith(ENDINGS) or FOLLOWS in job.meta


def with_asked(job: Job, comment: str | None) -> Job:
    """Return a job with the changes that a second person asks for, or without any."""
    meta = {key: value for key, value in job.meta.items() if key != ASKED}
    return replace(job, meta={**meta, ASKED: comment} if comment is not None else meta)


def creator_after(before: Job, after: Job, by: str | None) -> str | None:
    """Return the user in whose name a changed job runs: the author of its current definition.

    Parameters:
        before: the job before the change.
        after: the job after the change.
        by: user id of the person who makes the change; None if unknown.

    A person's own job stays theirs, and so does a post that only moves within its queue: whoever lets a queue
    move up answers for the time of others' posts, not for what they say and ping.
    """
    if not is_rewritten(before, after):
        return before.creator_id
    personal = before.guild_id is not None and before.guild_id == before.creator_id
    return after.creator_id if by is None or personal else by


def is_rewritten(before: Job, after: Job) -> bool:
    """Return whether whoever makes a change answers from then on for what the job does."""
    return definition(before) != definition(after) and not _only_moved(before, after)


def _only_moved(before: Job, after: Job) -> bool:
    """Return whether a job in a queue got another time and is otherwise the same."""
    return QUEUE in before.meta and definition(replace(after, trigger=before.trigger)) == definition(before)


def writers(present: Job, versions: Sequence[JobVersion]) -> frozenset[str]:
    """Return everyone who contributed to a job's current definition, and so may not approve it.

    These are its creator, everyone who changed its definition since its last approval, and everyone who ever
    wrote the current definition.

    Parameters:
        present: the current job.
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


def before_waiting(versions: Iterable[JobVersion]) -> int | None:
    """Return the version that ran, or was paused, until the job began to wait for approval.

    None if the job doesn't wait, or has waited from the start: going back to that version lets nothing run
    that didn't before.

    Parameters:
        versions: the job's versions, newest first.
    """
    waits = False
    for version in versions:
        if version.job.state is not JobState.PENDING:
            ran = version.job.state in (JobState.ACTIVE, JobState.PAUSED)
            return version.job.version if waits and ran else None
        waits = True
    return None


def unchanged_since(number: int, versions: Iterable[JobVersion]) -> bool:
    """Return whether the definition is unchanged, and never awaited approval, since a version.

    Parameters:
        number: the version to start from, included.
        versions: the job's versions, in any order.
    """
    since = [version.job for version in versions if version.job.version >= number]
    first = next((job for job in since if job.version == number), None)
    if first is None:
        return False
    return all(definition(job) == definition(first) and job.state is not JobState.PENDING for job in since)
