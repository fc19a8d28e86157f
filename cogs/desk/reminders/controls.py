"""Buttons, selects and forms of reminders: their custom ids hold all they need, and are read here."""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.components import Remembered
from schedulezero.methods.message_links import read_place

MARK = "⏰"

# The reminding sprocket makes the first of these; a select's custom id has only its name.
CUSTOM_ID = re.compile(
    r"sz-remind(?P<kind>-pick|-form)?(:(?P<action>[a-z]{2,10}):(?P<target>[\w\-]{1,80}))?", re.ASCII
)


class ReminderButton(Remembered, ui.Button[Any]):
    """A button of a reminder or of a list of them."""

    def __init__(
        self,
        action: str,
        target: str,
        label: str,
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        super().__init__(label=label[:80], style=style, custom_id=f"sz-remind:{action}:{target}")


class ReminderSelect(Remembered, ui.Select[Any]):
    """A select of one of a person's reminders, or of a time for one of them."""

    def __init__(
        self, placeholder: str, options: list[discord.SelectOption], *, action: str = "", target: str = ""
    ) -> None:
        custom_id = f"sz-remind:{action}:{target}" if action else "sz-remind-pick"
        super().__init__(custom_id=custom_id, placeholder=placeholder[:150], options=options)


def place_in(message: discord.Message) -> str | None:
    """Return the link to where a reminder was made, from its message's button."""
    for row in message.components:
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if isinstance(item, discord.Button) and item.url and read_place(item.url) is not None:
                return item.url
    return None
