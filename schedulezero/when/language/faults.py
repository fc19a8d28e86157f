"""Names what no time can have in a refused text, such as *25:00*, and what is near where that is plain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from schedulezero.errors import WhenError
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.when.grammar.core.chart import Steps
from schedulezero.when.grammar.core.pieces import Fault
from schedulezero.when.grammar.core.tokens import cut, without_marks
from schedulezero.when.grammar.read import NotUnderstood, Unfitting, faults_in
from schedulezero.when.grammar.refusing import how_often_between
from schedulezero.when.grammar.words import Words
from schedulezero.when.language.say import wording

_NOON = 12
_WIDEST = 4
"""The most words on each side of *or* that belong to the alternatives."""


@dataclass(frozen=True, slots=True)
class Named:
    """What is wrong with a text, and texts that may be meant; the caller finds out which are understood."""

    said: Sentence
    nearby: tuple[str, ...] = ()
    most: int = 2
    """The most of them to offer."""
    paired: bool = False
    """Whether they are pairs of alternatives: one alone would be a choice made for the person."""


def fault_in(text: str, words: Words, steps: Steps | None = None, *, weak: bool = False) -> Named | None:
    """Return the gravest fault in a text, or None if none can be named.

    Parameters:
        text: What was typed.
        words: The language.
        steps: What the text may still cost; as much as any text if None.
        weak: Whether to name what may be right beside other words, such as *before 9*.
    """
    if (zone := _no_such_zone(text)) is not None:
        return zone
    found = [
        item
        for item in faults_in(text, words, steps)
        if (item[0].kind in _WEAK) is weak and _counts(item, text)
    ]
    if not found:
        return None
    kinds = list(_SAYINGS)
    fault, part, begin, end = min(
        found, key=lambda item: (kinds.index(item[0].kind), item[2] - item[3], item[2])
    )
    said, nearby = _SAYINGS[fault.kind]
    whole = without_marks(text)
    return Named(
        said(part, whole),
        tuple(nearby(part, whole[:begin], whole[end:], words)),
        most=1 if fault.kind in _ONE_OFFER else 2,
        paired=fault.kind in _BOTH,
    )


def _counts(item: tuple[Fault, str, int, int], text: str) -> bool:
    fault, part, begin, end = item
    kind = fault.kind
    if begin and (text[begin - 1].isalpha() or re.search(r"\d[.,:-]?$", text[:begin])):
        return False  # a part of a word or of a longer number
    if kind == "question":
        return begin == 0
    if kind == "unfinished":
        return end == len(text.rstrip("!?. "))
    if kind == "half_of_day":
        return not re.search(r"\d \w$", part)  # "20 a" is rather the beginning of "20 a day"
    if kind == "alternatives":
        return begin > 0 and end < len(text)
    return True


# ---------------------------------------------------------------- what is said of each, the gravest first

Say = Callable[[str, str], Sentence]
Near = Callable[[str, str, str, Words], Iterator[str]]


def _question(_part: str, text: str) -> Sentence:
    return Sentence("“{text}” is a question; only times can be typed here.", "is_a_question", text=text)


def _number(part: str, _text: str) -> Sentence:
    return Sentence("The number in “{part}” must be more than 0.", "number_not_positive", part=part)


def _large(part: str, _text: str) -> Sentence:
    return Sentence("The number in “{part}” must be at most 1000.", "number_too_large", part=part)


def _time(part: str, _text: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a time: the latest is 24:00, and minutes go up to 59.", "no_such_time", part=part
    )


def _short_minutes(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't a time: minutes need two digits.", "minutes_two_figures", part=part)


def _half(part: str, _text: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a time: with a.m. or p.m., hours go from 1 to 12.", "no_such_half_of_day", part=part
    )


def _both_halves(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is both a.m. and p.m.", "both_halves_of_day", part=part)


def _day(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't a day: days of the month go from 1 to 31.", "no_such_day", part=part)


def _date(part: str, _text: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a date: a year has 12 months, a month at most 31 days.", "no_such_date", part=part
    )


def _range(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't a single duration.", "range_of_numbers", part=part)


def _over(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is in the past.", "is_over", part=part)


def _alternatives(_part: str, text: str) -> Sentence:
    return Sentence("“{text}” leaves open which time is meant.", "leaves_a_choice", text=text)


def _weekend(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” covers two days.", "weekend_is_two_days", part=part)


def _denial(_part: str, text: str) -> Sentence:
    return only_when_not(text)


def only_when_not(text: str) -> Sentence:
    """Return the sentence about a text that only leaves something out."""
    return Sentence("“{text}” only says when it should not happen.", "says_when_not", text=text)


def _vague(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is too vague to be scheduled.", "too_vague", part=part)


def _open_ended(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't an exact time.", "no_exact_time", part=part)


def unfinished(part: str, text: str) -> Sentence:
    """Return the sentence about a text that ends too early."""
    return Sentence(
        "“{text}” isn't complete: something is missing after “{part}”.", "unfinished", text=text, part=part
    )


def _nothing_near(_part: str, _before: str, _after: str, _words: Words) -> Iterator[str]:
    yield from ()


def _in_24_hours(part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    """*14pm* is 14:00."""
    match = re.match(r"\d{1,2}(:\d{2})?", part)
    if match is not None and int(match[0].partition(":")[0]) > _NOON:
        yield f"{before}{match[0] if match[1] else match[0] + ':00'}{after}"


def _two_figures(part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    hour, minute = re.findall(r"\d+", part)[:2]
    yield f"{before}{hour}:0{minute}{after}"
    yield f"{before}{hour}:{minute}0{after}"


def _each_number(part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    numbers = list(re.finditer(r"\d+", part))
    if len(numbers) == 2:
        unit = part[numbers[1].end() :]
        yield from (f"{before}{number[0]}{unit}{after}" for number in numbers)


def _either(_part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    """The text with the first and with the second alternative, for each number of words they may have."""
    left, right = before.split(), after.split()
    for width in range(1, min(_WIDEST, len(left), len(right)) + 1):
        first, second = (left, right[width:]), (left[:-width], right)
        if not any(_runs_into(*sides) for sides in (first, second)):
            yield from (" ".join((*one, *other)) for one, other in (first, second))


def _runs_into(left: list[str], right: list[str]) -> bool:
    """Whether the words at a joint are alike, or would be read as one number."""
    if not left or not right:
        return False
    return left[-1] == right[0] or (left[-1][-1].isdigit() and right[0][0].isdigit())


def _saturday_or_sunday(_part: str, before: str, after: str, words: Words) -> Iterator[str]:
    yield from (f"{before}{wording(words.language)['weekdays'][day]}{after}" for day in (5, 6))


def _exactly(part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    """*After 18:00* without *after*."""
    tokens = cut(part)
    if before.strip() and not any(token.is_number for token in tokens):
        return  # "the night before Christmas" is no night of Christmas
    for width in range(1, min(3, len(tokens) - 1) + 1):
        yield f"{before}{part[tokens[width].start :]}{after}"


def _window(_part: str, text: str) -> Sentence:
    return how_often_between(text)


def _hourly_or_at_both(part: str, before: str, after: str, words: Words) -> Iterator[str]:
    """*Every hour from 9 to 17, weekdays*, or *weekdays at 9 and 17*."""
    say = wording(words.language)
    first, last = re.findall(r"\d+", part)[-2:]
    days = part[: part.rindex(first, 0, part.rindex(last))].strip()
    every = say["every"]["hour"][0]
    later = _NOON if int(last) < int(first) <= _NOON else 0  # "9 to 5"
    whole = [f"{hour:02}:00" for hour in (int(first), int(last) + later)]
    yield f"{before}{say['window'].format(every=every, first=whole[0], last=whole[1], head=days)}{after}"
    both = say["at"].format(times=f" {say['and']} ".join(whole))
    yield f"{before}{days} {both}{after}"


def _but_then(_part: str, before: str, after: str, words: Words) -> Iterator[str]:
    """*Tomorrow not at 9 but at 10* without what is denied."""
    tokens = cut(after)
    for token, items in zip(tokens, words.lookup(after, tokens), strict=True):
        if any(item.category == "instead" for item in items):
            yield f"{before}{after[token.end :].lstrip()}"


_SAYINGS: dict[str, tuple[Say, Near]] = {
    "question": (_question, _nothing_near),
    "number": (_number, _nothing_near),
    "large": (_large, _nothing_near),
    "both_halves": (_both_halves, _nothing_near),
    "half_of_day": (_half, _in_24_hours),
    "time": (_time, _nothing_near),
    "short_minutes": (_short_minutes, _two_figures),
    "date": (_date, _nothing_near),
    "day": (_day, _nothing_near),
    "over": (_over, _nothing_near),
    "vague": (_vague, _nothing_near),
    "range": (_range, _each_number),
    "alternatives": (_alternatives, _either),
    "window": (_window, _hourly_or_at_both),
    "weekend": (_weekend, _saturday_or_sunday),
    "deadline": (_open_ended, _exactly),
    "denial": (_denial, _but_then),
    "open_ended": (_open_ended, _exactly),
    "unfinished": (unfinished, _nothing_near),
}

_BOTH = frozenset(("alternatives", "weekend"))
_ONE_OFFER = frozenset(("deadline", "denial"))
_WEAK = frozenset(("open_ended", "unfinished"))
_ZONE_LIKE = re.compile(r"(?<![\w/])[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?(?![\w/])")


def _zone(part: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a time zone. Zones have names such as `Europe/Berlin`.", "no_such_zone", part=part
    )


def _no_such_zone(text: str) -> Named | None:
    match = _ZONE_LIKE.search(text)
    if match is None or match[0] in known_zones():
        return None
    near = get_close_matches(match[0], known_zones(), n=1, cutoff=0.8)
    return Named(_zone(match[0]), tuple(text.replace(match[0], name) for name in near))


def unknown_zone(error: NotUnderstood, text: str) -> Named | None:
    """Return the fault of a word that stands in a zone's place: capitals behind a time."""
    if not re.fullmatch(r"[A-Z]{2,5}", error.piece) or not text.endswith(error.piece) or text.isupper():
        return None
    return Named(_zone(error.piece))


def is_fault(error: WhenError) -> bool:
    """Return whether an error says only that a text has no meaning, and not yet why."""
    return isinstance(error, NotUnderstood | Unfitting)
