"""Which emojis a message takes as reactions.

https://discord.com/developers/docs/resources/message#create-reaction: a guild's emoji by its name and id, or
one of Discord's own; anything else is refused with 10014, and the 21st with 30010
(https://discord.com/developers/docs/topics/opcodes-and-status-codes#json). simcord takes any text.
"""

from __future__ import annotations

from urllib.parse import unquote

from simcord.backend.errors import BackendError

from tests.support.rules.applying import Asked, Rule

MOST = 20


class Reacting(Rule):
    """Refuse emojis as Discord does; ``unknown`` are characters that it doesn't have."""

    def __init__(self, *unknown: str) -> None:
        self._unknown = unknown
        self.asked: list[str] = []

    def before(self, asked: Asked) -> None:
        parts = asked.parts
        if asked.method != "PUT" or parts[-1] != "@me" or "reactions" not in parts:
            return
        emoji, channel = unquote(parts[-2]), asked.channel()
        name, _, number = emoji.partition(":")
        guild = asked.backend.guilds[channel.guild_id]
        known = int(number) in guild.emojis if number else not name.isascii() and name not in self._unknown
        if not known:
            raise BackendError(400, 10014, "Unknown Emoji")
        message = asked.backend.messages[channel.id][int(parts[3])]
        if len(message.reactions) >= MOST and message.reaction_for(emoji) is None:
            raise BackendError(400, 30010, "Maximum number of reactions reached (20)")
        self.asked.append(emoji)
