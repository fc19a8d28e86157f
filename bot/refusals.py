"""Why Discord rejects the bot; separate from `bot.run` so that importing it stays cheap."""

from __future__ import annotations

from schedulezero.errors import ScheduleZeroError


class DiscordUnusable(ScheduleZeroError):
    """Discord can't be used at the moment; the message says why."""


class DiscordRefuses(DiscordUnusable):
    """Discord rejects the bot until somebody changes something; the message says what."""
