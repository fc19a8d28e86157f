"""Take a message apart into the parts of a post: text, embeds, files, link buttons, poll. Pure.

What somebody wrote is escaped, so that it is posted as it is. Files and pictures at Discord are listed for
keeping, because the links to them expire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import discord

from cogs.attachments import Upload, upload_of
from cogs.desk.drafts.embed_text import with_part
from cogs.language import t
from schedulezero.compose import limits
from schedulezero.compose.rendering import ATTACHMENT
from schedulezero.methods.variables import escape

METHOD = "send_post"
_FILE = re.compile(r"https://(cdn\.discordapp\.com|media\.discordapp\.net)/(ephemeral-)?attachments/")
_EMBED = (
    "title",
    "description",
    "url",
    "color",
    "timestamp",
    "footer",
    "image",
    "thumbnail",
    "author",
    "fields",
)
_READ = ("title", "description", "name", "value", "text")
"""Keys of an embed's JSON with texts that people read."""

Shown = discord.Message | discord.MessageSnapshot


def shown_in(message: discord.Message) -> Shown:
    """Return what a message shows: itself, or for a forward, what was forwarded."""
    return message.message_snapshots[0] if message.message_snapshots else message


def values_of(message: discord.Message) -> dict[str, Any]:
    """Return the values of a draft that posts the same, without its files."""
    shown, values = shown_in(message), dict[str, Any]()
    if shown.content.strip():
        values["text"] = escape(shown.content)
    if embeds := [_plain(embed) for embed in _rich(shown)]:
        values["embeds"] = embeds
    if links := list(_links(shown)):
        values["buttons"] = links
    if message.poll is not None:
        values["poll"] = _poll(message.poll)
    return values


def _rich(shown: Shown) -> list[discord.Embed]:
    return [item for item in shown.embeds if item.type == "rich"][: limits.EMBEDS.most]


def _plain(embed: discord.Embed) -> dict[str, Any]:
    """Return an embed's JSON without what Discord adds, its texts escaped."""

    def cleaned(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            part = cast("dict[str, Any]", value)
            kept = {"name", "value", "inline", "text", "url", "icon_url"}
            return {name: cleaned(item, name) for name, item in part.items() if name in kept}
        if isinstance(value, list):
            return [cleaned(item, key) for item in cast("list[Any]", value)]
        return escape(value) if key in _READ and isinstance(value, str) else value

    data = embed.to_dict()
    return {
        key: cleaned(value, key) for key, value in data.items() if key in _EMBED and value not in (None, [])
    }


def _links(shown: Shown) -> Iterator[dict[str, Any]]:
    for row in shown.components:
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if isinstance(item, discord.Button) and item.url:
                link = {
                    "label": item.label,
                    "url": item.url,
                    "emoji": str(item.emoji) if item.emoji else None,
                }
                yield {key: value for key, value in link.items() if value}


def _poll(poll: discord.Poll) -> dict[str, Any]:
    values: dict[str, Any] = {
        "question": escape(poll.question),
        "answers": [escape(answer.text) for answer in poll.answers if answer.text],
    }
    if poll.duration:
        values["hours"] = max(round(poll.duration.total_seconds() / 3600), 1)
    if poll.multiple:
        values["several"] = True
    return values


# -------------------------------------------------------------------- files


def uploads_of(message: discord.Message) -> list[Upload]:
    """Return the files to keep: the attachments, then the pictures in embeds that are Discord's own."""
    shown = shown_in(message)
    attached = [upload_of(attachment.to_dict()) for attachment in shown.attachments]
    known = {_path(upload.url) for upload in attached}
    pictures = [url for url in dict.fromkeys(_pictures(shown)) if _path(url) not in known]
    return [*attached, *(Upload(url, _path(url).rpartition("/")[2] or "picture.png") for url in pictures)]


def with_kept_pictures(embeds: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return embeds that show kept files in the place of Discord's links, which would expire.

    A picture that couldn't be kept is left out.

    Parameters:
        embeds: the embeds, as `values_of` returns them.
        names: the addresses of what was kept, and the name that each has now.
    """
    by_path = {_path(url): name for url, name in names.items()}
    found: list[dict[str, Any]] = []
    for embed in embeds:
        shown = dict(embed)
        for key in ("image", "thumbnail"):
            url = str((shown.get(key) or {}).get("url") or "")
            if _FILE.match(url):
                name = by_path.get(_path(url))
                shown = with_part(shown, key, "url", f"{ATTACHMENT}{name}" if name else "")
        found.append(shown)
    return found


def _pictures(shown: Shown) -> Iterator[str]:
    for embed in _rich(shown):
        for part in (embed.image, embed.thumbnail):
            if part.url and _FILE.match(part.url):
                yield part.url


def _path(url: str) -> str:
    """Return an address without its signature, which changes."""
    return urlsplit(url).path


# -------------------------------------------------------------------- what stays behind


def notices_of(message: discord.Message) -> list[str]:
    """Return what doesn't go along with a message; empty if all of it does."""
    shown, said = shown_in(message), list[str]()
    if shown is not message:
        said.append(
            t("This is a forwarded message: its text is carried over, but not who wrote it or where.")
        )
    if message.poll is not None:
        said.append(t("The poll is carried over without its votes and emojis."))
    if getattr(shown, "stickers", None):
        said.append(t("Stickers can't be carried over."))
    items = [item for row in shown.components for item in getattr(row, "children", [row])]
    if len(items) > len(list(_links(shown))):
        said.append(t("Menus and buttons that aren't links can't be carried over."))
    return said
