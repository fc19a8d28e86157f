"""Files that people give for a draft: uploaded in a form, or taken from a message; kept, or read as text.

Discord's link to an attachment expires, so the bot keeps the content itself, and the draft names it by its
digest.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import ui

from cogs.attachments import Upload, keep_upload, upload_of
from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.in_words import entries, size_in_words
from cogs.desk.kit.wording import MAX_LABEL, MAX_OPTION, cut, plain
from cogs.kept_files import FileRefused
from cogs.language import t, translated, with_colon
from cogs.services import Refused
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.web.outgoing import OutgoingFailed


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of uploads.

    Attributes:
        files: those that are kept, as params hold them.
        refused: a sentence for each of the others.
        names: the address of each kept file at Discord, and its name in the post.
    """

    files: tuple[dict[str, Any], ...]
    refused: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict[str, str])


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
                t(
                    "A message can have at most {most} files, so the rest were left out.",
                    most=limits.FILES.most,
                )
            )
            break
        try:
            kept = await _keep(desk, upload)
        except FileRefused as error:
            refused.append(f"**{with_colon(cut(plain(upload.name), 60))}** {translated(error.message)}")
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
            "It is {size}; this server allows {most}.",
            code="file_exceeds_guild",
            size=size_in_words(upload.size),
            most=size_in_words(most),
        )
    downloads = desk.services.downloads
    facts = await keep_upload(desk.memory.files, downloads, desk.bot, desk.guild_id, desk.actor_id, upload)
    if facts.size > most:
        raise FileRefused(
            "It is {size}; this server allows {most}.",
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


# -------------------------------------------------------------------- as text


def file_field(name: str, label: str, *, description: str) -> ui.Label[Any]:
    """Return an optional field for one file."""
    return ui.Label(
        text=label[:MAX_LABEL],
        description=description[:MAX_OPTION],
        component=ui.FileUpload(custom_id=name, required=False, max_values=1),
    )


async def uploaded_text(
    desk: Caller, fields: Mapping[str, Any], field: str, *, kinds: tuple[str, ...], most: int
) -> tuple[str, str] | None:
    """Return the name, in lower case, and the text of the file in a field; None if there is none.

    Parameters:
        desk: whose form it is.
        fields: the submitted form.
        field: the field.
        kinds: the endings that a file's name may have, such as ``.txt``.
        most: the largest size in bytes.

    Raises Refused for another kind of file, one that is too large, one that isn't text, and one that Discord
    doesn't hand over.
    """
    found = uploads_in(desk.interaction, fields.get(field) or [])
    if not found:
        return None
    file, data = found[0], bytearray()
    name = file.name.casefold()
    if not name.endswith(kinds):
        raise Refused(t("Upload a file that ends in {kinds}.", kinds=", ".join(kinds)))
    too_large = t("The file is larger than {size} KiB.", size=most // 1024)
    if file.size is not None and file.size > most:
        raise Refused(too_large)
    try:
        async with aclosing(desk.services.downloads.pieces(desk.bot, file.url)) as pieces:
            async for piece in pieces:
                data += piece
                if len(data) > most:  # Discord states the size; the bytes are what counts
                    raise Refused(too_large)
    except OutgoingFailed as error:
        raise Refused(t("I couldn't get the file from Discord. Upload it again.")) from error
    try:
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return name, data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(t("The file isn't UTF-8 text.")) from None
