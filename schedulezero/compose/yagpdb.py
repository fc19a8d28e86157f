"""Read the embed in a template of YAGPDB: ``cembed`` and ``complexMessage`` with plain values. Pure.

Only constants are read: texts, numbers, ``true``, ``nil``, and the calls ``cembed``, ``sdict``, ``dict``,
``cslice`` and ``complexMessage`` around them (https://help.yagpdb.xyz/docs/reference/custom-embeds/).
A template that computes something can't be read, because it means nothing without its bot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_CALL = re.compile(r"\b(?:cembed|complexMessage)\b")
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<number>0x[0-9a-fA-F]{1,8}|-?\d{1,15})|(?P<name>[A-Za-z]\w*)"""
    r"""|(?P<bracket>[()]))"""
)
_OBJECTS = ("cembed", "sdict", "dict", "complexMessage")
_CONSTANTS = {"true": True, "false": False, "nil": None}
_DEEPEST = 20


def is_template(text: str) -> bool:
    """Return whether a text is a template that makes an embed, and not JSON."""
    return _CALL.search(text) is not None and text.lstrip().startswith(
        ("{{", "(", "cembed", "complexMessage")
    )


def read_template(text: str) -> dict[str, Any] | None:
    """Return the embed or message of the first call in a template, as JSON; None if it can't be read."""
    call = _CALL.search(text)
    if call is None:
        return None
    try:
        found = _called(call[0], _Tokens(text, call.end()), 0)
    except ValueError:
        return None
    return {"embed": found} if call[0] == "cembed" else found


class _Tokens:
    """The tokens of a template from a position on, with the next one in sight."""

    def __init__(self, text: str, at: int) -> None:
        self._found = self._read(text, at)
        self.next: re.Match[str] | None = next(self._found, None)

    @staticmethod
    def _read(text: str, at: int) -> Iterator[re.Match[str]]:
        while (match := _TOKEN.match(text, at)) is not None:
            yield match
            at = match.end()
        if text[at:].lstrip() and not text[at:].lstrip().startswith(("}}", "-}}")):
            raise ValueError("something in it isn't plain")

    def take(self) -> re.Match[str]:
        taken = self.next
        if taken is None:
            raise ValueError("the template ends in the middle")
        self.next = next(self._found, None)
        return taken


def _called(name: str, tokens: _Tokens, depth: int) -> Any:
    """Return what a call returns, whose arguments are next."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    arguments: list[Any] = []
    while tokens.next is not None and tokens.next["bracket"] != ")":
        arguments.append(_argument(tokens, depth))
    if name == "cslice":
        return arguments
    if name not in _OBJECTS or len(arguments) % 2 or not all(isinstance(key, str) for key in arguments[::2]):
        raise ValueError("not a call with plain values")
    return dict(zip(arguments[::2], arguments[1::2], strict=True))


def _argument(tokens: _Tokens, depth: int) -> Any:
    token = tokens.take()
    if token["text"]:
        said = token["text"]
        return said[1:-1] if said[0] == "`" else json.loads(said)
    if token["number"]:
        return int(token["number"], 0) if "x" in token["number"] else int(token["number"])
    if token["name"]:
        if token["name"] not in _CONSTANTS:
            raise ValueError("a name without a value")
        return _CONSTANTS[token["name"]]
    if token["bracket"] != "(":
        raise ValueError("a bracket closes nothing")
    name = tokens.take()["name"]
    found = _called(name or "", tokens, depth + 1)
    if tokens.take()["bracket"] != ")":
        raise ValueError("a bracket stays open")
    return found
