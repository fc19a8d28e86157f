"""The permissions that changing one of Discord's events takes, by its kind and by who made it.

https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-permissions-requirements
"""

from __future__ import annotations

import discord

from schedulezero.errors import Forbidden
from schedulezero.handler.run_context import current_run
from schedulezero.methods.members import member_of
from schedulezero.methods.permission_names import permission_words
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord

IN_VOICE = ("view_channel", "connect")
ON_STAGE = ("manage_channels", "mute_members", "move_members")
"""On a stage, these are needed in addition to those of a voice channel."""


async def expect_rights(event: discord.ScheduledEvent) -> None:
    """Raise Forbidden unless the bot and the job's creator may change an event."""
    guild = event.guild
    assert guild is not None
    _expect(event, guild.me)
    if (creator_id := current_run().creator_id) is not None:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=creator_id)
        ):
            creator = await member_of(guild, int(creator_id))
        _expect(event, creator)


def lacking(event: discord.ScheduledEvent, member: discord.Member) -> str | None:
    """Return the first permission that a member lacks to change an event; None if they lack none."""
    channel = event.channel
    held = channel.permissions_for(member) if channel is not None else member.guild_permissions
    own = event.creator_id == member.id and held.create_events
    if not (held.manage_events or own):
        return "manage_events"
    if channel is None:
        return None
    stage = isinstance(channel, discord.StageChannel)
    needed = (*IN_VOICE, *ON_STAGE) if stage else IN_VOICE
    return next((name for name in needed if not getattr(held, name)), None)


def _expect(event: discord.ScheduledEvent, member: discord.Member) -> None:
    permission = lacking(event, member)
    if permission is not None:
        raise Forbidden(
            "{who} can't change the event “{event}”. The *{permission}* permission is needed for that.",
            code="event_right_missing",
            who=member.mention,
            event=event.name,
            permission=permission_words(permission),
        )
