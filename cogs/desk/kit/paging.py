"""Lists shown page by page, for a server that returns cursors.

The bot's memory keeps a list's state (its filter, the cursors of the previous pages) under the panel's id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.context import Desk
from cogs.language import t
from cogs.memory import new_id
from cogs.services import Refused

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the cursor of the next one."""

    panel: ui.LayoutView
    following: str | None
    files: Sequence[discord.File] = ()


@dataclass(frozen=True, slots=True)
class PagedPanel:
    """A list with buttons to turn pages.

    Attributes:
        key: a key that only the states of this kind of list have.
        forgotten: the message for a list whose state is gone.
        draw: draws the page for a state, under the panel's id.
    """

    key: str
    forgotten: str
    draw: Callable[[Desk, str, State], Awaitable[Page]]

    @property
    def clicks(self) -> Mapping[str, Callable[[Desk, str], Awaitable[None]]]:
        """The actions of its buttons."""
        return {"next": self.forward, "back": self.backward, "refresh": self.refresh}

    async def begin(self, desk: Desk, state: State) -> None:
        """Show the first page of a new list."""
        await self.show(desk, new_id(), {**state, "cursors": []})

    async def state(self, desk: Desk, panel_id: str) -> State:
        """Return the state of a list of this guild; raise Refused if it is gone."""
        state = await desk.memory.panel(panel_id, desk.guild.id)
        if state is None or self.key not in state:
            raise Refused(t(self.forgotten))
        return state

    async def save(self, desk: Desk, panel_id: str, state: State) -> None:
        """Save the state of a list."""
        await desk.memory.save_panel(panel_id, desk.guild.id, state)

    async def show(self, desk: Desk, panel_id: str, state: State) -> None:
        """Show the page for a state, and save the state."""
        page = await self.draw(desk, panel_id, state)
        await self.save(desk, panel_id, {**state, "next": page.following})
        await desk.show(page.panel, page.files)

    async def forward(self, desk: Desk, panel_id: str) -> None:
        """Show the next page; on the last page, show it again."""
        state = await self.state(desk, panel_id)
        if following := state.get("next"):
            state["cursors"] = [*state["cursors"], following]
        await self.show(desk, panel_id, state)

    async def backward(self, desk: Desk, panel_id: str) -> None:
        """Show the previous page; on the first page, show it again."""
        state = await self.state(desk, panel_id)
        await self.show(desk, panel_id, {**state, "cursors": state["cursors"][:-1]})

    async def refresh(self, desk: Desk, panel_id: str) -> None:
        """Show the current page again with fresh data."""
        await self.show(desk, panel_id, await self.state(desk, panel_id))


def cursor_of(state: Mapping[str, Any]) -> str | None:
    """Return the cursor of the current page; None for the first one."""
    return state["cursors"][-1] if state["cursors"] else None


def place(number: int, total: int | None, size: int, count: str, *, more: bool) -> list[str]:
    """Return which page of how many this is, and of how many items, as far as the server tells.

    Parameters:
        number: the page's, from 1.
        total: how many items all pages together have; None if the server does not tell.
        size: the most items on a page.
        count: the total in words, such as *12 runs*.
        more: whether there is another page.
    """
    if total is None:
        return [t("page {number}", number=number)] if number > 1 or more else []
    if not total:
        return []
    pages = max(-(-total // size), number)
    return [t("page {number} of {pages}", number=number, pages=pages), count] if pages > 1 else [count]
