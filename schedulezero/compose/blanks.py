"""Blanks in the texts of a template: ``{?name}``, or ``{?name: example}``. Pure.

A variable's name begins with a letter (`schedulezero.methods.variables`), so a blank is never one, and
``{{`` stays a plain brace: ``{{?name}`` is no blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

MOST_BLANKS = 20
"""Blanks of one template."""
_BLANK = re.compile(
    r"\{\{|\{\?[ \t]*(?P<name>[^\s{}:][^{}:\n]{0,39}?)[ \t]*(?::[ \t]*(?P<example>[^{}\n]{0,100}?)[ \t]*)?\}"
)
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank.

    Attributes:
        name: what to fill in.
        example: what it could be; may be empty.
    """

    name: str
    example: str = ""


def blanks_in(value: Any) -> list[Blank]:
    """Return the blanks of all texts in a value, in order; one with the same name counts once."""
    found: dict[str, Blank] = {}
    for text in _texts(value, 0):
        for match in _BLANK.finditer(text):
            if match["name"] is None:
                continue
            blank = Blank(" ".join(match["name"].split()), match["example"] or "")
            known = found.get(blank.name.casefold())
            if known is None or not known.example:
                found[blank.name.casefold()] = Blank(known.name if known else blank.name, blank.example)
    return list(found.values())


def filled_in(value: Any, answers: Mapping[str, str]) -> Any:
    """Return a value with its blanks filled in; those without an answer stay.

    Parameters:
        value: a text, or lists and objects of texts.
        answers: the blank's name → its text.
    """
    known = {name.casefold(): answer for name, answer in answers.items()}

    def fill(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        return known.get(" ".join(match["name"].split()).casefold(), match[0])

    def filled(text: str) -> str:
        return _BLANK.sub(fill, text)

    return _mapped(value, filled, 0)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < _DEEPEST:
        if isinstance(value, list):
            inner = cast("list[Any]", value)
        else:
            found = cast("dict[str, Any]", value)
            inner = [item for key, item in found.items() if not key.startswith("#")]
        for item in inner:
            yield from _texts(item, depth + 1)


def _mapped(value: Any, change: Callable[[str], str], depth: int) -> Any:
    if isinstance(value, str):
        return change(value)
    if depth >= _DEEPEST:
        return value
    if isinstance(value, list):
        return [_mapped(item, change, depth + 1) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        return {
            key: item if key.startswith("#") else _mapped(item, change, depth + 1)
            for key, item in found.items()
        }
    return value
