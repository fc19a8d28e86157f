"""Timeouts: while one lasts, a member can only look and read, whatever their roles allow.

(https://discord.com/developers/docs/topics/permissions#permissions-for-timed-out-members) So the remedy is to
end the timeout, not to give a permission. Pure over discord.py's objects.
"""

from __future__ import annotations

import discord

from schedulezero.sentences import Sentence


def bot_timed_out(me: discord.Member) -> Sentence:
    """Return the sentence for a bot that is timed out."""
    return Sentence(
        "I'm timed out in this server until {until}. Remove my timeout.", "bot_timed_out", until=_until(me)
    )


def said_timed_out(member: discord.Member, *, absent: bool) -> Sentence:
    """Return the sentence for a member who is timed out; it speaks about them if absent."""
    if absent:
        return Sentence(
            "{who}, who created this job, is timed out in this server until {until}.",
            "creator_timed_out",
            who=member.mention,
            until=_until(member),
        )
    return Sentence("You are timed out in this server until {until}.", "you_timed_out", until=_until(member))


def _until(member: discord.Member) -> str:
    until = member.timed_out_until
    assert until is not None
    return discord.utils.format_dt(until, "f")
