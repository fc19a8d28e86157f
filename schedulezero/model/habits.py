"""What a guild means by words that name no hour, such as *tomorrow morning*, and whose holidays it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from schedulezero.model.fields import Noun

DEFAULT_TIME = time(9)


@dataclass(frozen=True, slots=True)
class Habits(Noun):
    """What a guild means by words that name no hour.

    Attributes:
        day: When something happens on a day without a time.
        early, morning, lunch, afternoon, evening, night, end: When that part of the day begins; ``end`` is
            the end of the working day.
        place: Whose public holidays count, such as ``DE-BY``; the zone's country if None.
    """

    day: time = DEFAULT_TIME
    early: time = time(7)
    morning: time = time(9)
    lunch: time = time(12)
    afternoon: time = time(15)
    evening: time = time(19)
    night: time = time(22)
    end: time = time(17)
    place: str | None = None
