"""The editor of link buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from cogs.desk.compose.list_editor import ListEditor, clamped, editor_panel
from cogs.desk.compose.part import Part, part_of, put, save
from cogs.desk.drafts.embed_text import with_value
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import button_in_words
from cogs.desk.kit.layout import row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import t, with_colon
from cogs.services import Refused
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind

_SCHEMES = ("http://", "https://", "discord://")


async def show(desk: Desk, part: Part, place: int, notice: str | None = None) -> None:
    """Show the link buttons."""
    links, place = part.items, clamped(place, len(part.items))
    lines = [f"{number}. {button_in_words(link)}" for number, link in enumerate(links, 1)]
    full = len(links) >= limits.BUTTONS.most
    first = [
        DeskButton(
            "links",
            "add",
            part.target(len(links)),
            t("Add button"),
            disabled=full,
            style=discord.ButtonStyle.primary,
        ),
        DeskButton("links", "edit", part.target(place), t("Edit"), disabled=not links),
    ]
    names = [str(link.get("label") or link.get("emoji") or link.get("url")) for link in links]
    panel = editor_panel(
        t("Buttons that open a link"),
        "\n".join(lines) or f"*{t('nothing yet')}*",
        *EDITOR.menu(part, place, names, t("Choose a button…")),
        row_of(*first),
        row_of(*EDITOR.order(part, place, len(links))),
        row_of(EDITOR.done(part)),
        notice=notice,
    )
    await desk.show(panel)


EDITOR = ListEditor("links", Kind.BUTTONS, show)


async def edit(desk: Desk, target: str) -> None:
    """Open the form of a button; of a new one if the place is behind the last."""
    part = await part_of(desk, target, Kind.BUTTONS)
    place, links = _place(part), part.items
    link = links[place] if place < len(links) else {}
    fields = [
        text_field("label", t("Label"), value=link.get("label"), most=limits.BUTTON_LABEL.most),
        text_field(
            "url",
            t("Address"),
            value=link.get("url"),
            placeholder="https://…",
            required=True,
            most=limits.BUTTON_ADDRESS.most,
        ),
        text_field("emoji", t("Emoji (optional)"), value=link.get("emoji"), placeholder="🎟", most=100),
    ]
    title = t("Edit button") if link else t("Add button")
    await ask(desk, "links", "form", part.target(place), title, fields)


async def submitted(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save the form of a button."""
    part = await part_of(desk, target, Kind.BUTTONS)
    place, links, wrong = _place(part), part.items, list[str]()
    link: dict[str, Any] = dict(links[place]) if place < len(links) else {}
    for key in ("label", "emoji"):
        link = with_value(link, key, str(given.get(key) or "").strip())
    url = str(given.get("url") or "").strip()
    if url and "://" not in url and "." in url and " " not in url:
        url = f"https://{url}"  # as Discord's own apps read it
    if not url.startswith(_SCHEMES) or " " in url:
        said = t("must be an address that begins with https://.")
        wrong.append(f"**{with_colon(t('Address'))}** {said} {t('You wrote:')} {cut(plain(url), 100)}")
        url = str(link.get("url") or "")
    if not link.get("label") and not link.get("emoji"):
        link["label"] = cut(url.partition("://")[2] or url, limits.BUTTON_LABEL.most)
    if not url:
        await show(desk, part, place, " ".join(wrong))
        return
    items, place = put(links, place, {**link, "url": url})
    if len(items) > limits.BUTTONS.most:
        raise Refused(t("A message can have at most {most} buttons.", most=limits.BUTTONS.most))
    await show(desk, await save(desk, part.changed(items)), place, " ".join(wrong) or None)


def _place(part: Part) -> int:
    return min(part.numbers[0] if part.numbers else 0, len(part.items))


PANELS = (
    Panel("links", clicks=EDITOR.clicks(), opens={"add": edit, "edit": edit}, forms={"form": submitted}),
)
