"""The corpora of phrases, and what the grammar makes of one."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from schedulezero.model import Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.read import read
from schedulezero.when.grammar.words import words_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin
_FOLDER = Path(__file__).parents[1] / "schedulezero" / "when" / "corpus"
EVENING = datetime(2027, 3, 6, 21, 40, tzinfo=UTC)  # a Saturday, 22:40 in Berlin, before the clocks change


def _corpora(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))
    }


CORPORA = _corpora(_FOLDER)
IN_THE_EVENING = _corpora(_FOLDER / "evening")


def phrases_of(language: str) -> list[tuple[str, str]]:
    """Return the phrases of a language that are understood, each with its times."""
    sections = CORPORA[language].items()
    return [item for name, phrases in sections if name != "refused" for item in phrases.items()]


def readings_of(language: str, text: str, now: datetime = NOW) -> list[str]:
    """Return the first two local times of every reading of a text; nothing for one that lies in the past."""
    reading = read(text, words_of(language), Context(now, BERLIN))
    return [_runs(trigger, now) for trigger in (reading.trigger, *reading.others)]


def _runs(trigger: Trigger, now: datetime) -> str:
    found = upcoming(schedule_of(trigger, anchor=now, zone="Europe/Berlin"), now, 2)
    return ", ".join(f"{run.astimezone(BERLIN):%Y-%m-%d %H:%M}" for run in found)
