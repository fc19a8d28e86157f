"""What stands around simcord's page in the demo: people, languages, Discord's events, times that go on."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.journeys.demo_page import DemoPage, a_page_around
from tests.support.keeping import kept
from tests.support.world import World

pytestmark = pytest.mark.browser

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f0300"
    "080401ff5a0f3a5d0000000049454e44ae426082"
)


async def test_each_person_reads_in_a_language_and_the_server_has_one(world: World) -> None:
    async with a_page_around(world) as demo:
        page = demo.page
        await page.locator("#demo-language").select_option(label="Deutsch")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.locator(".timeline-day-divider, #channel-empty").first).to_be_attached()
        await demo.command("schedule list")
        await demo.sees("Geplant")
        await demo.picture("50-german")
        composer = page.locator("#channel-composer-input")
        await composer.click()
        await composer.press_sequentially("/schedule list")
        await expect(demo.suggestions.first).to_contain_text("Anzeigen, was hier geplant ist")
        await composer.fill("")

        await page.locator("#viewer-picker").select_option(label=world.moderator.name)
        await expect(page.locator("html")).to_have_attribute("lang", "en-US")
        await expect(page.locator("#viewer-picker option:checked")).to_have_text(world.moderator.name)
        await page.locator("#demo-guild-language").select_option(label="Français")
        guild = world.env.backend.get_guild(world.guild.id)
        await expect(page.locator("#demo-guild-language")).to_have_value("fr")
        assert guild.preferred_locale == "fr"

        await page.get_by_role("link", name=f"@ {world.env.backend.bot_user.name}").click()
        await page.wait_for_url(f"**/@{world.moderator.name}/#*")
        await page.locator(".demo-nav").get_by_role("link", name="general").click()
        await expect(page.locator("#viewer-picker option:checked")).to_have_text(world.moderator.name)


async def test_the_words_around_a_form_are_in_the_readers_language(world: World) -> None:
    async with a_page_around(world) as demo:
        await demo.type_command("schedule create")
        await demo.option("job", "post", "Post something")
        await demo.send()
        roles = demo.form.locator('.modal-field[data-custom-id="p:role_ids"]')
        await expect(roles).to_contain_text("0 selected, 25 at most.")
        await demo.form.get_by_role("button", name="Cancel").click()
        await demo.page.locator("#demo-language").select_option(label="Deutsch")
        await expect(demo.page.locator("html")).to_have_attribute("lang", "de")
        await expect(demo.page.locator("#channel-empty")).to_be_attached()
        await demo.type_command("schedule create")
        await demo.option("job", "post", "posten")
        await demo.send()
        await expect(demo.form.get_by_role("button", name="Absenden")).to_be_visible()
        await expect(roles).to_contain_text("0 ausgewählt, höchstens 25.")
        await expect(demo.form).to_contain_text("Dateien hierher ziehen oder durchsuchen")
        await expect(demo.form).to_contain_text("Bis zu 10 Dateien, je 10 MiB.")
        await expect(demo.form).to_contain_text("Dieses Formular wird an TestBot gesendet.")
        await roles.locator(".select-trigger").click()
        await expect(roles).to_contain_text("Übernehmen")
        english = "Select|Upload|Choose|Cancel|Submit|Apply|submitted"
        assert not re.search(english, await demo.form.inner_text())


async def test_events_are_listed_with_all_that_discord_shows(world: World) -> None:
    async with a_page_around(world) as demo:
        page = demo.page
        await page.locator("#demo-events").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("No events")
        await page.keyboard.press("Escape")
        await expect(page.locator("#demo-events")).to_be_focused()
        asked = {
            "guild_id": str(world.guild.id), "title": "Game night", "starts_in": "6h", "lasts": "3h",
            "place": "The attic", "description": "Bring snacks.", "cover": [await kept(world, PNG)],
        }  # fmt: skip
        made = await world.run("create_event", asked)
        assert made["success"], made
        await expect(page.locator("#demo-events .demo-count")).to_have_text("1")
        await page.locator("#demo-events").click()
        for text in ("Game night", "Bring snacks.", "The attic", "in 6 hours"):
            await expect(dialog).to_contain_text(text)
        await expect(dialog.locator("img")).to_have_js_property("naturalWidth", 1)
        await dialog.get_by_role("button", name="Interested").click()
        await expect(dialog.get_by_role("button", name="Interested · 1")).to_have_attribute(
            "aria-pressed", "true"
        )
        (event,) = world.env.backend.get_guild(world.guild.id).scheduled_events.values()
        assert event.user_ids == {world.admin.id}
        await demo.picture("51-events")


async def test_times_go_on_and_new_messages_come_into_view(world: World) -> None:
    async with a_page_around(world) as demo:
        page = demo.page
        await page.clock.install()
        await page.reload()
        start = await page.evaluate("Math.floor(Date.now() / 1000)")
        await world.admin.send(world.channel, f"It starts <t:{start + 3600}:R>, on <t:{start + 3600}:D>.")
        await _shown(demo, "It starts")
        exact = await demo.timeline.locator("time.discord-timestamp").nth(1).inner_text()
        await expect(demo.timeline).to_contain_text("in 1 hour")
        await page.clock.fast_forward("10:00")
        await expect(demo.timeline).to_contain_text("in 50 minutes")
        assert await demo.timeline.locator("time.discord-timestamp").nth(1).inner_text() == exact

        for number in range(40):
            await world.admin.send(world.channel, f"Message {number}")
        await _shown(demo, "Message 39")
        await expect(demo.timeline.get_by_text("Message 39")).to_be_in_viewport()
        await demo.timeline.hover()
        await page.mouse.wheel(0, -4000)
        await expect(demo.timeline.get_by_text("It starts")).to_be_in_viewport()
        await world.admin.send(world.channel, "While you read")
        await _shown(demo, "While you read")
        await expect(demo.timeline.get_by_text("It starts")).to_be_in_viewport()
        await page.get_by_role("button", name="New messages").click(timeout=5000)
        await page.clock.fast_forward("00:05")
        await expect(demo.timeline.get_by_text("While you read")).to_be_in_viewport()


@pytest.mark.parametrize("phone", [False, True])
async def test_the_answer_to_ones_own_action_comes_into_view(world: World, phone: bool) -> None:
    for number in range(12):
        await world.admin.send(world.channel, f"Message {number}")
    async with a_page_around(world, phone=phone) as demo:
        await demo.command("schedule history")
        await demo.sees("Nothing has run yet")
        await _in_view(demo, "Nothing has run yet")
        await demo.command("schedule help")
        await demo.sees("In your texts")
        await _in_view(demo, "In your texts")
        await demo.button("Schedule the first post")
        await demo.fill("Text", "Party!\n" * 30)
        await demo.fill("When", "in 2 hours")
        await demo.submit()
        await demo.sees("This is how it will look")
        await _in_view(demo, "This is how it will look")
        await demo.button("Confirm")  # edits the draft, and moves its end
        await demo.sees("Scheduled:")
        await _in_view(demo, "Scheduled:")
        await world.admin.send(world.channel, "By the way")
        assert demo.pages is not None
        await demo.pages.refresh()
        await demo.sees("By the way")
        await _in_view(demo, "Scheduled:")  # it is still read


async def _in_view(demo: DemoPage, text: str) -> None:
    """Checks that a message is in view as a whole, or from its top if it is taller than the view."""
    message = demo.timeline.locator("article.channel-message", has_text=text).last
    await demo.page.wait_for_function(
        """message => {
            const [shown, view] = [message, document.getElementById("channel-timeline")]
                .map(element => element.getBoundingClientRect());
            const whole = shown.bottom <= view.bottom + 1;
            return shown.top >= view.top - 1 && (whole || shown.top <= view.top + 1);
        }""",
        arg=await message.element_handle(),
        timeout=5000,
    )


async def test_everything_can_be_reached_on_a_narrow_page(world: World) -> None:
    async with a_page_around(world) as demo:
        page = demo.page
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.locator("#messages-toggle").click()
        await expect(page.locator("#demo-events")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
        await page.keyboard.press("Escape")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        for control in ("#viewer-picker", "#demo-language", "#demo-guild-language", "#messages-toggle"):
            await expect(page.locator(control)).to_be_in_viewport(ratio=1)


async def _shown(demo: DemoPage, text: str) -> None:
    assert demo.pages is not None
    await demo.pages.refresh()
    await demo.page.clock.run_for(1500)  # the page asks twice a second
    await expect(demo.timeline.get_by_text(text).first).to_be_attached()
