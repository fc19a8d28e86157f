"""Calendars of other programs and when their events take place: read here, and by other libraries.

``python -m tests.schedulezero.exchange.corpus`` prints how many of each kind are read right, told or wrong.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.yaml_file import Fault
from schedulezero.sentences import Sentence

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
DAY = timedelta(hours=9)
_TOLD = ("ical_too_many_dates",)  # what no rule of ours says, and too often to list


@dataclass(frozen=True, slots=True)
class Case:
    """A calendar file, and what is known of it: its first instants, or the code with which it is refused."""

    kind: str
    name: str
    text: str
    now: datetime
    first: tuple[datetime, ...]
    ends: bool
    told: str | None
    oracle: bool

    @property
    def title(self) -> str:
        return f"{self.kind}: {self.name}" if self.name else self.kind


def file_of(events: str, before: str = "") -> str:
    """Return a calendar file of events, which ``---`` parts."""
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *before.strip().splitlines()]
    for number, event in enumerate(events.strip().split("\n---\n")):
        lines = event.strip().splitlines()
        names = {line.partition(":")[0].partition(";")[0] for line in lines}
        added = [] if "UID" in names else [f"UID:{number}@x"]
        added += [] if "SUMMARY" in names else ["SUMMARY:x"]
        text += ["BEGIN:VEVENT", *added, "DTSTAMP:20261101T000000Z", *lines, "END:VEVENT"]
    return "\r\n".join([*text, "END:VCALENDAR", ""])


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, those of rules and those of calendars."""
    return (*_calendars(), *_rules())


def _calendars() -> Iterator[Case]:
    for item in tomllib.loads((HERE / "calendars.toml").read_text(encoding="utf-8"))["calendar"]:
        first = tuple(datetime.fromisoformat(at).replace(tzinfo=UTC) for at in item.get("first", "").split())
        yield Case(
            item["kind"], item.get("name", ""), file_of(item["events"], item.get("before", "")), NOW, first,
            item.get("ends", False), item.get("told"), item.get("oracle", True),
        )  # fmt: skip


def _rules() -> Iterator[Case]:
    for item in tomllib.loads((HERE / "recurrences.toml").read_text(encoding="utf-8"))["rule"]:
        rule, start, first = item["rule"], item["start"], item["first"].split()
        if re.search(r"UNTIL=\d+T\d+Z", rule) and len(start) > 8:
            start, first = (
                f"{start.rstrip('Z')}Z",
                [f"{at.rstrip('Z')}Z" for at in first],
            )  # they have no zones
        parts = [part.partition("=") for part in rule.split(";") if part]
        names = sorted(name for name, _, value in parts if name.startswith("BY") or name == "WKST")
        frequency = next(value for name, _, value in parts if name == "FREQ")
        now = _stamp(min(start, first[0])[:8]) - timedelta(days=2)
        events = f"DTSTART{';VALUE=DATE' if len(start) == 8 else ''}:{start}\nRRULE:{rule}"
        yield Case(
            f"rule of {' '.join([frequency, *names])}", f"{rule} from {start}", file_of(events), now,
            tuple(map(_stamp, first)), item.get("ends", False), None, False,
        )  # fmt: skip


def _stamp(text: str) -> datetime:
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=ZONE) + DAY
    found = datetime.fromisoformat(text.removesuffix("Z"))
    return found.replace(tzinfo=UTC if text.endswith("Z") else ZONE)


def read(case: Case, count: int = 60) -> tuple[list[datetime], list[Fault]]:
    """Return the instants of all jobs that an import would create, in order, and what is refused."""
    items = list(read_file(case.text.encode(), Asked("Europe/Berlin", "en-GB", case.now, "1", count)))
    runs = sorted(run.astimezone(UTC) for item in items if isinstance(item, Found) for run in item.runs)
    return runs, [item for item in items if isinstance(item, Fault)]


def expected(case: Case, span: timedelta) -> list[datetime]:
    """Return the instants that recurring-ical-events finds after the present, for some time."""
    import icalendar
    import recurring_ical_events

    calendar: Any = icalendar.Calendar.from_ical(case.text)
    found: list[datetime] = []
    query: Any = recurring_ical_events.of(calendar)
    for event in query.between(case.now, case.now + span):
        start: Any = event["DTSTART"].dt
        if not isinstance(start, datetime):
            assert isinstance(start, date)
            start = datetime.combine(start, datetime.min.time(), ZONE) + DAY
        elif start.tzinfo is None:
            start = start.replace(tzinfo=ZONE)
        if str(event.get("STATUS") or "") != "CANCELLED" and start > case.now:
            found.append(start.astimezone(UTC))
    return sorted(found)


def verdict(case: Case) -> str:
    """Return ``right``, ``told`` for what is refused though it has instants, or ``wrong``."""
    runs, faults = read(case)
    codes = [fault.message.code for fault in faults if isinstance(fault.message, Sentence)]
    if case.told is not None:
        return "right" if not runs and case.told in codes else "wrong"
    wanted = [at.astimezone(UTC) for at in case.first if at > case.now]
    if runs[: len(wanted)] == wanted and (not case.ends or len(runs) == len(wanted)):
        return "right"
    return "told" if faults and not runs else "wrong"


def main() -> int:
    """Print the figures by kind."""
    figures: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for case in cases():
        found = verdict(case)
        kind = "rules" if case.kind.startswith("rule of") else "calendars"
        figures[case.kind][found] += 1
        figures[f"all {kind}"][found] += 1
        if "-v" in sys.argv and found != "right":
            runs, faults = read(case)
            print(
                found,
                case.title,
                [f"{run:%Y-%m-%d %H:%M}" for run in runs[:5]],
                [str(f.message) for f in faults],
            )
    for kind, found in figures.items():
        print(f"{kind:60} {found['right']:3} right {found['told']:3} told {found['wrong']:3} wrong")
    whole = {
        kind
        for kind, found in figures.items()
        if not kind.startswith("all ") and not (found["told"] or found["wrong"])
    }
    print(f"{len(whole)} of {len(figures) - 2} kinds are read right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
