"""A sentence for people that is data, too: an English text with a stable code and the values in it.

Programs decide and translate by `code` and `values`; the text is for people, and for peers that know nothing
of codes. On every wire and in every table the parts stand side by side: ``error``, ``error_code`` and
``error_values``, the same for ``note`` and other keys. What a peer sends beside its text is checked, and
dropped as a whole when it is not what it should be; its text is shown as it is then.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

LONGEST_CODE = 64
MOST_VALUES = 20
"""How many values one sentence holds."""
MOST_ITEMS = 100
"""How many items a list in one holds."""
DEEPEST = 3
"""How many levels sentences and lists within a sentence nest."""
LARGEST_VALUES = 16 * 1024
"""How many characters the values of one sentence have as JSON."""

_CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_PLACEHOLDER = re.compile(r"\{(\w+)(!r)?\}", re.ASCII)
_LARGEST_NUMBER = 2**63 - 1


class Sentence(str):
    """An English text that knows its code and its values. Wherever a text is wanted, it is one.

    Parameters:
        template: the text, each value's name in braces in its place (``{name!r}`` shows it in quotes).
        code: a word in snake_case that stands for the template.
        values: what stands in it: texts, numbers, booleans, None, lists of those, or other sentences.

    Only the names of values are filled in, once: braces in a template or in a value mean nothing else.
    """

    code: str | None
    values: Mapping[str, Any]

    def __new__(cls, template: str, code: str | None = None, /, **values: Any) -> Sentence:
        kept = {name: _plain(value) for name, value in values.items()} if code is not None else {}
        return _made(filled(template, kept), code, kept)

    def changed(self, change: Callable[[str], str]) -> Sentence:
        """The same with every text in it changed, its values' included."""
        values = {name: _changed(value, change) for name, value in self.values.items()}
        return _made(change(str(self)), self.code, values)


def filled(template: str, values: Mapping[str, Any], say: Callable[[str], str] = str) -> str:
    """A template with values in the place of their names.

    Parameters:
        template: the text.
        values: by name; a name that is not among them stays as it is.
        say: how a sentence among them is said.
    """

    def fill(part: re.Match[str]) -> str:
        if part[1] not in values:
            return part[0]
        value = values[part[1]]
        return repr(value) if part[2] and not isinstance(value, Sentence) else _said(value, say)

    return _PLACEHOLDER.sub(fill, template)


def placeholders(template: str) -> frozenset[str]:
    """The names of the values that a template has places for."""
    return frozenset(name for name, _ in _PLACEHOLDER.findall(template))


def in_a_row(first: str | None, then: Sentence) -> Sentence:
    """A sentence, after another one where there is one."""
    return Sentence("{first} {then}", "in_a_row", first=first, then=then) if first else then


def parts_of(text: str | None) -> Iterator[Sentence]:
    """A sentence and all sentences within it; nothing for a plain text."""
    if isinstance(text, Sentence):
        yield text
        for value in text.values.values():
            yield from parts_of(value)


def code_of(text: str | None) -> str | None:
    """The code of a sentence, None for a plain text."""
    return text.code if isinstance(text, Sentence) else None


def sentence_fields(key: str, text: str | None) -> dict[str, Any]:
    """A text as JSON carries it: under its key, its code and values beside it (None without)."""
    code, values = None, None
    if isinstance(text, Sentence) and text.code is not None:
        found = _values_json(text)
        if _bounded(found):
            code, values = text.code, found
    return {
        key: str(text) if text is not None else None,
        f"{key}_code": code,
        f"{key}_values": values or None,
    }


def present_fields(key: str, text: str) -> dict[str, Any]:
    """The same without the keys that would be None, for peers that may know nothing of them."""
    return {name: value for name, value in sentence_fields(key, text).items() if value is not None}


def read_sentence(data: Mapping[str, Any], key: str) -> Sentence | None:
    """The text under a key of somebody's JSON, with what stands beside it; None when there is no text.

    A code or values that are forged, too large or of the wrong kind are dropped together.
    """
    text = data.get(key)
    if text is None:
        return None
    text = text if isinstance(text, str) else str(text)
    code, values = data.get(f"{key}_code"), data.get(f"{key}_values")
    return _read(text, code, values, DEEPEST) or _made(text, None, {})


def _made(text: str, code: str | None, values: Mapping[str, Any]) -> Sentence:
    made = str.__new__(Sentence, text)
    made.code = code
    made.values = MappingProxyType(dict(values))
    return made


def _plain(value: Any) -> Any:
    """A value as a sentence keeps it."""
    if isinstance(value, Sentence) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)  # also of an enumeration
    if isinstance(value, int) and abs(value) <= _LARGEST_NUMBER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_plain(item) for item in cast("list[Any]", value))
    return str(value)


def _said(value: Any, say: Callable[[str], str]) -> str:
    if isinstance(value, tuple):
        return ", ".join(_said(item, say) for item in cast("tuple[Any, ...]", value))
    return say(value) if isinstance(value, Sentence) else str(value)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Sentence):
        return value.changed(change)
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in cast("tuple[Any, ...]", value))
    return value


def _values_json(sentence: Sentence) -> dict[str, Any]:
    return {name: _json(value) for name, value in sentence.values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Sentence):
        return {"message": str(value), "code": value.code, "values": _values_json(value)}
    if isinstance(value, tuple):
        return [_json(item) for item in cast("tuple[Any, ...]", value)]
    return value


def _bounded(values: dict[str, Any]) -> bool:
    """Whether values are within what we take from others, so that a peer takes ours."""
    return _read("", "any", values, DEEPEST) is not None


def _read(text: str, code: Any, values: Any, depth: int) -> Sentence | None:
    """A sentence of somebody else's; None when its code or its values are not what they should be."""
    values = {} if values is None else values
    if not (isinstance(code, str) and len(code) <= LONGEST_CODE and _CODE.fullmatch(code)):
        return None
    if not isinstance(values, dict) or len(cast("dict[Any, Any]", values)) > MOST_VALUES:
        return None
    try:
        found = {_name(name): _value(value, depth) for name, value in cast("dict[Any, Any]", values).items()}
        if depth == DEEPEST and len(json.dumps(values)) > LARGEST_VALUES:
            return None
    except (TypeError, ValueError):
        return None
    return _made(text, code, found)


def _name(name: Any) -> str:
    if not (isinstance(name, str) and len(name) <= LONGEST_CODE and name.isidentifier()):
        raise TypeError
    return name


def _value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) <= _LARGEST_NUMBER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth <= 0:
        raise TypeError
    if isinstance(value, list) and len(cast("list[Any]", value)) <= MOST_ITEMS:
        return tuple(_value(item, depth - 1) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        parts = cast("dict[Any, Any]", value)
        message = parts.get("message")
        if parts.keys() <= {"message", "code", "values"} and isinstance(message, str):
            code = parts.get("code")
            found = (
                _made(message, None, {})
                if code is None
                else _read(message, code, parts.get("values"), depth - 1)
            )
            if found is not None:
                return found
    raise TypeError
