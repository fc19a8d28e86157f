"""Keep the files that people attach to a draft: uploaded in a form, or taken from a message.

Discord's link to an attachment expires, so the bot keeps the content itself, and the draft names it by its
digest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.kit.context import Desk
from cogs.desk.kit.in_words import entries, size_in_words
from cogs.desk.kit.wording import cut, plain
from cogs.kept_files import FileRefused
from cogs.language import t, translated
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.web.outgoing import OutgoingFailed

log = logging.getLogger(__name__)

_SPOILER = "SPOILER_"
"""What Discord's own apps put before the name of a file that they cover."""


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


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of uploads.

    Attributes:
        files: those that are kept, as params hold them.
        refused: what is to be said of the others.
        names: the address of each kept file at Discord, and its name in the post.
    """

    files: tuple[dict[str, Any], ...]
    refused: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict[str, str])


def upload_of(attachment: Mapping[str, Any]) -> Upload:
    """Return the upload of an attachment, from its JSON."""
    name = str(attachment.get("filename") or "file")
    size = attachment.get("size")
    return Upload(
        url=str(attachment.get("url") or ""),
        name=name.removeprefix(_SPOILER) or name,
        size=size if isinstance(size, int) else None,
        type=str(attachment.get("content_type") or ""),
        alt=str(attachment.get("description") or ""),
        spoiler=name.startswith(_SPOILER),
    )


def uploads_in(interaction: discord.Interaction, ids: Iterable[Any]) -> list[Upload]:
    """Return the files that came with a submitted form, by their ids."""
    resolved: Mapping[str, Any] = (interaction.data or {}).get("resolved") or {}
    attachments: Mapping[str, Any] = resolved.get("attachments") or {}
    return [upload_of(attachments[str(item)]) for item in ids if str(item) in attachments]


async def keep_all(desk: Desk, uploads: Sequence[Upload], before: Sequence[Mapping[str, Any]] = ()) -> Kept:
    """Keep files for the desk's guild, one after the other.

    Parameters:
        desk: for whom, and where.
        uploads: the files.
        before: the files that the post has already, as params hold them; they count for Discord's limit.
    """
    files, refused, by_url = list[dict[str, Any]](), list[str](), dict[str, str]()
    names = {str(file.get("name")) for file in before}
    for upload in uploads:
        if len(before) + len(files) >= limits.FILES.most:
            refused.append(
                t("A message can have {most} files, so the rest was left out.", most=limits.FILES.most)
            )
            break
        try:
            kept = await _keep(desk, upload)
        except FileRefused as error:
            refused.append(f"**{cut(plain(upload.name), 60)}**: {translated(error.message)}")
            continue
        kept["name"] = _free_name(kept["name"], names)
        names.add(kept["name"])
        files.append(kept)
        by_url[upload.url] = kept["name"]
    return Kept(tuple(files), tuple(refused), by_url)


async def _keep(desk: Desk, upload: Upload) -> dict[str, Any]:
    most = desk.guild.filesize_limit
    if upload.size is not None and upload.size > most:
        raise FileRefused(
            "It has {size}, and this server takes {most}.",
            code="file_exceeds_guild",
            size=size_in_words(upload.size),
            most=size_in_words(most),
        )
    try:
        async with aclosing(desk.services.downloads.pieces(_attachment(desk, upload))) as pieces:
            facts = await desk.memory.files.keep(
                desk.guild_id, desk.actor_id, upload.name, pieces, media_type=upload.type, size=upload.size
            )
    except (OutgoingFailed, *TROUBLES) as error:
        log.info("a file cannot be read from Discord: %s", error)
        raise FileRefused(
            "Discord didn't hand it over. Upload it again.", code="file_not_handed_over"
        ) from error
    if facts.size > most:
        raise FileRefused(
            "It has {size}, and this server takes {most}.",
            code="file_exceeds_guild",
            size=size_in_words(facts.size),
            most=size_in_words(most),
        )
    kept: dict[str, Any] = {"file": facts.digest, "name": facts.name}
    if upload.alt:
        kept["alt"] = upload.alt[: limits.FILE_ALT.most]
    if upload.spoiler:
        kept["spoiler"] = True
    return kept


def _attachment(desk: Desk, upload: Upload) -> discord.Attachment:
    """Return an upload as discord.py's attachment; a picture of an embed isn't one by itself."""
    data: Any = {
        "id": 0,
        "filename": upload.name,
        "size": upload.size or 0,
        "url": upload.url,
        "proxy_url": upload.url,
    }
    return discord.Attachment(data=data, state=desk.bot._connection)


def _free_name(name: str, taken: set[str]) -> str:
    """Return the name, or one like it that no other file of the post has: embeds name files."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    number, free = 2, name
    while free in taken:
        free = f"{stem[:90]}-{number}{dot}{ending}"
        number += 1
    return free


async def with_uploads(
    desk: Desk, spec: MethodSpec, had: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return a form's values with its uploads kept, behind the files so far, and what wasn't kept.

    Parameters:
        desk: who submitted the form.
        spec: what the method declares.
        had: the draft's values before.
        given: the form's values, in which a field of uploads has their ids.
    """
    values, refused = dict(given), list[str]()
    for name in given:
        parameter = spec.parameter(name)
        if parameter is None or parameter.kind is not Kind.FILES:
            continue
        before = entries(had.get(name))
        ids = values.pop(name) or []
        kept = await keep_all(desk, uploads_in(desk.interaction, ids), before)
        refused += kept.refused
        if kept.files:
            values[name] = [*before, *kept.files]
    return values, refused
