"""Shared test helpers: hello, scheduled."""

from __future__ import annotations

from typing import Any

from tests.support.world import World


async def scheduled(world: World, message: str = "Hello", when: str = "every monday at 9") -> str:
    values = {"channel_id": [world.channel], "message": message}
    return await world.create(world.admin, "send_announcement", values, when)


def hello(world: World, **more: Any) -> dict[str, Any]:
    return {"channel_id": [world.channel], "message": "Hello", **more}
