"""Put a draft into a queue: it takes the next free slot, and again at the moment when it is saved."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from cogs.desk.kit.context import Desk
from cogs.desk.queue.slots import Queue
from cogs.desk.queue.store import free_slot, queue_here, taking_turns
from cogs.memory import Draft
from schedulezero.methods.spec import MethodSpec, required_channels

QUEUE = "#queue"
"""The key in a draft's values that holds the id of its queue."""


async def put_into(desk: Desk, draft: Draft, spec: MethodSpec, queue_id: str) -> Draft:
    """Return a draft that takes the next free slot of a queue and posts in the queue's channel."""
    queue = await queue_here(desk, queue_id)
    slot = await free_slot(desk, queue)
    values = {**draft.values, **{name: [queue.channel_id] for name in required_channels(spec)}}
    return replace(draft, values={**values, QUEUE: queue.id}, when=at(slot))


def taken_out(draft: Draft) -> Draft:
    """Return a draft that is in no queue."""
    return replace(draft, values={name: value for name, value in draft.values.items() if name != QUEUE})


@asynccontextmanager
async def slot_held(desk: Desk, draft: Draft) -> AsyncGenerator[tuple[Draft, Queue | None]]:
    """Yield the draft at the slot that is free now, and its queue; nobody else gets a slot meanwhile.

    Somebody may have taken the slot since the draft was shown.
    """
    queue_id = draft.values.get(QUEUE)
    if not queue_id:
        yield draft, None
        return
    async with taking_turns(str(queue_id)):
        queue = await queue_here(desk, str(queue_id))
        yield replace(draft, when=at(await free_slot(desk, queue))), queue


def at(slot: datetime) -> str:
    """Return the text of *when* that means exactly a slot."""
    return f"<t:{int(slot.timestamp())}>"
