"""What a reading depends on beside the text: the present instant, the place, the guild's habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

PART_TIMES: dict[str, time] = {
    "early": time(7), "morning": time(9), "lunch": time(12), "noon": time(12), "afternoon": time(15),
    "evening": time(19), "tonight": time(19), "night": time(22), "end": time(17),
}  # fmt: skip
DEFAULT_TIME = time(9)


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a text is read.

    Attributes:
        now: The present instant, aware UTC.
        zone: The zone of wall-clock times.
        month_first: Whether 5/12 is the 12th of May.
        day_time: When something happens on a day without a time.
        place: Whose public holidays count, such as ``DE-BY``; the zone's country if None.
        part_times: When a part of the day without an hour begins.
    """

    now: datetime
    zone: ZoneInfo
    month_first: bool = False
    day_time: time = DEFAULT_TIME
    place: str | None = None
    part_times: dict[str, time] = field(default_factory=lambda: PART_TIMES, hash=False)

    @property
    def local(self) -> datetime:
        """The wall-clock time now, naive."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.local.date()
