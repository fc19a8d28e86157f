"""A message before it is sent: what it says, what it carries, and how it is found again in a channel."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import discord

from schedulezero.compose.layout import TEXT, addresses_of, parts_of
from schedulezero.model import JsonObject
from sprockets.kit.comparing import alike
from sprockets.kit.turns import turn

_ATTACHED = "attachment://"
_UPLOADS_AT_ONCE = 4
"""The most posts whose files are open at the same time: each takes room on the disk and buffers in memory."""
_TURNS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send, which is opened only while it is sent.

    Attributes:
        name: The name to send it under, without the mark of a spoiler.
        size: Its size in bytes.
        open: Returns it, open for reading from its start; whoever calls this closes it.
        alt: What it shows, for those who can't see it.
        spoiler: Whether it is covered until somebody clicks it.
    """

    name: str
    size: int
    open: Callable[[], Awaitable[BinaryIO]]
    alt: str | None = None
    spoiler: bool = False

    @property
    def filename(self) -> str:
        """The name that Discord gets: a spoiler is one whose name begins so."""
        return f"SPOILER_{self.name}" if self.spoiler else self.name


Sent = Upload | discord.File


class LayoutOf(discord.ui.LayoutView):
    """A layout that is JSON already, with buttons that are links."""

    def __init__(self, components: list[JsonObject]) -> None:
        super().__init__(timeout=None)
        self.layout = components

    def to_components(self) -> list[dict[str, Any]]:
        """Return the JSON that Discord gets."""
        return self.layout

    def has_components_v2(self) -> bool:
        """Return True: it takes the place of text and embeds."""
        return True

    def is_dispatchable(self) -> bool:
        """Return False: nobody waits for clicks."""
        return False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a message says and carries.

    Attributes:
        content: Its text.
        embeds: Its embeds.
        files: Its files.
        poll: Its poll.
        view: Its buttons and selects, or its layout.
        silent: Whether it notifies nobody's phone or desktop.
        no_previews: Whether links in its text have no previews.
        allowed_mentions: Whom it pings.
    """

    content: str = ""
    embeds: tuple[discord.Embed, ...] = ()
    files: tuple[Sent, ...] = ()
    poll: discord.Poll | None = None
    view: discord.ui.View | discord.ui.LayoutView | None = None
    silent: bool = False
    no_previews: bool = False
    allowed_mentions: discord.AllowedMentions = field(default_factory=discord.AllowedMentions.none)

    def plan(self) -> JsonObject:
        """Return what a step notes about the message: what it says, and by what it is found again."""
        texts = self.view.layout if isinstance(self.view, LayoutOf) else []
        embeds = [embed.to_dict() for embed in self.embeds]
        return {
            "content": self.content,
            "embeds": embeds,
            "poll": self.poll.question if self.poll is not None else None,
            "files": [[item.filename, _size(item)] for item in self.files],
            "shown": [url.removeprefix(_ATTACHED) for url in _addresses(embeds, texts)],
            "layout": _layout_text(texts),
        }

    @asynccontextmanager
    async def arguments(self, plan: JsonObject, place: int) -> AsyncGenerator[dict[str, Any]]:
        """Open the files, and yield what discord.py's methods that send a message take.

        Posts with files take turns in each channel, so that a channel whose limit is reached doesn't keep the
        others waiting.

        Parameters:
            plan: What the step noted; a first attempt's text is sent again as it was.
            place: The id of the channel.
        """
        found: dict[str, Any] = {"allowed_mentions": self.allowed_mentions}
        if plan.get("content"):
            found["content"] = plan["content"]
        if embeds := embeds_of(plan):
            found["embeds"] = [discord.Embed.from_dict(item) for item in embeds]
        if self.poll is not None:
            found["poll"] = self.poll
        if self.view is not None:
            found["view"] = self.view
        if self.silent:
            found["silent"] = True
        if self.no_previews:
            found["suppress_embeds"] = True
        if not self.files:
            yield found
            return
        turns = _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_UPLOADS_AT_ONCE))
        async with turn(f"upload:{place}"), turns:
            with ExitStack() as closing:
                yield {**found, "files": [await _opened(item, closing) for item in self.files]}


async def _opened(item: Sent, closing: ExitStack) -> discord.File:
    if isinstance(item, discord.File):
        item.reset()
        return item
    handle = await item.open()
    closing.callback(handle.close)  # the real one: discord.py puts a stub over it
    return discord.File(handle, item.name, spoiler=item.spoiler, description=item.alt)  # type: ignore[arg-type]


def _size(item: Sent) -> int:
    if isinstance(item, Upload):
        return item.size
    size = item.fp.seek(0, os.SEEK_END)
    item.reset()
    return size


def embeds_of(plan: JsonObject) -> list[JsonObject]:
    """Return the embeds of a plan."""
    one = plan.get("embed")  # what versions before several embeds noted
    return plan.get("embeds") or ([one] if one else [])


def _addresses(embeds: Sequence[Any], layout: list[JsonObject]) -> list[str]:
    """Return the addresses of a post's own files among those of its pictures."""
    pictures = [embed.get(key, {}).get("url", "") for embed in embeds for key in ("image", "thumbnail")]
    icons = [embed.get(key, {}).get("icon_url", "") for embed in embeds for key in ("author", "footer")]
    return [url for url in (*pictures, *icons, *addresses_of(layout)) if url.startswith(_ATTACHED)]


def _layout_text(layout: list[JsonObject]) -> str | None:
    texts = [item["content"] for item in parts_of(layout) if item.get("type") == TEXT]
    return "\n".join(texts) if layout else None


def is_of(plan: JsonObject, message: discord.Message) -> bool:
    """Return whether a message matches the plan. (Discord may add to an embed but keeps its text.)"""
    if not alike(plan.get("poll"), message.poll.question if message.poll is not None else None):
        return False
    if not alike(plan.get("content"), message.content) or not _has_files(plan, message):
        return False
    if (layout := plan.get("layout")) is not None:
        shown: list[JsonObject] = [dict(item.to_dict()) for item in message.components]
        return alike(layout, _layout_text(shown))
    embeds = [item for item in message.embeds if item.type in (None, "rich")]
    wanted = embeds_of(plan)
    return len(embeds) >= len(wanted) and all(
        alike(one.get("title"), embed.title) and alike(one.get("description"), embed.description)
        for one, embed in zip(wanted, embeds, strict=False)
    )


def _has_files(plan: JsonObject, message: discord.Message) -> bool:
    """Return whether a message has the plan's files, by name and size.

    Discord doesn't list a file that an embed shows among the attachments
    (https://discord.com/developers/docs/reference#editing-message-attachments-using-attachments-within-embeds).
    """
    sent = Counter((str(name), int(size)) for name, size in plan.get("files", []))
    there = Counter((item.filename, item.size) for item in message.attachments)
    optional = set(plan.get("shown", []))
    missing = sent - there
    return not there - sent and all(name in optional for name, _ in missing)
