"""Attachments on Discord, of a form or a message: fetched and kept while their links are valid."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import discord

from cogs.kept_files import FileRefused, KeptFileStore
from schedulezero.model.kept_file import FileFacts
from schedulezero.web.download import download
from schedulezero.web.outgoing import OutgoingFailed

_SECONDS = 60.0
"""How long a file may take to arrive; the token of an interaction is valid for 15 minutes."""


class Downloads:
    """How attachments arrive. A simulated Discord, whose files have no real address, has its own."""

    def pieces(self, attachment: discord.Attachment) -> AsyncGenerator[bytes]:
        """Yield the attachment's content; raises OutgoingFailed if Discord doesn't send it."""
        return download(attachment.url, seconds=_SECONDS)


async def keep_attachment(
    files: KeptFileStore, downloads: Downloads, guild_id: str, user_id: str, attachment: discord.Attachment
) -> FileFacts:
    """Keep an attachment for a guild, and return what is known of it then.

    It may take longer than the three seconds that Discord waits for a first answer: defer before.

    Parameters:
        files: where it is kept.
        downloads: how it arrives; see `cogs.services.Services`.
        guild_id: the guild's id, or the person's for their own jobs.
        user_id: who attached it.
        attachment: what Discord says of it. Its size is checked before and while it is read.

    Raises FileRefused if it exceeds a limit or doesn't arrive.
    """
    try:
        async with aclosing(downloads.pieces(attachment)) as pieces:
            return await files.keep(
                guild_id,
                user_id,
                name_of(attachment),
                pieces,
                media_type=(attachment.content_type or "").partition(";")[0].strip(),
                size=attachment.size,
            )
    except OutgoingFailed as error:
        raise FileRefused(
            "The file {name} couldn't be fetched from Discord: {reason} Upload it again.",
            code="file_not_fetched",
            name=name_of(attachment),
            reason=error.message,
        ) from error


def name_of(attachment: discord.Attachment) -> str:
    """Return an attachment's name as its owner gave it.

    Discord replaces letters in the file's name, and gives the original without its extension as the title
    (https://discord.com/developers/docs/resources/message#attachment-object).
    """
    _, dot, extension = attachment.filename.rpartition(".")
    return f"{attachment.title}{dot}{extension if dot else ''}" if attachment.title else attachment.filename
