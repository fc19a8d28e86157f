"""A message's content as what sends it again, with its files.

A file that an embed shows isn't among the message's attachments: Discord gives its address in the embed
(https://discord.com/developers/docs/reference#uploading-files). That address ends with the message, so the
file is sent again, and the embed shows that one.
"""

from __future__ import annotations

import copy
import io
import re
from typing import Any
from urllib.parse import unquote

import discord

from schedulezero.compose import limits
from schedulezero.errors import Gone
from schedulezero.model import JsonObject

_FILE = re.compile(r"https://cdn\.discordapp\.com/attachments/(\d+)/\d+/([^/?#]+)", re.ASCII)
_PLACES = (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url"))


async def content_of(message: discord.Message) -> dict[str, Any]:
    """Return the arguments that send a message's content again, notifying nobody.

    Raises Gone if one of its files is gone, and what discord.py raises if Discord can't be asked.
    """
    files = [await _file(item) for item in message.attachments]
    embeds = _own_embeds(message)
    for address, name, data in await _shown(message):
        files.append(discord.File(io.BytesIO(data), name))
        for holder, key in _holders(embeds):
            if holder[key] == address:
                holder[key] = f"attachment://{name}"
    content: dict[str, Any] = {
        "content": message.content or None,
        "embeds": [discord.Embed.from_dict(item) for item in embeds],
        "files": files,
        "allowed_mentions": discord.AllowedMentions.none(),
        "silent": True,
        "suppress_embeds": message.flags.suppress_embeds,
    }
    if message.components:
        is_layout = message.flags.components_v2
        kind = discord.ui.LayoutView if is_layout else discord.ui.View
        content["view"] = kind.from_message(message, timeout=None)
        if is_layout:
            del content["content"], content["embeds"]
    return content


async def size_of(message: discord.Message) -> int:
    """Return how many bytes the files of a message have together, with those that its embeds show."""
    shown = sum(len(data) for _, _, data in await _shown(message))
    return sum(item.size for item in message.attachments) + shown


async def _file(attachment: discord.Attachment) -> discord.File:
    try:
        return await attachment.to_file(spoiler=attachment.is_spoiler(), use_cached=False)
    except discord.NotFound as error:
        raise Gone("One of the post's files is gone.", code="sticky_file_gone") from error


async def _shown(message: discord.Message) -> list[tuple[str, str, bytes]]:
    """Return the address, name and content of each file of a message's channel that its embeds show.

    One that can't be had is left out: it may be another message's.
    """
    taken = {item.filename for item in message.attachments}
    found: dict[str, tuple[str, str, bytes]] = {}
    for holder, key in _holders(_own_embeds(message)):
        address = str(holder[key])
        match = _FILE.match(address)
        if match is None or int(match[1]) != message.channel.id or address in found:
            continue
        name = unquote(match[2])
        if name in taken or len(taken) >= limits.FILES.most:
            continue
        try:
            data = await message._state.http.get_from_cdn(address)
        except discord.NotFound:
            continue
        taken.add(name)
        found[address] = (address, name, data)
    return list(found.values())


def _own_embeds(message: discord.Message) -> list[JsonObject]:
    """Return a message's embeds without those that Discord makes itself, from links in the text."""
    return [copy.deepcopy(dict(item.to_dict())) for item in message.embeds if item.type in (None, "rich")]


def _holders(embeds: list[JsonObject]) -> list[tuple[JsonObject, str]]:
    """Return the parts of embeds that show a picture, each with the key of its address."""
    return [(embed[part], key) for embed in embeds for part, key in _PLACES if embed.get(part, {}).get(key)]
