"""A post is composed on the demo's page as a person would, without leaving Discord and without JSON.

Each picture is taken as wide as a desktop shows it, and as narrow as a phone does.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import expect

from bot.config import Settings
from tests.journeys.demo_page import DemoPage, a_demo

pytestmark = pytest.mark.browser

DESKTOP = 1280


async def test_the_weekly_post_takes_two_forms_and_is_edited_in_one(
    settings: Settings, tmp_path: Path
) -> None:
    """Picture, embed with two fields, a role's ping, published; then the same with another title."""
    async with a_demo(settings) as demo:
        await demo.look_at("announcements")
        await demo.type_command("schedule create")
        await demo.option("job", "post", "Post something")
        await demo.send()
        await demo.choose_in_form("role_ids", "Event guests")
        await demo.fill("Text", "Party on {date}!")
        await demo.attach("files", poster(tmp_path))
        await demo.fill("When", "every friday at 18:00")
        await demo.form_picture("40-compose")
        await demo.submit()
        await demo.sees("every Friday at 6:00 PM")

        await add_embed(demo)
        await demo.switch_on("What else should happen?", "Publish")
        await confirmable(demo)
        await demo.sees("Summer party")
        assert demo.submitted <= 3
        await demo.panel_picture("42-weekly", width=DESKTOP)

        await demo.button("Show exact preview")
        exactly = demo.shown_alone("Summer party")
        await expect(exactly.locator(".embed-card img")).to_have_count(1)
        await demo.message_picture("43-exactly", exactly, width=DESKTOP)

        await demo.button("Confirm")
        await demo.sees("Scheduled: ")
        await demo.panel_picture("44-scheduled", width=DESKTOP)
        await demo.button("Run now")
        await demo.sees("This pings @Event guests")
        await demo.button("Run it now")
        posted = demo.posted("@Event guests Party on")
        await expect(posted).to_have_count(1, timeout=30_000)
        await expect(posted.locator(".embed-field")).to_have_count(2)
        await demo.message_picture("45-posted", posted, width=DESKTOP)

        # The same, edited.
        await demo.look_at("announcements")  # the page would keep what was picked on the card before
        await demo.button("Edit")
        await demo.sees("Your change")
        before = demo.submitted
        await embeds(demo)
        await demo.button("Edit")
        await demo.fill("Title", "Midsummer party")
        await demo.submit()
        await demo.sees("Midsummer party")
        await demo.button("Back to the post")
        await demo.sees("Your change")
        assert demo.submitted - before == 1
        await expect(demo.timeline.locator(".preview-select", has_text="Publish")).to_be_visible()
        await demo.panel_picture("46-edit", width=DESKTOP)
        await demo.button("Save the change")
        await demo.sees("Changed: ")
        await demo.button("Run now")
        await demo.sees("This pings @Event guests")
        await demo.button("Run it now")
        await expect(demo.posted("Midsummer party")).to_have_count(1, timeout=30_000)
        await demo.message_picture("47-edited", demo.posted("Midsummer party"), width=DESKTOP)


async def add_embed(demo: DemoPage) -> None:
    """Opens the editor of embeds and adds one with two fields and the post's picture."""
    await embeds(demo)
    await demo.button("Add embed")
    await demo.fill("Title", "Summer party")
    await demo.fill("Text", "Bring **friends**. Cake is provided.")
    await demo.fill("Fields", "When: 8 pm\nWhere: The old mill")
    await demo.fill("Large picture", "poster.png")
    await demo.fill("Colour", "orange")
    await demo.form_picture("41-embed-form")
    await demo.submit()
    await demo.sees("This is how it will look:")
    await demo.panel_picture("41-embed", width=DESKTOP)
    await demo.button("Back to the post")
    await confirmable(demo)


async def embeds(demo: DemoPage) -> None:
    """Opens the editor of embeds from the card."""
    line = demo.timeline.locator(".component-section", has_text="Embeds").last
    await demo.act(line.locator(".component-button"))
    await demo.sees("Back to the post")


async def test_a_discohook_link_becomes_a_draft(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.command("schedule create")
        await demo.sees("What should I schedule?")
        await demo.button("Paste an existing post")
        await demo.fill("JSON or a Discohook link", discohook())
        await demo.form_picture("48-paste-form")
        await demo.submit()
        await demo.sees("Still missing:")
        await demo.edit_line("When:")
        await demo.fill("When", "sundays at noon")
        await demo.submit()
        await confirmable(demo)
        await demo.panel_picture("49-pasted", width=DESKTOP)
        await demo.button("Show exact preview")
        await demo.message_picture(
            "50-pasted-exactly", demo.shown_alone("The week on the moon"), width=DESKTOP
        )
        await demo.button("Confirm")
        await demo.sees("Scheduled: ")
        await demo.button("Run now")
        await expect(demo.posted("The week on the moon")).to_have_count(1, timeout=30_000)


async def test_a_template_is_saved_and_used(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.option("job", "post", "Post something")
        await demo.send()
        await demo.fill("Text", "🎬 Tonight we watch **{?film: Moon}**, at {?hour: 8 pm}.")
        await demo.fill("When", "")
        await demo.submit()
        await demo.sees("Still missing:")
        await demo.button("More…")
        await demo.sees("More for this draft")
        await demo.panel_picture("51-more", width=DESKTOP)
        await demo.button("Save as template")
        await demo.fill("Name of the template", "Film night")
        await demo.submit()
        await demo.sees("Saved: Film night")
        await demo.panel_picture("52-template", width=DESKTOP)

        await demo.type_command("schedule create")
        await demo.option("template", "film", "Film night")
        await demo.option("when", "every friday at 17:00", "5:00 PM")
        await demo.send()
        await demo.fill("film", "Solaris")
        await demo.fill("hour", "9 pm")
        await demo.form_picture("53-blanks")
        await demo.submit()
        await confirmable(demo)
        await demo.sees("Tonight we watch")
        await demo.panel_picture("54-from-template", width=DESKTOP)
        await demo.button("Confirm")
        await demo.sees("Scheduled: ")
        await demo.button("Run now")
        await expect(demo.posted("Solaris")).to_have_count(1, timeout=30_000)
        await demo.message_picture("55-from-template-posted", demo.posted("Solaris"), width=DESKTOP)


async def test_each_post_has_a_thread_and_replaces_the_one_before(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.option("job", "post", "Post something")
        await demo.send()
        await demo.fill("Text", "What did you do today? (No. {run})")
        await demo.fill("When", "daily at 17:00")
        await demo.submit()
        await demo.choose("Add or change", "After posting")
        await demo.fill("Thread", "Day {run}")
        await demo.submit()
        await demo.switch_on("What else should happen?", "Replace")
        await confirmable(demo)
        await demo.panel_picture("56-thread", width=DESKTOP)
        await demo.button("Confirm")
        await demo.sees("Scheduled: ")
        await demo.button("Run now")
        posts = demo.posted("What did you do today?")
        await expect(posts).to_have_count(1, timeout=30_000)
        first = str(await posts.get_attribute("data-message-id"))
        await demo.button("Run now")
        await expect(posts).to_have_count(1, timeout=30_000)
        await expect(posts).not_to_have_attribute("data-message-id", first, timeout=30_000)
        await expect(posts).to_have_count(1)
        await expect(posts).to_contain_text("Day 1 · 0 messages")
        await demo.message_picture("57-second-post", posts, width=DESKTOP)


# -------------------------------------------------------------------- what is given, what is kept


async def confirmable(demo: DemoPage) -> None:
    await expect(demo.page.locator(".component-button", has_text="Confirm").last).to_be_enabled()


def poster(folder: Path) -> Path:
    """Draws a poster, and returns its file."""
    picture = Image.new("RGB", (960, 540), "#1b1f4b")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((620, 60, 860, 300), fill="#f6e7b4")
    draw.polygon(((0, 540), (0, 400), (300, 330), (620, 430), (960, 360), (960, 540)), fill="#3c4a7d")
    draw.text((60, 90), "SUMMER\nPARTY", fill="white", font=ImageFont.load_default(96))
    path = folder / "poster.png"
    picture.save(path)
    return path


def discohook() -> str:
    """A link as Discohook shares it."""
    embed = {
        "title": "The week on the moon",
        "description": "All that happens **until Sunday**.",
        "color": 0x5865F2,
        "fields": [
            {"name": "Monday", "value": "Crater walk", "inline": True},
            {"name": "Thursday", "value": "Book club", "inline": True},
        ],
        "footer": {"text": "Moonbase Club"},
    }
    data = {"messages": [{"data": {"content": "Good morning!", "embeds": [embed]}}]}
    packed = base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")
    return f"https://discohook.org/?data={packed}"
