"""Autocompletion for times: suggests what a partly typed text may mean, and shows each meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from schedulezero.clocks import babel_locale, by_12_hours, clock, in_clocks_of
from schedulezero.errors import WhenError
from schedulezero.model.habits import Habits
from schedulezero.when.grammar.core.tokens import normalized, plain
from schedulezero.when.grammar.words import Words, words_of
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.parse import understand
from schedulezero.when.language.say import language_of, wording
from schedulezero.when.language.understood import TwoReadings, Understood, spoken

_MOST_TRIED = 24
_LONGEST = 100
_COMPLETING = frozenset(
    ("unit", "weekday", "weekdays", "month", "workdays", "weekends", "often", "every", "last", "ordinal",
     "day_offset", "part", "feast")
)  # fmt: skip
_HOURS = (9, 18)


@dataclass(frozen=True, slots=True)
class Completion:
    """A text to fill in, and its meaning: the sentence with its next run."""

    text: str
    label: str


def completions(
    typed: str, *, zone: str, locale: str, now: datetime, most: int = 5, habits: Habits | None = None
) -> list[Completion]:
    """Return completions of a partly typed text, the text itself first if it is already valid.

    Parameters:
        typed: The text in the field.
        zone, locale: The person's zone and locale.
        now: The present instant.
        most: The most completions to return.
        habits: What words without an hour mean where it is typed.
    """
    typed = typed.strip()
    if len(typed) > _LONGEST:
        return []  # a choice holds no more, and Discord does not bound what it sends during autocomplete
    found: dict[str, Completion] = {}
    outside = OutsideReader()
    for text, language in _candidates(typed, locale):
        if len(found) >= most:
            break
        for item, exact in _readings(text, zone, language, now, outside, habits):
            sentence = spoken(item, zone, locale)
            # The same reading of two texts is one choice; two readings of one text are two.
            filled = text if exact and language == locale else sentence
            if len(filled) <= _LONGEST:
                label = _label(sentence, item, locale, now)
                found.setdefault(label, Completion(filled, label))
    return list(found.values())[:most]


def _readings(
    text: str, zone: str, locale: str, now: datetime, outside: OutsideReader, habits: Habits | None
) -> list[tuple[Understood, bool]]:
    """What a text may mean, each with whether the text alone says so."""
    if len(text) > _LONGEST:
        return []
    try:
        found = understand(
            text, zone=zone, locale=locale, now=now, outside=outside, habits=habits, explain=False
        )
        return [(found, True)]
    except TwoReadings as error:
        return [(item, False) for item in error.readings]
    except WhenError:
        return []


def _candidates(typed: str, locale: str) -> Iterator[tuple[str, str]]:
    """Texts to try, each with the locale to read it in."""
    language = language_of(locale)
    words = words_of(language)
    if not typed:
        yield from ((in_clocks_of(locale, example), locale) for example in wording(language)["examples"])
        return
    yield typed, locale
    wanted = normalized(typed).casefold()
    yield from (
        (text, locale)
        for text in _starters(language, locale)
        if normalized(text).casefold().startswith(wanted)
    )
    if re.search(r"\d{1,2}/\d{1,2}", typed):
        # Day and month stand in either order: both readings, the person's own first.
        yield typed, "en-GB" if locale == "en-US" else "en-US"
    for tried, text in enumerate(_longer(typed, words, locale)):
        if tried == _MOST_TRIED:
            return
        yield text, locale


def _starters(language: str, locale: str) -> Iterator[str]:
    """Sentences that many begin with."""
    say = wording(language)
    every_monday = say["every_weekdays"][-1 if say["gender"][0] else 0].format(days=say["weekdays_every"][0])
    for head, hour in (
        (say["every_day"], 9),
        (say["every_workday"], 9),
        (every_monday, 18),
        (say["every_other_week"].format(days=say["weekdays_on"][4]), 17),
        (say["every_month"].format(days=say["day_number"][0]), 9),
    ):
        yield f"{head} {_at(locale, hour)}"
    yield say["every"]["minute"][1].format(n=30)


def _at(locale: str, hour: int) -> str:
    say = wording(language_of(locale))
    said = clock(time(hour), locale) if by_12_hours(locale) else say["full_hour"].format(hour=hour)
    return say["at"].format(times=said)


def _longer(typed: str, words: Words, locale: str) -> Iterator[str]:
    at = [_at(locale, hour) for hour in _HOURS]
    if not re.search(r"\d\s*$|:\d\d", typed):
        yield from (f"{typed} {moment}" for moment in at)
    match = re.search(r"(\w+)$", typed)
    if match is None or match[1][0].isdigit():
        return
    partial, before = plain(match[1].casefold()), typed[: match.start()]
    for key, entries in words.entries.items():
        if len(key) <= len(partial) or not plain(key).startswith(partial):
            continue
        for phrase, category, _ in entries:
            if category in _COMPLETING and len(phrase) == 1:
                yield f"{before}{key}"
                yield from (f"{before}{key} {moment}" for moment in at)
                break


def _label(sentence: str, item: Understood, locale: str, now: datetime) -> str:
    first = item.schedule.next_after(now)
    assert first is not None, "what never comes is refused"
    run = first.astimezone(ZoneInfo(item.zone))
    day = format_skeleton("yMMMEd", run, locale=babel_locale(locale))
    when = f" · {day}, {_clock(run, locale)} {run.tzname()}"
    room = _LONGEST - len(when)
    return f"{sentence if len(sentence) <= room else f'{sentence[: room - 1]}…'}{when}"


def _clock(run: datetime, locale: str) -> str:
    return clock(run.time(), locale) if by_12_hours(locale) else f"{run:%H:%M}"
