"""Phrases with a word changed: refused, another time, or told. No word is passed over in silence.

Every third phrase of all corpora is changed in each of its words, the same way on every run. A reading that
stays the same is right only where the change means nothing: the new word says the same by the language's
table, or was mended with a note.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import parse
from schedulezero.when.grammar.core.tokens import cut, normalized, plain
from schedulezero.when.grammar.paths import Path, paths
from schedulezero.when.grammar.read import RULES, meaning, read
from schedulezero.when.grammar.said import Contradiction
from schedulezero.when.grammar.words import words_of
from schedulezero.when.grammar.zones import is_zone_word
from tests.support.corpora import BERLIN, CORPORA, NOW, phrases_of, readings_of

CONTEXT = Context(NOW, BERLIN)
CONTENT = ("weekday", "weekdays", "month", "unit", "day_offset", "number", "ordinal", "feast")
"""Words of these categories say something that another word of theirs doesn't."""
SKIPPED = {"filler", "on", "comma", "bracket", "full_stop", "at", "loose_dash", "dash"}
"""Words and signs that may stand between pieces, and add nothing."""
LANGUAGES = sorted(CORPORA)
STEP = 3
"""One phrase in so many is changed; all of them take a minute."""
# Read as: a changed phrase that means the same for a good reason, and the reason.
SAME = {
    ("es", "cada días el 24 y el 31 de diciembre"): "each day that is the 24th or 31st is each year's, too",
    ("en", "twenty-five past sixteen in the afternoon"): "16:25 is 25 past four",
    ("es", "a las veintiuno y cuarto de la noche"): "21:15 is a quarter past nine at night",
    ("fr", "surlendemain a 11h"): "*le surlendemain* is two days later, as *après-demain* is",
    ("fr", "surlendemain"): "the same",
    ("fr", "19h journée du québec"): "*journée* is a filler",
    ("fr", "mardi et jeudi midi, chaque journée"): "*mardi et jeudi* recur without *chaque semaine*, too",
    ("fr", "à journée du déjeuner"): "*journée* is a filler, and *à … du déjeuner* is lunch",
    ("pt", "todo meses 5 às 10h"): "*todo mês 5* is the 5th of each month, with the wrong number",
    ("pt", "todo meses dez"): "the same",
}
# Read as: a phrase with two words swapped that means something else for a good reason, and the reason.
SWAPPED = {
    ("de", "am des abend 9."): "9 o'clock this evening, though the full stop is of a date",
    ("en", "new year's at eve 12am"): "*eve* is the evening, too",
    ("fr", "la nuit vendredi de à samedi"): "two nights, though the words are in no order",
    ("pt", "todos os 5 dias"): "every 5 days",
    ("nl", "de nacht van op vrijdag zaterdag"): "two nights, though the words are in no order",
    ("de", "9. morgen"): "the 9th in the morning",
    ("de", "am zwölften siebten um zehn"): "12 July",
    ("de", "jeden 9 Tag"): "every 9 days",
    ("de", "mo fr - 9 uhr"): "two days",
    ("de", "so morgen gegen 10"): "*So* is a Sunday, too",
    ("de", "um morgen neun uhr new yorker zeit"): "*morgen* is the morning, too",
    ("en", "christmas at eve half four in the afternoon"): "*eve* is the evening, too",
    ("en", "day first of the year at noon"): "1 January, of each year",
    ("en", "every day 23 from december except from 24 to 31 december"): "*every day 23* is at 23:00",
    ("en", "every day 30 starting november except the 1st"): "*every day 30* is of each month",
    ("en", "every monday 10 from april 2028 except easter monday"): "*every monday 10* is at 10:00",
    ("en", "every new year's at eve 23:00"): "*eve* is the evening, too",
    ("en", "last sunday of every four month, in the afternoon"): "every four months",
    ("en", "mon fri - 9am"): "two days",
    ("en", "thanksgiving 5pm eve"): "*eve* is the evening, too",
    ("en", "the day before new year's at eve 6pm"): "*eve* is the evening, too",
    ("en", "xmas at eve 6pm"): "*eve* is the evening, too",
    ("es", "cada 15 día a las 10"): "every 15 days",
    ("es", "cada dias 2 a las 20:00"): "*cada día 2* is the 2nd of each month",
    ("es", "cada día tercer a las 7"): "the same",
    ("es", "cada día tercer a las 8 de la noche"): "the same",
    ("es", "cada días 10 a las 12"): "the same",
    ("es", "cada días dos a las 8"): "the same",
    ("es", "cada días quince"): "the same",
    ("es", "empezando el 1 de diciembre cada días 2 a las 8"): "the same",
    ("es", "jueves 20h 31"): "20:31",
    ("es", "lunes los por la noche a las 10"): "*los* adds nothing there, and *lunes* is once",
    ("es", "todos los 8 días"): "every 8 days",
    ("es", "todos los martes a las 10 21 veces"): "at 10, 21 times",
    ("fr", "le 9h 25"): "9:25",
    ("fr", "lundi 12 7 à 9h"): "12 July",
    ("fr", "lundi vendredi au 8h30"): "two days",
    ("fr", "lundi vendredi à 9h"): "two days",
    ("fr", "tous les 13 vendredis"): "every 13 weeks",
    ("fr", "tous les jours à 9h 15 jusqu'au décembre"): "9:15",
    ("it", "mese fine"): "*mese* alone is each month",
    ("it", "ore 9 e 20 minuti"): "9:20",
    ("nl", "elke 2 weken op maandag 16 vanaf november"): "*maandag 16* is at 16:00",
    ("nl", "elke 9 dag"): "every 9 days",
    ("nl", "elke maandag om 5 9, keer"): "at 5, 9 times",
    ("pt", "a 2 cada fins de semana"): "*a 2* is at two",
    ("pt", "cada dias dois"): "*cada dia dois* is at two",
    ("pt", "em seg 30"): "Monday the 30th",
    ("pt", "seg sex a 8:30"): "two days",
    ("pt", "td 7 dia da manhã"): "every 7 days",
    ("pt", "toda quarta segunda do mês às 9"): "the fourth Monday",
    ("pt", "todo 5 dia"): "every 5 days",
    ("pt", "todo 5 dia às 10h"): "the same",
    ("pt", "todo dez dia"): "every 10 days",
}
WITHIN_A_STEP = {
    ("fr", "toutes les 8 heures de 2h à 20h le lundi"),
    ("de", "alle 8 Stunden zwischen 2 und 20 Uhr"),
    ("es", "cada 8 horas entre las 2 y las 20"),
    ("en", "every 8h from 2 to 20"),
    ("en", "every 1 hours from 10:00 to 21:00"),
}
"""Phrases whose last hour is between two runs: another one means the same."""
MOST_SWAPS = 1
"""Places of a phrase at which two words are swapped; all of them take much longer."""
_NUMBER = re.compile(r"\d+")
_JOINING = {
    "and",
    "comma",
    "colon",
    "slash",
    "dash",
    "dot",
    "at",
    "the",
    "the_day",
    "oclock",
    "h",
    "ordinal",
    "ordinal_mark",
    "weekday_mark",
    "which_mark",
    "month",
    "filler",
    "on",
    "until",
    "full_stop",
    "end_dot",
    "am",
    "pm",
    "am_glued",
    "pm_glued",
}
"""What may stand between two numbers that may be in either order: those of a list or of a date."""


def outcome(language: str, text: str) -> tuple[tuple[str, ...] | None, bool]:
    """Every reading's trigger and zone, or None if it is refused; and whether a note says what was read."""
    try:
        found = read(text, words_of(language), CONTEXT)
    except WhenError:
        return None, False
    said = (json.dumps([trigger.to_json(), zone], sort_keys=True) for trigger, zone in found.each())
    return tuple(sorted(said)), bool(found.mended)


@cache
def original(language: str, text: str) -> tuple[str, ...] | None:
    return outcome(language, text)[0]


def meanings(language: str, word: str, *, whole: bool) -> set[tuple[str, str]]:
    """What a word may mean alone, or also as the beginning of a phrase."""
    entries = words_of(language).entries
    keys = {key for token in cut(normalized(word)) for key in (token.text, plain(token.text))}
    return {
        (category, repr(value))
        for key in keys
        for phrase, category, value in entries.get(key, ())
        if len(phrase) == 1 or not whole
    }


@cache
def alternatives(language: str) -> dict[str, dict[str, str]]:
    """For each category of content, a word for each of its values."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for key, entries in words_of(language).entries.items():
        for phrase, category, value in entries:
            if len(phrase) == 1 and category in CONTENT and len(key) > 3:
                found[category].setdefault(repr(value), key)
    return found


def phrases(language: str) -> Iterator[tuple[str, list[str], random.Random]]:
    for text, _ in phrases_of(language)[::STEP]:
        yield text, text.split(), random.Random(f"{language} {text}")


def misspelt(word: str, edits: int, rng: random.Random) -> str:
    for _ in range(edits):
        at = rng.randrange(len(word))
        letter = rng.choice("abcdefghijklmnopqrstuvwxyz" if word[at].isalpha() else "0123456789")
        swapped = word[at : at + 2][::-1]
        word = rng.choice(
            (
                word[:at] + letter + word[at + 1 :],
                word[:at] + letter + word[at:],
                (word[:at] + word[at + 1 :]) or letter,
                word[:at] + swapped + word[at + 2 :],
            )
        )
    return word


@cache
def chosen(language: str, text: str) -> Path | None:
    """The way to divide a text whose meaning is the reading's."""
    words = words_of(language)
    clean = normalized(text).lstrip("¿¡").rstrip("!?. ")
    tokens, _ = words.mended(cut(clean))
    wanted = original(language, text)
    for path in paths(parse(tokens, words.lookup(clean, tokens), RULES, words.costs)):
        try:
            trigger = meaning(path, clean, CONTEXT)
        except (Contradiction, WhenError, OverflowError):
            continue
        if wanted and json.dumps([trigger.to_json(), "Europe/Berlin"], sort_keys=True) in wanted:
            return path
    return None


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_another_word_of_the_same_kind_never_means_the_same(language: str) -> None:
    lies: list[str] = []
    for text, parts, rng in phrases(language):
        for place, word in enumerate(parts):
            own = meanings(language, word, whole=True)
            for category in CONTENT:
                mine = {value for kind, value in own if kind == category}
                others = sorted(
                    key
                    for value, key in alternatives(language)[category].items()
                    if mine and value not in mine and not meanings(language, key, whole=True) & own
                )
                if not others:
                    continue
                changed = " ".join((*parts[:place], rng.choice(others), *parts[place + 1 :]))
                if (
                    outcome(language, changed)[0] == original(language, text)
                    and (language, changed) not in SAME
                ):
                    lies.append(f"{text} -> {changed}")
    assert lies == []


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_misspelt_word_is_mended_with_a_note_or_not_read(language: str) -> None:
    lies: list[str] = []
    for text, parts, rng in phrases(language):
        for place, word in enumerate(parts):
            for edits in (1, 2):
                typed = misspelt(word, edits, rng)
                changed = " ".join((*parts[:place], typed, *parts[place + 1 :]))
                found, told = outcome(language, changed)
                if found == original(language, text) and not told and not _says_the_same(language, typed):
                    lies.append(f"{text} -> {changed}")
    assert lies == []


def _says_the_same(language: str, typed: str) -> bool:
    """Whether what was typed has a meaning of its own in the table, number by number and word by word."""
    words = words_of(language)
    return all(not token.is_word or words.known(token.text) or is_zone_word(token.text) or
               (words.mended([token])[1] == [] and len(words.mended([token])[0]) > 1)
               for token in cut(normalized(typed)))  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_is_a_part_of_a_piece_or_adds_nothing(language: str) -> None:
    lies: list[str] = []
    for text, _, _ in phrases(language):
        path = chosen(language, text)
        if path is None:
            continue
        words = words_of(language)
        clean = normalized(text).lstrip("¿¡").rstrip("!?. ")
        tokens, _ = words.mended(cut(clean))
        covered = {place for piece in path.pieces for place in range(piece.start, piece.end)}
        begins = words.lookup(clean, tokens)
        for place in set(range(len(tokens))) - covered:
            around = [item for start in range(max(place - 4, 0), place + 1) for item in begins[start]
                      if start <= place < item.end]  # fmt: skip
            if not {item.category for item in around} & SKIPPED:
                lies.append(f"{text}: {tokens[place].text}")
    assert lies == []


@cache
def times(language: str, text: str) -> frozenset[str]:
    """The first runs of each reading of a text; empty if it is refused."""
    try:
        return frozenset(filter(None, readings_of(language, text)))
    except WhenError:
        return frozenset()


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_two_words_swapped_mean_the_same_or_are_asked_about_or_not_read(language: str) -> None:
    lies: list[str] = []
    for text, parts, rng in phrases(language):
        places = range(len(parts) - 1)
        for place in rng.sample(places, min(MOST_SWAPS, len(places))):
            changed = " ".join((*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]))
            found = times(language, changed)
            if len(found) != 1 or found <= times(language, text) or (language, changed) in SWAPPED:
                continue
            if not outcome(language, changed)[1]:
                lies.append(f"{text} -> {changed}: {found}")
    assert lies == []


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_two_numbers_swapped_say_something_else_or_are_of_a_list_or_a_date(language: str) -> None:
    lies: list[str] = []
    for text, _, _ in phrases(language):
        for changed, between in swapped_numbers(text):
            found, told = outcome(language, changed)
            if found and found == original(language, text) and not told and not _joins(language, between):
                lies.append(f"{text} -> {changed}")
    assert lies == []


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_of_a_phrase_with_two_swapped_counts(language: str) -> None:
    lies: list[str] = []
    for text, _, _ in phrases(language):
        for changed, _ in swapped_numbers(text):
            found, _ = outcome(language, changed)
            for number in _NUMBER.finditer(changed) if found else ():
                other = f"{int(number[0]) + 1:0{len(number[0])}}"
                more = f"{changed[: number.start()]}{other}{changed[number.end() :]}"
                if outcome(language, more)[0] == found and (language, changed) not in WITHIN_A_STEP:
                    lies.append(f"{changed} -> {more}")
    assert lies == []


def swapped_numbers(text: str) -> Iterator[tuple[str, str]]:
    """A text with two neighbouring numbers swapped, and what stands between them."""
    numbers = list(_NUMBER.finditer(text))
    for one, other in pairwise(numbers):
        if int(one[0]) != int(other[0]):
            between = text[one.end() : other.start()]
            yield f"{text[: one.start()]}{other[0]}{between}{one[0]}{text[other.end() :]}", between


def _joins(language: str, between: str) -> bool:
    """Whether only words that join two numbers stand between them."""
    words = words_of(language)
    tokens = cut(normalized(between))
    begins = words.lookup(between, tokens)
    return all({item.category for item in here} & _JOINING for here in begins)
