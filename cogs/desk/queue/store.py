"""A guild's queues in the bot's memory, and what waits in them at the server."""

from __future__ import annotations

import asyncio
from datetime import datetime
from weakref import WeakValueDictionary

from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.context import Desk
from cogs.desk.kit.wording import plain
from cogs.desk.queue.slots import META, Queue, instant_of, next_free, waiting_in
from cogs.language import t
from cogs.services import Refused
from schedulezero import instants
from schedulezero.methods.note_kinds import QUEUE
from schedulezero.model import Job

MOST_QUEUES = 25
"""The most queues of a guild: as many as a select has options."""

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def taking_turns(queue_id: str) -> asyncio.Lock:
    """Return the lock under which slots of a queue are given away.

    One process answers all interactions of a guild, so a lock of this process is enough.
    """
    return _locks.setdefault(queue_id, asyncio.Lock())


async def queues_here(desk: Desk) -> list[Queue]:
    """Return the guild's queues, by name."""
    notes = await desk.memory.notes(f"{QUEUE}/{desk.guild_id}")
    found = [Queue.from_json(key, value) for key, value in notes.items()]
    return sorted(found, key=lambda queue: queue.name.casefold())


async def queue_here(desk: Desk, queue_id: str) -> Queue:
    """Return a queue of the guild; raise Refused if there is none of that id."""
    note = await desk.memory.kept(f"{QUEUE}/{desk.guild_id}", queue_id)
    if note is None:
        raise Refused(t("This queue was removed. `/schedule queue` shows the others."))
    return Queue.from_json(queue_id, note)


async def save_queue(desk: Desk, queue: Queue) -> None:
    """Save a queue, new or changed."""
    await desk.memory.put(f"{QUEUE}/{desk.guild_id}", queue.id, queue.to_json(), since=instants.now())


async def remove_queue(desk: Desk, queue: Queue) -> None:
    """Forget a queue. What waits in it stays scheduled."""
    await desk.memory.forget(f"{QUEUE}/{desk.guild_id}", queue.id)


async def waiting_here(desk: Desk, queue: Queue) -> list[Job]:
    """Return what waits in a queue, first ones first."""
    found = [job async for job in desk.client.all_jobs(desk.guild_id) if job.meta.get(META) == queue.id]
    return waiting_in(queue.id, found)


async def free_slot(desk: Desk, queue: Queue) -> datetime:
    """Return the next free slot of a queue; raise Refused if there is none in sight."""
    taken = {instant_of(job) for job in await waiting_here(desk, queue)}
    slot = next_free(queue, {at for at in taken if at is not None}, instants.now(), await rules_here(desk))
    if slot is None:
        raise Refused(t("“{name}” has no free slots coming up.", name=plain(queue.name)))
    return slot
