"""Autocompletion for times: suggests what a partly typed text may mean, and shows each meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.when.language.grammar import recurs
from schedulezero.when.language.lexicon import Lexicon, language_of, lexicon
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.parse import EXAMPLES
from schedulezero.when.language.preview import Preview, preview

_MOST_TRIED = 24
_LONGEST = 100
_COMPLETING = (
    "unit",
    "weekday",
    "month",
    "workdays",
    "weekends",
    "daily",
    "weekly",
    "every",
    "last",
    "ordinal",
)
_TIMES = ("09:00", "18:00")


@dataclass(frozen=True, slots=True)
class Completion:
    """A text to fill in, and its meaning: the sentence with its next run."""

    text: str
    label: str


def completions(typed: str, *, zone: str, locale: str, now: datetime, most: int = 5) -> list[Completion]:
    """Return completions of a partly typed text, the text itself first if it is already valid.

    Parameters:
        typed: The text in the field.
        zone, locale: The person's zone and locale.
        now: The present instant.
        most: The most completions to return.
    """
    typed = typed.strip()
    if len(typed) > _LONGEST:
        return []  # a choice holds no more, and Discord does not bound what it sends during autocomplete
    found: dict[str, Completion] = {}
    outside = OutsideReader()
    for text, spoken in _candidates(typed, locale):
        if len(found) == most:
            break
        if len(text) > _LONGEST:
            continue
        try:
            read = preview(text, zone=zone, locale=spoken, now=now, count=1, outside=outside)
        except WhenError:
            continue
        label = _label(read)
        # Two readings of one text are two choices; the same reading of two texts is one.
        known = found.get(label)
        if known is None:
            text = read.sentence if spoken != locale else text
            found[label] = Completion(text[:_LONGEST], label)
    return list(found.values())


def _candidates(typed: str, locale: str) -> Iterator[tuple[str, str]]:
    """Texts to try, each with the locale to read it in."""
    language = language_of(locale)
    words = lexicon(language)
    if not typed:
        yield from ((example, locale) for example in EXAMPLES[language].replace("`", "").split(" · "))
        return
    yield typed, locale
    wanted = typed.casefold()
    yield from ((text, locale) for text in _starters(words) if text.casefold().startswith(wanted))
    if re.search(r"\d{1,2}/\d{1,2}", typed):
        # Day and month stand in either order: both readings, the person's own first.
        yield typed, "en-GB" if locale == "en-US" else "en-US"
    for tried, text in enumerate(_longer(typed, words)):
        if tried == _MOST_TRIED:
            return
        if recurs(words.tokens(text)):
            yield text, locale


def _starters(words: Lexicon) -> Iterator[str]:
    """Sentences that many begin with."""
    say = words.say
    monday, friday = say["weekdays"][0], say["weekdays"][4]
    first = say["day_number"][0]
    for head, moment in (
        (say["every_day"], "09:00"),
        (say["every_workday"], "09:00"),
        (say["every_weekdays"].format(days=monday), "18:00"),
        (say["every_other_week"].format(days=friday), "17:00"),
        (say["every_month"].format(days=first), "09:00"),
    ):
        yield f"{head} {say['at'].format(times=moment)}"
    yield say["every_many"].format(n=30, unit=say["units"]["minute"][1])


def _longer(typed: str, words: Lexicon) -> Iterator[str]:
    said_time = any("time" in token and not token.kinds.get("bare") for token in words.tokens(typed))
    at = words.say["at"]
    if recurs(words.tokens(typed)) and not said_time:
        yield from (f"{typed} {at.format(times=moment)}" for moment in _TIMES)
    match = re.search(r"(\S+)$", typed)
    if match is None or match[1][0].isdigit():
        return
    partial, before = match[1].casefold(), typed[: match.start()]
    for phrase, kinds in words.phrases.items():
        if (
            len(phrase) > len(partial)
            and phrase.startswith(partial)
            and any(kind in kinds for kind in _COMPLETING)
        ):
            yield f"{before}{phrase}"
            yield from (f"{before}{phrase} {at.format(times=moment)}" for moment in _TIMES)


def _label(read: Preview) -> str:
    run = read.runs[0].astimezone(ZoneInfo(read.zone))
    when = f" · {run:%a %d %b %Y, %H:%M} {run.tzname()}"
    sentence = read.sentence
    room = _LONGEST - len(when)
    return f"{sentence if len(sentence) <= room else f'{sentence[: room - 1]}…'}{when}"
