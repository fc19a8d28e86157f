"""Names what is wrong with a text that was refused, and offers what is near where that is plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from schedulezero.errors import WhenError
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.when.grammar.core.pieces import Clock, Fault, MonthDays, OnWeekday, Period, Until, Within
from schedulezero.when.grammar.core.tokens import cut, without_marks
from schedulezero.when.grammar.paths import Piece
from schedulezero.when.grammar.read import NotUnderstood, Unfitting, faults_in, two_schedules
from schedulezero.when.grammar.rules.clock import within
from schedulezero.when.grammar.tables import table_of
from schedulezero.when.grammar.words import Words
from schedulezero.when.language.say import wording

_NOON = 12
_SMALL_HOURS = 6
_WIDEST = 4
"""The most words on each side of *or* that belong to the alternatives."""


@dataclass(frozen=True, slots=True)
class Named:
    """What is wrong with a text, and texts that may be meant; the caller finds out which are understood."""

    said: Sentence
    nearby: tuple[str, ...] = ()
    most: int = 2
    """The most of them to offer."""


def fault_in(text: str, words: Words, *, weak: bool = False) -> Named | None:
    """Return the gravest fault in a text, or None if none can be named.

    Parameters:
        text: What was typed.
        words: The language.
        weak: Whether to name what may be right beside other words, such as *before 9*.
    """
    if (zone := _no_such_zone(text)) is not None:
        return zone
    found = [
        item for item in faults_in(text, words) if (item[0].kind in _WEAK) is weak and _counts(item, text)
    ]
    if not found:
        return None
    kinds = list(_SAYINGS)
    fault, part, begin, end = min(
        found, key=lambda item: (kinds.index(item[0].kind), item[2] - item[3], item[2])
    )
    said, nearby = _SAYINGS[fault.kind]
    whole = without_marks(text)
    return Named(said(part, whole), tuple(nearby(part, whole[:begin], whole[end:], words)))


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
        "“{part}” isn't a time: a day ends at 24:00, an hour at 59 minutes.", "no_such_time", part=part
    )


def _short_minutes(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't a time: minutes have two figures.", "minutes_two_figures", part=part)


def _half(part: str, _text: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a time: with a.m. or p.m., hours go from 1 to 12.", "no_such_half_of_day", part=part
    )


def _both_halves(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is both a.m. and p.m.", "both_halves_of_day", part=part)


def _day(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't a day: a month's days go from 1 to 31 at most.", "no_such_day", part=part)


def _date(part: str, _text: str) -> Sentence:
    return Sentence(
        "“{part}” isn't a date: a year has 12 months, a month at most 31 days.", "no_such_date", part=part
    )


def _range(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't one length of time.", "range_of_numbers", part=part)


def _over(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is in the past.", "is_over", part=part)


def _alternatives(_part: str, text: str) -> Sentence:
    return Sentence("“{text}” leaves a choice of times.", "leaves_a_choice", text=text)


def _weekend(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is two days.", "weekend_is_two_days", part=part)


def _denial(_part: str, text: str) -> Sentence:
    return Sentence("“{text}” only says when it should not happen.", "says_when_not", text=text)


def _vague(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” is too vague to be scheduled.", "too_vague", part=part)


def _open_ended(part: str, _text: str) -> Sentence:
    return Sentence("“{part}” isn't an exact time.", "no_exact_time", part=part)


def _unfinished(part: str, text: str) -> Sentence:
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
    """The text with one of the alternatives, as many words of each as make sense."""
    left, right = cut(before), cut(after)
    for width in range(1, min(_WIDEST, len(right)) + 1):
        yield f"{before.rstrip()}{after[right[width - 1].end :]}"
    for width in range(1, min(_WIDEST, len(left)) + 1):
        yield f"{before[: left[-width].start]}{after.lstrip()}"


def _saturday_or_sunday(_part: str, before: str, after: str, words: Words) -> Iterator[str]:
    yield from (f"{before}{wording(words.language)['weekdays'][day]}{after}" for day in (5, 6))


def _exactly(part: str, before: str, after: str, _words: Words) -> Iterator[str]:
    """*After 18:00* without *after*."""
    tokens = cut(part)
    for width in range(1, min(3, len(tokens) - 1) + 1):
        yield f"{before}{part[tokens[width].start :]}{after}"


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
    "weekend": (_weekend, _saturday_or_sunday),
    "denial": (_denial, _nothing_near),
    "open_ended": (_open_ended, _exactly),
    "unfinished": (_unfinished, _nothing_near),
}

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


# ---------------------------------------------------------------- pieces that have no meaning together

_BOUNDS = frozenset(("end_bound", "start_bound", "both_bounds", "count", "runs", "lasting", "left_out_all"))
_AGAIN = frozenset(("period", "interval", "weekly", "per_unit", "hourly_at", "minutes_of_hour", "daily_part",
                    "each_clock"))  # fmt: skip


def fault_of(error: Unfitting, words: Words) -> Named | None:
    """Return why the pieces of a text don't fit together, or None if no reason can be named."""
    pieces, text = error.pieces, str(error.values["text"])
    names = Counter(item.category for item in pieces)
    if not pieces:
        return None
    for check in (_dangling, _two_schedules, _only_numbers, _only_bounds, _more_than_a_day, _which_one,
                  _in_no_part, _which_night, _once_and_again, _twice, _ends_though_once, _period_and_day,
                  _span_and_day, _stray_number):  # fmt: skip
        found = check(error, names, text, words)
        if found is not None:
            return found
    return None


Names = Counter[str]


def _dangling(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if error.pieces[-1].category != "again":
        return None
    return Named(_unfinished(error.parts[-1], text))


def _two_schedules(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    often = names["period"] + names["weekly"] + names["interval"]
    return Named(two_schedules(text)) if often > 1 and names.total() > often else None


def _only_numbers(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if not all(_is_number(item) or item.category in ("again", "zone") for item in error.pieces):
        return None
    if re.fullmatch(r"\D+ \d{1,3}", text):
        units = table_of(words.language)["unit"]
        said = Sentence("“{text}” names a number, but not of what.", "number_of_what", text=text)
        several = (units[name][:2][-1] for name in ("minute", "hour"))  # the plural follows the singular
        return Named(said, tuple(f"{text} {unit}" for unit in several))
    return Named(
        Sentence(
            "“{text}” may be an hour, a day, a month or a year. Write it like `15:00` or `24.12.`",
            "number_alone",
            text=text,
        )
    )


def _is_number(item: Piece) -> bool:
    return (
        item.category in ("lone_hour", "short_clock")
        or (isinstance(item.value, MonthDays) and item.value.loose)
        or (isinstance(item.value, Within) and item.value.year is not None)
    )


def _only_bounds(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    others = names.keys() - _BOUNDS
    if others <= {"windows", "day", "at_part", "zone"} and names["windows"]:
        return Named(
            Sentence(
                "“{text}”: how often between those times? For example: `every hour from 9 to 17`.",
                "how_often_between",
                text=text,
            )
        )
    if others - {"clocks", "at_part", "zone"} or not names.keys() & _BOUNDS:
        return None
    every = wording(words.language)["every_day"]
    return Named(_how_often(text), (f"{every} {text}", f"{every}, {text}"))


def _how_often(text: str) -> Sentence:
    return Sentence("“{text}” doesn't say how often.", "how_often", text=text)


def _more_than_a_day(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if names.keys() - {"within", "months", "clocks", "at_part", "short_clock", "zone"}:
        return None
    if not (names["within"] or names["months"]):
        return None
    say = wording(words.language)
    first = (say["weekdays"][0], say["day_number"][0])
    said = Sentence("“{text}” is more than one day.", "more_than_a_day", text=text)
    return Named(said, tuple(f"{day} {part}" for part in (text, error.parts[0]) for day in first), most=1)


def _which_one(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    units = [item.value.unit for item in error.pieces if item.category == "of_unit"]
    weekday = any(isinstance(item.value, OnWeekday) for item in error.pieces)
    if not units or not weekday or names["positions"] or names["monthdays"] or not isinstance(units[0], str):
        return None
    return Named(
        Sentence(
            "“{text}”: which one of the {unit}? For example: `first monday of the month`.",
            "which_one_of",
            text=text,
            unit=units[0],
        )
    )


def _clocks(pieces: Sequence[Piece]) -> list[Clock]:
    found: list[Clock] = []
    for item in pieces:
        if item.category == "clocks":
            found += item.value
        elif isinstance(item.value, Clock):
            found.append(item.value)
    return found


def _in_no_part(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    parts = [item.value for item in error.pieces if item.category in ("at_part", "daily_part", "part_today")]
    clocks = _clocks(error.pieces)
    if not (parts and clocks) and len(parts) < 2:
        return None
    if len(parts) < 2 and all(within(at, parts[0]) is not None for at in clocks):
        return None
    return Named(
        Sentence(
            "“{text}” names a time and a part of the day that it isn't in.", "time_not_in_part", text=text
        )
    )


def _which_night(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    late = any(at.next_day or at.by_night or at.hour < _SMALL_HOURS for at in _clocks(error.pieces))
    night = any(item.value == "night" for item in error.pieces)
    ends = any(at.next_day or at.by_night for at in _clocks(error.pieces))
    if not late or not (night or ends) or not names.keys() & {"weekly", "day", "positions", "monthdays"}:
        return None
    return Named(
        Sentence(
            "“{text}” is in the night between two days and could be on either.",
            "which_night",
            text=text,
        )
    )


def _once_and_again(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    again = names.keys() & _AGAIN
    relative = names["ahead"] or any(
        item.category == "day" and not isinstance(item.value, OnWeekday) for item in error.pieces
    )
    if not (names["interval"] and relative) and not (again and names["ahead"]):
        return None
    return Named(
        Sentence(
            "“{text}” names one moment and something that recurs. To begin later, write it like "
            "`every day at 9 starting tomorrow`.",
            "once_and_again",
            text=text,
        )
    )


def _twice(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if names["clocks"] > 1 or names["ahead"] > 1:
        return Named(
            Sentence(
                "“{text}” names several times. Create a job for each, or write them like "
                "`every day at 9 and 17`.",
                "several_times",
                text=text,
            )
        )
    if names["day"] > 1:
        return Named(
            Sentence(
                "“{text}” names several days, and each needs a job of its own.", "several_days", text=text
            ),
        )
    return None


def _ends_though_once(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if names.keys() & _AGAIN or not names.keys() & (_BOUNDS | {"windows"}):
        return None
    if names["windows"]:
        return None
    if names["count"]:
        return Named(_how_often(text))
    if names["start_bound"]:
        return None
    said_in_bounds = any(
        isinstance(item.value, Until) and item.value.at.clock is not None for item in error.pieces
    )
    kept = [
        part for part, item in zip(error.parts, error.pieces, strict=True) if item.category not in _BOUNDS
    ]
    said = Sentence(
        "“{text}” happens only once, so it has no beginning or end.", "once_has_no_bounds", text=text
    )
    return Named(said, () if said_in_bounds else (" ".join(kept),))


def _period_and_day(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    often = [item.value for item in error.pieces if item.category in ("period", "weekly", "again")]
    if not often or not (names["day"] or names["monthdays"]):
        return None
    if names["weekly"] and names["monthdays"]:
        return Named(
            Sentence(
                "“{text}” names both days of the month and weekdays. Use one or the other.",
                "days_and_weekdays",
                text=text,
            )
        )
    if any(isinstance(value, Period) for value in often) and names["day"]:
        return Named(
            Sentence(
                "“{text}” names a period and a day that doesn't belong to it.",
                "period_and_day",
                text=text,
            )
        )
    return None


def _span_and_day(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if not (names["ahead"] and (names["day"] or names["months"])):
        return None
    return Named(Sentence("“{text}” names both a length of time and a day.", "span_and_day", text=text))


def _stray_number(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    strays = [part for part, item in zip(error.parts, error.pieces, strict=True) if _is_number(item)]
    if not strays or len(strays) == len(error.pieces):
        return None
    said = Sentence(
        "The “{part}” in “{text}” may be an hour, a day or a year. Write it like `15:00` or `24.12.`",
        "number_unclear",
        part=strays[0],
        text=text,
    )
    turned = len(error.pieces) == 2 and isinstance(error.pieces[1].value, OnWeekday)
    return Named(said, (f"{error.parts[1]} {error.parts[0]}",) if turned else ())


def unknown_zone(error: NotUnderstood, text: str) -> Named | None:
    """Return the fault of a word that stands in a zone's place: capitals behind a time."""
    if not re.fullmatch(r"[A-Z]{2,5}", error.piece) or not text.endswith(error.piece) or text.isupper():
        return None
    return Named(_zone(error.piece))


def is_fault(error: WhenError) -> bool:
    """Return whether an error says only that a text has no meaning, and not yet why."""
    return isinstance(error, NotUnderstood | Unfitting)
