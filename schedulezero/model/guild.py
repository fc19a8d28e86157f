"""A guild's rules: when and how much it lets run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from schedulezero.model.json_object import JsonObject


@dataclass(frozen=True, slots=True)
class GuildRules:
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

    def to_json(self) -> JsonObject:
        return {
            "guild_id": self.guild_id,
            "timezone": self.timezone,
            "quiet_from": f"{self.quiet_from:%H:%M}" if self.quiet_from is not None else None,
            "quiet_to": f"{self.quiet_to:%H:%M}" if self.quiet_to is not None else None,
            "dark_days": [day.isoformat() for day in self.dark_days],
            "most_jobs": self.most_jobs,
            "most_runs_an_hour": self.most_runs_an_hour,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GuildRules:
        return cls(
            guild_id=str(data["guild_id"]),
            timezone=str(data.get("timezone") or "UTC"),
            quiet_from=time.fromisoformat(data["quiet_from"]) if data.get("quiet_from") else None,
            quiet_to=time.fromisoformat(data["quiet_to"]) if data.get("quiet_to") else None,
            dark_days=tuple(date.fromisoformat(day) for day in data.get("dark_days") or ()),
            most_jobs=data.get("most_jobs"),
            most_runs_an_hour=data.get("most_runs_an_hour"),
        )
