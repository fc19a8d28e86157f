"""Previews a text as every user sees it: sentence, trigger, next runs, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from schedulezero.model import JsonObject, Trigger
from schedulezero.model.habits import Habits
from schedulezero.said_values import said_clock, said_day
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.rule import Bounded, Rule
from schedulezero.when.calendar.schedules import OnFields, Schedule, upcoming
from schedulezero.when.language.describe import describe
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import spoken

_DENSE = timedelta(minutes=1)
_FAR = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Preview:
    """The meaning of a text.

    Attributes:
        sentence: The schedule as a sentence.
        trigger: The trigger to send.
        schedule: The equivalent schedule.
        zone: The zone of its wall-clock times.
        runs: Its next instants.
        notes: What a person should know about how the text was read.
        others: Sentences of what other people would mean by it.
    """

    sentence: str
    trigger: Trigger
    schedule: Schedule
    zone: str
    runs: Sequence[datetime]
    notes: Sequence[Sentence] = ()
    others: Sequence[str] = ()

    def to_json(self) -> JsonObject:
        zone = ZoneInfo(self.zone)
        return {
            "text": self.sentence,
            "trigger": self.trigger.to_json(),
            "runs": [run.astimezone(zone).isoformat() for run in self.runs],
        }


def preview(
    text: str,
    *,
    zone: str,
    locale: str,
    now: datetime,
    count: int,
    outside: OutsideReader | None = None,
    habits: Habits | None = None,
) -> Preview:
    """Parse a text and return what it means. Raises WhenError like `understand`."""
    found = understand(text, zone=zone, locale=locale, now=now, outside=outside, habits=habits)
    sentence = describe(found.trigger, found.zone, locale)
    runs = list(upcoming(found.schedule, now, count))
    others = [spoken(item, zone, locale) for item in found.others]
    return Preview(sentence, found.trigger, found.schedule, found.zone, runs, found.notes, others)


def warnings(schedule: Schedule, zone: str, now: datetime, runs: Sequence[datetime]) -> list[str]:
    """Return what a person should know about a schedule before saving it, one sentence per warning.

    Parameters:
        schedule: The schedule to be saved.
        zone: The zone of its wall-clock times.
        now: The present instant.
        runs: A few of its next instants.
    """
    found: list[str] = []
    where = ZoneInfo(zone)
    if any(later - earlier < _DENSE for earlier, later in pairwise(runs)):
        found.append(Sentence("This runs more often than once a minute.", "warning_dense"))
    if runs and runs[0] - now > _FAR:
        found.append(Sentence("The first run is more than two years away.", "warning_far"))
    for run in runs:
        local = run.astimezone(where)
        before = (run - timedelta(hours=3)).astimezone(where)
        if before.utcoffset() != local.utcoffset():
            found.append(
                Sentence(
                    "The clocks change in {zone} on {local}. On that day it runs at {local2}.",
                    "warning_clocks_change",
                    zone=zone,
                    local=said_day(local),
                    local2=said_clock(local.time()),
                )
            )
            break
    rare = sorted(day for day in _days_of(schedule) if day > 28)
    if rare:
        found.append(
            Sentence(
                "Months without a day {rare} are skipped. `last day of the month` runs every month.",
                "warning_rare_day",
                rare=rare[0],
            )
        )
    return found


def _days_of(schedule: Schedule) -> set[int]:
    """The days of the month that a schedule names."""
    base = schedule.base if isinstance(schedule, Bounded) else schedule
    if isinstance(base, Rule):
        return set(base.days)
    if isinstance(base, OnFields) and len(base.fields.days) < 31 and not base.fields.runs_through:
        return set(base.fields.days)
    return set()
