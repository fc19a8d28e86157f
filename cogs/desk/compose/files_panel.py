"""The editor of a post's files: what they show, which are covered, their order, others in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import ui

from cogs.desk.compose.list_editor import ListEditor, clamped, editor_panel
from cogs.desk.compose.part import Part, part_of, save
from cogs.desk.drafts.embed_text import renamed, with_value
from cogs.desk.drafts.uploads import keep_all, uploads_in
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import entries, file_in_words, size_in_words
from cogs.desk.kit.layout import row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import in_quotes, t
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind

_UPLOAD = "files"


async def show(desk: Desk, part: Part, place: int, notice: str | None = None) -> None:
    """Show the files with their sizes."""
    files, place = part.items, clamped(place, len(part.items))
    lines = [f"{number}. {await _line(desk, file)}" for number, file in enumerate(files, 1)]
    target, none = part.target(place), not files
    full = len(files) >= limits.FILES.most
    covered = bool(files and files[place].get("spoiler"))
    first = [
        DeskButton(
            "files", "add", part.target(), t("Add files"), disabled=full, style=discord.ButtonStyle.primary
        ),
        DeskButton("files", "describe", target, t("Describe"), disabled=none),
        DeskButton(
            "files",
            "spoiler",
            target,
            t("Remove spoiler mark") if covered else t("Mark as spoiler"),
            disabled=none,
        ),
        DeskButton("files", "swap", target, t("Replace"), disabled=none),
    ]
    panel = editor_panel(
        t("Files"),
        "\n".join(lines) or f"*{t('nothing yet')}*",
        *EDITOR.menu(part, place, [str(file.get("name") or "") for file in files], t("Choose a file…")),
        row_of(*first),
        row_of(*EDITOR.order(part, place, len(files))),
        row_of(EDITOR.done(part)),
        notice=notice,
    )
    await desk.show(panel)


async def _line(desk: Desk, file: Mapping[str, Any]) -> str:
    facts = await desk.memory.files.known(str(file.get("file") or ""), desk.guild_id)
    size = size_in_words(facts.size) if facts is not None else f"⚠ {t('no longer stored; replace it')}"
    said = [file_in_words(dict(file)), size]
    if file.get("alt"):
        said.append(in_quotes(cut(plain(str(file["alt"])), 120)))
    return " · ".join(said)


def _removed(part: Part, file: dict[str, Any]) -> Part:
    """Take a file that is gone out of the embeds that show it."""
    return _shown_as(part, str(file.get("name")), None)


def _shown_as(part: Part, old: str, new: str | None) -> Part:
    values = dict(part.draft.values)
    for parameter in part.spec.parameters:
        if parameter.kind is Kind.EMBEDS and values.get(parameter.name):
            values[parameter.name] = [renamed(embed, old, new) for embed in entries(values[parameter.name])]
    return replace(part, draft=replace(part.draft, values=values))


EDITOR = ListEditor("files", Kind.FILES, show, removed=_removed)


async def ask_files(desk: Desk, target: str) -> None:
    """Open the form that uploads further files."""
    part = await part_of(desk, target, Kind.FILES)
    room = max(limits.FILES.most - len(part.items), 1)
    await ask(desk, "files", "added", part.target(), t("Add files"), [_upload_field(t("Files"), room)])


async def ask_other(desk: Desk, target: str) -> None:
    """Open the form that uploads another file in the place of one."""
    part = await part_of(desk, target, Kind.FILES)
    place = EDITOR.place_of(part)
    name = cut(str(part.items[place].get("name") or ""), 80)
    field = _upload_field(t("File"), 1, t("Instead of {name}", name=name))
    await ask(desk, "files", "swapped", part.target(place), t("Replace"), [field])


def _upload_field(label: str, most: int, description: str | None = None) -> ui.Label[Any]:
    upload: ui.FileUpload[Any] = ui.FileUpload(custom_id=_UPLOAD, min_values=1, max_values=most)
    return ui.Label(text=label, description=description, component=upload)


async def added(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Keep further files."""
    part = await part_of(desk, target, Kind.FILES)
    before = part.items
    kept = await keep_all(desk, uploads_in(desk.interaction, given.get(_UPLOAD) or []), before)
    part = await save(desk, part.changed([*before, *kept.files]))
    await show(desk, part, len(before), " ".join(kept.refused) or None)


async def swapped(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Keep a file in the place of another; embeds that show the other show it instead."""
    part = await part_of(desk, target, Kind.FILES)
    place, files = EDITOR.place_of(part), part.items
    others = [file for number, file in enumerate(files) if number != place]
    kept = await keep_all(desk, uploads_in(desk.interaction, given.get(_UPLOAD) or [])[:1], others)
    if kept.files:
        old, new = files[place], dict(kept.files[0])
        for key in ("alt", "spoiler"):
            new = with_value(new, key, new.get(key) or old.get(key))
        files[place] = new
        part = _shown_as(part.changed(files), str(old.get("name")), str(new["name"]))
        await save(desk, part)
    await show(desk, part, place, " ".join(kept.refused) or None)


async def ask_description(desk: Desk, target: str) -> None:
    """Open the form of what a file shows."""
    part = await part_of(desk, target, Kind.FILES)
    place = EDITOR.place_of(part)
    field = text_field(
        "alt",
        t("What it shows (optional)"),
        value=part.items[place].get("alt"),
        description=t("Screen readers read this out to people who can't see the picture"),
        long=True,
        most=limits.FILE_ALT.most,
    )
    await ask(desk, "files", "described", part.target(place), t("Describe"), [field])


async def described(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save what a file shows."""
    part = await part_of(desk, target, Kind.FILES)
    place, files = EDITOR.place_of(part), part.items
    files[place] = with_value(files[place], "alt", str(given.get("alt") or "").strip())
    await show(desk, await save(desk, part.changed(files)), place)


async def spoiler(desk: Desk, target: str) -> None:
    """Cover a file until somebody clicks it, or cover it no longer."""
    part = await part_of(desk, target, Kind.FILES)
    place, files = EDITOR.place_of(part), part.items
    files[place] = with_value(files[place], "spoiler", not files[place].get("spoiler") or None)
    await show(desk, await save(desk, part.changed(files)), place)


PANELS = (
    Panel(
        "files",
        clicks={**EDITOR.clicks(), "spoiler": spoiler},
        opens={"add": ask_files, "swap": ask_other, "describe": ask_description},
        forms={"added": added, "swapped": swapped, "described": described},
    ),
)
