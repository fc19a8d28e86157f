"""Files at Discord, attached to a form or a message: fetched and kept while their links are valid."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import discord

from cogs.kept_files import FileRefused, KeptFileStore
from schedulezero.model.kept_file import FileFacts
from schedulezero.web.download import download
from schedulezero.web.outgoing import OutgoingFailed

log = logging.getLogger(__name__)

_SECONDS = 60.0
"""How long a file may take to arrive; the token of an interaction is valid for 15 minutes."""
_SPOILER = "SPOILER_"
"""What Discord's own apps put before the name of a file that they cover."""


class Downloads:
    """How files at Discord arrive. A simulated Discord, whose files have no real address, has its own."""

    def pieces(self, bot: discord.Client, url: str) -> AsyncGenerator[bytes]:
        """Yield a file's content; raises OutgoingFailed if Discord doesn't send it."""
        return download(url, seconds=_SECONDS)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file at Discord that is to be kept.

    Attributes:
        url: where its content is, for now.
        name: its name, as Discord has it.
        size: its size in bytes; None if unknown.
        type: its media type; empty if unknown.
        alt: what it shows, for those who can't see it.
        spoiler: whether it is covered until somebody clicks it.
    """

    url: str
    name: str
    size: int | None = None
    type: str = ""
    alt: str = ""
    spoiler: bool = False


def upload_of(attachment: Mapping[str, Any]) -> Upload:
    """Return the upload of an attachment, from its JSON.

    Discord replaces letters in the file's name, and gives the original without its extension as the title
    (https://discord.com/developers/docs/resources/message#attachment-object).
    """
    name = str(attachment.get("filename") or "file")
    size = attachment.get("size")
    shown = name.removeprefix(_SPOILER) or name
    if title := str(attachment.get("title") or "").removeprefix(_SPOILER):
        _, dot, extension = name.rpartition(".")
        shown = f"{title}{dot}{extension if dot else ''}"
    return Upload(
        url=str(attachment.get("url") or ""),
        name=shown,
        size=size if isinstance(size, int) else None,
        type=str(attachment.get("content_type") or "").partition(";")[0].strip(),
        alt=str(attachment.get("description") or ""),
        spoiler=name.startswith(_SPOILER),
    )


async def keep_upload(
    files: KeptFileStore,
    downloads: Downloads,
    bot: discord.Client,
    guild_id: str,
    user_id: str,
    upload: Upload,
) -> FileFacts:
    """Keep a file for a guild, and return what is known of it then.

    It may take longer than the three seconds that Discord waits for a first answer: defer before.

    Parameters:
        files: where it is kept.
        downloads: how it arrives; see `cogs.services.Services`.
        bot: the bot that fetches it.
        guild_id: the guild's id, or the person's for their own jobs.
        user_id: who attached it.
        upload: what Discord says of it. Its size is checked before and while it is read.

    Raises FileRefused if it exceeds a limit or doesn't arrive.
    """
    try:
        async with aclosing(downloads.pieces(bot, upload.url)) as pieces:
            return await files.keep(
                guild_id, user_id, upload.name, pieces, media_type=upload.type, size=upload.size
            )
    except OutgoingFailed as error:
        log.info("a file cannot be read from Discord: %s", error)
        raise FileRefused(
            "I couldn't get the file from Discord. Upload it again.", code="file_not_handed_over"
        ) from error
