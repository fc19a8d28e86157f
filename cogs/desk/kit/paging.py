"""Lists that are shown page by page, of a server that hands out cursors.

What a list shows (its filter, the cursors of the pages before) lies in the bot's memory under the panel's id.
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
    """A page as it is shown, and the cursor of the one that follows it."""

    panel: ui.LayoutView
    following: str | None
    files: Sequence[discord.File] = ()


@dataclass(frozen=True, slots=True)
class PagedPanel:
    """A list that somebody turns the pages of.

    Attributes:
        key: a key that only the states of this kind of list have.
        forgotten: what to say of a list whose state is gone.
        draw: shows what a state says, under the panel's id.
    """

    key: str
    forgotten: str
    draw: Callable[[Desk, str, State], Awaitable[Page]]

    @property
    def clicks(self) -> Mapping[str, Callable[[Desk, str], Awaitable[None]]]:
        """What its buttons do."""
        return {"next": self.forward, "back": self.backward, "refresh": self.refresh}

    async def begin(self, desk: Desk, state: State) -> None:
        """Shows the first page of a new list."""
        await self.show(desk, new_id(), {**state, "cursors": []})

    async def state(self, desk: Desk, panel_id: str) -> State:
        """What a list of this guild shows; Refused when it is forgotten."""
        state = await desk.memory.panel(panel_id, desk.guild.id)
        if state is None or self.key not in state:
            raise Refused(t(self.forgotten))
        return state

    async def save(self, desk: Desk, panel_id: str, state: State) -> None:
        """Keeps what a list shows."""
        await desk.memory.save_panel(panel_id, desk.guild.id, state)

    async def show(self, desk: Desk, panel_id: str, state: State) -> None:
        """Shows the page that a state says, and keeps the state."""
        page = await self.draw(desk, panel_id, state)
        await self.save(desk, panel_id, {**state, "next": page.following})
        await desk.show(page.panel, page.files)

    async def forward(self, desk: Desk, panel_id: str) -> None:
        """Turns a page forward; shows the same one where it is the last."""
        state = await self.state(desk, panel_id)
        if following := state.get("next"):
            state["cursors"] = [*state["cursors"], following]
        await self.show(desk, panel_id, state)

    async def backward(self, desk: Desk, panel_id: str) -> None:
        """Turns a page back; shows the same one where it is the first."""
        state = await self.state(desk, panel_id)
        await self.show(desk, panel_id, {**state, "cursors": state["cursors"][:-1]})

    async def refresh(self, desk: Desk, panel_id: str) -> None:
        """Shows the page as it is now."""
        await self.show(desk, panel_id, await self.state(desk, panel_id))


def cursor_of(state: Mapping[str, Any]) -> str | None:
    """The cursor of the page that is shown, None for the first one."""
    return state["cursors"][-1] if state["cursors"] else None
