"""Put a read post into a draft's values: what both have, replaced or added. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from schedulezero.compose import limits

CONTENT = ("text", "embeds", "buttons", "poll", "layout")
_LISTS = {"embeds": limits.EMBEDS.most, "buttons": limits.BUTTONS.most}
_APART = {
    "layout": ("text", "embeds", "poll"),
    "text": ("layout",),
    "embeds": ("layout",),
    "poll": ("layout",),
}


def would_be_lost(values: Mapping[str, Any], read: Mapping[str, Any]) -> list[str]:
    """Return the names of the values that a read post would replace or exclude by others."""
    excluded = {other for name in read for other in _APART.get(name, ()) if read[name]}
    return [
        name
        for name, value in values.items()
        if value
        and not name.startswith("#")
        and ((read.get(name) and read[name] != value) or name in excluded)
    ]


def replaced(values: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the read post in place of the one they held."""
    kept = {name: value for name, value in values.items() if name not in CONTENT}
    return {**kept, **read}


def joined(values: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the read post added: texts one below the other, lists one after the other.

    Lists end at Discord's limit; a value that there can be only one of stays as it was.
    """
    found = dict(values)
    for name, value in read.items():
        before = found.get(name)
        if not before:
            if not any(found.get(other) for other in _APART.get(name, ())):
                found[name] = value
        elif name in _LISTS and isinstance(before, list):
            found[name] = [*cast("list[Any]", before), *value][: _LISTS[name]]
        elif name == "text":
            found[name] = f"{before}\n{value}"
    return found


def fits_beside(values: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    """Return whether all of a read post can be added."""
    added = joined(values, read)
    lists = all(
        len(cast("list[Any]", values.get(name) or [])) + len(cast("list[Any]", read.get(name) or [])) <= most
        for name, most in _LISTS.items()
    )
    single = all(name in (*_LISTS, "text") or added.get(name) == value for name, value in read.items())
    return lists and single and all(added.get(name) for name in read)
