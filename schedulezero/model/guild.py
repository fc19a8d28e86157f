"""A guild's rules: when jobs may run, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class GuildRules(Noun):
    """When jobs may run in a guild, and how many.

    Attributes:
        timezone: time zone of the hours and days.
        quiet_from, quiet_to: daily quiet hours during which nothing runs; they may cross midnight.
        dark_days: days on which nothing runs.
        holidays: a place on whose public holidays nothing runs, such as ``DE`` or ``DE-BY``.
        most_jobs: maximum number of jobs; None for no limit.
        most_runs_an_hour: maximum number of runs in any hour; None for no limit.
    """

    guild_id: str
    timezone: str = "UTC"
    quiet_from: time | None = None
    quiet_to: time | None = None
    dark_days: tuple[date, ...] = ()
    holidays: str | None = None
    most_jobs: int | None = None
    most_runs_an_hour: int | None = None
