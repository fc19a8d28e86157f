"""The cover image of one of Discord's events, from a kept file.

Discord takes a data URI of a JPEG, PNG or GIF image
(https://discord.com/developers/docs/reference#image-data), and 10 MB at most.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

from discord.ext import commands

from schedulezero.compose.parts import PostFile
from schedulezero.errors import Gone, JobFailed
from schedulezero.methods.host import host_of

LARGEST = 10 * 1024 * 1024

# Read as: the first bytes of a file, and the type of image that begins with them.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_LONGEST_BEGINNING = 8


async def expect_cover(bot: commands.Bot, guild_id: int, cover: Sequence[PostFile] | None) -> None:
    """Raise JobFailed if a cover isn't one image that Discord takes."""
    if not cover:
        return
    await _expect_size(bot, guild_id, cover)
    with await host_of(bot).files.open(cover[0].file, str(guild_id)) as file:
        _type_of(cover[0].name, await asyncio.to_thread(file.read, _LONGEST_BEGINNING))


async def cover_of(bot: commands.Bot, guild_id: int, cover: Sequence[PostFile] | None) -> str | None:
    """Return a cover as a data URI; None without one. Raises JobFailed if Discord wouldn't take it."""
    if not cover:
        return None
    await _expect_size(bot, guild_id, cover)
    with await host_of(bot).files.open(cover[0].file, str(guild_id)) as file:
        data = await asyncio.to_thread(file.read)
    kind = _type_of(cover[0].name, data)
    encoded = await asyncio.to_thread(base64.b64encode, data)
    return f"data:{kind};base64,{encoded.decode('ascii')}"


async def _expect_size(bot: commands.Bot, guild_id: int, cover: Sequence[PostFile]) -> None:
    if len(cover) > 1:
        raise JobFailed("An event can have only one cover image.", retry=False, code="event_covers")
    facts = await host_of(bot).files.known(cover[0].file, str(guild_id))
    if facts is None:
        raise Gone(
            "The file “{name}” is no longer stored. Attach it again.",
            code="post_file_missing",
            name=cover[0].name,
        )
    if facts.size > LARGEST:
        raise JobFailed(
            "“{name}” is larger than {most} MB, the maximum for a cover image.",
            retry=False,
            code="event_cover_large",
            name=cover[0].name,
            most=LARGEST // 1024**2,
        )


def _type_of(name: str, data: bytes) -> str:
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    raise JobFailed(
        "“{name}” isn't a PNG, JPEG or GIF image, so it can't be a cover.",
        retry=False,
        code="event_cover_type",
        name=name,
    )
