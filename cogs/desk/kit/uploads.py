"""Files uploaded in a form."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, cast

import discord
from discord import ui

from cogs.desk.kit.context import Caller
from cogs.desk.kit.wording import MAX_LABEL, MAX_OPTION
from cogs.language import t
from cogs.services import Refused


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

    Raises Refused for another kind of file, one that is too large, and one that isn't text.
    """
    file = _file(desk.interaction, fields.get(field))
    if file is None:
        return None
    name = file.filename.casefold()
    if not name.endswith(kinds):
        raise Refused(t("Give a file that ends in {kinds}.", kinds=", ".join(kinds)))
    if file.size > most:
        raise Refused(t("The file is larger than {size} KiB.", size=most // 1024))
    data = await file.read()
    # Discord states the size; the bytes are what counts.
    if len(data) > most:
        raise Refused(t("The file is larger than {size} KiB.", size=most // 1024))
    try:
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return name, data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(t("The file isn't text in UTF-8.")) from None


def _file(interaction: discord.Interaction, value: Any) -> discord.Attachment | None:
    ids = cast("list[Any]", value) if isinstance(value, list) else []
    data = cast("dict[str, Any]", interaction.data or {})
    files = cast("dict[str, Any]", (data.get("resolved") or {}).get("attachments") or {})
    found = next((files[str(item)] for item in ids if str(item) in files), None)
    # discord.py resolves a form's files only for forms that it remembers, which a restart ends.
    return discord.Attachment(data=found, state=interaction._state) if found is not None else None  # pyright: ignore[reportPrivateUsage]
