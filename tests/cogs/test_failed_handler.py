"""A handler whose thread fails is started again, and the owner's status tells of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cogs.background import supervisor
from cogs.services import services_of
from schedulezero.handler import thread
from tests.conftest import until
from tests.support.world import World


async def test_a_failed_thread_is_started_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.5)
    calls: list[object] = []
    parse = thread.parse_call

    def once_broken(message: dict[str, object]) -> object:
        calls.append(message)
        return parse(message) if len(calls) > 1 else 1 / 0

    monkeypatch.setattr(thread, "parse_call", once_broken)
    with pytest.raises(TimeoutError):
        await world.call({"method": "ping"}, seconds=0.2)
    kept = services_of(world.bot).supervisor
    await until(lambda: bool(kept.troubles(timedelta(hours=1))), 20)
    await until(lambda: kept.pausing == ["the handler's thread"], 20)
    health = await world.bot.services.client.health()
    assert health["live"] is False and "the handler's thread" in health["trouble"]
    await until(lambda: world.handler.running, 20)
    assert (await world.call({"method": "ping"}))["success"] is True
    assert [trouble.part for trouble in kept.troubles(timedelta(hours=1))] == ["the handler's thread"]
