"""Messages older than an hour are edited seldom.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json: 30046, "Maximum number of edits to
messages older than 1 hour reached. Try again later". How many there are isn't documented; a test says it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import discord
from simcord.backend.errors import BackendError

from tests.support.rules.applying import Asked, Rule

_OLD = timedelta(hours=1)


class EditAge(Rule):
    """Refuse edits of old messages in a channel after so many of them."""

    def __init__(self, now: Callable[[], datetime], most: int) -> None:
        self._now, self._most = now, most
        self._edits: dict[str, int] = {}

    def before(self, asked: Asked) -> None:
        parts = asked.parts
        if asked.method != "PATCH" or parts[0] != "channels" or len(parts) != 4 or parts[2] != "messages":
            return
        if self._now() - discord.utils.snowflake_time(int(parts[3])) <= _OLD:
            return
        self._edits[parts[1]] = self._edits.get(parts[1], 0) + 1
        if self._edits[parts[1]] > self._most:
            raise BackendError(429, 30046, "Maximum number of edits to messages older than 1 hour reached")
