"""What a reading depends on beside the text: the present instant, the place, the guild's habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from schedulezero.model.habits import Habits

PARTS = ("dawn", "early", "morning", "lunch", "noon", "afternoon", "evening", "tonight", "night", "end")
"""The parts of the day that languages name."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a text is read.

    Attributes:
        now: The present instant, aware UTC.
        zone: The zone of wall-clock times.
        month_first: Whether 5/12 is the 12th of May.
        habits: What words without an hour mean here.
    """

    now: datetime
    zone: ZoneInfo
    month_first: bool = False
    habits: Habits = field(default_factory=Habits)

    @property
    def local(self) -> datetime:
        """The wall-clock time now, naive."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.local.date()

    @property
    def day_time(self) -> time:
        """When something happens on a day without a time."""
        return self.habits.day

    @property
    def part_times(self) -> Mapping[str, time]:
        """When a part of the day without an hour begins."""
        known = self.habits
        return {
            "early": known.early, "morning": known.morning, "lunch": known.lunch, "noon": time(12),
            "afternoon": known.afternoon, "evening": known.evening, "tonight": known.evening,
            "night": known.night, "end": known.end,
        }  # fmt: skip
