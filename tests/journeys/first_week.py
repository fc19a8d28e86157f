"""The first week on the demo's page, in the roles of three people: their clicks, with pictures.

Each walk returns how many clicks each of its parts took. ``docs/tutorials/first-week.md`` has the same
numbers, which `check_documented` compares.
"""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.async_api import ViewportSize, expect

from bot.config import Settings
from tests.journeys import demo_page
from tests.journeys.demo_page import VIEWPORT, DemoPage, a_demo

PAGE = Path(__file__).parent.parent.parent / "docs" / "tutorials" / "first-week.md"
_WIDTH = 1280
_COLOURS = 64
_GAP = 12  # pixels
# Read as: the pictures of a role, in the order in which they are seen.
_SEEN = {
    "administrator": ("help", "form", "card", "finished"),
    "moderator": ("list", "change", "skipped", "history"),
    "member": ("help", "form", "reminder", "cancelled"),
}

Clicks = dict[str, int]


async def walk(settings: Settings, viewport: ViewportSize = VIEWPORT) -> Clicks:
    """Take all walks, and compare their clicks with those of the page."""
    clicks: Clicks = {}
    async with a_demo(settings, viewport) as demo:
        clicks |= await administrator(demo)
        clicks |= await moderator(demo)
        await demo.look_at("lounge")
        clicks |= await member(demo)
    check_documented(clicks)
    return clicks


async def administrator(demo: DemoPage) -> Clicks:
    """From the invite to the first post."""
    await demo.command("schedule help")
    await demo.sees("Start here")
    await _panel(demo, "administrator-help")
    await demo.button("Schedule a post")
    await demo.fill("Text", "Movie night starts at 8!")
    await demo.fill("When", "in 30 seconds")
    await _form(demo, "administrator-form")
    await demo.submit()
    await expect(demo.page.locator(".component-button", has_text="Confirm").last).to_be_enabled()
    await _panel(demo, "administrator-card")
    await demo.button("Confirm")
    await demo.sees("Scheduled: Movie night")
    post = demo.clicks

    await expect(demo.posted("Movie night")).to_have_count(1, timeout=90_000)
    await demo.sees("finished")
    await _panel(demo, "administrator-finished")

    before = demo.clicks
    await demo.command("schedule help")
    await demo.sees("Start here")
    await demo.button("Set it")
    await demo.fill("City or time zone", "Lisbon")
    await demo.submit()
    await demo.sees("Europe/Lisbon")
    zone = demo.clicks - before - 1  # the help is there already
    await demo.button("Move 4 jobs")
    await demo.sees("Moved 4 jobs to Europe/Lisbon")

    before = demo.clicks
    await demo.command("schedule help")
    await demo.sees("Start here")
    await demo.choose("each job's creator", "mod-room")
    await expect(demo.timeline.locator(".preview-select", has_text="mod-room").last).to_be_visible()
    alerts = demo.clicks - before - 1

    before = demo.clicks
    await demo.command("schedule setup")
    await demo.sees("Three things to try")
    await demo.switch_on("nobody; choose roles", "Moderators")
    await expect(demo.timeline.locator(".preview-select", has_text="Moderators").last).to_be_visible()
    role = demo.clicks - before
    return {"first post": post, "time zone": zone, "alert channel": alerts, "scheduling role": role}


async def moderator(demo: DemoPage) -> Clicks:
    """Changes a job, skips a run, runs it now, and sees what happened."""
    await demo.look_at("lounge")
    await demo.be("Mo (moderator)")
    before = demo.clicks
    await demo.command("schedule list")
    await demo.sees("Book club")
    await _panel(demo, "moderator-list")
    row = demo.timeline.locator(".component-section", has_text="Game night").last
    await demo.act(row.locator(".component-button"))
    await demo.sees("every Friday at 7:00 PM")
    await demo.button("Edit")
    await demo.sees("Your change")
    await demo.edit_line("When:")
    await demo.fill("When", "every friday at 20:00")
    await demo.submit()
    await demo.sees("every Friday at 8:00 PM")
    await _panel(demo, "moderator-change")
    await demo.button("Save the change")
    await demo.sees("Changed: Game night")
    changed = demo.clicks - before

    before = demo.clicks
    await demo.button("Skip next")
    await demo.sees("Skipped:")
    await _panel(demo, "moderator-skipped")
    skipped = demo.clicks - before

    before = demo.clicks
    await demo.button("Run now")
    await demo.sees("Ran: Game night")
    await expect(demo.posted("🎲 Game night starts")).to_have_count(1, timeout=60_000)
    ran = demo.clicks - before

    before = demo.clicks
    await demo.button("History")
    await demo.sees("Run on demand")
    await _panel(demo, "moderator-history")
    return {"change": changed, "skip": skipped, "run now": ran, "history": demo.clicks - before}


async def member(demo: DemoPage) -> Clicks:
    """Sets a time zone, and a reminder, which is cancelled and brought back."""
    await demo.be("Pia (member)")
    before = demo.clicks
    await demo.command("remind help")
    await demo.sees("I send you reminders")
    opened = demo.clicks - before
    await demo.button("Set it")
    await demo.fill("City or time zone", "Lisbon")
    await demo.submit()
    await demo.sees("Europe/Lisbon")
    await _panel(demo, "member-help")
    zone = demo.clicks - before - opened

    before = demo.clicks
    await demo.button("Try a reminder")
    await demo.fill("What to remind you of", "Water the plants")
    await demo.fill("When", "tomorrow at 9")
    await _form(demo, "member-form")
    await demo.submit()
    await demo.sees("I will remind you")
    await _panel(demo, "member-reminder")
    reminder = demo.clicks - before + opened

    before = demo.clicks
    await demo.button("Cancel reminder")
    await demo.sees("Cancelled: Water the plants")
    await _panel(demo, "member-cancelled")
    await demo.button("Undo")
    await demo.sees("I will remind you")
    undone = demo.clicks - before

    before = demo.clicks
    await demo.type_command("remind me")
    await demo.page.keyboard.type("Call the dentist")
    await demo.page.keyboard.press("Tab")
    await demo.page.keyboard.type("in 3 hours")
    await demo.send()
    await demo.sees("Call the dentist")
    return {
        "own time zone": zone, "first reminder": reminder, "cancel and undo": undone,
        "reminder by command": demo.clicks - before,
    }  # fmt: skip


def keep_phones() -> None:
    """Put what each walk saw on a phone side by side, one picture for each role."""
    for role, seen in _SEEN.items():
        pictures = [Image.open(demo_page.phone_picture(f"week-{role}-{name}")) for name in seen]
        width = sum(picture.width + _GAP for picture in pictures) - _GAP
        strip = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
        left = 0
        for picture in pictures:
            strip.paste(picture, (left, 0))
            left += picture.width + _GAP
        strip.save(demo_page.PICTURES / f"week-{role}-phone.png")
        _lighten(f"week-{role}-phone")


def check_documented(clicks: Clicks) -> None:
    """Compare the clicks with the page's table: who, what, the clicks at first, and the clicks now."""
    rows = re.findall(
        r"^\| [^|]+ \| ([^|]+) \| [^|]*\| (\d+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = {what.strip(): int(count) for what, count in rows}
    assert documented == clicks, f"{PAGE.name} has {documented}, the walk took {clicks}"


async def _panel(demo: DemoPage, name: str) -> None:
    await demo.panel_picture(f"week-{name}", width=_WIDTH)
    _lighten(f"week-{name}")


async def _form(demo: DemoPage, name: str) -> None:
    await demo.form_picture(f"week-{name}")
    _lighten(f"week-{name}")


def _lighten(name: str) -> None:
    """Keep few colours, which is all that a panel has, in a picture."""
    path = demo_page.PICTURES / f"{name}.png"
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
