"""Turning the pages of a panel whose server hands out cursors. Pure."""

from __future__ import annotations

from typing import Any


def forward(state: dict[str, Any]) -> dict[str, Any]:
    """A panel's state one page on; as it is where there is none."""
    following = state.get("next")
    return {**state, "cursors": [*state["cursors"], following]} if following else state


def backward(state: dict[str, Any]) -> dict[str, Any]:
    """A panel's state one page back; as it is on the first one."""
    return {**state, "cursors": state["cursors"][:-1]}


def cursor_of(state: dict[str, Any]) -> str | None:
    """The cursor of the page that is shown, None for the first one."""
    return state["cursors"][-1] if state["cursors"] else None
