"""A person's own time zone: for everybody, anywhere, and asked for at the first reminder that needs it."""

from __future__ import annotations

from cogs.desk.kit.context import Caller
from cogs.desk.kit.zones import said_new_zone, said_own_zone, zone_named


async def answer_zone(caller: Caller, typed: str | None) -> None:
    """Answer ``/remind timezone``: set the person's zone, or say which it is."""
    await caller.acknowledge()
    if typed is None:
        await caller.say(said_own_zone(await caller.zone()))
        return
    await caller.say(said_new_zone(await set_own_zone(caller, typed)))


async def set_own_zone(caller: Caller, typed: str) -> str:
    """Set the person's zone by its name or a place, and return it; raise Refused if it isn't clear which."""
    zone = await zone_named(typed)
    await caller.memory.set_user_timezone(caller.interaction.user.id, zone)
    return zone


async def has_own_zone(caller: Caller) -> bool:
    """Return whether the person has set a zone of their own."""
    return await caller.memory.timezone(caller.interaction.user.id, None) is not None
