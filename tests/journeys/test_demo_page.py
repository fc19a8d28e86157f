"""The demo as a person uses it: its page in headless Chromium, with screenshots kept.

Pictures go to ``artifacts/``, where somebody can look at them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.config import Settings
from tests.bot.test_cli import line, start
from tests.conftest import CHROMIUM

PICTURES = Path(__file__).parent.parent.parent / "artifacts"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = pytest.mark.browser


class DemoPage:
    """What a person does on the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.form = page.locator("#modal-root")
        self.timeline = page.locator("#channel-message-list")
        self.suggestions = page.locator(".command-popup-list [role=option]")

    async def type_command(self, command: str) -> None:
        composer = self.page.locator("#channel-composer-input")
        await composer.click()
        await composer.press_sequentially(f"/{command}")
        await expect(self.suggestions.first).to_be_visible()
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator(".command-chip")).to_be_visible()

    async def send(self) -> None:
        await self.page.keyboard.press("Escape")
        await self.page.locator("button[type=submit]").locator("visible=true").last.click()

    async def button(self, label: str) -> None:
        await self.page.locator(".component-button", has_text=label).last.click()

    async def fill(self, label: str, text: str) -> None:
        await self.form.get_by_label(re.compile(rf"^{label}")).fill(text)

    async def submit(self) -> None:
        await self.form.get_by_role("button", name="Submit").click()

    async def sees(self, text: str, seconds: float = 10) -> None:
        await expect(self.timeline.get_by_text(text).locator("visible=true").last).to_be_visible(
            timeout=seconds * 1000
        )

    async def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")


@asynccontextmanager
async def a_demo(settings: Settings) -> AsyncIterator[DemoPage]:
    process = await start(settings, "demo", "--no-browser")
    address = (await line(process, "http://127.0.0.1")).strip()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            await page.goto(address)
            await expect(page.locator("#channel-name")).to_have_text("lounge")
            yield DemoPage(page)
            await browser.close()
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 5)


async def test_from_the_command_to_the_message_on_time(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.page.keyboard.type("announ")
        await expect(demo.suggestions.first).to_contain_text("Post a message in a channel")
        await demo.picture("1-suggestions")
        await demo.page.keyboard.press("Enter")
        await demo.send()

        await demo.fill("Message", "The moon is **up**!")
        await demo.fill("When", "in 1 minte")
        await demo.picture("2-form")
        await demo.submit()
        await demo.sees("was not understood")
        await demo.picture("3-refused")

        await demo.button("Edit")
        await expect(demo.form.get_by_label(re.compile("^Message"))).to_have_value("The moon is **up**!")
        await demo.fill("When", "in 5 seconds")
        await demo.submit()
        await expect(demo.page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.picture("4-preview")
        await demo.button("Confirm")
        await demo.sees("Scheduled: The moon is")
        await demo.picture("5-scheduled")

        # Twice in the card, and then as a message of its own.
        await expect(demo.timeline.get_by_text("The moon is up!", exact=True)).to_have_count(
            2, timeout=15_000
        )
        await demo.picture("6-posted")

        await demo.type_command("schedule history")
        await demo.send()
        await demo.sees("done")
        await demo.picture("7-history")
        late = re.search(r"([\d.]+) s late", await demo.timeline.inner_text())
        assert late is None or float(late[1]) < 2, f"posted {late[0]} at {datetime.now().astimezone()}"

        await demo.type_command("schedule list")
        await demo.send()
        await demo.sees("Game night")
        await demo.sees("✔ finished")
        await demo.picture("8-list")


async def test_one_can_act_as_each_person(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        picker = demo.page.locator("#viewer-picker")
        names = await picker.locator("option").all_inner_texts()
        assert names == ["Ada (administrator)", "Mo (moderator)", "Pia (member)"]
        async with demo.page.expect_response(lambda answer: "viewer_id" in (answer.request.post_data or "")):
            await picker.select_option(label="Pia (member)")
        await expect(picker.locator("option:checked")).to_have_text("Pia (member)")
        composer = demo.page.locator("#channel-composer-input")
        await composer.click()
        await composer.press_sequentially("/")
        await expect(demo.suggestions.first).to_be_visible()
        offered = "\n".join(await demo.suggestions.all_inner_texts())
        assert "/question" in offered and "/schedule" not in offered
        await demo.picture("9-plain-member")


async def test_when_is_shown_as_it_is_understood_while_one_types(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.page.keyboard.type("announ")
        await expect(demo.suggestions.first).to_contain_text("Post a message in a channel")
        await demo.page.keyboard.press("Enter")
        await demo.page.get_by_text("+3 more").click()
        await demo.suggestions.filter(has_text="when").first.click()
        await demo.page.keyboard.type("every other fri")
        await expect(demo.suggestions.first).to_contain_text("every other Friday at 09:00")
        await demo.picture("10-when")
        await demo.suggestions.filter(has_text="17:00").first.click()
        await demo.send()

        await demo.fill("Message", "Game night!")
        await demo.submit()
        await demo.sees("every other Friday at 17:00, starting")
        await expect(demo.page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.picture("11-recurring-preview")
