"""Discord's menus on messages and people, on the demo's page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.journeys.demo_page import a_page_around
from tests.support.world import World

pytestmark = pytest.mark.browser


async def test_a_message_becomes_a_draft(world: World) -> None:
    await world.admin.send(world.channel, "Pizza on **Friday**, who is in?")
    async with a_page_around(world) as demo:
        menu = await demo.open_menu(demo.timeline.get_by_text("who is in?"))
        await menu.get_by_role("menuitem", name="Schedule this message").click()
        await demo.sees("Still missing:")
        await demo.edit_line("When:")
        await demo.fill("When", "every friday at noon")
        await demo.submit()
        await expect(demo.page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.panel_picture("28-message-menu")
        await demo.button("Confirm")
        await demo.sees("Scheduled: Pizza on")

        # By the keyboard, on a member.
        member = demo.page.locator(".demo-nav").get_by_role("button", name=world.plain.name)
        await member.focus()
        await demo.page.keyboard.press("Enter")
        menu = demo.page.get_by_role("menu")
        await expect(menu.get_by_role("menuitem").first).to_be_focused()
        await demo.page.keyboard.press("Escape")
        await expect(menu).to_be_hidden()
        await expect(member).to_be_focused()
        await demo.page.keyboard.press("Enter")
        await expect(menu.get_by_role("menuitem", name="Schedule a role…")).to_be_focused()
        await demo.page.keyboard.press("Enter")
        await demo.sees("Give people a role")
        await demo.panel_picture("29-user-menu")


async def test_a_menu_opens_a_form_and_offers_what_one_may_use(world: World) -> None:
    message = await world.admin.send(world.channel, "Hello")
    async with a_page_around(world) as demo:
        hello = demo.timeline.locator(f"[data-message-id='{message.id}']")
        await hello.hover()
        await hello.get_by_role("button", name="Apps").click()
        await demo.page.get_by_role("menuitem", name="Which job posted this?").click()
        await demo.sees("I didn't post this message")
        menu = await demo.open_menu(hello.locator(".message-content"))
        await menu.get_by_role("menuitem", name="Post again at…").click()
        await expect(demo.form.get_by_role("button", name="Submit")).to_be_visible()
        await demo.fill("When", "in 2 hours")
        await demo.submit()
        await demo.sees("This is how it will look", 20)
        menu = await demo.open_menu(hello.locator(".message-author"))
        assert await menu.get_by_role("menuitem").all_inner_texts() == ["Schedule a role…\nTestBot"]
        await demo.page.keyboard.press("Escape")
        await demo.page.locator("#viewer-picker").select_option(label=world.plain.name)
        await expect(demo.page.locator(".demo-row", has_text="you")).to_contain_text(world.plain.name)
        menu = await demo.open_menu(hello.locator(".message-content"))
        await expect(menu).to_contain_text("There is nothing here that you may use.")
