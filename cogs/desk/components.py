"""Buttons and selects that outlive restarts: their custom id says everything.

A custom id is ``sz:<panel>:<action>:<target>``, where the target is an id (a job's, a draft's, a
panel's). A panel's module registers its actions with `action`; `DeskButton` and `DeskSelect` find
them again after any restart, because discord.py builds dynamic items from the custom id alone.

Each click is checked afresh (guild, rights) and answered in words whatever happens.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import discord
from discord import ui

from cogs.services import Refused
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)

Action = Callable[[discord.Interaction, str], Awaitable[None]]
_Action = TypeVar("_Action", bound=Action)

_TARGET = r"[A-Za-z0-9_.:\-]{1,64}"
_ACTIONS: dict[tuple[str, str], Action] = {}


def action(panel: str, name: str) -> Callable[[_Action], _Action]:
    """Registers what a button or select of a panel does."""

    def register(function: _Action) -> _Action:
        _ACTIONS[panel, name] = function
        return function

    return register


class DeskButton(
    ui.DynamicItem[ui.Button[Any]],
    template=rf"sz:(?P<panel>[a-z]+):(?P<action>[a-z]+):(?P<target>{_TARGET})",
):
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
        super().__init__(ui.Button(label=label, style=style, custom_id=custom_id, disabled=disabled))
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskButton:
        assert isinstance(item, ui.Button)
        return cls(match["panel"], match["action"], match["target"], item.label or "…", style=item.style)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


class DeskSelect(
    ui.DynamicItem[ui.Select[Any]],
    template=rf"sz-pick:(?P<panel>[a-z]+):(?P<action>[a-z]+):(?P<target>{_TARGET})",
):
    """A select of a panel; its action finds what was picked with `picked`."""

    def __init__(
        self,
        panel: str,
        name: str,
        target: str,
        placeholder: str,
        options: list[discord.SelectOption],
    ) -> None:
        custom_id = f"sz-pick:{panel}:{name}:{target}"
        super().__init__(ui.Select(placeholder=placeholder, options=options, custom_id=custom_id))
        self.key, self.target = (panel, name), target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> DeskSelect:
        assert isinstance(item, ui.Select)
        return cls(match["panel"], match["action"], match["target"], item.placeholder or "", item.options)

    async def callback(self, interaction: discord.Interaction) -> None:
        await _act(interaction, self.key, self.target)


DYNAMIC_ITEMS = (DeskButton, DeskSelect)


def picked(interaction: discord.Interaction) -> str:
    """The value that was picked in a select."""
    values: list[str] = (interaction.data or {}).get("values", [])  # type: ignore[assignment]
    if not values:
        raise Refused("Nothing was picked.")
    return values[0]


async def _act(interaction: discord.Interaction, key: tuple[str, str], target: str) -> None:
    async def work() -> None:
        function = _ACTIONS.get(key)
        if function is None:
            raise Refused("This button belongs to an older version of me; use the command again.")
        await function(interaction, target)

    await answer(interaction, work)


async def answer(interaction: discord.Interaction, work: Callable[[], Awaitable[None]]) -> None:
    """Does what a manager of the server asked for; whatever goes wrong becomes an answer to them."""
    try:
        check_manager(interaction)
        await work()
    except ScheduleZeroError as error:
        await say(interaction, error.message)
    except discord.HTTPException:
        raise
    except Exception:
        reference = secrets.token_hex(3)
        log.exception("interaction failed (reference %s)", reference)
        await say(
            interaction,
            f"Something went wrong on my side; nothing was changed. The bot's owner finds it in the log "
            f"under `{reference}`.",
        )


def check_manager(interaction: discord.Interaction) -> None:
    """Refuses whoever may not manage the server, whatever Discord let through."""
    if interaction.guild is None:
        raise Refused("Use this in a server.")
    if not interaction.permissions.manage_guild:
        raise Refused("For this you need the permission *Manage Server* here.")


def guild_id_of(interaction: discord.Interaction) -> str:
    """The guild of an interaction, as jobs carry it."""
    assert interaction.guild_id is not None
    return str(interaction.guild_id)


async def say(interaction: discord.Interaction, text: str) -> None:
    """Tells the person something, for their eyes only, however far the interaction has come."""
    quiet = discord.AllowedMentions.none()
    if interaction.response.is_done():
        await interaction.followup.send(text[:2000], ephemeral=True, allowed_mentions=quiet)
    else:
        await interaction.response.send_message(text[:2000], ephemeral=True, allowed_mentions=quiet)


async def acknowledge(interaction: discord.Interaction) -> None:
    """Answers at once, so that slow calls may follow: in the panel that was clicked, or anew."""
    if interaction.response.is_done():
        return
    if interaction.message is not None:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)


async def show(interaction: discord.Interaction, panel: ui.LayoutView) -> None:
    """Puts a panel where the interaction began: over the panel that was clicked, or anew."""
    await acknowledge(interaction)
    await interaction.edit_original_response(view=panel, allowed_mentions=discord.AllowedMentions.none())
