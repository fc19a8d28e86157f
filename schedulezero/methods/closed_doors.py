"""Who doesn't take direct messages: noted at Discord's first refusal, until the person comes by.

Each refused request counts towards a ban of the machine's address
(https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans), so a
reminder for such a person isn't tried, only kept.
"""

from __future__ import annotations

from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.methods.host import Notes

CLOSED = "closed-door"
"""The kind of these notes; the key is the person's id."""


async def note_closed(notes: Notes, person: str) -> None:
    """Note that Discord refused a direct message to a person."""
    await notes.keep(CLOSED, person, {"since": to_iso(instants.now())})


async def is_closed(notes: Notes, person: str) -> bool:
    """Return whether Discord refused a direct message to a person who hasn't come by since."""
    return await notes.kept(CLOSED, person) is not None


async def note_came_by(notes: Notes, person: str) -> None:
    """Note that a person used the bot: the next reminder is tried again."""
    if await is_closed(notes, person):
        await notes.forget(CLOSED, person)
