"""Members of a guild, and how many there are, as Discord has them now.

Without the members intent Discord doesn't tell a bot when people join, leave or change. Its library keeps
whoever was seen in a voice channel or wrote a moment ago, and never updates them
(https://discord.com/developers/docs/events/gateway#caveats). So a member in the cache may be out of date, and
the number of members is that of the last connection. This module doesn't depend on Discord's library; it uses
the guild that it is given.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from schedulezero.methods.nested_texts import texts_in

Member = TypeVar("Member", covariant=True)

_COUNTED_SECONDS = 600.0
_MOST_COUNTED = 10_000
_COUNT = re.compile(r"(?<!\{)\{members\}", re.IGNORECASE)

_counts: dict[int, tuple[float, int]] = {}


class MembersGuild(Protocol[Member]):
    """The guild's methods that are used here; discord.py's guilds have them."""

    def get_member(self, user_id: int, /) -> Member | None: ...
    async def fetch_member(self, member_id: int, /) -> Member: ...


def cached_member(guild: MembersGuild[Member], user_id: int) -> Member | None:
    """Return a member from the cache, only if Discord keeps it up to date."""
    return guild.get_member(user_id) if is_kept_up_to_date(guild) else None


async def member_of(guild: MembersGuild[Member], user_id: int) -> Member:
    """Return a member in their current state. Raises what the guild's ``fetch_member`` raises."""
    cached = cached_member(guild, user_id)
    return cached if cached is not None else await guild.fetch_member(user_id)


def is_kept_up_to_date(guild: Any) -> bool:
    """Return whether the bot of a guild asked Discord for changes of members."""
    return bool(guild._state.intents.members)


def tells_members(texts: Iterable[Any]) -> bool:
    """Return whether any of these values has a text with the variable ``{members}``."""
    return any(_COUNT.search(text) for value in texts for text in texts_in(value))


def note_count(guild_id: int, count: int) -> None:
    """Keep Discord's number of a guild's members."""
    if len(_counts) >= _MOST_COUNTED:
        _counts.clear()
    _counts[guild_id] = time.monotonic(), count


def noted_count(guild_id: int) -> int | None:
    """Return the number of members that Discord told within the last ten minutes; None if there is none."""
    told = _counts.get(guild_id)
    return told[1] if told is not None and time.monotonic() - told[0] < _COUNTED_SECONDS else None
