"""The walks of ``docs/tutorials/first-week.md`` take the clicks that it says, also on a phone."""

from __future__ import annotations

import pytest

from bot.config import Settings
from tests.journeys import first_week
from tests.journeys.demo_page import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_each_walk_takes_the_documented_clicks(settings: Settings) -> None:
    """On a phone, where all must fit; ``make pictures`` takes the same walks on a desktop."""
    await first_week.walk(settings, PHONE)
