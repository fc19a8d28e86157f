"""What a guild's rules forbid. Pure; the server enforces it, and a preview shows it beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedulezero.model import GuildRules
from schedulezero.said_values import said_clock, said_day
from schedulezero.sentences import Sentence

_MOST_STEPS = 2000


def forbidden(rules: GuildRules, instant: datetime) -> Sentence | None:
    """Return the reason why nothing may run at an instant; None if runs are allowed.

    Quiet hours include ``quiet_from`` and exclude ``quiet_to``; 22:00 to 07:00 crosses midnight. Both are
    wall-clock times in the guild's zone.
    """
    local = instant.astimezone(ZoneInfo(rules.timezone))
    if local.date() in rules.dark_days:
        return Sentence("{local} is a day off in this server.", "free_day", local=said_day(local))
    begins, ends = rules.quiet_from, rules.quiet_to
    if begins is None or ends is None or begins == ends:
        return None
    now = local.time()
    quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    return (
        Sentence(
            "The server's quiet hours are from {begins} to {ends}.",
            "quiet_hours",
            begins=said_clock(begins),
            ends=said_clock(ends),
        )
        if quiet
        else None
    )


def allowed_from(rules: GuildRules, instant: datetime) -> datetime:
    """Return the first allowed instant at or after the given one; the given one if there is none."""
    zone, found = ZoneInfo(rules.timezone), instant
    for _ in range(_MOST_STEPS):
        if forbidden(rules, found) is None:
            return found
        today = found.astimezone(zone).date()
        ends = (
            datetime.combine(today + timedelta(days=days), at, zone).astimezone(UTC)
            for days in (0, 1)
            for at in (time(), rules.quiet_to or time())
        )
        found = min(end for end in ends if end > found)
    return instant
