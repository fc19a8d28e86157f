"""Names why pieces that were all read have no meaning together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from schedulezero.sentences import Sentence
from schedulezero.when.grammar.core.pieces import (
    After,
    Clock,
    EndOf,
    Except,
    MonthDays,
    OnDayOfMonth,
    OnWeekday,
    Period,
    Starting,
    Until,
    Within,
)
from schedulezero.when.grammar.core.tokens import cut
from schedulezero.when.grammar.paths import Piece
from schedulezero.when.grammar.read import Unfitting
from schedulezero.when.grammar.refusing import (
    how_often_between,
    on_which_side_of_midnight,
    two_schedules,
    which_one_of,
)
from schedulezero.when.grammar.rules.clock.parts import NIGHT_ENDS, within
from schedulezero.when.grammar.tables import table_of
from schedulezero.when.grammar.words import Words
from schedulezero.when.language.faults import Named, only_when_not, unfinished
from schedulezero.when.language.say import wording

_LONGEST_HEAD = 5
"""Tokens of the longest words that say *until*, such as *bis spätestens*, and one more."""
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
                  _in_no_part, _which_night, _once_and_again, _twice, _ends_though_once, _left_out,
                  _period_and_day, _span_and_day, _stray_number):  # fmt: skip
        found = check(error, names, text, words)
        if found is not None:
            return found
    return None


Names = Counter[str]


def _dangling(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if error.pieces[-1].category != "again":
        return None
    return Named(unfinished(error.parts[-1], text))


def _two_schedules(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    often = names["period"] + names["weekly"] + names["interval"]
    added = bool(names["period"] + names["interval"] and names["ahead_alone"])  # "every hour 15 minutes"
    return Named(two_schedules(text)) if added or (often > 1 and names.total() > often) else None


def _only_numbers(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if not all(_is_number(item) or item.category in ("again", "zone") for item in error.pieces):
        return None
    if re.fullmatch(r"\D+ \d{1,3}", text):
        units = table_of(words.language)["unit"]
        said = Sentence(
            "“{text}” contains a number, but doesn't say what the number stands for.",
            "number_of_what",
            text=text,
        )
        several = (units[name][:2][-1] for name in ("minute", "hour"))  # the plural follows the singular
        return Named(said, tuple(f"{text} {unit}" for unit in several))
    return Named(
        Sentence(
            "“{text}” could be an hour, a day, a month or a year. Write it like `15:00` or `24 December`.",
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
    if names.keys() <= {"left_out_all", "zone"} and names["left_out_all"]:
        return Named(only_when_not(text))
    others = names.keys() - _BOUNDS
    if others <= {"windows", "day", "at_part", "zone"} and names["windows"]:
        return Named(how_often_between(text))
    if others - {"clocks", "at_part", "zone"} or not names.keys() & _BOUNDS:
        return None
    if (deadline := _deadline(error, names, text)) is not None:
        return deadline
    every = wording(words.language)["every_day"]
    return Named(_how_often(text), (f"{every} {text}", f"{every}, {text}"))


def _deadline(error: Unfitting, names: Names, text: str) -> Named | None:
    """*Until Friday*, *after Friday*: rather once by then than daily; only the first names a day to offer."""
    ends, begins = names["end_bound"], names["start_bound"]
    if names.keys() - {"end_bound", "start_bound", "zone"} or bool(ends) is bool(begins):
        return None
    late = any(isinstance(item.value, Starting) and isinstance(item.value.at.day, After)
               for item in error.pieces)  # fmt: skip
    if begins and not late:
        return None
    tokens = cut(text)
    shorter = [text[token.start :] for token in tokens[1:_LONGEST_HEAD]] if ends else []
    return Named(_how_often(text), tuple(shorter), most=1)


def _how_often(text: str) -> Sentence:
    return Sentence("“{text}” doesn't say how often.", "how_often", text=text)


def _more_than_a_day(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if names.keys() - {"within", "months", "clocks", "at_part", "short_clock", "zone"}:
        return None
    if not (names["within"] or names["months"]):
        return None
    say = wording(words.language)
    first = (say["weekdays"][0], say["day_number"][0])
    said = Sentence("“{text}” covers more than one day.", "more_than_a_day", text=text)
    return Named(said, tuple(f"{day} {part}" for part in (text, error.parts[0]) for day in first), most=1)


def _which_one(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    units = [item.value.unit for item in error.pieces if item.category == "of_unit"]
    weekday = any(isinstance(item.value, OnWeekday) for item in error.pieces)
    if not units or not weekday or names["positions"] or names["monthdays"] or not isinstance(units[0], str):
        return None
    return Named(which_one_of(units[0], text))


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
    parts += [item.value[1] for item in error.pieces if item.category == "part_of_a_day"]
    clocks = _clocks(error.pieces)
    if not (parts and clocks) and len(parts) < 2:
        return None
    if len(parts) < 2 and all(within(at, parts[0]) is not None for at in clocks):
        return None
    if len(parts) > 1:
        return Named(Sentence("“{text}” names more than one part of the day.", "several_parts", text=text))
    return Named(
        Sentence(
            "“{text}” names a time and a part of the day that don't fit together.",
            "time_not_in_part",
            text=text,
        )
    )


def _which_night(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    late = any(at.next_day or at.by_night or at.hour < NIGHT_ENDS for at in _clocks(error.pieces))
    night = any(item.value == "night" for item in error.pieces)
    ends = any(at.next_day or at.by_night for at in _clocks(error.pieces))
    if not late or not (night or ends) or not names.keys() & {"weekly", "day", "positions", "monthdays"}:
        return None
    return Named(on_which_side_of_midnight(text))


def _once_and_again(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    again = names.keys() & _AGAIN
    relative = names["ahead"] or any(
        item.category == "day" and not isinstance(item.value, OnWeekday) for item in error.pieces
    )
    if not (names["interval"] and relative) and not (again and names["ahead"]):
        return None
    return Named(
        Sentence(
            "“{text}” names both a single moment and something that recurs. To start "
            "later, write it like `every day at 9 starting tomorrow`.",
            "once_and_again",
            text=text,
        )
    )


def _twice(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if len(_clocks(error.pieces)) > 1 or names["ahead"] > 1:
        several = Sentence(
            "“{text}” names more than one time. Create a job for each, or write them like `every day at "
            "9 and 17`.",
            "several_times",
            text=text,
        )
        every = wording(words.language)["every_day"]
        only_times = names.keys() <= {"clocks", "zone"} and names["clocks"] == 1
        return Named(several, (f"{every} {text}",) if only_times else ())
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
        "“{text}” happens only once, so it can't have a beginning or an end.", "once_has_no_bounds", text=text
    )
    return Named(said, () if said_in_bounds else (" ".join(kept),))


def _left_out(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if not names["left_out_all"]:
        return None
    left_out, value = next(
        (part, item.value)
        for part, item in zip(error.parts, error.pieces, strict=True)
        if item.category == "left_out_all"
    )
    if names["weekly"] and isinstance(value, Except) and (value.perhaps_weekdays or _days_of_month(value)):
        return Named(
            Sentence(
                "“{part}” in “{text}” may mean a day of the month or one of those weekdays. For a day of the "
                "month, write it like `except on the 1st of every month`.",
                "day_or_weekday_left_out",
                part=left_out,
                text=text,
            )
        )
    return Named(
        Sentence(
            "“{part}” in “{text}” leaves out days that aren't in the schedule, or every day that is.",
            "leaves_out_nothing_or_all",
            part=left_out,
            text=text,
        )
    )


def _days_of_month(left_out: Except) -> bool:
    return any(isinstance(day, OnDayOfMonth | EndOf) for day in left_out.days)


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
                "“{text}” names a period and a day that don't fit together.",
                "period_and_day",
                text=text,
            )
        )
    return None


def _span_and_day(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    if not (names["ahead"] + names["ahead_alone"] and (names["day"] or names["months"])):
        return None
    return Named(Sentence("“{text}” names both a duration and a day.", "span_and_day", text=text))


def _stray_number(error: Unfitting, names: Names, text: str, words: Words) -> Named | None:
    strays = [part for part, item in zip(error.parts, error.pieces, strict=True) if _is_number(item)]
    if not strays or len(strays) == len(error.pieces):
        return None
    said = Sentence(
        "The “{part}” in “{text}” could be an hour, a day or a year. Write it like `15:00` or `24 December`.",
        "number_unclear",
        part=strays[0],
        text=text,
    )
    turned = len(error.pieces) == 2 and isinstance(error.pieces[1].value, OnWeekday) and strays[0].isdigit()
    return Named(said, (f"{error.parts[1]} {error.parts[0]}",) if turned else ())
