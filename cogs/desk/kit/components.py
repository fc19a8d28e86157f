"""Buttons and selects that outlive restarts: their custom id says everything.

A custom id is ``<prefix>:<panel>:<action>:<target>``, where the target is an id (a job's, a draft's,
a panel's). A panel's module registers its actions with `action`; the classes below find them again
after any restart, because discord.py builds dynamic items from the custom id alone.

Each click is checked afresh (guild, rights) and answered in words whatever happens.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import discord
from discord import ui

from cogs.desk.kit.modals import IDS
from cogs.desk.kit.replies import answer, panel_of, row_of
from cogs.language import t
from cogs.services import Refused

Action = Callable[[discord.Interaction, str], Awaitable[None]]
_Action = TypeVar("_Action", bound=Action)

_ACTIONS: dict[tuple[str, str], Action] = {}


def action(panel: str, name: str) -> Callable[[_Action], _Action]:
    """Registers what a button or select of a panel does."""

    def register(function: _Action) -> _Action:
        _ACTIONS[panel, name] = function
        return function

    return register


class DeskButton(ui.DynamicItem[ui.Button[Any]], template=rf"sz:{IDS}"):
    """A button of a panel.

    Parameters:
        panel, name, target: what it does to what, see `action`.
        label: its text.
        style: its colour; red only for what ends something.
        disabled: greyed out.
    """

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        label: str,
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> None:
        custom_id = f"sz:{panel}:{name}:{target}"
        super().__init__(ui.Button(label=label[:80], style=style, custom_id=custom_id, disabled=disabled))
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskButton:
        assert isinstance(item, ui.Button)
        return cls(match["panel"], match["action"], match["target"], item.label or "…", style=item.style)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskSelect(ui.DynamicItem[ui.Select[Any]], template=rf"sz-pick:{IDS}"):
    """A select of a panel; its action finds what was picked with `picked` or `all_picked`."""

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        placeholder: str,
        options: list[discord.SelectOption],
        *,
        most: int = 1,
    ) -> None:
        custom_id = f"sz-pick:{panel}:{name}:{target}"
        select: ui.Select[Any] = ui.Select(
            placeholder=placeholder[:150], options=options, custom_id=custom_id, max_values=most
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskSelect:
        assert isinstance(item, ui.Select)
        return cls(match["panel"], match["action"], match["target"], "…", item.options, most=item.max_values)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskChannelSelect(ui.DynamicItem[ui.ChannelSelect[Any]], template=rf"sz-channel:{IDS}"):
    """A select of a channel where messages can be posted."""

    def __init__(
        self, panel: str, name: str, target: str, placeholder: str, chosen: str | None = None
    ) -> None:
        select: ui.ChannelSelect[Any] = ui.ChannelSelect(
            placeholder=placeholder[:150],
            channel_types=TEXT_CHANNELS,
            custom_id=f"sz-channel:{panel}:{name}:{target}",
            default_values=objects([chosen] if chosen else [], discord.abc.GuildChannel),
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskChannelSelect:
        return cls(match["panel"], match["action"], match["target"], "…")

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskRoleSelect(ui.DynamicItem[ui.RoleSelect[Any]], template=rf"sz-role:{IDS}"):
    """A select of any number of roles, also of none."""

    def __init__(
        self, panel: str, name: str, target: str, placeholder: str, chosen: Sequence[str] = ()
    ) -> None:
        select: ui.RoleSelect[Any] = ui.RoleSelect(
            placeholder=placeholder[:150],
            custom_id=f"sz-role:{panel}:{name}:{target}",
            min_values=0,
            max_values=25,
            default_values=objects(chosen, discord.Role),
        )
        super().__init__(select)
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskRoleSelect:
        return cls(match["panel"], match["action"], match["target"], "…")

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


DYNAMIC_ITEMS = (DeskButton, DeskSelect, DeskChannelSelect, DeskRoleSelect)

TEXT_CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.voice,
]


def objects(ids: Any, kind: type[Any]) -> list[discord.Object]:
    """Ids as the default values of a select, at most 25."""
    items = ids if isinstance(ids, list | tuple) else []
    return [discord.Object(int(item), type=kind) for item in items if str(item).isdigit()][:25]


def all_picked(interaction: discord.Interaction) -> list[str]:
    """The values that were picked in a select."""
    values: list[str] = (interaction.data or {}).get("values", [])  # type: ignore[assignment]
    return values


def picked(interaction: discord.Interaction) -> str:
    """The value that was picked in a select; Refused when none was."""
    values = all_picked(interaction)
    if not values:
        raise Refused(t("Nothing was picked."))
    return values[0]


async def _act(interaction: discord.Interaction, key: tuple[str, str], target: str) -> None:
    async def work() -> None:
        function = _ACTIONS.get(key)
        if function is None:
            raise Refused(t("This button belongs to an older version of me; use the command again."))
        await function(interaction, target)

    await answer(interaction, work)


def note_panel(text: str, *buttons: DeskButton, colour: discord.Colour) -> ui.LayoutView:
    """A sentence in the place of a panel, with buttons where something can still be done."""
    shown: list[ui.Item[Any]] = [ui.TextDisplay(text if len(text) <= 3500 else f"{text[:3499]}…")]
    if buttons:
        shown.append(row_of(*buttons))
    return panel_of(*shown, colour=colour)
