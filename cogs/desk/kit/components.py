"""Buttons and selects that survive restarts: their custom id holds all they need, see `dispatch`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

CUSTOM_ID = r"(?P<panel>[a-z]+):(?P<action>[a-z0-9]+):(?P<target>[A-Za-z0-9_.:\-]{1,75})"
"""The end of a custom id: the panel, the action, the target."""

TEXT_CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.voice,
]


class Remembered:
    """A component whose clicks are found by custom id: discord.py stores neither it nor its view."""

    def is_dispatchable(self) -> bool:
        return False


class DeskButton(Remembered, ui.Button[Any]):
    """A button of a panel.

    Parameters:
        panel, name, target: the action and its target, see `dispatch.Panel`.
        label: its text.
        style: its colour; red only for actions that end something.
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
        custom_id = _custom_id("sz", panel, name, target)
        super().__init__(label=label[:80], style=style, custom_id=custom_id, disabled=disabled)


class DeskSelect(Remembered, ui.Select[Any]):
    """A select of a panel; its action reads the choice with `Desk.picked` or `Desk.all_picked`."""

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        placeholder: str,
        options: list[discord.SelectOption],
        *,
        most: int = 1,
        least: int = 1,
    ) -> None:
        super().__init__(
            placeholder=placeholder[:150],
            options=options,
            custom_id=_custom_id("sz-pick", panel, name, target),
            min_values=least,
            max_values=most,
        )


class DeskChannelSelect(Remembered, ui.ChannelSelect[Any]):
    """A select of a channel where messages can be posted."""

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        placeholder: str,
        chosen: str | None = None,
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            placeholder=placeholder[:150],
            disabled=disabled,
            channel_types=TEXT_CHANNELS,
            custom_id=_custom_id("sz-channel", panel, name, target),
            default_values=objects([chosen] if chosen else [], discord.abc.GuildChannel),
        )


class DeskRoleSelect(Remembered, ui.RoleSelect[Any]):
    """A select of any number of roles, including none."""

    def __init__(
        self, panel: str, name: str, target: str, placeholder: str, chosen: Sequence[str] = ()
    ) -> None:
        super().__init__(
            placeholder=placeholder[:150],
            custom_id=_custom_id("sz-role", panel, name, target),
            min_values=0,
            max_values=25,
            default_values=objects(chosen, discord.Role),
        )


def objects(ids: Any, kind: type[Any]) -> list[discord.Object]:
    """Return ids as the default values of a select, at most 25."""
    items = ids if isinstance(ids, list | tuple) else []
    return [discord.Object(int(item), type=kind) for item in items if str(item).isdigit()][:25]


def _custom_id(kind: str, panel: str, name: str, target: str) -> str:
    end = f"{panel}:{name}:{target}"
    if re.fullmatch(CUSTOM_ID, end) is None:
        raise ValueError(f"{end!r} cannot be the end of a custom id")
    return f"{kind}:{end}"
