"""The walks of ``docs/tutorials/first-week.md`` take the clicks that it says, on a desktop and on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize

from bot.config import Settings
from tests.journeys import first_week
from tests.journeys.demo_page import PHONE, VIEWPORT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.mark.parametrize("viewport", [VIEWPORT, PHONE], ids=["desktop", "phone"])
async def test_each_walk_takes_the_documented_clicks(settings: Settings, viewport: ViewportSize) -> None:
    await first_week.walk(settings, viewport)
