"""The first day against the stand-in: all as assumed, each assumption broken once, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.config import Settings
from bot.first_day.day import first_day
from tests.support.first_day import Told, pointed_at, wishes
from tests.support.first_day_rules import FirstDayDiscord

pytestmark = [pytest.mark.discord_violations, pytest.mark.timeout(120)]


@pytest_asyncio.fixture
async def discord_there() -> AsyncIterator[FirstDayDiscord]:
    async with FirstDayDiscord() as there:
        with pointed_at(there.address):
            yield there


@pytest.fixture
def own_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"private_calls": True})


@pytest.mark.long
async def test_all_is_as_assumed(
    discord_there: FirstDayDiscord, own_settings: Settings, tmp_path: Path
) -> None:
    wanted = wishes(discord_there, tmp_path)
    status = await first_day(own_settings, "simulated", wanted, Told(), asyncio.Event(), patience=5)
    text = wanted.file.read_text()

    assert status == 0, text
