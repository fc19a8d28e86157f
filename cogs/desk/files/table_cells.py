"""What a table names and only the guild knows: channels by name, pictures by the name of their file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import discord

from cogs.desk.kit.wording import plain
from cogs.language import t
from schedulezero.exchange.reading import Found

_PUNCTUATION = re.compile(r"[^\w.]+")

Pictures = Mapping[str, Mapping[str, Any]]
"""The pictures that came with a table: the key of each one's name → the file as params hold it."""


def key_of(name: str) -> str:
    """Return what tells a picture from others; Discord puts an underscore for blanks in a file's name."""
    return _PUNCTUATION.sub("_", name.strip().casefold())


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why a row can't be scheduled yet.

    Attributes:
        reason: the sentence for the person.
        pictures: the names of the pictures that are still missing.
    """

    reason: str
    pictures: tuple[str, ...] = ()


def placed(entry: Found, guild: discord.Guild, pictures: Pictures) -> Found | Lacking:
    """Return an entry with the ids of its channels and the digests of its pictures, or what it lacks."""
    params = dict(entry.params)
    channels = params.get("channel_ids")
    if isinstance(channels, list):
        found: list[str] = []
        for name in cast("list[Any]", channels):
            channel = _channel(guild, str(name)) if str(name).startswith("#") else str(name)
            if isinstance(channel, Lacking):
                return channel
            found.append(channel)
        params["channel_ids"] = found
    files = params.get("files")
    if isinstance(files, list):
        named = [cast("dict[str, Any]", item) for item in cast("list[Any]", files) if isinstance(item, dict)]
        missing = [str(item.get("name")) for item in named if not item.get("file")]
        absent = tuple(name for name in missing if key_of(name) not in pictures)
        if absent:
            said = t("The picture “{name}” is still missing.", name=plain(absent[0])[:60])
            return Lacking(said, absent)
        params["files"] = [
            item if item.get("file") else {**pictures[key_of(str(item.get("name")))], **_alt(item)}
            for item in named
        ]
    return replace(entry, params=params)


def _alt(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"alt": item["alt"]} if item.get("alt") else {}


def _channel(guild: discord.Guild, name: str) -> str | Lacking:
    """Return the id of the one channel or thread of that name."""
    wanted = name.removeprefix("#").strip().casefold()
    found = [
        item
        for item in [*guild.channels, *guild.threads]
        if item.name.casefold() == wanted and not isinstance(item, discord.CategoryChannel)
    ]
    if len(found) == 1:
        return str(found[0].id)
    said = f"#{plain(wanted)[:60]}"
    if not found:
        return Lacking(t("There is no channel called “{name}” here.", name=said))
    return Lacking(t("Several channels are called “{name}”. Use the ID of the one you mean.", name=said))
