"""How often posts may be published.

Ten posts of an announcement channel in an hour; simcord takes any number.
https://support.discord.com/hc/en-us/articles/360032008192-Announcement-Channels-FAQ
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

import discord

from tests.support.rules.applying import Asked, Rule

_WINDOW = timedelta(hours=1)
MOST = 10


class Publishing(Rule):
    """Refuse what is published too often, by a clock. ``asked`` has the messages that were taken."""

    def __init__(self, now: Callable[[], datetime], most: int = MOST) -> None:
        self._now, self._most = now, most
        self._times: dict[str, deque[datetime]] = {}
        self.asked: list[int] = []

    def before(self, asked: Asked) -> None:
        parts = asked.parts
        if asked.method != "POST" or parts[-1] != "crosspost":
            return
        times, now = self._times.setdefault(parts[1], deque()), self._now()
        while times and now - times[0] >= _WINDOW:
            times.popleft()
        if len(times) >= self._most:
            # discord.py raises this instead of waiting for longer than its max_ratelimit_timeout.
            raise discord.RateLimited((_WINDOW - (now - times[0])).total_seconds())
        times.append(now)
        self.asked.append(int(parts[3]))
