"""The texts of a draft that rotate, as a list: add, change, move, remove, preview, import from a file.

Any parameter for a long text that may hold variables can have several. The draft keeps them as one value, so
that jobs and files stay as they were. A click names the text by its place and a mark of it, so that a second
click on *Remove* doesn't remove its neighbour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord import ui

from cogs.desk.creating.draft_view import RUN_COUNT, loaded, own_draft, zone_of
from cogs.desk.creating.typed_texts import sent_texts, typed_texts
from cogs.desk.drafts.draft import label_of
from cogs.desk.drafts.secrecy import kept_hidden
from cogs.desk.drafts.uploads import file_field, uploaded_text
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import Mistyped
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import NEUTRAL, cut, plain
from cogs.language import t, translated
from cogs.memory import Draft
from cogs.rights.member_counts import count_members
from cogs.services import Refused
from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.compose.texts import (
    LARGEST_FILE,
    TextsUnusable,
    checked,
    mark_of,
    moved,
    next_place,
    read_file,
    starting_with,
    texts_in,
    value_of,
)
from schedulezero.errors import ParameterError
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import facts_of, render

_A_PAGE = 20
_READ_OF_EACH = 300  # characters, of which the list shows fewer
_LONGEST_TYPED = 4000  # of a field in a form
_KINDS = (".txt", ".csv")


def rotating(spec: MethodSpec) -> list[Parameter]:
    """Return the parameters of a job that can have several texts."""
    return [item for item in spec.parameters if item.kind is Kind.LONG_TEXT and item.name in spec.variables]


@dataclass(frozen=True, slots=True)
class _List:
    """A draft's texts in one parameter, as a click names them."""

    draft: Draft
    parameter: Parameter
    texts: list[str]
    place: int = 0

    @property
    def target(self) -> str:
        return f"{self.draft.id}.{self.parameter.name}"

    @property
    def longest(self) -> int:
        return self.parameter.longest or limits.TEXT.most

    @property
    def runs(self) -> int:
        return int(self.draft.values.get(RUN_COUNT) or 0)

    @property
    def shuffled(self) -> bool:
        return self.draft.values.get("shuffled") is True

    def following(self) -> int | None:
        """Return the place of the text that the next run uses; None if it can't be known yet."""
        if len(self.texts) < 2 or (self.shuffled and self.draft.job_id is None):
            return None
        return next_place(self.texts, self.runs, shuffled=self.shuffled, seed=self.draft.job_id or "")

    def at(self, place: int) -> str:
        """Return the target of a click on the text at a place."""
        return f"{self.target}.{place}.{mark_of(self.texts, place)}"


async def _list(desk: Desk, target: str) -> _List:
    """Return the texts of ``<draft>.<parameter>``."""
    draft_id, _, name = target.partition(".")
    draft = await own_draft(desk, draft_id)
    parameter = next((item for item in rotating(loaded(desk, draft.method)) if item.name == name), None)
    if parameter is None or name in kept_hidden(draft):
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return _List(draft, parameter, texts_in(str(draft.values.get(name) or "")))


async def _text(desk: Desk, target: str) -> _List:
    """Return the texts of ``<draft>.<parameter>.<place>.<mark>``; raise Refused if the list has changed."""
    where, _, mark = target.rpartition(".")
    where, _, number = where.rpartition(".")
    found = await _list(desk, where)
    place = int(number) if number.isdecimal() and number.isascii() and len(number) < 6 else -1
    if not 0 <= place < len(found.texts) or mark_of(found.texts, place) != mark:
        raise Refused(t("This list was just changed. Open it again."))
    return replace(found, place=place)


async def _save(desk: Desk, found: _List, texts: Sequence[str]) -> _List:
    """Save a changed list in the draft."""
    try:
        value = value_of(texts)
    except TextsUnusable as error:
        raise Refused(translated(error.message)) from error
    draft = replace(found.draft, values={**found.draft.values, found.parameter.name: value})
    await desk.memory.save_draft(draft)
    return _List(draft, found.parameter, list(texts))


# -------------------------------------------------------------------- the list


async def show(desk: Desk, target: str) -> None:
    """Show the list, from its first page."""
    await _show_list(desk, await _list(desk, target))


async def show_page(desk: Desk, target: str) -> None:
    """Show a page of the list; the target is ``<draft>.<parameter>.<page>``."""
    where, _, number = target.rpartition(".")
    page = int(number) if number.isdecimal() and number.isascii() and len(number) < 4 else 0
    await _show_list(desk, await _list(desk, where), page)


async def _show_list(desk: Desk, found: _List, page: int = 0) -> None:
    count, following = len(found.texts), found.following()
    pages = max(-(-count // _A_PAGE), 1)
    page = min(page, pages - 1)
    lines = [f"### {t('Several texts: {label}', label=label_of(found.parameter))}"]
    if count > 1 and found.shuffled:
        lines.append(
            t("Each run posts one of them at random, and none comes up again until all have been posted.")
        )
    elif count > 1:
        lines.append(t("Each run posts the next one, starting over after the last."))
    if not count:
        lines.append(f"*{t('nothing yet')}*")
    start = page * _A_PAGE
    shown = [text[:_READ_OF_EACH] for text in found.texts[start : start + _A_PAGE]]
    listed = await typed_texts(desk, shown)
    for place, text in enumerate(listed, start):
        sign = "▶ " if place == following else ""
        lines.append(f"{sign}**{place + 1}** {plain(_short(text, 90))}")
    if following is not None:
        lines.append(f"-# ▶ {t('Number {number} is next.', number=following + 1)}")
    rows: list[ui.Item[Any]] = []
    if count:
        options = [
            discord.SelectOption(label=cut(f"{place + 1} · {_short(text, 90)}", 100), value=str(place))
            for place, text in enumerate(listed, start)
        ]
        rows.append(row_of(DeskSelect("texts", "pick", found.target, t("Choose a text…"), options)))
    buttons = [
        DeskButton("texts", "add", found.target, t("Add a text"), style=discord.ButtonStyle.primary),
        DeskButton("texts", "file", found.target, t("From a file")),
        DeskButton("tools", "back", found.draft.id, t("Back")),
    ]
    if pages > 1:
        first, last = page == 0, page == pages - 1
        buttons += [
            DeskButton(
                "texts", "page", f"{found.target}.{page - 1 if page else 'none'}", "◀", disabled=first
            ),
            DeskButton("texts", "page", f"{found.target}.{page + 1}", "▶", disabled=last),
        ]
    await desk.show(panel_of(ui.TextDisplay("\n".join(lines)), *rows, row_of(*buttons), colour=NEUTRAL))


def _short(text: str, length: int) -> str:
    return cut(" ".join(text.split()), length) or "…"


# -------------------------------------------------------------------- one text


async def pick(desk: Desk, target: str) -> None:
    """Show the picked text."""
    found = await _list(desk, target)
    picked = desk.picked()
    place = int(picked) if picked.isdecimal() and picked.isascii() and len(picked) < 6 else -1
    if not 0 <= place < len(found.texts):
        raise Refused(t("This list was just changed. Open it again."))
    await _show_text(desk, replace(found, place=place))


async def _show_text(desk: Desk, found: _List) -> None:
    """Show a text as it would be posted, with its actions."""
    count, place, target = len(found.texts), found.place, found.at(found.place)
    await count_members(desk.bot, desk.guild, found.texts[place : place + 1])
    facts = facts_of(
        desk.guild, timezone=await zone_of(desk, found.draft), number=found.runs + 1, now=instants.now()
    )
    try:
        shown = render(found.texts[place], facts)
    except ParameterError as error:
        shown = f"{found.texts[place]}\n-# ⚠ {translated(error.message)}"
    title = t("Text {number} of {count}", number=place + 1, count=count)
    if place == found.following():
        title += f" · ▶ {t('next')}"
    first = [
        DeskButton("texts", "edit", target, t("Edit")),
        DeskButton("texts", "up", target, t("Move up"), disabled=place == 0),
        DeskButton("texts", "down", target, t("Move down"), disabled=place == count - 1),
        DeskButton("texts", "remove", target, t("Remove"), style=discord.ButtonStyle.danger),
    ]
    second = [DeskButton("texts", "page", f"{found.target}.{place // _A_PAGE}", t("All texts"))]
    if count > 1 and not found.shuffled:
        start = DeskButton(
            "texts", "start", target, t("Start with this one"), disabled=place == found.following()
        )
        second.insert(0, start)
    items = [ui.TextDisplay(f"### {title}"), ui.TextDisplay(cut(shown, 3000))]
    await desk.show(panel_of(*items, row_of(*first), row_of(*second), colour=NEUTRAL))


async def _move(desk: Desk, target: str, by: int) -> None:
    found = await _text(desk, target)
    place = min(max(found.place + by, 0), len(found.texts) - 1)
    saved = await _save(desk, found, moved(found.texts, found.place, by))
    await _show_text(desk, replace(saved, place=place))


async def move_up(desk: Desk, target: str) -> None:
    """Move a text one place up."""
    await _move(desk, target, -1)


async def move_down(desk: Desk, target: str) -> None:
    """Move a text one place down."""
    await _move(desk, target, 1)


async def remove(desk: Desk, target: str) -> None:
    """Remove a text from the list."""
    found = await _text(desk, target)
    left = [text for place, text in enumerate(found.texts) if place != found.place]
    await _show_list(desk, await _save(desk, found, left), found.place // _A_PAGE)


async def start_with(desk: Desk, target: str) -> None:
    """Turn the list round so that the next run uses a text."""
    found = await _text(desk, target)
    if found.shuffled:
        raise Refused(t("The order is random, so you can't choose the next text."))
    saved = await _save(desk, found, starting_with(found.texts, found.place, found.runs))
    await _show_list(desk, saved, (saved.following() or 0) // _A_PAGE)


# -------------------------------------------------------------------- forms


async def ask_new(desk: Desk, target: str) -> None:
    """Ask for another text."""
    found = await _list(desk, target)
    await ask(desk, "texts", "add", found.target, t("Add a text"), [_field(found, None)])


async def ask_edit(desk: Desk, target: str) -> None:
    """Ask for a text's new wording."""
    found = await _text(desk, target)
    kept = found.texts[found.place]
    (value,) = await typed_texts(desk, [kept])
    if len(value) > _LONGEST_TYPED:
        value = kept  # names may be longer than mentions, and a form would cut them off
    await ask(desk, "texts", "edit", target, t("Edit"), [_field(found, value)])


def _field(found: _List, value: str | None) -> ui.Label[Any]:
    most = min(max(found.longest, len(value or "")), _LONGEST_TYPED)
    return text_field("text", label_of(found.parameter), value=value, required=True, long=True, most=most)


async def _typed(desk: Desk, found: _List, fields: Mapping[str, Any], opens: str) -> str:
    (text,) = await sent_texts(desk, [str(fields.get("text") or "")])
    try:
        return checked(text, found.longest)
    except TextsUnusable as error:
        raise Mistyped(translated(error.message), opens) from error


async def add(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Add a text at the end."""
    found = await _list(desk, target)
    saved = await _save(desk, found, [*found.texts, await _typed(desk, found, fields, "add")])
    await _show_list(desk, saved, len(saved.texts) // _A_PAGE)


async def edit(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Change a text."""
    found = await _text(desk, target)
    texts = list(found.texts)
    texts[found.place] = await _typed(desk, found, fields, "edit")
    await _show_text(desk, replace(await _save(desk, found, texts), place=found.place))


async def ask_file(desk: Desk, target: str) -> None:
    """Ask for a file of texts."""
    found = await _list(desk, target)
    file = file_field(
        "file",
        t("File"),
        description=t(
            "One text per line, or texts separated by --- lines; in a .csv file, only the first column "
            "is read"
        ),
    )
    instead = ui.Label(
        text=t("Replace the current texts"), component=ui.Checkbox(custom_id="instead", default=False)
    )
    await ask(desk, "texts", "file", found.target, t("From a file"), [file, instead])


async def take_file(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Add the texts of a file, or put them in place of the present ones."""
    found = await _list(desk, target)
    given = await uploaded_text(desk, fields, "file", kinds=_KINDS, most=LARGEST_FILE)
    if given is None:
        raise Refused(t("There was no file in the form."))
    name, text = given
    try:
        read = await asyncio.to_thread(read_file, text, csv_file=name.endswith(".csv"), longest=found.longest)
    except TextsUnusable as error:
        raise Refused(translated(error.message)) from error
    before = [] if fields.get("instead") is True else found.texts
    await _show_list(desk, await _save(desk, found, [*before, *read]), len(before) // _A_PAGE)


PANELS = (
    Panel(
        "texts",
        clicks={
            "show": show,
            "page": show_page,
            "pick": pick,
            "up": move_up,
            "down": move_down,
            "remove": remove,
            "start": start_with,
        },
        opens={"add": ask_new, "edit": ask_edit, "file": ask_file},
        forms={"add": add, "edit": edit, "file": take_file},
    ),
)
