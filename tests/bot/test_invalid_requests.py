"""What Discord bans an address for is counted as Discord does, and jobs stop well before that."""

from __future__ import annotations

import time
from typing import Any

import discord
import pytest
from prometheus_client import REGISTRY

from bot.pace.pace import Pace
from cogs.background.invalid_requests import HOLD_AT, InvalidRequests
from schedulezero.handler.run_context import RunContext, running
from tests.support.limiting_discord import limiting_discord


def test_only_what_discord_counts_is_counted() -> None:
    budget = InvalidRequests()
    for status, scope in ((401, None), (403, None), (429, "user"), (429, "global"), (429, None)):
        budget.note(status, scope, 1000.0)
    for status, scope in ((200, None), (400, None), (404, None), (500, None), (429, "shared")):
        budget.note(status, scope, 1000.0)
    assert budget.lately(1000.0) == 5


def test_jobs_wait_at_half_of_what_gets_an_address_banned_until_it_is_less() -> None:
    assert HOLD_AT == 5_000
    budget = InvalidRequests(hold_at=10)
    for second in range(9):
        budget.note(403, None, 1000.0 + 20 * second)
    assert budget.wait(1170.0) is None
    budget.note(403, None, 1180.0)
    wait = budget.wait(1180.0)
    assert wait is not None and budget.wait(1180.0 + wait - 1) is not None
    assert budget.wait(1180.0 + wait) is None
    assert budget.lately(1180.0 + 620) == 0


def test_the_count_survives_a_restart_and_a_clock_set_back() -> None:
    before, budget = InvalidRequests(), InvalidRequests()
    for second in range(0, 300, 10):
        before.note(403, None, 1000.0 + second)
    budget.note(401, None, 1290.0)
    budget.restore(before.to_json(), 1300.0)
    assert budget.lately(1300.0) == 31
    budget.note(403, None, 900.0)
    assert budget.lately(1300.0) == 32 and budget.lately(2000.0) == 0


async def test_a_job_asks_nothing_while_there_are_too_many_and_people_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget = InvalidRequests(hold_at=3)
    counted = _count("403")
    async with limiting_discord(monkeypatch, Pace().trace(budget)) as stand_in:
        stand_in.status, stand_in.body = 403, {"code": 50007, "message": "no"}
        with running(RunContext(run_id="r")):
            for _ in range(3):
                with pytest.raises(discord.Forbidden):
                    await stand_in.ask()
            with pytest.raises(discord.RateLimited) as told:
                await stand_in.ask()
        assert 0 < told.value.retry_after <= 610 and len(stand_in.asked) == 3
        with pytest.raises(discord.Forbidden):
            await stand_in.ask()
        assert len(stand_in.asked) == 4 and _count("403") == counted + 4
        assert budget.lately(time.time()) == 4


async def test_a_ban_of_the_address_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cloudflare's answer has no ``Via``."""
    budget = InvalidRequests()
    async with limiting_discord(monkeypatch, Pace().trace(budget)) as stand_in:
        stand_in.status, stand_in.body = 429, {}
        with pytest.raises(discord.HTTPException):
            await stand_in.ask()
    assert budget.lately(time.time()) == 1


def _count(status: str) -> float:
    name = "schedulezero_discord_invalid_requests_total"
    found: Any = REGISTRY.get_sample_value(name, {"status": status})
    return found or 0.0
