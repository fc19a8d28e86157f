"""What the editors of lists share: pick an entry, move it, remove it, go back to the draft's card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from cogs.desk.compose.part import Part, moved, part_of, save, without
from cogs.desk.creating.draft_view import show_draft
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Action
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import NEUTRAL, WAITING, cut
from cogs.language import t
from cogs.services import Refused
from schedulezero.methods.parameters import Kind

Show = Callable[[Desk, Part, int, str | None], Awaitable[None]]
"""Shows an editor: the part, the place of the chosen entry, and something to tell."""
Removed = Callable[[Part, dict[str, Any]], Part]
"""Returns the part after an entry was removed from it."""

MOST_OPTIONS = 25


@dataclass(frozen=True, slots=True)
class ListEditor:
    """An editor of a list.

    Attributes:
        panel: its name in custom ids.
        kind: the kind of the parameter.
        show: shows it.
        key: for a list within an entry, that list's key.
        removed: what else changes when an entry is removed.
    """

    panel: str
    kind: Kind
    show: Show
    key: str | None = None
    removed: Removed | None = None

    @property
    def depth(self) -> int:
        """How many numbers come before the entry's own in a target."""
        return 0 if self.key is None else 1

    def items_of(self, part: Part) -> list[dict[str, Any]]:
        """Return the entries."""
        return part.items if self.key is None else part.nested(part.numbers, self.key)

    def with_items(self, part: Part, items: list[dict[str, Any]]) -> Part:
        """Return the part with other entries."""
        if self.key is None:
            return part.changed(items)
        if part.numbers[0] >= len(part.items):
            raise gone()
        return part.with_nested(part.numbers[0], self.key, items)

    def place_of(self, part: Part) -> int:
        """Return the place of the clicked entry; raise Refused if it isn't there any more."""
        place = part.numbers[self.depth] if len(part.numbers) > self.depth else -1
        if not 0 <= place < len(self.items_of(part)):
            raise gone()
        return place

    def target(self, part: Part, *numbers: int) -> str:
        """Return the target of a click within the list."""
        return part.target(*part.numbers[: self.depth], *numbers)

    def clicks(self) -> dict[str, Action]:
        """Return the actions that every list has."""
        return {
            "open": self.open,
            "pick": self.pick,
            "up": self.up,
            "down": self.down,
            "remove": self.remove,
            "back": self.back,
        }

    async def open(self, desk: Desk, target: str) -> None:
        """Show the editor."""
        part = await part_of(desk, target, self.kind)
        place = part.numbers[self.depth] if len(part.numbers) > self.depth else 0
        await self.show(desk, part, place, None)

    async def pick(self, desk: Desk, target: str) -> None:
        """Choose an entry."""
        part = await part_of(desk, target, self.kind)
        picked = desk.picked()
        if not (picked.isascii() and picked.isdecimal() and len(picked) < 4):
            raise gone()
        await self.show(desk, part, int(picked), None)

    async def up(self, desk: Desk, target: str) -> None:
        """Move the entry towards the beginning."""
        await self._move(desk, target, -1)

    async def down(self, desk: Desk, target: str) -> None:
        """Move the entry towards the end."""
        await self._move(desk, target, 1)

    async def _move(self, desk: Desk, target: str, by: int) -> None:
        part = await part_of(desk, target, self.kind)
        items, place = moved(self.items_of(part), self.place_of(part), by)
        await self.show(desk, await save(desk, self.with_items(part, items)), place, None)

    async def remove(self, desk: Desk, target: str) -> None:
        """Remove the entry."""
        part = await part_of(desk, target, self.kind)
        place, items = self.place_of(part), self.items_of(part)
        changed = self.with_items(part, without(items, place))
        if self.removed is not None:
            changed = self.removed(changed, items[place])
        await self.show(desk, await save(desk, changed), max(place - 1, 0), None)

    async def back(self, desk: Desk, target: str) -> None:
        """Show the draft's card again."""
        part = await part_of(desk, target, self.kind)
        await show_draft(desk, part.draft, part.spec)

    def menu(self, part: Part, place: int, names: Sequence[str], asked: str) -> list[ui.Item[Any]]:
        """Return the menu of the entries; none for less than two of them."""
        if len(names) < 2:
            return []
        options = [
            discord.SelectOption(
                label=cut(f"{number + 1}. {name}", 100), value=str(number), default=number == place
            )
            for number, name in enumerate(names[:MOST_OPTIONS])
        ]
        return [row_of(DeskSelect(self.panel, "pick", self.target(part), asked, options))]

    def order(self, part: Part, place: int, count: int) -> list[DeskButton]:
        """Return the buttons that move and remove the chosen entry."""
        target = self.target(part, place)
        return [
            DeskButton(self.panel, "up", target, t("Move up"), disabled=place <= 0),
            DeskButton(self.panel, "down", target, t("Move down"), disabled=place >= count - 1),
            DeskButton(self.panel, "remove", target, t("Remove"), disabled=not count),
        ]

    def done(self, part: Part) -> DeskButton:
        """Return the button that leads back to the card."""
        style = discord.ButtonStyle.success
        return DeskButton(self.panel, "back", part.target(), t("Back to the post"), style=style)


def clamped(place: int, count: int) -> int:
    """Return a place that exists, as near as possible; 0 for an empty list."""
    return min(max(place, 0), max(count - 1, 0))


def gone() -> Refused:
    """Return the refusal of a click on what isn't there any more."""
    return Refused(t("This no longer exists. The panel shows what's still there."))


def editor_panel(heading: str, text: str, *items: ui.Item[Any], notice: str | None = None) -> ui.LayoutView:
    """Return the panel of an editor."""
    shown: list[ui.Item[Any]] = [ui.TextDisplay(cut(f"### {heading}\n{text}", 2500))]
    if notice:
        shown.append(ui.TextDisplay(cut(f"⚠ {notice}", 600)))
    return panel_of(*shown, *items, colour=WAITING if notice else NEUTRAL)
