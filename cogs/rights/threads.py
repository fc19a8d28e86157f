"""Rights in threads beyond the parent's permissions: being in a private one, managing a locked one.

Both follow https://discord.com/developers/docs/topics/threads. Pure over discord.py's objects.
"""

from __future__ import annotations

import discord

from schedulezero.sentences import Sentence

Channel = discord.abc.GuildChannel | discord.Thread

_POSTING = frozenset({"send_messages", "send_messages_in_threads"})


def for_its_members(thread: discord.Thread, member: discord.Member) -> bool:
    """Return whether a member may enter a thread only if added to it."""
    return thread.is_private() and not thread.permissions_for(member).manage_threads


def locks_out(channel: Channel, permission: str, member: discord.Member) -> bool:
    """Return whether a lock stops a member from posting, even if they have the permission to post."""
    if not isinstance(channel, discord.Thread) or not channel.locked or permission not in _POSTING:
        return False
    return not channel.permissions_for(member).manage_threads


def said_outside(thread: discord.Thread, member: discord.Member, *, absent: bool) -> Sentence:
    """Return the sentence for a member who is not in a private thread; it speaks about them if absent."""
    if absent:
        return Sentence(
            "{who}, who created this job, can't do this in {channel}: they aren't in this "
            "private thread and don't have *Manage Threads*.",
            "creator_is_outside_thread",
            who=member.mention,
            channel=thread.mention,
        )
    return Sentence(
        "You can't do this in {channel}: you aren't in this private thread and don't have *Manage Threads*.",
        "you_are_outside_thread",
        channel=thread.mention,
    )


def said_locked(channel: Channel, member: discord.Member, *, absent: bool) -> Sentence:
    """Return the sentence for a member locked out of a thread; it speaks about them if absent."""
    if absent:
        return Sentence(
            "{who}, who created this job, can't post in {channel}: it is locked, and they "
            "don't have *Manage Threads*.",
            "creator_is_locked_out",
            who=member.mention,
            channel=channel.mention,
        )
    return Sentence(
        "You can't post in {channel}: it is locked, and you don't have *Manage Threads*.",
        "you_are_locked_out",
        channel=channel.mention,
    )


def bot_locked_out(channel: Channel) -> Sentence:
    """Return the sentence for a locked thread in which the bot may not post."""
    return Sentence(
        "I can't post in {channel}: it is locked. Unlock it, or give my role *Manage Threads*.",
        "bot_is_locked_out",
        channel=channel.mention,
    )
