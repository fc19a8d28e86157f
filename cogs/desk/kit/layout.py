"""Build panels: items in a frame, buttons in rows, texts within Discord's limit."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.kit.wording import cut

MOST_TEXT = 4000
"""Discord's limit on the characters in all texts of a panel together."""
MOST_COMPONENTS = 40
"""Discord's limit on the components of a panel, at all depths."""


def panel_of(*items: ui.Item[Any], colour: discord.Colour | None) -> ui.LayoutView:
    """Return a panel: items one below the other in a frame with a coloured edge."""
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    for item in items:
        container.add_item(item)
    view.add_item(container)
    return view


def note_panel(text: str, *buttons: ui.Item[Any], colour: discord.Colour) -> ui.LayoutView:
    """Return a panel with one text, whose commands can be clicked, and optional buttons."""
    text = cut(with_mentions(text), 3500)
    return panel_of(ui.TextDisplay(text), *([row_of(*buttons)] if buttons else []), colour=colour)


def row_of(*items: ui.Item[Any]) -> ui.ActionRow[ui.LayoutView]:
    """Return a row of up to five buttons, or one select."""
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    for item in items:
        row.add_item(item)
    return row


def count_of(item: ui.LayoutView | ui.Item[Any]) -> int:
    """Return how many components a panel has, or an item with those in it."""
    own = 0 if isinstance(item, ui.LayoutView) else 1
    nested = isinstance(item, ui.LayoutView | ui.Container | ui.ActionRow | ui.Section)
    return own + (sum(1 for _ in item.walk_children()) if nested else 0)


def fit(panel: ui.LayoutView) -> None:
    """Shorten the longest texts of a panel until they fit Discord's limit together."""
    texts = [item for item in panel.walk_children() if isinstance(item, ui.TextDisplay)]
    while (over := sum(len(text.content) for text in texts) - MOST_TEXT) > 0:
        longest = max(texts, key=lambda text: len(text.content))
        longest.content = f"{longest.content[: max(len(longest.content) - over - 1, 40)]}…"
