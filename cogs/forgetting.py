"""Forget a server, or a person: their jobs with all history at the job server, and the bot's own notes."""

from __future__ import annotations

import logging

from cogs.memory import Memory
from cogs.services import Services
from cogs.sprocket_state import forget_states_of_person
from cogs.undelivered import clear_all_undelivered
from schedulezero import instants
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature
from schedulezero.errors import RequestRefused
from schedulezero.instants import to_iso
from schedulezero.methods.note_kinds import LEFT_GUILD
from schedulezero.model import JobState

log = logging.getLogger(__name__)

LEFT = LEFT_GUILD
"""The kind of the notes about guilds that the bot left, by id."""
_OVER = (JobState.CANCELLED, JobState.FINISHED)


async def note_left(memory: Memory, guild_id: str) -> None:
    """Note that the bot is not in a guild any more; the first note counts."""
    await memory.keep(LEFT, guild_id, {"at": to_iso(instants.now())})


async def forget_place(services: Services, place: str) -> None:
    """Forget a guild, or a person's own space; raises ClientError if the server can't be asked.

    The server goes first: if it is away, nothing is forgotten yet, and the caller tries again.

    Parameters:
        services: the bot's services.
        place: the guild's id, or the person's.
    """
    client = services.client
    if Feature.FORGET in await client.lacks():
        await _cancel_all(client, place)
    else:
        try:
            await client.forget(place)
        except RequestRefused as error:  # an older server, or a token that may not
            log.warning("the server erases nothing of %s, so its jobs are cancelled: %s", place, error)
            await _cancel_all(client, place)
    await services.memory.forget_place(place)


async def _cancel_all(client: Client, place: str) -> None:
    for job in [job async for job in client.all_jobs(place) if job.state not in _OVER]:
        await client.cancel(job)


async def forget_person(services: Services, user_id: int) -> None:
    """Forget a person: their reminders, zone, drafts, what couldn't be sent, and what sprockets remember."""
    await forget_place(services, str(user_id))
    await services.memory.forget_user(user_id)
    await forget_states_of_person(services.memory, user_id)
    await clear_all_undelivered(services.memory, str(user_id))
