"""The editor of embeds: one form for the common embed, and another one for what is rarer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from cogs.desk.compose.list_editor import ListEditor, clamped, editor_panel, gone
from cogs.desk.compose.part import Part, part_of, put, save
from cogs.desk.creating.draft_view import zone_of
from cogs.desk.drafts.embed_text import (
    fields_as_lines,
    is_empty,
    picture_as_text,
    read_fields,
    read_picture,
    with_part,
    with_value,
)
from cogs.desk.drafts.post_preview import embed_preview
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import embed_in_words, embed_name, entries
from cogs.desk.kit.layout import row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import cut, plain
from cogs.language import grouped, locale, t, translated, with_colon
from cogs.services import Refused
from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.compose.expecting import expect_within
from schedulezero.compose.rendering import ATTACHMENT, NOW, length_of
from schedulezero.errors import JobFailed, WhenError
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.parameters import Kind
from schedulezero.when.language.parse import understand

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif")
_LONGEST_INPUT = 4000
"""Discord's limit on a text input (https://discord.com/developers/docs/components/reference#text-input)."""


async def show(desk: Desk, part: Part, place: int, notice: str | None = None) -> None:
    """Show the embeds, with the chosen one as it will look."""
    embeds, place = part.items, clamped(place, len(part.items))
    total = sum(length_of(embed) for embed in embeds)
    lines = [f"{number}. {embed_in_words(embed)}" for number, embed in enumerate(embeds, 1)]
    if embeds:
        most = grouped(limits.EMBED_TOTAL.most)
        lines.append(f"-# {t('{count} of {most} characters', count=grouped(total), most=most)}")
    else:
        lines.append(t("An embed is text in a frame, with a title, a colour, pictures and fields."))
    target, none = part.target(place), not embeds
    full = len(embeds) >= limits.EMBEDS.most
    first = [
        DeskButton("embeds", "add", part.target(len(embeds)), t("Add embed"), disabled=full, style=_ADD),
        DeskButton("embeds", "edit", target, t("Edit"), disabled=none),
        DeskButton("embeds", "rest", target, t("Author, footer…"), disabled=none),
        DeskButton("fields", "open", target, t("Fields"), disabled=none),
    ]
    second = [*EDITOR.order(part, place, len(embeds))]
    if embeds and (name := _free_picture(part, embeds[place])) is not None:
        second.append(DeskButton("embeds", "take", target, t("Show {name} in the embed", name=cut(name, 40))))
    panel = editor_panel(
        t("Embeds"),
        "\n".join(lines),
        *EDITOR.menu(part, place, [embed_name(embed) for embed in embeds], t("Choose an embed…")),
        row_of(*first),
        row_of(*second),
        row_of(EDITOR.done(part)),
        notice=notice,
    )
    if embeds:
        panel.add_item(ui.TextDisplay(f"-# {t('This is how it will look:')}"))
        panel.add_item(embed_preview(embeds[place]))
    await desk.show(panel)


_ADD = discord.ButtonStyle.primary
EDITOR = ListEditor("embeds", Kind.EMBEDS, show)


def file_names(part: Part) -> list[str]:
    """Return the names of the post's files."""
    found: list[str] = []
    for parameter in part.spec.parameters:
        if parameter.kind is Kind.FILES:
            found += [str(file.get("name")) for file in entries(part.draft.values.get(parameter.name))]
    return found


def _free_picture(part: Part, embed: Mapping[str, Any]) -> str | None:
    """Return the post's first picture that no embed shows yet, if this embed has no large picture."""
    if embed.get("image"):
        return None
    used = {picture_as_text(item.get(key)) for item in part.items for key in ("image", "thumbnail")}
    free = [name for name in file_names(part) if name.casefold().endswith(_PICTURES) and name not in used]
    return free[0] if free else None


async def take_picture(desk: Desk, target: str) -> None:
    """Show the post's first free picture in the embed."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place, embeds = EDITOR.place_of(part), part.items
    name = _free_picture(part, embeds[place])
    if name is None:
        raise gone()
    embeds[place] = with_part(embeds[place], "image", "url", f"{ATTACHMENT}{name}")
    await show(desk, await save(desk, part.changed(embeds)), place)


# -------------------------------------------------------------------- the first form


async def edit(desk: Desk, target: str) -> None:
    """Open the form of an embed; of a new one if the place is behind the last."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place, embeds = _place(part), part.items
    embed = embeds[place] if place < len(embeds) else {}
    colour = embed.get("color")
    fields = [
        text_field("title", t("Title (optional)"), value=embed.get("title"), most=limits.EMBED_TITLE.most),
        text_field(
            "description",
            t("Text (optional)"),
            value=embed.get("description"),
            description=t("You can use Markdown, and variables such as {date}"),
            long=True,
            most=_LONGEST_INPUT,
        ),
    ]
    lines = fields_as_lines(entries(embed.get("fields")))
    if lines is not None and len(lines) <= _LONGEST_INPUT:
        fields.append(
            text_field(
                "fields",
                t("Fields (optional)"),
                value=lines,
                description=t("One per line, written as name: text"),
                placeholder=t("When: 8 pm"),
                long=True,
                most=_LONGEST_INPUT,
            )
        )
    names = file_names(part)
    fields += [
        text_field(
            "image",
            t("Large picture (optional)"),
            value=picture_as_text(embed.get("image")),
            description=t("An address, or one of: {names}", names=", ".join(names))
            if names
            else t("An address. A picture attached to this post works too, once it is uploaded."),
            most=limits.ADDRESS.most,
        ),
        text_field(
            "color",
            t("Colour (optional)"),
            value=f"#{colour:06X}" if isinstance(colour, int) else None,
            placeholder="#5865F2",
            most=40,
        ),
    ]
    title = t("Edit embed") if place < len(embeds) else t("Add embed")
    await ask(desk, "embeds", "form", part.target(place), title, fields)


async def submitted(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save the first form."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place, embeds = _place(part), part.items
    embed: dict[str, Any] = dict(embeds[place]) if place < len(embeds) else {}
    wrong: list[str] = []
    for key in ("title", "description"):
        embed = with_value(embed, key, str(given.get(key) or "").strip())
    if "fields" in given:
        fields = read_fields(str(given["fields"] or ""), entries(embed.get("fields")))
        if len(fields) > limits.EMBED_FIELDS.most:
            wrong.append(t("An embed can have at most {most} fields.", most=limits.EMBED_FIELDS.most))
        embed = with_value(embed, "fields", fields[: limits.EMBED_FIELDS.most])
    embed = _with_picture(part, embed, "image", given, wrong)
    embed = _with_colour(embed, str(given.get("color") or "").strip(), wrong)
    await _keep(desk, part, place, embed, wrong)


def _with_picture(
    part: Part, embed: dict[str, Any], key: str, given: Mapping[str, Any], wrong: list[str]
) -> dict[str, Any]:
    typed = str(given.get(key) or "").strip()
    if not typed:
        return with_part(embed, key, "url", "")
    address = read_picture(typed, file_names(part))
    if address is None:
        wrong.append(
            t("“{text}” is neither an address nor one of the post's files.", text=cut(plain(typed), 60))
        )
        return embed
    return with_part(embed, key, "url", address)


def _with_colour(embed: dict[str, Any], typed: str, wrong: list[str]) -> dict[str, Any]:
    colour = parse_colour(typed) if typed else None
    if typed and colour is None:
        said = t("must be a colour such as #5865F2 or blue, not “{text}”.", text=cut(plain(typed), 40))
        wrong.append(f"**{with_colon(t('Colour'))}** {said}")
        return embed
    return with_value(embed, "color", colour)


async def _keep(desk: Desk, part: Part, place: int, embed: dict[str, Any], wrong: list[str]) -> None:
    """Save an embed, as far as it is usable, and show the editor."""
    if is_empty(embed):
        wrong.append(t("An embed needs a title, text, a picture or a field."))
        await show(desk, part, place, " ".join(wrong))
        return
    items, place = put(part.items, place, embed)
    if len(items) > limits.EMBEDS.most:
        raise Refused(t("A message can have at most {most} embeds.", most=limits.EMBEDS.most))
    part = await save(desk, part.changed(items))
    wrong += _over_limits(embed)
    await show(desk, part, place, " ".join(wrong) or None)


def _over_limits(embed: Mapping[str, Any]) -> list[str]:
    """Return why Discord refuses fields of an embed as they are typed; variables may make them longer."""
    found: list[str] = []
    for number, field in enumerate(entries(embed.get("fields")), 1):
        for key, limit, where in limits.field_limits(number):
            try:
                expect_within(limit, len(str(field.get(key) or "")), where)
            except JobFailed as error:
                found.append(translated(error.message))
    return found


def _place(part: Part) -> int:
    return min(part.numbers[0] if part.numbers else 0, len(part.items))


# -------------------------------------------------------------------- the second form


async def edit_rest(desk: Desk, target: str) -> None:
    """Open the form of an embed's author, footer, small picture, link and time."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place = EDITOR.place_of(part)
    embed = part.items[place]
    author, footer = embed.get("author") or {}, embed.get("footer") or {}
    time = str(embed.get("timestamp") or "")
    fields = [
        text_field("author", t("Author (optional)"), value=author.get("name"), most=limits.EMBED_AUTHOR.most),
        text_field("footer", t("Footer (optional)"), value=footer.get("text"), most=limits.EMBED_FOOTER.most),
        text_field(
            "thumbnail",
            t("Small picture (optional)"),
            value=picture_as_text(embed.get("thumbnail")),
            description=t("An address, or the name of one of the post's files"),
            most=limits.ADDRESS.most,
        ),
        text_field(
            "url",
            t("Link for the title (optional)"),
            value=embed.get("url"),
            placeholder="https://…",
            most=limits.ADDRESS.most,
        ),
        text_field(
            "timestamp",
            t("Time (optional)"),
            value=t("now") if time == NOW else time,
            description=t("A time to show beside the footer, or “now” for the time of each run"),
        ),
    ]
    await ask(desk, "embeds", "restform", part.target(place), t("Author, footer…"), fields)


async def rest_submitted(desk: Desk, target: str, given: Mapping[str, Any]) -> None:
    """Save the second form."""
    part = await part_of(desk, target, Kind.EMBEDS)
    place = EDITOR.place_of(part)
    embed, wrong = dict(part.items[place]), list[str]()
    embed = with_part(embed, "author", "name", str(given.get("author") or "").strip())
    embed = with_part(embed, "footer", "text", str(given.get("footer") or "").strip())
    embed = _with_picture(part, embed, "thumbnail", given, wrong)
    link = str(given.get("url") or "").strip()
    if link and not link.startswith(("http://", "https://")):
        wrong.append(f"**{with_colon(t('Link'))}** {t('must be an address that begins with https://.')}")
    else:
        embed = with_value(embed, "url", link)
    embed = await _with_time(desk, part, embed, str(given.get("timestamp") or "").strip(), wrong)
    await _keep(desk, part, place, embed, wrong)


async def _with_time(
    desk: Desk, part: Part, embed: dict[str, Any], typed: str, wrong: list[str]
) -> dict[str, Any]:
    if not typed or typed == str(embed.get("timestamp")):
        return with_value(embed, "timestamp", typed)
    if typed.casefold() in (NOW, t("now").casefold()):
        return with_value(embed, "timestamp", NOW)
    try:
        zone = await zone_of(desk, part.draft)
        found = understand(typed, zone=zone, locale=locale(), now=instants.now(), habits=await desk.habits())
    except WhenError as error:
        wrong.append(f"**{with_colon(t('Time'))}** {translated(error.message)}")
        return embed
    at = found.schedule.next_after(instants.now()) if found.trigger.type == "date" else None
    if at is None:
        wrong.append(t("Enter a single point in time, such as `next Monday at 9`."))
        return embed
    return with_value(embed, "timestamp", instants.to_iso(at))


PANELS = (
    Panel(
        "embeds",
        clicks={**EDITOR.clicks(), "take": take_picture},
        opens={"add": edit, "edit": edit, "rest": edit_rest},
        forms={"form": submitted, "restform": rest_submitted},
    ),
)
