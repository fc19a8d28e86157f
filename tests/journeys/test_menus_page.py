"""Discord's menus on messages and people, shown on the page.

The simulator's page has no such menus to click; a person of the simulator opens them, and the page
shows what that person sees.
"""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from tests.conftest import CHROMIUM
from tests.journeys.demo_page import ARGUMENTS, VIEWPORT, DemoPage
from tests.support.world import World

pytestmark = pytest.mark.browser


async def test_a_message_becomes_a_draft(world: World) -> None:
    message = await world.admin.send(world.channel, "Pizza on **Friday**, who is in?")
    await world.env.settle()
    preview = world.env.preview(world.channel, viewers=[world.admin], layout="channel", timezone="UTC")
    async with preview, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport=VIEWPORT)
        await page.goto(preview.url)
        demo = DemoPage(page)
        await demo.sees("who is in?")
        await world.admin.context_menu(world.channel, "Schedule this message", message)
        await preview.refresh()
        await demo.sees("Still missing:")
        await demo.edit_line("When:")
        await demo.fill("When", "every friday at noon")
        await demo.submit()
        await expect(page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.panel_picture("28-message-menu")
        await demo.button("Confirm")
        await demo.sees("Scheduled: Pizza on")
        await world.admin.context_menu(world.channel, "Schedule a role…", world.plain)
        await preview.refresh()
        await demo.sees("Give people a role")
        await demo.panel_picture("29-user-menu")
        await browser.close()
