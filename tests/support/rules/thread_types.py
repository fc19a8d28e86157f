"""Which kinds of threads a channel takes.

https://discord.com/developers/docs/resources/channel#channel-object-channel-types: ANNOUNCEMENT_THREAD in an
announcement channel, PUBLIC_THREAD and PRIVATE_THREAD in a text channel. simcord takes any.
"""

from __future__ import annotations

import discord
from simcord.backend.errors import cannot_execute_on_channel_type

from tests.support.rules.applying import Asked, Rule

_TYPES = {
    discord.ChannelType.text.value: {11, 12},
    discord.ChannelType.news.value: {10},
}


class ThreadTypes(Rule):
    """Refuse a thread of another kind."""

    def before(self, asked: Asked) -> None:
        channel = asked.channel()
        if asked.method != "POST" or asked.parts[-1] != "threads" or channel is None:
            return
        taken = _TYPES.get(int(channel.type))
        if taken is not None and int(asked.body.get("type", 11)) not in taken:
            raise cannot_execute_on_channel_type()
