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
CORPORA = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml"))
}


def phrases_of(language: str) -> list[str]:
    """Return the phrases of a language that are understood."""
    sections = CORPORA[language].items()
    return [text for section, phrases in sections if section != "refused" for text in phrases]


def understood(language: str, text: str) -> str:
    """Return the first two local times of every reading of a text."""
    reading = read(text, words_of(language), Context(NOW, BERLIN))
    return " | ".join(_runs(trigger) for trigger in (reading.trigger, *reading.others))


def _runs(trigger: Trigger) -> str:
    schedule = schedule_of(trigger, anchor=NOW, zone="Europe/Berlin")
    return ", ".join(f"{run.astimezone(BERLIN):%Y-%m-%d %H:%M}" for run in upcoming(schedule, NOW, 2))
