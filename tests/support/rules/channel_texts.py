"""What Discord does with a channel's name, topic and slow mode.

* Names of text, announcement and forum channels become lower case, with dashes for blanks.
* A name and a topic each change twice in ten minutes; more requests wait
  (https://github.com/discord/discord-api-docs/issues/2190).
* https://discord.com/developers/docs/resources/channel#modify-channel: ``rate_limit_per_user`` is for text,
  voice, stage, forum and media channels, and for threads. An announcement channel keeps what it has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

import discord

from tests.support.rules.applying import Asked, Rule

_WINDOW = timedelta(minutes=10)
_MOST = 2
_DASHED = {discord.ChannelType.text.value, discord.ChannelType.news.value, discord.ChannelType.forum.value}


class ChannelTexts(Rule):
    """Store and limit changes of channels as Discord does, by a clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._changes: dict[tuple[int, str], deque[datetime]] = {}

    def before(self, asked: Asked) -> None:
        channel = asked.channel()
        if asked.method != "PATCH" or len(asked.parts) != 2 or channel is None:
            return
        for key in ("name", "topic"):
            if key in asked.body:
                self._count(channel.id, key)
        if "name" in asked.body and int(channel.type) in _DASHED:
            asked.body["name"] = "-".join(asked.body["name"].lower().split())
        if int(channel.type) == discord.ChannelType.news.value:
            asked.body.pop("rate_limit_per_user", None)

    def _count(self, channel_id: int, key: str) -> None:
        times, now = self._changes.setdefault((channel_id, key), deque()), self._now()
        while times and now - times[0] >= _WINDOW:
            times.popleft()
        if len(times) >= _MOST:
            # discord.py raises this instead of waiting for longer than its max_ratelimit_timeout.
            raise discord.RateLimited((_WINDOW - (now - times[0])).total_seconds())
        times.append(now)
