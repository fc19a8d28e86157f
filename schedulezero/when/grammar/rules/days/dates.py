"""Days of a named month: *24 Dec*, *the 3rd of May 2027*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Day, OnDate, OnFeast, Slashed

RULES = Rules()
rule = RULES.rule


@rule("dom", "Int", "Ordinal")
def day_of_month(day: int) -> int | None:
    return day if 1 <= day <= 31 else None


@rule("year", "Digits")
def year(digits: str) -> int | None:
    return int(digits) if len(digits) == 4 and digits.startswith(("19", "20", "21")) else None


@rule("old_year", "Digits", cost=0.1)
def old_year(digits: str) -> int | None:
    """*7 September 1822* is long ago, though 1822 may be a time of day; 1830 and 1815 are rather times."""
    return int(digits) if _is_old(digits) and int(digits) % 5 else None


@rule("named_old_year", "Digits")
def named_old_year(digits: str) -> int | None:
    return int(digits) if _is_old(digits) else None


def _is_old(digits: str) -> bool:
    return len(digits) == 4 and digits.startswith(("15", "16", "17", "18"))


@rule("short_year", "Digits")
def short_year(digits: str) -> int | None:
    return 2000 + int(digits) if len(digits) == 2 else None


@rule("day", "the_day? Dom Month", "the_day? Dom Month of|during|comma? Year",
      "the_day? Dom Month comma? Old_year", "the_day? Dom Month during Named_old_year",
      "Dom dash|slash Month", "Dom dash|slash Month dash|slash Year")  # fmt: skip
def day_and_month(day: int, month: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Dom Month this Unit", "this Unit comma? Dom Month")
def date_this_year(one: int | str, other: int, last: str | int) -> Day | None:
    return _in_a_year(one, other, last, 0)


@rule("day", "Dom Month next Unit", "next Unit comma? Dom Month",
      "Dom Month Unit =next", "Unit =next comma? Dom Month")  # fmt: skip
def date_next_year(one: int | str, other: int, last: str | int) -> Day | None:
    return _in_a_year(one, other, last, 1)


def _in_a_year(one: int | str, other: int, last: str | int, ahead: int) -> Day | None:
    """*5 May next year*, in whichever order it was said."""
    unit, day, month = (one, other, last) if isinstance(one, str) else (last, one, other)
    if unit != "year" or not isinstance(month, int):
        return None
    return OnDate(int(day), month, ahead=ahead)


@rule("day", "the Day")
def with_article(day: Day) -> Day | None:
    """*Il 24 dicembre*; but *il lunedì* says more than *lunedì*."""
    return day if isinstance(day, OnDate | Slashed | OnFeast) else None


@rule("day", "on_date Dom Month", "on_date Dom Month of|during|comma? Year")
def on_a_date(day: int, month: int, year: int | None = None) -> Day:
    """Portuguese *a 3 de maio*."""
    return OnDate(day, month, year)
