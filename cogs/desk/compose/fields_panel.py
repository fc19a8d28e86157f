"""The editor of an embed's fields, one by one: name, text, and whether it stands beside its neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from cogs.desk.compose.embeds_panel import EDITOR as EMBEDS
from cogs.desk.compose.list_editor import ListEditor, clamped, editor_panel, gone
from cogs.desk.compose.part import Part, part_of, put, save
from cogs.desk.drafts.embed_text import with_value
from cogs.desk.drafts.post_preview import embed_preview
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import embed_name
from cogs.desk.kit.layout import row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import t
from cogs.services import Refused
from schedulezero.compose import limits
from schedulezero.methods.parameters import Kind


async def show_fields(desk: Desk, part: Part, place: int, notice: str | None = None) -> None:
    """Show the fields of an embed."""
    if not part.numbers or part.numbers[0] >= len(part.items):
        raise gone()
    embed = part.numbers[0]
    fields = part.nested(part.numbers, "fields")
    place = clamped(place, len(fields))
    lines = [
        f"{number}. **{_short(field, 'name', 60)}** {_short(field, 'value', 100)}"
        + (f" · {t('side by side')}" if field.get("inline") else "")
        for number, field in enumerate(fields, 1)
    ]
    target, none = part.target(embed, place), not fields
    full = len(fields) >= limits.EMBED_FIELDS.most
    is_beside = bool(fields and fields[place].get("inline"))
    turn = t("On a line of its own") if is_beside else t("Side by side")
    buttons = [
        DeskButton(
            "fields",
            "add",
            part.target(embed, len(fields)),
            t("Add field"),
            disabled=full,
            style=discord.ButtonStyle.primary,
        ),
        DeskButton("fields", "edit", target, t("Edit"), disabled=none),
        DeskButton(
            "fields",
            "beside",
            target,
            turn,
            disabled=none,
        ),
    ]
    back = DeskButton("embeds", "open", part.target(embed), t("Back to the embed"))
    names = [str(field.get("name") or "") for field in fields]
    panel = editor_panel(
        t("Fields of “{name}”", name=embed_name(part.items[embed])),
        "\n".join(lines) or f"*{t('nothing yet')}*",
        *FIELDS.menu(part, place, names, t("Choose a field…")),
        row_of(*buttons),
        row_of(*FIELDS.order(part, place, len(fields))),
        row_of(back, EMBEDS.done(part)),
        notice=notice,
    )
    panel.add_item(embed_preview(part.items[embed]))
    await desk.show(panel)


def _short(field: Mapping[str, Any], key: str, length: int) -> str:
    return cut(plain(str(field.get(key) or "")), length)


FIELDS = ListEditor("fields", Kind.EMBEDS, show_fields, key="fields")


async def edit_field(desk: Desk, target: str) -> None:
    """Open the form of a field; of a new one if the place is behind the last."""
    part = await part_of(desk, target, Kind.EMBEDS)
    fields = part.nested(part.numbers, "fields")
    if len(part.numbers) < 2 or part.numbers[0] >= len(part.items):
        raise gone()
    place = min(part.numbers[1], len(fields))
    field = fields[place] if place < len(fields) else {}
    asked = [
        text_field(
            "name", t("Name"), value=field.get("name"), required=True, most=limits.EMBED_FIELD_NAME.most
        ),
        text_field(
            "value",
            t("Text"),
            value=field.get("value"),
            required=True,
            long=True,
            most=limits.EMBED_FIELD_VALUE.most,
        ),
        ui.Label(
            text=t("Side by side"),
            component=ui.Checkbox(custom_id="inline", default=bool(field.get("inline"))),
        ),
    ]
    title = t("Edit field") if field else t("Add field")
    await ask(desk, "fields", "form", part.target(part.numbers[0], place), title, asked)


async def field_submitted(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save the form of a field."""
    part = await part_of(desk, target, Kind.EMBEDS)
    if len(part.numbers) < 2 or part.numbers[0] >= len(part.items):
        raise gone()
    field: dict[str, Any] = {"name": str(given.get("name") or ""), "value": str(given.get("value") or "")}
    if given.get("inline"):
        field["inline"] = True
    fields, place = put(part.nested(part.numbers, "fields"), part.numbers[1], field)
    if len(fields) > limits.EMBED_FIELDS.most:
        raise Refused(t("An embed can have at most {most} fields.", most=limits.EMBED_FIELDS.most))
    part = await save(desk, part.with_nested(part.numbers[0], "fields", fields))
    await show_fields(desk, part, place)


async def beside(desk: Desk, target: str) -> None:
    """Put a field beside its neighbour, or on a line of its own."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place, fields = FIELDS.place_of(part), FIELDS.items_of(part)
    fields[place] = with_value(fields[place], "inline", not fields[place].get("inline") or None)
    part = await save(desk, FIELDS.with_items(part, fields))
    await show_fields(desk, part, place)


PANELS = (
    Panel(
        "fields",
        clicks={**FIELDS.clicks(), "beside": beside},
        opens={"add": edit_field, "edit": edit_field},
        forms={"form": field_submitted},
    ),
)
