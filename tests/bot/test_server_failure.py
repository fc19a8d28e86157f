"""The bot ends when the server in its process has failed: without it, nothing would be scheduled."""

from __future__ import annotations

import httpx
import pytest

from schedulezero import faults
from tests.conftest import until
from tests.support.runs import due_now
from tests.support.world import World


async def test_the_bot_ends_with_its_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(point: str) -> None:
        if point == "clock.claimed":
            raise RuntimeError("the sequence cannot be read")

    monkeypatch.setattr("schedulezero.server.parts_kept.AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(faults, "trouble_maker", fail)
    async with httpx.AsyncClient(base_url=world.bot.settings.api_endpoint) as api:
        await due_now(api)
    await until(lambda: world.bot.is_closed())
    assert world.bot.failure is not None and "its clock failed" in world.bot.failure.message
