"""RRULEs against dateutil: what is accepted runs exactly when dateutil says, or it is refused.

Events are drawn by a seeded generator and read as a calendar file and as typed text. The oracle works on
naive wall-clock times, so that only the rule for clock changes is ours: a skipped time runs right after
the gap.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from schedulezero.errors import WhenError
from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.yaml_file import Fault
from schedulezero.instants import first_instant_at_or_after
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RUNS = 5
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Event:
    """An event, and the instants that dateutil finds for it."""

    zone: str
    start: datetime
    rule: str
    until: datetime | None

    @property
    def line(self) -> str:
        stamp = f"{self.start:%Y%m%dT%H%M%S}"
        return f"DTSTART:{stamp}Z" if self.zone == "UTC" else f"DTSTART;TZID={self.zone}:{stamp}"

    @property
    def text(self) -> str:
        return self.rule + (f";UNTIL={self.until:%Y%m%dT%H%M%SZ}" if self.until else "")

    def runs(self) -> list[datetime]:
        where, found = ZoneInfo(self.zone), list[datetime]()
        for local in islice(rrulestr(self.rule, dtstart=self.start), 8000):
            at = first_instant_at_or_after(local, where)
            if len(found) == RUNS or (self.until is not None and at > self.until):
                break
            if at > NOW:
                found.append(at)
        return found


def events(seed: int, number: int) -> list[Event]:
    chance = random.Random(seed)
    return [_event(chance) for _ in range(number)]


def _event(chance: random.Random) -> Event:
    start = datetime(chance.choice([2020, 2025, 2026, 2026, 2027]), 1, 1) + timedelta(
        days=chance.choice([chance.randrange(365), 30, 58, 30 + 31 * 2]),
        hours=chance.choice([0, 1, 2, 9, 12, 22, 23]),
        minutes=chance.choice([0, 30]),
    )
    if chance.random() < 0.03:
        start = start.replace(year=2028, month=2, day=29)
    frequency = chance.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.7:
        parts.append(f"INTERVAL={chance.randint(1, 5)}")
    parts += _by_parts(frequency, start, chance)
    if chance.random() < 0.15:
        parts.append(f"WKST={chance.choice(['SU', 'MO', 'TH'])}")
    until = None
    if chance.random() < 0.2:
        parts.append(f"COUNT={chance.randint(1, 300)}")
    elif chance.random() < 0.2:
        until = (start + timedelta(days=chance.randint(1, 900))).replace(tzinfo=UTC)
    return Event(chance.choice(ZONES), start, ";".join(parts), until)


def _by_parts(frequency: str, start: datetime, chance: random.Random) -> list[str]:
    day, two = DAYS[start.weekday()], chance.sample(DAYS, 2)
    place = f"{chance.choice([1, 2, 3, 4, 5, -1])}{chance.choice(DAYS)}"
    of_weeks = [
        "",
        f"BYDAY={','.join({day, *two})}",
        f"BYDAY={','.join(two)}",
        f"BYDAY={place}",
        "BYMONTHDAY=15",
    ]
    of_months = [
        "", f"BYDAY={place}", "BYMONTHDAY=-1", "BYMONTHDAY=31", "BYMONTHDAY=1,15", "BYMONTHDAY=-2",
        f"BYDAY={day}", f"BYDAY={place};BYMONTHDAY=13", f"BYDAY={place},{day}", "BYDAY=MO,TU;BYSETPOS=1",
    ]  # fmt: skip
    of_years = [
        *of_months,
        "BYYEARDAY=100",
        "BYWEEKNO=20",
        f"BYDAY={chance.choice([20, 53])}MO",
        f"BYDAY=1{day},-1{day}",
    ]
    chosen = [
        chance.choice({"DAILY": of_weeks, "WEEKLY": of_weeks, "MONTHLY": of_months}.get(frequency, of_years))
    ]
    if chance.random() < (0.5 if frequency == "YEARLY" else 0.1):
        chosen.append(f"BYMONTH={','.join(map(str, chance.sample(range(1, 13), chance.choice([1, 2]))))}")
    if chance.random() < 0.15:
        chosen.append(f"BYHOUR={chance.choice(['7', '8,20'])}")
    if chance.random() < 0.1:
        chosen.append("BYMINUTE=15,45")
    return [part for part in chosen if part]


def read_ics(
    lines: list[str], *, head: str = "", zone: str = "UTC", now: datetime = NOW
) -> list[Found | Fault]:
    blocks = "".join(
        f"BEGIN:VEVENT\nUID:{number}\nSUMMARY:e{number}\n{event}\nEND:VEVENT\n"
        for number, event in enumerate(lines)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{blocks}END:VCALENDAR\n"
    return list(read_file(text.encode(), Asked(zone, "en-GB", now, count=RUNS, most=10_000)))


def test_every_event_of_a_calendar_runs_when_dateutil_says_or_is_refused() -> None:
    drawn = events(seed=5545, number=480)
    found = read_ics([f"{event.line}\nRRULE:{event.text}" for event in drawn])
    by_event: dict[int, list[Found | Fault]] = {}
    for item in found:
        by_event.setdefault((item.line - 3) // 6, []).append(item)
    assert sorted(by_event) == list(range(len(drawn)))
    kinds = Counter(type(items[0]).__name__ for items in by_event.values())
    assert kinds["Found"] > 250 and kinds["Fault"] > 50
    wrong = [
        (event.line, event.text)
        for number, event in enumerate(drawn)
        if isinstance(by_event[number][0], Found) and not _right(by_event[number], event.runs())
    ]
    assert wrong == []


def _right(jobs: list[Found | Fault], wanted: list[datetime]) -> bool:
    """Whether the jobs that an event became have its next runs; those of dates alone, the next ten years'."""
    found = sorted(run for job in jobs if isinstance(job, Found) for run in job.runs)[:RUNS]
    listed = isinstance(jobs[0], Found) and bool(jobs[0].notes)
    return found == (wanted[: len(found)] if listed else wanted)


def test_every_typed_rule_runs_when_dateutil_says_and_its_sentence_says_the_same() -> None:
    accepted = 0
    for event in events(seed=2445, number=480):
        try:
            found = understand(f"{event.line} RRULE:{event.text}", zone="Asia/Tokyo", locale="en", now=NOW)
        except WhenError:
            continue
        accepted += 1
        assert found.zone == event.zone
        runs = event.runs()
        assert list(upcoming(found.schedule, NOW, RUNS)) == runs, (event.line, event.text)
        sentence = describe(found.trigger, found.zone)
        again = understand(sentence, zone=found.zone, locale="en", now=NOW)
        assert list(upcoming(again.schedule, NOW, RUNS)) == runs, sentence
    assert accepted > 200
