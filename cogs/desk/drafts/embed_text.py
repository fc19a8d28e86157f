"""What people type about embeds, and the embed's JSON it stands for, both ways. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from schedulezero.compose.rendering import ATTACHMENT

NO_NAME = "\u200b"
"""The name of a field that has none; Discord requires one, and shows nothing for this."""
_ADDRESS = re.compile(r"https?://\S+")
_NAMED = re.compile(r"(?P<name>[^:\n]{1,256}?)\s*:(?!//)\s*(?P<value>.*)", re.DOTALL)


def read_fields(text: str, before: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return the fields that lines such as ``When: 8 pm`` stand for.

    A line without a name belongs to the field above it. A field stays beside its neighbour if one of that
    name did.

    Parameters:
        text: what was typed.
        before: the fields so far.
    """
    inline = {str(field.get("name")) for field in before if field.get("inline")}
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _NAMED.fullmatch(line.strip())
        if match is not None and match["value"]:
            found.append({"name": match["name"].strip(), "value": match["value"]})
        elif found:
            found[-1]["value"] += f"\n{line.strip()}"
        else:
            found.append({"name": NO_NAME, "value": line.strip()})
    return [{**field, "inline": True} if field["name"] in inline else field for field in found]


def fields_as_lines(fields: Sequence[Mapping[str, Any]]) -> str | None:
    """Return fields as lines; None if the lines would be read as other fields."""
    lines = [
        str(field.get("value"))
        if field.get("name") == NO_NAME
        else f"{field.get('name')}: {field.get('value')}"
        for field in fields
    ]
    text = "\n".join(lines)
    plain = [{"name": field.get("name"), "value": field.get("value")} for field in fields]
    read = [{"name": field["name"], "value": field["value"]} for field in read_fields(text)]
    return text if read == plain else None


def read_picture(text: str, names: Collection[str]) -> str | None:
    """Return the address of a picture that is typed as such, or as the name of one of the post's files.

    None for anything else.
    """
    typed = text.strip()
    if _ADDRESS.fullmatch(typed):
        return typed
    name = typed.removeprefix(ATTACHMENT)
    found = [item for item in names if item.casefold() == name.casefold()]
    return f"{ATTACHMENT}{found[0]}" if found else None


def picture_as_text(picture: Any) -> str:
    """Return a picture as it is typed: its address, or the name of one of the post's files."""
    url = cast("dict[str, Any]", picture).get("url") if isinstance(picture, dict) else None
    return str(url or "").removeprefix(ATTACHMENT)


def with_part(embed: Mapping[str, Any], key: str, name: str, value: str) -> dict[str, Any]:
    """Return an embed with one text of a nested part set; without a text, the part is left out."""
    had = embed.get(key)
    kept = dict(cast("dict[str, Any]", had)) if isinstance(had, dict) else {}
    rest = {item: part for item, part in embed.items() if item != key}
    return {**rest, key: {**kept, name: value}} if value else rest


def with_value(embed: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return an embed with one value set, or left out if it is empty."""
    rest = {item: part for item, part in embed.items() if item != key}
    return rest if value in (None, "", []) else {**rest, key: value}


def is_empty(embed: Mapping[str, Any]) -> bool:
    """Return whether Discord would refuse an embed because it shows nothing."""
    shown = ("title", "description", "image", "thumbnail", "author", "footer", "fields")
    return not any(embed.get(key) for key in shown)


def renamed(embed: Mapping[str, Any], old: str, new: str | None) -> dict[str, Any]:
    """Return an embed whose pictures follow a file of the post to its new name; None removes them."""
    found = dict(embed)
    for key in ("image", "thumbnail"):
        part = found.get(key)
        if isinstance(part, dict) and cast("dict[str, Any]", part).get("url") == f"{ATTACHMENT}{old}":
            found = with_part(found, key, "url", f"{ATTACHMENT}{new}" if new else "")
    return found
