"""Classes of discord.py as annotations: a job stores the id, and its function gets the object.

    @job()
    async def greet(bot, channel: discord.TextChannel, roles: list[discord.Role]): ...

This module doesn't import discord.py: it knows the classes by their names. Whoever finds objects on Discord
registers with `finds_objects`; `sprockets.kit` does.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from schedulezero.methods.parameters import Kind

Finder = Callable[[Any, tuple[type, ...], Any], Awaitable[Any]]
"""Finds an object: takes the bot, the classes that it may have, and its id, link or colour."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channel types to choose from, by Discord's names: ``text``, ``forum``, ``voice``…"""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The classes of discord.py of which the function gets an object in place of an id."""

    classes: tuple[type, ...]


_THREADS = ("public_thread", "private_thread", "news_thread")
_CHANNELS = ("text", "news", "voice", "stage_voice", "forum", "category")
# Read as: the name of a class, what is stored of its objects, the kind, and the types of its channels.
_CLASSES: dict[str, tuple[type, Kind, tuple[str, ...]]] = {
    "TextChannel": (int, Kind.CHANNEL, ("text", "news")),
    "VoiceChannel": (int, Kind.CHANNEL, ("voice",)),
    "StageChannel": (int, Kind.CHANNEL, ("stage_voice",)),
    "ForumChannel": (int, Kind.CHANNEL, ("forum",)),
    "CategoryChannel": (int, Kind.CHANNEL, ("category",)),
    "Thread": (int, Kind.CHANNEL, _THREADS),
    "GuildChannel": (int, Kind.CHANNEL, _CHANNELS),
    "Role": (int, Kind.ROLE, ()),
    "Member": (int, Kind.USER, ()),
    "User": (int, Kind.USER, ()),
    "Guild": (int, Kind.GUILD, ()),
    "Message": (str, Kind.MESSAGE, ()),
    "Colour": (str, Kind.COLOUR, ()),
}

_finders: list[Finder] = []


def finds_objects(finder: Finder) -> Finder:
    """Register the function that finds objects on Discord."""
    _finders[:] = [finder]
    return finder


def can_find() -> bool:
    """Return whether anybody finds objects."""
    return bool(_finders)


async def find(bot: Any, classes: tuple[type, ...], value: Any) -> Any:
    """Return the object of an id, or the objects of a list of ids; raises JobFailed if one is missing."""
    if isinstance(value, list):
        return [await _finders[0](bot, classes, item) for item in typing.cast("list[Any]", value)]
    return await _finders[0](bot, classes, value)


def is_of_discord(annotation: Any) -> bool:
    """Return whether an annotation is a class of discord.py."""
    return isinstance(annotation, type) and annotation.__module__.partition(".")[0] == "discord"


def stored(annotation: Any) -> Any:
    """Return an annotation with each class of discord.py replaced by what is stored of its objects.

    Raises TypeError for a class whose objects have no id that a form could ask for.
    """
    if is_of_discord(annotation):
        return _of((annotation,))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return Annotated[(stored(arguments[0]), *arguments[1:])]
    if origin in (typing.Union, types.UnionType):
        there = tuple(part for part in arguments if is_of_discord(part))
        others = tuple(part for part in arguments if part not in there)
        if not there:
            return annotation
        rest = tuple(stored(part) for part in others)
        return typing.Union[(_of(there), *rest)]
    if origin is list and arguments:
        return list[stored(arguments[0])]  # type: ignore[misc]
    return annotation


def _of(classes: tuple[type, ...]) -> Any:
    known = [_CLASSES.get(item.__name__) for item in classes]
    names = " | ".join(f"discord.{item.__name__}" for item in classes)
    if None in known:
        raise TypeError(f"can't be {names}. The classes that can: discord.{', discord.'.join(_CLASSES)}.")
    found = [item for item in known if item is not None]
    base, kind, _ = found[0]
    if any(item[1] is not kind for item in found):
        raise TypeError(f"can't be {names}: one field can't ask for either of them.")
    channels = tuple(dict.fromkeys(name for item in found for name in item[2]))
    return Annotated[(base, kind, Channels(channels), Found(classes))]
