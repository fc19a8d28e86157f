"""What changing a scheduled event takes.

https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-permissions-requirements:
by its kind, and CREATE_EVENTS for events of one's own, else MANAGE_EVENTS.
"""

from __future__ import annotations

from datetime import datetime

import discord
from simcord.backend import errors
from simcord.backend.permissions import compute

from tests.support.rules.applying import Asked, Rule

# Read as: the number of a kind of event, and the permissions in its channel.
_BY_KIND = {
    1: ("view_channel", "connect", "manage_channels", "mute_members", "move_members"),
    2: ("view_channel", "connect"),
    3: (),
}


class EventRights(Rule):
    """Refuse changes of events for which the bot has no permission."""

    def before(self, asked: Asked) -> None:
        parts = asked.parts
        if "scheduled-events" not in parts or asked.method not in ("PATCH", "DELETE"):
            return
        backend, guild = asked.backend, asked.backend.guilds[int(parts[1])]
        event = backend.get_scheduled_event(guild.id, int(parts[3]))
        channel = backend.channels.get(event.channel_id)
        me, now = backend.bot_user.id, datetime.fromisoformat(backend.now_iso())
        held = discord.Permissions(compute(guild, me, channel, now=now))
        own = event.creator_id == me and held.create_events
        needed = _BY_KIND[int(event.entity_type)]
        if not (own or held.manage_events) or not all(getattr(held, name) for name in needed):
            raise errors.missing_permissions()
        # simcord asks for MANAGE_EVENTS whoever made the event: pass over that, once.
        backend.require_permissions = lambda *_: backend.__dict__.pop("require_permissions", None)
