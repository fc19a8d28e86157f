"""A text's meaning, or its several meanings, with what a person should know about how it was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.model import Trigger
from schedulezero.said_values import said_day, said_weekday
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.rule import Bounded
from schedulezero.when.calendar.schedules import Schedule, upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.grammar.read import Reading
from schedulezero.when.grammar.variants import Remark
from schedulezero.when.language.describe import describe

_COMPARED = 8
"""Runs of two readings that are compared: one of every two months may differ only in the third."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A text's meaning.

    Attributes:
        trigger: The trigger to send.
        schedule: The equivalent schedule.
        zone: The zone of its wall-clock times.
        notes: What a person should know about how the text was read.
        others: What other people would mean by it, to choose instead.
    """

    trigger: Trigger
    schedule: Schedule
    zone: str
    notes: Sequence[Sentence] = field(default=())
    others: Sequence[Understood] = field(default=())


class TwoReadings(WhenError):
    """A text may mean several times.

    Attributes:
        readings: What it may mean, the likeliest first.
    """

    code = "several_meanings"

    def __init__(self, message: Sentence, readings: Sequence[Understood], offers: tuple[str, ...]) -> None:
        super().__init__(message)
        self.readings = readings
        self.offers = offers


def as_understood(reading: Reading, zone: str, locale: str, now: datetime) -> Understood:
    """Return what a reading means to a person in a zone, who speaks the language of a locale."""
    named = reading.zone or reading.trigger.zone_or(zone)
    schedule = schedule_of(reading.trigger, anchor=now, zone=zone)
    notes = [
        Sentence("“{typed}” was read as “{read}”.", "word_mended", typed=item.typed, read=item.read)
        for item in reading.mended
    ]
    others: list[Understood] = []
    for remark, typed in reading.remarks:
        notes.append(_note(remark, typed, schedule.next_after(now), reading.trigger, named, locale))
        if remark.other is not None:
            other = Understood(remark.other, schedule_of(remark.other, anchor=now, zone=zone), named)
            if other.schedule.next_after(now) not in (None, schedule.next_after(now)):
                others.append(other)
    return Understood(reading.trigger, schedule, named, notes, others)


def _note(
    remark: Remark, typed: str, first: datetime | None, trigger: Trigger, zone: str, locale: str
) -> Sentence:
    """What a person should know about one choice that was made in reading a text."""
    if remark.kind == "every_two" or first is None:
        told = describe(trigger, zone, locale)
        return Sentence("“{typed}” was read as “{read}”.", "word_mended", typed=typed, read=told)
    local = first.astimezone(ZoneInfo(zone)).date()
    day = said_day(local)
    if remark.kind == "date_order":
        return Sentence("“{typed}” was read as {day}.", "date_read", typed=typed, day=day)
    return Sentence(
        "“{typed}” was read as {weekday} {day}, the next one.",
        "weekday_read",
        typed=typed,
        weekday=said_weekday(local),
        day=day,
    )


def first_runs(item: Understood, now: datetime) -> tuple[datetime, ...]:
    """Return so many runs that two readings with the same ones are the same reading for a person.

    The last one counts, too: *until June* may be until it begins or until it ends.
    """
    runs = tuple(upcoming(item.schedule, now, _COMPARED))
    last = item.schedule.last if isinstance(item.schedule, Bounded) else None
    return (*runs, last) if last is not None and len(runs) == _COMPARED else runs


def spoken(item: Understood, zone: str, locale: str) -> str:
    """Return a sentence that is read as this meaning again by somebody in a zone."""
    sentence = describe(item.trigger, item.zone, locale)
    return sentence if item.zone == zone else f"{sentence} {item.zone}"
