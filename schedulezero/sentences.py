"""Sentences as data: an English text with a stable code and the values in it.

Programs use `code` and `values` for decisions and translations. The text is for people, and for peers that
don't know codes. Every wire format and table stores the parts next to each other: ``error``, ``error_code``
and ``error_values``, and likewise for ``note`` and other keys. A peer's code and values are validated, and
dropped together if invalid; its text is then shown unchanged.
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
"""Maximum number of values in one sentence."""
MOST_ITEMS = 100
"""Maximum number of items in a list within a sentence."""
DEEPEST = 8
"""Maximum nesting depth of sentences and lists within a sentence.

The deepest is a result of several sentences, one of which lists why some parts failed: what couldn't be done
there, where, and why.
"""
LARGEST_VALUES = 16 * 1024
"""Maximum length in characters of one sentence's values as JSON."""

_CODE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_PLACEHOLDER = re.compile(r"\{(\w+)(!r)?\}", re.ASCII)
_LARGEST_NUMBER = 2**63 - 1
_SENTENCES = "sentences"  # the one value whose items are whole sentences: they have no commas between them


class Sentence(str):
    """An English text with a code and values; usable wherever a string is.

    Parameters:
        template: the text with each value's name in braces (``{name!r}`` puts the value in quotes).
        code: a snake_case word that identifies the template.
        values: texts, numbers, booleans, None, lists of those, or other sentences.

    Only names of values are replaced, and only once: other braces in a template or a value have no meaning.
    """

    code: str | None
    values: Mapping[str, Any]

    def __new__(cls, template: str, code: str | None = None, /, **values: Any) -> Sentence:
        kept = {name: _plain(value) for name, value in values.items()} if code is not None else {}
        return _made(filled(template, kept), code, kept)

    def __copy__(self) -> Sentence:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Sentence:
        return self  # it never changes

    def changed(self, change: Callable[[str], str]) -> Sentence:
        """Return a copy with every text in it changed, including those among its values."""
        values = {name: _changed(value, change) for name, value in self.values.items()}
        return _made(change(str(self)), self.code, values)


def counted(one: str, many: str, code: str, /, *, count: int, **values: Any) -> Sentence:
    """Return a sentence with a number in it, in the English for 1 or for others.

    Parameters:
        one: the template for 1.
        many: the template for other numbers.
        code: identifies both.
        count: the number, which translations choose their form by.
        values: what else to fill in.
    """
    return Sentence(one if count == 1 else many, code, count=count, **values)


def filled(
    template: str,
    values: Mapping[str, Any],
    say: Callable[[str], str] = str,
    write: Callable[[object], str] = str,
) -> str:
    """Fill in a template's placeholders.

    Parameters:
        template: the text.
        values: values by name; a placeholder without a value stays unchanged.
        say: renders a sentence among the values.
        write: renders any other value.
    """

    def fill(part: re.Match[str]) -> str:
        if part[1] not in values:
            return part[0]
        value = values[part[1]]
        if part[2] and not isinstance(value, Sentence):
            return write(repr(value))
        return _said(value, say, write, " " if part[1] == _SENTENCES else ", ")

    return _PLACEHOLDER.sub(fill, template)


def placeholders(template: str) -> frozenset[str]:
    """Return the names of a template's placeholders."""
    return frozenset(name for name, _ in _PLACEHOLDER.findall(template))


def in_a_row(first: str | None, then: Sentence) -> Sentence:
    """Append a sentence to another one, if there is another one."""
    return Sentence("{first} {then}", "in_a_row", first=first, then=then) if first else then


def all_in_a_row(*sentences: str | None) -> Sentence:
    """Join the sentences among these, if there are several."""
    found = [item for item in sentences if item]
    if len(found) == 1 and isinstance(found[0], Sentence):
        return found[0]
    return Sentence("{sentences}", "all_in_a_row", **{_SENTENCES: found})


def parts_of(text: object) -> Iterator[Sentence]:
    """Yield a sentence and all sentences nested in it, in lists as well; nothing for a plain text."""
    if isinstance(text, Sentence):
        yield text
        for value in text.values.values():
            yield from parts_of(value)
    elif isinstance(text, tuple):
        for item in cast("tuple[object, ...]", text):
            yield from parts_of(item)


def code_of(text: str | None) -> str | None:
    """Return a sentence's code, or None for a plain text."""
    return text.code if isinstance(text, Sentence) else None


def sentence_fields(key: str, text: str | None) -> dict[str, Any]:
    """Return a text's JSON fields: the text under its key, and its code and values, or None for each."""
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
    """Return `sentence_fields` without the keys that are None, for peers that may not know them."""
    return {name: value for name, value in sentence_fields(key, text).items() if value is not None}


def read_sentence(data: Mapping[str, Any], key: str) -> Sentence | None:
    """Read the text under a key of untrusted JSON, with its code and values; None if there is no text.

    Forged, oversized or mistyped codes and values are dropped together.
    """
    text = data.get(key)
    if text is None:
        return None
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, default=str)
    code, values = data.get(f"{key}_code"), data.get(f"{key}_values")
    return _read(text, code, values, DEEPEST) or _made(text, None, {})


def _made(text: str, code: str | None, values: Mapping[str, Any]) -> Sentence:
    made = str.__new__(Sentence, text)
    made.code = code
    made.values = MappingProxyType(dict(values))
    return made


def _plain(value: Any) -> Any:
    """Convert a value to the form a sentence stores."""
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


def _said(value: Any, say: Callable[[str], str], write: Callable[[object], str], between: str = ", ") -> str:
    if isinstance(value, tuple):
        return between.join(_said(item, say, write) for item in cast("tuple[Any, ...]", value))
    return say(value) if isinstance(value, Sentence) else write(value)


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
    """Return whether the values are within our own limits for incoming values, so that peers accept them."""
    return _read("", "any", values, DEEPEST) is not None


def _read(text: str, code: Any, values: Any, depth: int) -> Sentence | None:
    """Read an untrusted sentence; None if its code or its values are invalid."""
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
