"""Read embeds as other programs write them. Pure.

Source of keys and limits: https://discord.com/developers/docs/resources/message#embed-object.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, cast

from schedulezero.compose import limits
from schedulezero.compose.pasted_notes import Notes
from schedulezero.methods.colours import parse_colour
from schedulezero.sentences import Sentence

EMBED_KEYS = frozenset(
    ("title", "description", "color", "colour", "author", "footer", "image", "thumbnail", "fields")
)
_IGNORED = frozenset(("type", "_id", "id", "flags", "content_scan_version", "reference_id"))
_OTHERS = ("provider", "video")
_ICONS = ("icon_url", "iconUrl", "iconURL", "icon")
_SHORT_HEX = re.compile(r"#[0-9a-f]{3}|(?:#|0x)[0-9a-f]{1,5}", re.IGNORECASE)


def read_embeds(value: Any, notes: Notes) -> list[dict[str, Any]]:
    """Return embeds as a post holds them; note what doesn't go along and what is wrong."""
    if value is None:
        return []
    if not isinstance(value, list):
        notes.wrong_type("embeds", _not_list())
        return []
    items = cast("list[Any]", value)
    if len(items) > limits.EMBEDS.most:
        notes.too_many("embeds", len(items), limits.EMBEDS.most)
    found: list[dict[str, Any]] = []
    for number, item in enumerate(items[: limits.EMBEDS.most]):
        place = f"embeds[{number}]"
        if not isinstance(item, dict):
            notes.wrong_type(place, _not_object())
            continue
        embed = _embed(cast("dict[str, Any]", item), place, notes)
        if embed.keys() - {"color", "timestamp", "url"}:
            found.append(embed)
        else:
            notes.leave(place, "This embed is empty.", code="paste_left_empty_embed")
    total = sum(_length(embed) for embed in found)
    if total > limits.EMBED_TOTAL.most:
        notes.too_long("embeds", total, limits.EMBED_TOTAL.most)
    return found


def _not_list() -> Sentence:
    return Sentence("must be a list.", "paste_not_list")


def _not_object() -> Sentence:
    return Sentence("must be an object in braces.", "paste_not_object")


def _embed(data: dict[str, Any], place: str, notes: Notes) -> dict[str, Any]:
    embed: dict[str, Any] = {
        "title": notes.text(data.get("title"), f"{place}.title", limits.EMBED_TITLE),
        "description": notes.text(data.get("description"), f"{place}.description", limits.EMBED_DESCRIPTION),
    }
    if data.get("url"):
        embed["url"] = notes.address(data["url"], f"{place}.url", limits.ADDRESS)
    colour = data.get("color", data.get("colour"))
    if colour not in (None, ""):
        embed["color"] = _colour(colour, f"{place}.color", notes)
    if data.get("timestamp") not in (None, "", False):
        embed["timestamp"] = _timestamp(data["timestamp"], f"{place}.timestamp", notes)
    embed["author"] = _named(data.get("author"), "name", f"{place}.author", limits.EMBED_AUTHOR, notes)
    embed["footer"] = _named(data.get("footer"), "text", f"{place}.footer", limits.EMBED_FOOTER, notes)
    for key in ("image", "thumbnail"):
        embed[key] = _picture(data.get(key), f"{place}.{key}", notes)
    embed["fields"] = _fields(data.get("fields"), f"{place}.fields", notes)
    for key, value in data.items():
        if key in _OTHERS and value:
            notes.leave(f"{place}.{key}", "Only Discord itself can add this.", code="paste_left_by_discord")
        elif key not in EMBED_KEYS and key not in _IGNORED and key not in (*_OTHERS, "url", "timestamp"):
            notes.unknown(f"{place}.{key}")
    return {key: value for key, value in embed.items() if value not in (None, "", [], {})}


def _colour(value: Any, place: str, notes: Notes) -> int | None:
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        value = f"rgb({', '.join(str(part) for part in parts[:3])})" if len(parts) == 3 else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        text = value.strip()
        if text.casefold() == "default":
            return None  # the colour of an embed that has none
        if text.casefold() == "random":
            notes.leave(
                place, "A colour that changes each time can't be carried over.", code="paste_left_colour"
            )
            return None
        if text.isascii() and text.isdigit() and len(text) <= 8:
            value = int(text)  # programs write the number as a text; a hexadecimal one has a # before it
        elif _SHORT_HEX.fullmatch(text):
            digits = text.lower().removeprefix("0x").removeprefix("#")
            value = int(
                "".join(2 * digit for digit in digits) if text[0] == "#" and len(digits) == 3 else digits, 16
            )
    found = parse_colour(value)
    if found is None:
        notes.not_colour(place)
    return found


def _timestamp(value: Any, place: str, notes: Notes) -> str | None:
    """Return ISO text; ``now`` for the instant of the run, as many editors write ``true``."""
    if value is True or (
        isinstance(value, str) and value.strip().casefold() in ("now", "true", "{timestamp}")
    ):
        return "now"
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            found = datetime.fromisoformat(value.strip())
        else:
            seconds = float(value)
            if not math.isfinite(seconds):
                raise ValueError
            found = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        notes.not_time(place)
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).isoformat()


def _named(value: Any, key: str, place: str, limit: limits.Limit, notes: Notes) -> dict[str, Any] | None:
    """Return an author or a footer: a text with a small picture, or just the text."""
    if isinstance(value, str):
        value = {key: value}
    if not value:
        return None
    if not isinstance(value, dict):
        notes.wrong_type(place, _not_object())
        return None
    data = cast("dict[str, Any]", value)
    text = notes.text(data.get(key), f"{place}.{key}", limit)
    icon = next((data[name] for name in _ICONS if data.get(name)), None)
    if not text:
        if icon or data.get("url"):
            notes.leave(place, "Discord shows this only together with text.", code="paste_left_without_text")
        return None
    found: dict[str, Any] = {key: text}
    if icon:
        found["icon_url"] = notes.address(icon, f"{place}.icon_url", limits.ADDRESS)
    if key == "name" and data.get("url"):
        found["url"] = notes.address(data["url"], f"{place}.url", limits.ADDRESS)
    return {name: item for name, item in found.items() if item}


def _picture(value: Any, place: str, notes: Notes) -> dict[str, Any] | None:
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value).get("url")
    if not value:
        return None
    address = notes.address(value, place, limits.ADDRESS)
    return {"url": address} if address else None


def _fields(value: Any, place: str, notes: Notes) -> list[dict[str, Any]]:
    if value in (None, {}, []):
        return []
    if not isinstance(value, list):
        notes.wrong_type(place, _not_list())
        return []
    items = cast("list[Any]", value)
    if len(items) > limits.EMBED_FIELDS.most:
        notes.too_many(place, len(items), limits.EMBED_FIELDS.most)
    found: list[dict[str, Any]] = []
    for number, item in enumerate(items[: limits.EMBED_FIELDS.most]):
        where = f"{place}[{number}]"
        if not isinstance(item, dict):
            notes.wrong_type(where, _not_object())
            continue
        data = cast("dict[str, Any]", item)
        field: dict[str, Any] = {
            "name": notes.text(data.get("name"), f"{where}.name", limits.EMBED_FIELD_NAME),
            "value": notes.text(data.get("value"), f"{where}.value", limits.EMBED_FIELD_VALUE),
        }
        if str(data.get("inline")).casefold() == "true":
            field["inline"] = True
        found.append(field)
    return found


def _length(embed: dict[str, Any]) -> int:
    """Return the characters that Discord counts towards the limit of all embeds together."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", "")]
    texts += [text for field in embed.get("fields", []) for text in (field["name"], field["value"])]
    return sum(len(text) for text in texts)
