"""Forget a server, or a person: their jobs with all history at the job server, and the bot's own notes."""

from __future__ import annotations

from cogs.services import Services
from cogs.undelivered import clear_all_undelivered
from schedulezero.client.dialect import Feature
from schedulezero.model import JobState

_OVER = (JobState.CANCELLED, JobState.FINISHED)


async def forget_place(services: Services, place: str) -> None:
    """Forget a guild, or a person's own space; raises ClientError if the server can't be asked.

    The server goes first: if it is away, nothing is forgotten yet, and the caller tries again.

    Parameters:
        services: the bot's services.
        place: the guild's id, or the person's.
    """
    client = services.client
    if Feature.FORGET in await client.lacks():
        async for job in client.all_jobs(place):
            if job.state not in _OVER:
                await client.cancel(job)
    else:
        await client.forget(place)
    await services.memory.forget_place(place)


async def forget_person(services: Services, user_id: int) -> None:
    """Forget a person: their reminders, their zone, their drafts, and what could not be sent to them."""
    await forget_place(services, str(user_id))
    await services.memory.forget_user(user_id)
    await clear_all_undelivered(services.memory, str(user_id))
