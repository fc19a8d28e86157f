"""The guilds that keep the bot busiest, for its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class Busy(Noun):
    """What one guild asks of the bot.

    Attributes:
        guild_id: the guild.
        waiting: its runs that wait for their handler, their turn or their time.
        ran: its runs that began within the last hour.
        late: how late the latest of these began, or how long the first of those that wait is overdue. What
            a limit held back is late from when it was due, and what a person asked for again from then on.
    """

    guild_id: str
    waiting: int = 0
    ran: int = 0
    late: timedelta = timedelta()
