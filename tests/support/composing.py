"""Shared test helpers for composing posts: fill in the first form, open editors, look at the draft."""

from __future__ import annotations

from typing import Any

from cogs.memory import Draft
from tests.support.world import World, press, said

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


async def with_posts(world: World) -> World:
    """Load the job that posts, unless it is loaded."""
    if "send_post" not in world.handler.sprockets:
        await world.load("composer")
    return world


async def composed(world: World, when: str = "every friday at 18:00", **values: Any) -> Any:
    """Fill in the first form of a post and return the card that follows."""
    shown = await world.admin.slash(world.channel, "schedule create", job="send_post")
    assert shown.modal is not None, said(shown)
    filled = {f"p:{name}": value for name, value in {"channel_ids": [world.channel], **values}.items()}
    card = await world.admin.submit_modal(shown, {**filled, "when": when})
    assert card.response is not None
    return card.response


async def form(world: World, message: Any, part: str, values: dict[str, Any]) -> None:
    """Click a button that opens a form, and submit it."""
    shown = await press(world.admin, message, part)
    assert shown.modal is not None, said(shown)
    await world.admin.submit_modal(shown, values)


async def newest_draft(world: World) -> Draft:
    """Return the administrator's newest draft."""
    return (await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1))[0]
