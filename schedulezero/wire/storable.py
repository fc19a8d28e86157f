"""Values that every wire, client and database can represent. Pure; checked where JSON or a result comes in.

JSON allows more than databases and clients do (RFC 8259, sections 4, 6 and 8.2 name the differences): half of
a surrogate pair can't be written as UTF-8, PostgreSQL stores no zero byte, ``1e999`` becomes infinity and
then ``Infinity``, which isn't JSON, and integers beyond 64 bits fit in no column. One such value would block
its whole batch, so each is refused where it arrives, with a reason, and only its sender is affected.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, cast

from schedulezero.sentences import Sentence

DEEPEST = 64
"""Maximum nesting depth of a message or a result."""
MOST_VALUES = 50_000
"""Maximum number of values in one message, so that checking them takes only a few milliseconds."""
LONGEST_REASON = 2000
"""Maximum number of characters kept of a reason."""

_LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HOLDERS = (dict, list, tuple)
_SHOWN = 40


class Unstorable(ValueError):
    """A value that can't be stored or sent.

    Parameters:
        said: what it is, to read after *it contains*.
    """

    def __init__(self, said: Sentence) -> None:
        super().__init__(said)
        self.said = said


def too_deep() -> Unstorable:
    """Return the error for values that nest deeper than Python reads."""
    return Unstorable(Sentence("values that nest too deeply", "unstorable_nesting"))


def too_many(most: int | None) -> Unstorable:
    """Return the error for too many values; ``most`` are accepted."""
    return Unstorable(Sentence("more than {most} values", "unstorable_values", most=most))


def _too_many_digits() -> Unstorable:
    return Unstorable(Sentence("a number with too many digits", "unstorable_digits"))


def _twice(key: str) -> Unstorable:
    return Unstorable(Sentence("the key {key!r} twice", "unstorable_key_twice", key=_shown(key)))


def read_json(payload: bytes | str, *, deepest: int | None = DEEPEST, most: int | None = MOST_VALUES) -> Any:
    """Parse JSON text; bytes are UTF-8, with or without a byte order mark.

    Parameters:
        payload: the text.
        deepest: maximum nesting depth; None for Python's own limit.
        most: maximum number of values; None for no limit.

    Raises Unstorable for JSON with unstorable values, and another ValueError for invalid JSON.
    """
    text = payload.decode("utf-8-sig") if isinstance(payload, bytes) else payload
    try:
        value: Any = _decoder.decode(text)
    except RecursionError as error:
        raise too_deep() from error
    except json.JSONDecodeError:
        raise
    except Unstorable:
        raise
    except ValueError as error:  # Python refuses integers with thousands of digits
        raise _too_many_digits() from error
    if not _is_harmless(text, deepest, most):
        check(value, deepest=deepest, most=most)
    return value


def read_items(payload: bytes | str, key: str, *, deepest: int, most: int = MOST_VALUES) -> Any:
    """Parse JSON text as `read_json` does, but don't let one item of a list spoil the others.

    Parameters:
        payload: the text.
        key: the key of the list in the object that the text holds.
        deepest: maximum nesting depth.
        most: maximum number of values.

    Returns the value; in the list, an `Unstorable` takes the place of each item that can't be stored. Raises
    as `read_json` does for what concerns the whole text.
    """
    try:
        return read_json(payload, deepest=deepest, most=most)
    except Unstorable as error:
        strict = error
    text = payload.decode("utf-8-sig") if isinstance(payload, bytes) else payload
    try:
        value: Any = _tolerant_decoder.decode(text)
    except RecursionError:
        raise strict from None
    items: Any = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    if not isinstance(items, list) or _count(value, most) > most:
        raise strict
    check({**value, key: None}, deepest=deepest, most=most)
    for index, item in enumerate(cast("list[Any]", items)):
        try:
            check(item, deepest=deepest - 2, most=most)  # it is in a list in an object
        except Unstorable as error:
            items[index] = error
    return cast(Any, value)


def _count(value: Any, most: int) -> int:
    """Return the number of values in a JSON value, or any number above ``most``."""
    count, stack = 0, [value]
    while stack and count <= most:
        item = stack.pop()
        count += 1
        if isinstance(item, dict | list):
            stack += cast("dict[str, Any]", item).values() if isinstance(item, dict) else cast(Any, item)
    return count


def _is_harmless(text: str, deepest: int | None, most: int | None) -> bool:
    """Return whether JSON that could be parsed can't hold anything that `check` refuses.

    This takes much less time than `check`, and nearly all messages are harmless. The parser has looked at the
    numbers; characters that can't be stored may be written as they are or as escapes.
    """
    return (
        (most is None or len(text) <= most)
        and (deepest is None or text.count("{") + text.count("[") <= deepest)
        and "\\u" not in text
        and _UNSTORABLE.search(text) is None
    )


def check(
    value: Any,
    *,
    deepest: int | None = DEEPEST,
    most: int | None = MOST_VALUES,
    largest: int | None = None,
) -> None:
    """Raise Unstorable if JSON or the databases can't represent a value.

    Parameters:
        value: the value to check.
        deepest: maximum nesting depth; None for no limit.
        most: maximum number of values; None for no limit.
        largest: maximum total characters of its texts, which are counted before they are read.
    """
    room = largest if largest is not None else math.inf
    left = most if most is not None else math.inf
    stack: list[tuple[Any, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        left -= 1
        if left < 0:
            raise too_many(most)
        if isinstance(item, str):
            room -= len(item)
            if room < 0:
                raise Unstorable(
                    Sentence("texts of more than {most} characters", "unstorable_texts", most=largest)
                )
            check_text(item)
        elif item is None or isinstance(item, bool):
            continue
        elif isinstance(item, Unstorable):  # what `read_items` read in its place
            raise item
        elif isinstance(item, int):
            _check_whole(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise Unstorable(Sentence("an infinite number or NaN", "unstorable_infinite"))
        elif isinstance(item, _HOLDERS):
            if deepest is not None and depth > deepest:
                raise Unstorable(
                    Sentence("values nested more than {most} levels deep", "unstorable_depth", most=deepest)
                )
            children = cast(Any, item)
            if len(children) > left:
                raise too_many(most)
            if isinstance(item, dict):
                _check_keys(children)
                children = children.values()
            depth += 1
            stack += [(child, depth) for child in children]
        else:
            raise Unstorable(
                Sentence(
                    "a value of the type {type}, which JSON has no notation for",
                    "unstorable_type",
                    type=type(item).__name__,
                )
            )


def check_text(text: str) -> None:
    """Raise Unstorable if a text contains a character that can't be stored."""
    if (found := _UNSTORABLE.search(text)) is not None:
        at = found.start()
        if found[0] == "\x00":
            raise Unstorable(
                Sentence("a text with a zero byte at position {at}", "unstorable_zero_byte", at=at)
            )
        raise Unstorable(
            Sentence(
                "a text with half of a surrogate pair at position {at}", "unstorable_half_character", at=at
            )
        )


def clean_text(text: str, longest: int = LONGEST_REASON) -> str:
    """Replace each character that can't be stored, and truncate the text.

    A `Sentence` stays one; its values are cleaned the same way.
    """
    if isinstance(text, Sentence):
        return text.changed(lambda part: clean_text(part, longest))
    clean = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[: longest + 1])
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"


def clean(value: Any) -> Any:
    """Replace everything unstorable in a JSON value; used for answers."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(clean(key)): clean(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in cast("list[Any]", value)]
    return value


def _check_keys(item: dict[Any, Any]) -> None:
    for key in item:
        if isinstance(key, str):
            check_text(key)
        elif isinstance(key, bool) or not isinstance(key, int):
            raise Unstorable(
                Sentence(
                    "a key of the type {type}, though keys are texts",
                    "unstorable_key_type",
                    type=type(key).__name__,
                )
            )
        elif str(key) in item:  # JSON writes integer keys as strings
            raise _twice(str(key))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise _twice(twice)
    return made


def _check_whole(number: int) -> None:
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise Unstorable(
            Sentence("a whole number beyond 64 bits, which must be written as text", "unstorable_integer")
        )


def _whole(text: str) -> int:
    value = int(text)
    _check_whole(value)
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unstorable(
            Sentence("the number {number}, which is too large", "unstorable_number", number=_shown(text))
        )
    return value


def _constant(name: str) -> Any:
    raise Unstorable(Sentence("{name}, which isn't JSON", "unstorable_constant", name=name))


def _tolerant(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a hook of the decoder that returns the error instead of raising it."""

    def hook(given: Any) -> Any:
        try:
            return read(given)
        except Unstorable as error:
            return error
        except ValueError:  # Python refuses integers with thousands of digits
            return _too_many_digits()

    return hook


def _shown(text: str) -> str:
    return clean_text(text, _SHOWN)


_decoder = json.JSONDecoder(
    parse_constant=_constant, parse_int=_whole, parse_float=_number, object_pairs_hook=_object
)
_tolerant_decoder = json.JSONDecoder(
    parse_constant=_tolerant(_constant),
    parse_int=_tolerant(_whole),
    parse_float=_tolerant(_number),
    object_pairs_hook=_tolerant(_object),
)
