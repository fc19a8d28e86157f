"""What sprockets remember of a person, and of jobs that are over; see `sprockets.kit.state`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cogs.memory import Memory
from cogs.needed_files import UNDO
from schedulezero.client.client import Client
from schedulezero.errors import NotFound
from schedulezero.methods.note_kinds import SPROCKET_STATE
from schedulezero.model import JobState

_OVER = (JobState.CANCELLED, JobState.FINISHED)
_SHOWN = ("sprocket", "key", "value")


async def states_of_person(memory: Memory, user_id: int) -> list[dict[str, Any]]:
    """Return what sprockets remember of a person, in all guilds."""
    found = await memory.notes_below(SPROCKET_STATE, "person", str(user_id))
    return [
        {"guild_id": kind.partition("/")[2], **{name: value.get(name) for name in _SHOWN}}
        for kind, _, value in found
    ]


async def forget_states_of_person(memory: Memory, user_id: int) -> None:
    """Delete what sprockets remember of a person, in all guilds."""
    for kind, key, _ in await memory.notes_below(SPROCKET_STATE, "person", str(user_id)):
        await memory.forget(kind, key)


async def forget_states_of_ended_jobs(client: Client, memory: Memory, now: datetime) -> int:
    """Delete what sprockets remember of jobs that ended more than 30 days ago; return how many values.

    Until then, *undo* can bring a job back. Raises ClientError if the server can't be asked.
    """
    by_job: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for kind, key, value in await memory.notes_below(SPROCKET_STATE, "job"):
        by_job.setdefault((kind.partition("/")[2], str(value["job"])), []).append((kind, key))
    deleted = 0
    for (guild_id, job_id), notes in by_job.items():
        if not await _is_over(client, guild_id, job_id, now):
            continue
        for kind, key in notes:
            await memory.forget(kind, key)
        deleted += len(notes)
    return deleted


async def _is_over(client: Client, guild_id: str, job_id: str, now: datetime) -> bool:
    try:
        job = await client.job(job_id, guild_id)
    except NotFound:
        return True
    if job.state not in _OVER:
        return False
    page = await client.runs(guild_id, job_id=job_id, limit=1)
    ended = [job.updated_at, *(run.finished_at or run.scheduled_at for run in page.runs)]
    known = [at for at in ended if at is not None]
    return bool(known) and now - max(known) > UNDO
