"""The editor of a layout: texts, pictures, separators and sections, one below the other.

https://discord.com/developers/docs/components/reference describes the components. What this editor can't
make, such as a container, stays as it is and can be moved and removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from cogs.desk.compose.embeds_panel import file_names
from cogs.desk.compose.list_editor import ListEditor, clamped, editor_panel
from cogs.desk.compose.part import Part, part_of, put, save
from cogs.desk.drafts.embed_text import picture_as_text, read_picture
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import entries
from cogs.desk.kit.layout import row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import mark, t, tn, with_colon
from cogs.services import Refused
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind

SECTION, TEXT, THUMBNAIL, GALLERY, SEPARATOR = 9, 10, 11, 12, 14
# Read as: the type of a component, and its name.
_NAMES = {
    SECTION: mark("Text with a picture"),
    TEXT: mark("Text"),
    GALLERY: mark("Pictures"),
    SEPARATOR: mark("Separator"),
    13: mark("File"),
    17: mark("Container"),
    1: mark("Buttons"),
}
_EDITED = (TEXT, SECTION, GALLERY)


async def show(desk: Desk, part: Part, place: int, notice: str | None = None) -> None:
    """Show the components of the layout."""
    items, place = part.items, clamped(place, len(part.items))
    names = [_name(item) for item in items]
    lines = [f"{number}. {plain(name)}" for number, name in enumerate(names, 1)]
    full = len(items) >= limits.LAYOUT_COMPONENTS.most
    behind = part.target(len(items))
    fixed = not items or items[place].get("type") not in _EDITED
    primary = discord.ButtonStyle.primary
    first = [
        DeskButton("layout", "text", behind, t("Add text"), disabled=full, style=primary),
        DeskButton("layout", "section", behind, t("Add text with a picture"), disabled=full),
        DeskButton("layout", "gallery", behind, t("Add pictures"), disabled=full),
        DeskButton("layout", "line", behind, t("Add separator"), disabled=full),
    ]
    panel = editor_panel(
        t("Layout"),
        "\n".join(lines) or t("A layout takes the place of text, embeds and a poll."),
        *EDITOR.menu(part, place, names, t("Choose a part…")),
        row_of(*first),
        row_of(
            DeskButton("layout", "edit", part.target(place), t("Edit"), disabled=fixed),
            *EDITOR.order(part, place, len(items)),
        ),
        row_of(EDITOR.done(part)),
        notice=notice,
    )
    await desk.show(panel)


EDITOR = ListEditor("layout", Kind.LAYOUT, show)


def _name(item: Mapping[str, Any]) -> str:
    """Return a component in a few words."""
    kind = item.get("type")
    name = t(_NAMES[kind]) if isinstance(kind, int) and kind in _NAMES else t("Other component")
    if kind == GALLERY:
        count = len(entries(item.get("items")))
        return f"{name} ({tn('{count} picture', '{count} pictures', count)})"
    text = _text(item)
    return f"{with_colon(name)} {cut(' '.join(text.split()), 80)}" if text else name


def _text(item: Mapping[str, Any]) -> str:
    """Return the text of a component; of a section's first text."""
    first = next(iter(entries(item.get("components"))), {}) if item.get("type") == SECTION else item
    return str(first.get("content") or "")


async def edit(desk: Desk, target: str) -> None:
    """Open the form of a component that is there."""
    part = await part_of(desk, target, Kind.LAYOUT)
    place = EDITOR.place_of(part)
    kind = part.items[place].get("type")
    forms = {TEXT: ask_text, SECTION: ask_section, GALLERY: ask_gallery}
    if kind not in forms:
        raise Refused(t("This part can be moved and removed, but not edited here."))
    await forms[kind](desk, target)


async def ask_text(desk: Desk, target: str) -> None:
    """Open the form of a text."""
    part, place, item = await _opened(desk, target)
    await ask(desk, "layout", "textform", part.target(place), t("Text"), [_text_field(item)])


async def ask_section(desk: Desk, target: str) -> None:
    """Open the form of a text with a picture beside it."""
    part, place, item = await _opened(desk, target)
    accessory = item.get("accessory") or {}
    picture = text_field(
        "picture",
        t("Picture"),
        value=picture_as_text(accessory.get("media")),
        description=t("An address, or the name of one of the post's files"),
        required=True,
        most=limits.ADDRESS.most,
    )
    title = t("Text with a picture")
    await ask(desk, "layout", "sectionform", part.target(place), title, [_text_field(item), picture])


async def ask_gallery(desk: Desk, target: str) -> None:
    """Open the form of a gallery."""
    part, place, item = await _opened(desk, target)
    pictures = [picture_as_text(picture.get("media")) for picture in entries(item.get("items"))]
    names = [name for name in file_names(part) if name not in pictures]
    field = text_field(
        "pictures",
        t("Pictures"),
        value="\n".join(pictures or names),
        description=t("One per line: an address, or the name of one of the post's files"),
        required=True,
        long=True,
        most=limits.LAYOUT_TEXT.most,
    )
    await ask(desk, "layout", "galleryform", part.target(place), t("Pictures"), [field])


async def _opened(desk: Desk, target: str) -> tuple[Part, int, dict[str, Any]]:
    part = await part_of(desk, target, Kind.LAYOUT)
    place = min(part.numbers[0] if part.numbers else 0, len(part.items))
    return part, place, part.items[place] if place < len(part.items) else {}


def _text_field(item: Mapping[str, Any]) -> Any:
    return text_field(
        "content", t("Text"), value=_text(item), required=True, long=True, most=limits.LAYOUT_TEXT.most
    )


async def text_given(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save a text."""
    await _keep(desk, target, {"type": TEXT, "content": str(given.get("content") or "")})


async def section_given(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save a text with a picture; without a usable picture, the text alone."""
    part, place, _ = await _opened(desk, target)
    text = {"type": TEXT, "content": str(given.get("content") or "")}
    typed = str(given.get("picture") or "")
    address = read_picture(typed, file_names(part))
    if address is None:
        await _keep(desk, target, text, _no_picture(typed))
        return
    media = {"type": THUMBNAIL, "media": {"url": address}}
    await _keep(desk, part.target(place), {"type": SECTION, "components": [text], "accessory": media})


async def gallery_given(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save a gallery of the pictures that were understood."""
    part, place, _ = await _opened(desk, target)
    lines = [line.strip() for line in str(given.get("pictures") or "").splitlines() if line.strip()]
    read = [(line, read_picture(line, file_names(part))) for line in lines]
    wrong = [_no_picture(line) for line, address in read if address is None]
    media = [{"media": {"url": address}} for _, address in read if address is not None]
    if len(media) > limits.GALLERY_PICTURES.most:
        wrong.append(t("A gallery can have at most {most} pictures.", most=limits.GALLERY_PICTURES.most))
    if not media:
        await show(desk, part, place, " ".join(wrong))
        return
    kept = media[: limits.GALLERY_PICTURES.most]
    await _keep(desk, target, {"type": GALLERY, "items": kept}, " ".join(wrong) or None)


def _no_picture(typed: str) -> str:
    return t("“{text}” is neither an address nor one of the post's files.", text=cut(plain(typed), 60))


async def add_line(desk: Desk, target: str) -> None:
    """Add a separator."""
    await _keep(desk, target, {"type": SEPARATOR})


async def _keep(desk: Desk, target: str, item: dict[str, Any], notice: str | None = None) -> None:
    part, place, _ = await _opened(desk, target)
    items, place = put(part.items, place, item)
    if len(items) > limits.LAYOUT_COMPONENTS.most:
        raise Refused(t("A layout can have at most {most} parts.", most=limits.LAYOUT_COMPONENTS.most))
    await show(desk, await save(desk, part.changed(items)), place, notice)


PANELS = (
    Panel(
        "layout",
        clicks={**EDITOR.clicks(), "line": add_line},
        opens={"text": ask_text, "section": ask_section, "gallery": ask_gallery, "edit": edit},
        forms={"textform": text_given, "sectionform": section_given, "galleryform": gallery_given},
    ),
)
