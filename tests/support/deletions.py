"""Discord's rules for deleting messages, which simcord leaves out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.enums import try_enum
from simcord.backend.errors import BackendError
from simcord.backend.models import Message
from simcord.http import router

from tests.support.world import World

UNKNOWN_SYSTEM_MESSAGE = 99
"""A kind of message that Discord wrote and discord.py doesn't know yet."""
_OLD = timedelta(days=14)
_WINDOW = timedelta(seconds=120)


@dataclass
class Deletions:
    """What was asked to be deleted, and what Discord answered.

    Attributes:
        now: The clock by which Discord limits.
        asked: How often each message was asked to be deleted, refused requests left out.
        refused: How many requests came too soon.
        die_after: Calls `die` once, right after so many messages are deleted.
        die: Ends the process; by default it raises `Died`.
    """

    now: Callable[[], datetime]
    asked: Counter[int] = field(default_factory=Counter[int])
    refused: int = 0
    die_after: int | None = None
    die: Callable[[], None] = field(default_factory=lambda: _die)
    _single: deque[datetime] = field(default_factory=deque[datetime])

    def check(self, backend: Any, method: str, path: str, body: Any) -> None:
        """Refuse what Discord would refuse."""
        parts = path.strip("/").split("/")
        if parts[-1] == "bulk-delete":
            ids = [int(item) for item in body["messages"]]
            if any(_age(item) > _OLD for item in ids):
                raise BackendError(400, 50034, "A message provided was too old to bulk delete")
        elif method == "DELETE" and len(parts) == 4 and parts[2] == "messages":
            ids = [int(parts[3])]
            self._limit(ids[0])
        else:
            return
        known = backend.messages[int(parts[1])]
        kinds = [try_enum(discord.MessageType, int(known[item].type)) for item in ids if item in known]
        if any(_undeletable(kind) for kind in kinds):
            raise BackendError(403, 50021, "Cannot execute action on a system message")
        self.asked.update(ids)

    def _limit(self, message_id: int) -> None:
        if _age(message_id) <= _OLD:
            return
        now = self.now()
        while self._single and now - self._single[0] >= _WINDOW:
            self._single.popleft()
        if len(self._single) >= 30:
            self.refused += 1
            # discord.py raises this instead of waiting for longer than its max_ratelimit_timeout.
            raise discord.RateLimited((_WINDOW - (now - self._single[0])).total_seconds())
        self._single.append(now)

    def die_if_due(self) -> None:
        """End the process, before it gets Discord's answer."""
        if self.die_after is not None and sum(self.asked.values()) >= self.die_after:
            self.die_after = None
            self.die()


class Died(Exception):
    """The process dies here, so to speak: Discord did it, and nobody could note that."""


def _die() -> None:
    raise Died


@contextmanager
def deletions(now: Callable[[], datetime]) -> Iterator[Deletions]:
    """Apply Discord's rules for deleting messages.

    System messages can't be deleted, neither alone nor in bulk
    (https://discord.com/developers/docs/resources/message#message-object-message-types). Messages older than
    14 days can't be deleted in bulk (…/resources/message#bulk-delete-messages), and only 30 of them in 120
    seconds (https://github.com/discord/discord-api-docs/issues/8330).
    """
    rules, real = Deletions(now), router.dispatch

    def dispatch(backend: Any, method: str, path: str, **more: Any) -> Any:
        rules.check(backend, method, path, more.get("json"))
        answer = real(backend, method, path, **more)
        rules.die_if_due()
        return answer

    router.dispatch = dispatch  # type: ignore[assignment]
    try:
        yield rules
    finally:
        router.dispatch = real


def fill(world: World, channel_id: int, count: int, days: float, *, kind: int = 0) -> None:
    """Put many messages of an age into a channel, at once."""
    fill_backend(world.env.backend, channel_id, world.plain.id, count, days, kind=kind)


def fill_backend(
    backend: Any, channel_id: int, author_id: int, count: int, days: float, *, kind: int = 0
) -> None:
    """Put many messages of an age into a channel of a simulated Discord, at once."""
    at = discord.utils.utcnow() - timedelta(days=days)
    first = discord.utils.time_snowflake(at)
    for number in range(count):
        message = Message(
            first + number,
            channel_id,
            author_id,
            content=f"old {number}",
            timestamp=at.isoformat(),
            type=kind,
        )
        backend.messages[channel_id][message.id] = message


def first_message_of(world: World, post_id: int) -> None:
    """Give a forum post's first message the id of the post, as Discord does.

    (https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel)
    """
    messages = world.env.backend.messages[post_id]
    first = messages.pop(min(messages))
    first.id = post_id
    messages[post_id] = first


def _undeletable(kind: discord.MessageType) -> bool:
    return not kind.is_deletable() or kind.value == UNKNOWN_SYSTEM_MESSAGE


def _age(message_id: int) -> timedelta:
    return discord.utils.utcnow() - discord.utils.snowflake_time(message_id)
