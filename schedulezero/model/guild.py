"""A guild's rules: when and how much it lets run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class GuildRules(Noun):
    """When and how much a guild lets run.

    Attributes:
        timezone: the zone of the hours and days.
        quiet_from, quiet_to: the hours of each day in which nothing runs; they may pass midnight.
        dark_days: days on which nothing runs.
        most_jobs: how many jobs there may be at most; None for no limit.
        most_runs_an_hour: how many runs within any hour; None for no limit.
    """

    guild_id: str
    timezone: str = "UTC"
    quiet_from: time | None = None
    quiet_to: time | None = None
    dark_days: tuple[date, ...] = ()
    most_jobs: int | None = None
    most_runs_an_hour: int | None = None
