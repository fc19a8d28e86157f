"""Sentences of the server and of jobs on Discord: their own markup is rendered, that of values in them isn't.

A sentence is a frame, which we or a loaded sprocket's catalogue wrote, with values in it, which people and
Discord gave. Frames may emphasise a permission's name or put a command in code. Values are shown as they were
typed. A sentence without a known code may be anybody's and is escaped as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import discord

from cogs import formats
from cogs.language import frame_of, shown_locale, translated, without_method_names
from schedulezero import instants, said_values
from schedulezero.methods.markup import escaped
from schedulezero.sentences import Sentence, filled

_MOST_ESCAPED = 4000  # Discord shows no longer text
_LONGEST = 2000  # of a sentence within another one
_INSTANT = re.compile(
    r"\\.|`[^`]*`"  # neither an escaped character nor code is looked into
    r"|(?P<instant>(?<![^\s(“„«*])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?=[\s.,:;)*”“»]|$))",
    re.ASCII,
)
# A value that is one of these and nothing else is ours; within other text, they are somebody's typing.
_MENTION = re.compile(r"<(?:@[!&]?|#)\d{15,20}>|<t:-?\d{1,13}(?::[A-Za-z])?>", re.ASCII)
_ID = re.compile(r"\d{15,20}", re.ASCII)
# Read as: the name of a value that is an id, and the mention of what has the id.
_IDS = {"user_id": "<@{}>", "role_id": "<@&{}>", "channel_id": "<#{}>"}
_ESCAPED_MENTION = re.compile("\\\\<(@)\u200b(&?\\d{15,20})>|\\\\<(#)(\\d{15,20})>")
_BEGINS_BLOCK = re.compile(r"[ \t]*(?:[#>-]|[0-9]+\.)", re.ASCII)
_EVERYONE = re.compile(r"@(?=everyone|here)")
_LOOSE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\$")
_CODE = re.compile(r"\\.|(?P<code>`[^`]*(?P<end>`)?)", re.DOTALL)
_JOINERS = "\u200c\u200d"  # Persian words and families of emoji need them
_NOTHING = "–"  # without anything in it, code would begin where it should end


def cut(text: str, length: int) -> str:
    """Shorten a text to a length, with an ellipsis; Discord counts characters the same way."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def plain(text: str) -> str:
    """Escape a text: no formatting, no pings, on one line."""
    return escaped(" ".join(text[:_MOST_ESCAPED].split()))


def with_mentions_of_people(text: str) -> str:
    """Return an escaped text with its mentions of people, roles and channels shown as such."""
    return _ESCAPED_MENTION.sub(r"<\1\2\3\4>", text)


def framed(sentence: str, length: int) -> str:
    """Return a sentence on one line in the reader's language, shortened to a length.

    The people, roles and channels that it names are mentions, which ping nobody where it is shown, and its
    instants are in the reader's zone.
    """
    text = " ".join(line.strip() for line in _framed(sentence).splitlines())
    if (begin := _BEGINS_BLOCK.match(text)) is not None:
        text = f"{text[: begin.end() - 1]}\\{text[begin.end() - 1 :]}"
    return _INSTANT.sub(_instant, _shortened(_EVERYONE.sub("@\u200b", text), length))


def _framed(sentence: str) -> str:
    if not isinstance(sentence, Sentence) or sentence.code is None:
        return with_mentions_of_people(plain(sentence))
    if sentence.code in said_values.CODES:
        value = formats.said_value(sentence.code, sentence.values.get("value"), shown_locale())
        return value if value is not None else plain(sentence)
    sentence = without_method_names(sentence)
    frame = frame_of(sentence)
    if frame is None:
        return with_mentions_of_people(plain(sentence))
    return _shortened(_filled(frame, sentence.values), _LONGEST)


def _filled(frame: str, values: Mapping[str, Any]) -> str:
    """Fill in a frame; the values in its code spans, where an escape would be seen, can't end them."""
    named = {name: _mentioned(name, value) for name, value in values.items()}
    parts = frame.split("`")
    for number, part in enumerate(parts):
        in_code = number % 2 == 1 and number < len(parts) - 1
        parts[number] = (
            filled(part, values, lambda item: _in_code(translated(item)), _in_code)
            if in_code
            else filled(part, named, _framed, _written)
        )
    return "`".join(parts)


def _mentioned(name: str, value: Any) -> Any:
    return _IDS[name].format(value) if name in _IDS and _ID.fullmatch(str(value)) else value


def _written(value: object) -> str:
    text = str(value)
    return text if _MENTION.fullmatch(text) else plain(text)


def _in_code(value: object) -> str:
    text = " ".join(str(value)[:_MOST_ESCAPED].replace("`", "'").split())
    return "".join(char for char in text if char.isprintable() or char in _JOINERS).strip() or _NOTHING


def _shortened(text: str, length: int) -> str:
    """Shorten a text; code that is cut still ends, or what is in it would be read as markup."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    if any(part["code"] and not part["end"] for part in _CODE.finditer(kept)):
        return f"{kept[:-1]}`…" if kept[-1] != "`" else f"{kept[:-1]}…"
    return f"{_LOOSE_ESCAPE.sub(lambda found: found[1], kept)}…"


def _instant(found: re.Match[str]) -> str:
    if found["instant"] is None:
        return found[0]
    try:
        return discord.utils.format_dt(instants.from_iso(found[0]), "F")
    except ValueError:
        return found[0]
