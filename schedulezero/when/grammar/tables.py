"""The tables of the languages: one file each, with what people type and how a schedule is told.

``languages/<language>.toml`` is checked when it is loaded, so that its author learns what it lacks. Which
words the grammar knows is not listed anywhere: they are the categories that its rules begin with.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, cast

from schedulezero.when.calendar.feasts import NAMES as FEASTS
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.when.grammar.context import PARTS
from schedulezero.when.grammar.core.pieces import RANKS
from schedulezero.when.grammar.paths import PIECES, SKIPPED
from schedulezero.when.grammar.rules import RULES, WITH_FAULTS
from schedulezero.when.grammar.rules.recurring.periods import OFTEN
from schedulezero.when.grammar.sayings import BY_LOCALE, KEYS, problems_of_saying

Table = Mapping[str, Any]

_MODEL = "en"
_VALUES = frozenset(
    (
        "number",
        "ones",
        "tens",
        "which",
        "twice",
        "day_offset",
        "weekday_set",
        "unclear",
        "week_of_days",
        "parity",
    )
)  # categories whose phrases each have a value
_FOUND = frozenset(
    ("digits", "colon", "dot", "comma", "slash", "dash", "bracket", "end_dot", "full_stop", "free_colon")
)  # signs and numbers, which no language names
_NAMED = {"weekday": 7, "weekdays": 7, "month": 12}
_BY_VALUE: dict[str, Collection[str]] = {
    "unit": (*RANKS, "fortnight"),
    "short": (*RANKS, "fortnight"),
    "often": OFTEN,
    "part": PARTS,
    "parts": PARTS,
    "part_today": PARTS,
    "weekday_parts": PARTS,
    "feast": FEASTS,
}
_PLACES = frozenset(("city", "zone_name"))
UNREAD = frozenset(("no_time", "instead"))
"""Words that mean no time: they are known, so that they are never taken for a misspelt one. Behind *instead*,
as in *not at 9 but at 10*, stands what is meant."""
_LISTED = ("words", "values", "names", "unit", "short", "often", "part")
"""The sections that have every key of the English file, which is the model."""
_SECTIONS = (*_LISTED, "say", "ordinals", "city", "zone_name", "letters", "costs", "order")


class TableError(ValueError):
    """What is wrong with a language's file."""


def folder() -> Traversable:
    """Return the folder with a file for each language."""
    return resources.files("schedulezero.when").joinpath("languages")


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that have a file."""
    names = (item.name for item in folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def table_of(language: str) -> Table:
    """Load a language's table. Raises KeyError if there is none, and TableError if it isn't complete."""
    if language not in languages():
        raise KeyError(language)
    return read_table(language, folder().joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def read_table(language: str, text: str) -> Table:
    """Return the table that a file holds. Raises TableError that names each missing and unknown key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{language}.toml is not valid TOML: {error}") from error
    found = list(_problems(table, table if language == _MODEL else table_of(_MODEL)))
    if found:
        raise TableError(f"{language}.toml {'; '.join(found)}.")
    return table


def _problems(table: Table, model: Table) -> Iterator[str]:
    yield from _keys("", table, {*_SECTIONS, *_BY_VALUE}, (*_LISTED, "say"))
    wrong = [section for section, value in table.items() if not isinstance(value, dict)]
    yield from (f"needs a section as [{section}]" for section in wrong)
    if wrong or not table.keys() >= {*_LISTED, "say"}:
        return
    known = {"words": word_categories() | UNREAD, "values": _VALUES, "names": _NAMED.keys(), **_BY_VALUE}
    for section, keys in known.items():
        needed = model[section] if section in _LISTED else ()
        yield from _keys(f"{section}.", table.get(section, {}), keys, needed)
    yield from _shapes(table)
    yield from _zones(table)
    yield from _costs(table)
    lacking = list(_keys("say.", table["say"], KEYS | {BY_LOCALE}, KEYS))
    yield from lacking or problems_of_saying(table["say"])


def _keys(section: str, table: Table, known: Collection[str], needed: Iterable[str]) -> Iterator[str]:
    """What a table lacks of the keys it needs, and has beside those that it may have."""
    empty = " (it may be empty)" if section.rstrip(".") in _LISTED else ""
    for key in needed:
        if key not in table:
            yield f"lacks {section}{key}{empty}"
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            yield f"has {section}{key}, which means nothing{hint}"


def _shapes(table: Table) -> Iterator[str]:
    for section in ("words", *_BY_VALUE, "ordinals", "city", "zone_name"):
        for key, phrases in table.get(section, {}).items():
            if not isinstance(phrases, list) or not all(
                isinstance(item, str) for item in cast("list[object]", phrases)
            ):
                yield f"needs a list of phrases as {section}.{key}"
    for key, length in _NAMED.items():
        if len(table["names"].get(key, ())) != length:
            yield f"needs {length} lists of phrases as names.{key}"


def _zones(table: Table) -> Iterator[str]:
    for section in sorted(_PLACES):
        zone: str
        for zone in table.get(section, {}):
            if zone not in known_zones():
                near = difflib.get_close_matches(str(zone), known_zones(), n=1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                yield f"has {section}.{zone}, which is not a time zone{hint}"


def _costs(table: Table) -> Iterator[str]:
    known = {rule.category for rules in RULES.by_first.values() for rule in rules} | word_categories()
    for key in table.get("costs", {}):
        if key.partition(" ")[0] not in known | _VALUES | _BY_VALUE.keys():
            yield f"has costs.{key}, which is the cost of nothing"


@cache
def word_categories() -> frozenset[str]:
    """Return the categories of ``[words]``: what rules and sentences are made of, and no rule makes."""
    rules = [rule for rules in WITH_FAULTS.by_first.values() for rule in rules]
    used = {name for rule in rules for element in rule.elements for name in element.categories}
    used |= PIECES.keys() | SKIPPED.keys()
    made = {rule.category for rule in rules}
    return frozenset(used - made - _VALUES - _BY_VALUE.keys() - _NAMED.keys() - _FOUND - _PLACES)
