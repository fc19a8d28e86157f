"""Who may pin, and how many pins there may be.

Since February 2026, pinning takes PIN_MESSAGES, and MANAGE_MESSAGES doesn't help
(https://discord.com/developers/docs/change-log#permission-changes-going-into-effect-february-2026). The 251st
pin of a channel is refused with 30003
(https://discord.com/developers/docs/topics/opcodes-and-status-codes#json). simcord asks for MANAGE_MESSAGES
and takes any number.
"""

from __future__ import annotations

from datetime import datetime

import discord
from simcord.backend import errors
from simcord.backend.errors import BackendError
from simcord.backend.permissions import compute

from tests.support.rules.applying import Asked, Rule

MOST = 250


class Pins(Rule):
    """Refuse pins as Discord does. ``asked`` has each request, as its method and the message's id."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.asked: list[tuple[str, int]] = []

    def before(self, asked: Asked) -> None:
        parts = asked.parts
        if asked.method not in ("PUT", "DELETE") or parts[2:4] != ["messages", "pins"]:
            return
        backend, channel = asked.backend, asked.channel()
        now = datetime.fromisoformat(backend.now_iso())
        held = discord.Permissions(
            compute(backend.guilds[channel.guild_id], backend.bot_user.id, channel, now=now)
        )
        if not held.pin_messages:
            raise errors.missing_permissions()
        pinned = [item.id for item in backend.messages[channel.id].values() if item.pinned]
        message_id = int(parts[4])
        if asked.method == "PUT" and message_id not in pinned and len(pinned) >= self._most:
            raise BackendError(400, 30003, f"Maximum number of pins reached ({self._most})")
        self.asked.append((asked.method, message_id))
        # simcord asks for MANAGE_MESSAGES: pass over that, once.
        backend.require_permissions = lambda *_: backend.__dict__.pop("require_permissions", None)
