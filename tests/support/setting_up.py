"""Shared test helpers: limits, setup."""

from __future__ import annotations

from typing import Any

from tests.support.world import World, press


async def setup(world: World) -> Any:
    return (await world.admin.slash(world.channel, "schedule setup")).response


async def limits(world: World, panel: Any, **fields: str) -> Any:
    form = await press(world.admin, panel, "setup:limits")
    given = {"quiet": "", "days": "", "jobs": "", "runs": "", **fields}
    return await world.admin.submit_modal(form, given)
