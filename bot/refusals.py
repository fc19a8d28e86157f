"""Why Discord does not let the bot in; apart from `bot.run`, so that nothing heavy is imported for it."""

from __future__ import annotations

from schedulezero.errors import ScheduleZeroError


class DiscordUnusable(ScheduleZeroError):
    """Discord cannot be used at the moment; the message says why."""


class DiscordRefuses(DiscordUnusable):
    """Discord does not let the bot in until somebody changes something; the message says what."""
