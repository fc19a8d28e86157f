"""The demo's page on a phone, 390 pixels wide and touched instead of clicked."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.journeys.demo_page import PHONE, DemoPage, a_page_around
from tests.support.world import World

pytestmark = pytest.mark.browser


async def test_a_command_can_be_filled_in_and_sent(world: World) -> None:
    async with a_page_around(world, phone=True) as demo:
        page = demo.page
        send = page.locator("#channel-composer button[type=submit]")
        await demo.type_command("schedule create")
        await expect(send).to_be_in_viewport(ratio=1)
        await demo.option("job", "post", "Post something")
        await expect(send).to_be_in_viewport(ratio=1)
        assert await _sideways(demo) == []
        await page.keyboard.press("Escape")
        await page.locator(".command-context-close").click()
        await page.locator("#channel-composer-input").fill("")

        await demo.type_command("remind me")
        await page.keyboard.type("Stretch my legs and drink some more water")
        await page.keyboard.press("Tab")
        await page.keyboard.type("tomorrow at noon")
        await expect(send).to_be_in_viewport(ratio=1)
        assert await _sideways(demo) == []


async def test_the_bar_at_the_top_stays_whole(world: World) -> None:
    async with a_page_around(world, phone=True) as demo:
        await demo.command("schedule list")
        await demo.sees("Nothing is scheduled")
        for control in (".preview-brand", "#messages-toggle", "#viewer-picker", "#demo-guild-language"):
            await expect(demo.page.locator(control)).to_be_in_viewport(ratio=1)
        await expect(demo.page.locator(".session-menu > summary")).to_be_in_viewport(ratio=1)
        await demo.page.locator(".session-menu > summary").click()
        await demo.page.get_by_role("button", name="View response").click()
        await expect(demo.page.get_by_role("button", name="View response")).to_be_hidden()


async def test_a_persons_name_ends_before_the_arrow_of_its_list(world: World) -> None:
    async with a_page_around(world, phone=True) as demo:
        picker = demo.page.locator("#viewer-picker")
        await picker.evaluate("select => { select.selectedOptions[0].textContent = 'Ada (administrator)'; }")
        room, wide = await picker.evaluate(
            """select => {
                const style = getComputedStyle(select);
                const pen = document.createElement("canvas").getContext("2d");
                pen.font = `${style.fontSize} ${style.fontFamily}`;
                const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
                const room = select.clientWidth - padding;
                return [room, pen.measureText("Ada (administrator)").width];
            }"""
        )
        assert wide <= room
        await expect(picker).to_have_css("padding-right", "18px")


async def test_a_messages_buttons_come_with_a_tap_and_hide_nothing_of_it(world: World) -> None:
    await world.admin.send(world.channel, "Hello")
    await world.admin.send(world.channel, "A second message, which shows neither name nor time")
    async with a_page_around(world, phone=True) as demo:
        buttons = demo.timeline.locator(".message-context-actions")
        await expect(buttons).to_have_count(2)
        for bar in await buttons.all():
            await expect(bar).to_have_css("opacity", "0")
            await expect(bar).to_have_css("pointer-events", "none")
        for text in ("Hello", "A second message"):
            message = demo.timeline.locator("article.channel-message", has_text=text)
            await message.locator(".message-content").tap()
            bar = message.locator(".message-context-actions")
            await expect(bar).to_have_css("opacity", "1")
            await expect(bar.get_by_role("button", name="Apps")).to_be_in_viewport(ratio=1)
            for part in await message.locator(".message-header, .message-content").all():
                await _clear_of(bar, part)


async def test_the_drawer_closes_when_something_is_chosen_in_it(world: World) -> None:
    async with a_page_around(world, phone=True) as demo:
        await demo.page.locator("#messages-toggle").click()
        await demo.page.locator(".demo-nav").get_by_role("button", name=world.plain.name).click()
        await demo.page.get_by_role("menuitem", name="Schedule a role…").click()
        await demo.sees("Give people a role")
        await expect(demo.page.locator("#messages-sidebar")).not_to_be_in_viewport()


async def _sideways(demo: DemoPage) -> list[str]:
    """What is wider than the page or was pushed to the side."""
    return await demo.page.evaluate(
        """width => [...document.querySelectorAll("#preview-shell, #preview-shell *")]
            .filter(e => e.checkVisibility() && !e.closest("#messages-sidebar") && !e.matches("input"))
            .filter(e => e.scrollLeft || (e.id && e.getBoundingClientRect().right > width + 1))
            .map(e => e.id || e.className)""",
        PHONE["width"],
    )


async def _clear_of(one: Locator, other: Locator) -> None:
    """Checks that two parts of the page don't lie over each other."""
    a, b = await one.bounding_box(), await other.bounding_box()
    assert a is not None and b is not None
    apart = (
        a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
    )  # fmt: skip
    assert apart, (a, b)
