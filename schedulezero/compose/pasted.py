"""Find the data in what a person pasted: JSON, with or without a code fence, or a link that holds it. Pure.

No link is opened: one that holds its data, such as Discohook's and other editors' ``?data=`` (base64 of the
JSON, https://discohook.app/guide), is decoded; for all others the error says what to copy instead. Size,
depth and the number of values are bounded.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from schedulezero.compose.yagpdb import is_template, read_template
from schedulezero.errors import ScheduleZeroError

MOST_CHARACTERS = 512 * 1024
_DEEPEST = 24
_MOST_VALUES = 20_000

_FENCE = "```"
_LANGUAGE = re.compile(r"[a-zA-Z]{0,10}[^\S\n]*\n")  # what the line of an opening fence may hold
_LINK = re.compile(r"<?(https?://\S+?)>?")
_MESSAGE = re.compile(r"https?://(?:\w+\.)?discord(?:app)?\.com/channels/")
# What bots want before the JSON: Carl-bot's tag {embed:…}, YAGPDB's -customembed …, Nadeko's .say ….
_BEFORE = re.compile(r"(?:\{embed:|[-.!?$;/>]?\w{1,20}(?:[ \t]+[<#@][\w#@&-]{1,40}>?)?)\s*(?=[{\[])")
_EDITORS = ("discohook.org", "discohook.app")


class PasteUnreadable(ScheduleZeroError):
    """What was pasted can't be read; the message says why, and what to paste instead."""


def pasted_data(text: str) -> Any:
    """Return the JSON value in a pasted text. Raises PasteUnreadable."""
    if len(text) > MOST_CHARACTERS:
        raise PasteUnreadable(
            "The text is larger than {size} KiB.", code="paste_too_large", size=MOST_CHARACTERS // 1024
        )
    start, end = _bounds(text)
    inner = text[start:end]
    if not inner:
        raise PasteUnreadable("The text is empty.", code="paste_empty")
    if (link := _LINK.fullmatch(inner)) is not None:
        found = _parsed(_in_link(link[1]), 0)
    elif is_template(inner):
        found = read_template(inner)
        if found is None:
            raise PasteUnreadable(
                "I can't read this template; only `cembed` with plain values works.",
                code="paste_template_unreadable",
            )
    else:
        before = _BEFORE.match(inner)
        if before is not None:
            start += before.end()
            end -= 1 if inner.startswith("{embed:") and inner.endswith("}") else 0
        found = _parsed(text[:end], start)
    _check_size(found)
    return found


def _bounds(text: str) -> tuple[int, int]:
    """Return where the data begins and ends: within the first code fence, if there is one."""
    start, end = 0, len(text)
    fence = text.find(_FENCE)
    closing = text.find(_FENCE, fence + len(_FENCE)) if fence >= 0 else -1
    # A fence within a JSON text is part of a message, not around it.
    if closing >= 0 and not _began(text[:fence]):
        start, end = fence + len(_FENCE), closing
        if (language := _LANGUAGE.match(text, start, end)) is not None:
            start = language.end()
    blank = " \t\r\n\ufeff\u200b"
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip(blank)), end - (len(inner) - len(inner.rstrip(blank)))


def _began(text: str) -> bool:
    return "{" in text or "[" in text


def _in_link(address: str) -> str:
    """Return the JSON text that a link holds."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
        data = parse_qs(parts.query, max_num_fields=20).get("data", [""])[0]
    except ValueError:
        raise _broken() from None
    if _MESSAGE.match(address):
        raise PasteUnreadable(
            "That is a link to a message. Instead, right-click the message (press and hold it on a phone) "
            "and choose *Apps → Schedule this message*.",
            code="paste_message_link",
        )
    if not data and (host in _EDITORS or host.endswith(".discohook.app")):
        raise PasteUnreadable(
            "This short link doesn't contain the post itself, and I don't open links. Open "
            "it, choose *JSON Editor*, and copy what is there.",
            code="paste_short_link",
        )
    if not data:
        raise PasteUnreadable(
            "I don't open links. Open this one yourself, copy the JSON it shows, and paste that.",
            code="paste_link_unopened",
        )
    encoded = data.replace(" ", "+").replace("+", "-").replace("/", "_").rstrip("=")
    try:
        said = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _broken() from None
    return unquote(said) if said.startswith("%") else said


def _broken() -> PasteUnreadable:
    return PasteUnreadable(
        "The link is incomplete: it was probably cut off when it was copied. Copy it again, or paste the "
        "JSON.",
        code="paste_link_broken",
    )


def _parsed(text: str, start: int) -> Any:
    """Return the value of the JSON in a text from a position on."""
    try:
        return json.loads(text[start:], parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _fault(text, start + error.pos) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # a number of thousands of digits
        raise PasteUnreadable(
            "The text contains a number that is too long.", code="paste_number_too_long"
        ) from None


def _no_constant(name: str) -> Any:
    raise PasteUnreadable("“{name}” isn't a valid JSON value.", code="paste_constant", name=name)


def _fault(text: str, at: int) -> PasteUnreadable:
    """Return the error for JSON that is wrong at a position."""
    before = text[:at].rstrip()
    comma = before.endswith(",") or text[at : at + 1] == ","
    if comma and before.endswith(","):
        at = len(before) - 1
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    there = text[at : at + 1]
    follows = text[at + 1 :].lstrip()[:1] if there == "," else there
    if comma and there == "," and follows in ("}", "]", ""):
        return PasteUnreadable(
            "Line {line}, column {column}: remove the comma before the closing bracket.",
            code="paste_trailing_comma",
            line=line,
            column=column,
        )
    if there in ("“", "”", "„", "‘", "’", "'"):
        return PasteUnreadable(
            'Line {line}, column {column}: JSON needs straight double quotes (`"`) instead of {found}.',
            code="paste_quotes",
            line=line,
            column=column,
            found=there,
        )
    if there == "\n":
        return PasteUnreadable(
            "Line {line}: the text breaks off here. Write a line break inside text as \\n.",
            code="paste_line_break",
            line=line,
        )
    if not there or (there == '"' and '"' not in text[at + 1 :]):
        return PasteUnreadable(
            "The text breaks off on line {line}. Was it cut off? Longer text can be uploaded as a file.",
            code="paste_cut_off",
            line=line,
        )
    if "{" not in text and "[" not in text:
        return PasteUnreadable(
            "This isn't the JSON of a message or an embed. To post it as it is, enter it in the form.",
            code="paste_plain_text",
        )
    return PasteUnreadable(
        "Line {line}, column {column}: this isn't valid JSON from “{found}” onwards.",
        code="paste_not_json",
        line=line,
        column=column,
        found=text[at : at + 20].split("\n")[0].replace("`", "'"),
    )


def _too_deep() -> PasteUnreadable:
    return PasteUnreadable("The JSON is nested too deeply to be a message.", code="paste_too_deep")


def _check_size(value: Any) -> None:
    """Raise PasteUnreadable if a value is nested deeper, or holds more values, than any message."""
    level: list[Any] = [value]
    count = 0
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following += cast("dict[str, Any]", item).values()
            elif isinstance(item, list):
                following += cast("list[Any]", item)
        count += len(following)
        if count > _MOST_VALUES:
            raise PasteUnreadable(
                "The text contains far more than a message can hold.", code="paste_too_many_values"
            )
        level = following
        if not level:
            return
    raise _too_deep()
