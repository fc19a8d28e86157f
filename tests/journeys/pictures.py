"""Takes the documentation's pictures from the demo: ``make pictures``. Each kind of job is really run.

The panels' pictures are those that the tests of the page take; the rest is a journey of its own, which fails
where a card cannot be confirmed, and where a run did not end well.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from PIL import Image
from playwright.async_api import expect

from bot.testing import free_settings
from schedulezero import instants
from tests.journeys import demo_page, first_week
from tests.journeys.demo_page import DemoPage, a_demo
from tests.journeys.kinds import CALENDAR_PATH, KINDS, Kind, later_kinds, schedule
from tests.support.feeds import Feed, event

PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"

# Read as: a picture of the documentation, and the one of the tests' that it is.
PANELS = {
    "demo": "53-demo",
    "form": "02-form",
    "draft": "27-recurring-draft",
    "line-by-line": "24-line-by-line",
    "when": "26-when",
    "list": "07-list",
    "selected": "14-selected",
    "job": "08-card",
    "changes": "11-changes",
    "history": "17-history",
    "calendar": "18-calendar",
    "import": "20-import",
    "setup": "22-setup",
    "help": "23-help",
    "message-menu": "28-message-menu",
    "audit": "30-audit",
    "compose": "40-compose",
    "embed-form": "41-embed-form",
    "embeds": "41-embed",
    "post-card": "42-weekly",
    "exactly": "43-exactly",
    "followed": "60-followed",
    "followed-events": "61-followed-events",
    "followed-post": "62-followed-post",
}
_COLOURS = 256


def take_panels() -> None:
    """Runs the tests of the page, and copies what they saw."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "browser", "tests/journeys"],
        check=True,
        cwd=PICTURES.parent.parent,
    )
    for name, taken in PANELS.items():
        keep_panel(taken, name)


def keep_panel(taken: str, name: str) -> None:
    """Puts a picture of the tests into the documentation, with few colours: it takes a third of the room."""
    with Image.open(demo_page.PICTURES / f"{taken}.png") as picture:
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(PICTURES / f"{name}.png", optimize=True)


async def take_kinds(demo: DemoPage, address: str, calls: list[str]) -> None:
    """Schedules and runs every kind of job, and looks at what became of each."""
    for kind in KINDS:
        await schedule(demo, kind.calling(address))
        print(f"{kind.method}: scheduled and run", flush=True)
    await demo.sees("The observatory is open tonight.")
    await demo.picture("channel")
    await demo.command("schedule history")
    await demo.sees("done")
    later = await later_kinds(demo)
    for kind in later:
        await schedule(demo, kind)
        print(f"{kind.method}: scheduled and run", flush=True)
    await demo.command("schedule history")
    runs = len(KINDS) + len(later)
    await expect(demo.timeline.locator(f"img[alt^='The last {runs} runs']").last).to_be_attached()
    text = await demo.timeline.inner_text()
    assert "failed" not in text, text
    await demo.panel_picture("history-kinds")
    assert calls == ["POST", "GET"], calls  # the web call, and the call after the good run


async def take_approval(demo: DemoPage) -> None:
    """Switches approval on, and asks for it with a job that deletes."""
    await demo.command("schedule setup")
    await demo.sees("Three things to try")
    await demo.choose("each job's creator", "lounge")
    await demo.button("Switch on")
    await demo.sees("a second person's approval")
    await demo.type_command("schedule create")
    await demo.option("job", "cleanup", "Delete messages")
    await demo.send()
    await demo.fill("When", "daily at 3:30")
    await demo.submit()
    await demo.sees("Needs approval:")
    await demo.button("Ask for approval")
    await demo.sees("is asking for approval")
    await demo.panel_picture("approval", "is asking for approval")


async def take_alert(demo: DemoPage) -> None:
    """Lets a job fail, which is told where the alerts go."""
    nobody = {"URL": "http://127.0.0.1:9/nobody-is-there"}
    await schedule(demo, Kind("failing", "call_web", "Send a signed request", nobody))
    (PICTURES / "job-failing.png").unlink()
    await demo.sees("can't be called")
    await demo.panel_picture("alert", "can't be called")


async def take_direct_messages(demo: DemoPage) -> None:
    """Makes reminders in the direct messages; one is put off, the other is done with."""
    await demo.look_at("@ada")
    await remind(demo, "Water the plants")
    await demo.picture("remind")
    await demo.button("10 min")
    await demo.sees("again")
    await remind(demo, "Call the dentist")
    await demo.button("Done")
    await demo.sees("✅ Call the dentist")
    await demo.picture("remind-done")
    await demo.command("remind list")
    await demo.sees("Your reminders")
    await demo.panel_picture("remind-list")


async def remind(demo: DemoPage, what: str) -> None:
    """Makes a reminder, and waits for it."""
    await demo.type_command("remind me")
    await demo.page.keyboard.type(what)
    await demo.page.keyboard.press("Tab")
    await demo.page.keyboard.type("in 5 seconds")
    await demo.send()
    await demo.sees(f"⏰ {what}", 20)


async def take_status_and_sprockets(demo: DemoPage) -> None:
    """How everything is, and what is loaded."""
    await demo.command("schedule status")
    await demo.sees("Handler")
    await demo.panel_picture("status")
    await demo.command("sprockets")
    await demo.sees("Sprockets")
    await demo.panel_picture("sprockets")


@asynccontextmanager
async def answering(calls: list[str]) -> AsyncIterator[str]:
    """An address that answers, and notes how it was called."""

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        return web.Response(text="thanks")

    app = web.Application()
    app.router.add_route("*", "/hook", answer)
    feed = Feed()
    feed.events = [event("games", instants.now() + timedelta(days=2), "LOCATION:Club house")]
    app.router.add_get(f"/hook{CALENDAR_PATH}", feed.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


async def main() -> None:
    """Takes every picture."""
    take_panels()
    demo_page.PICTURES = PICTURES
    with tempfile.TemporaryDirectory() as folder:
        await first_week.walk(free_settings(f"{folder}/x.db"))
    first_week.keep_phones()
    calls: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = free_settings(f"{folder}/x.db")
        async with answering(calls) as address, a_demo(settings, SCHEDULEZERO_PRIVATE_CALLS="true") as demo:
            await take_kinds(demo, address, calls)
            await take_status_and_sprockets(demo)
            await take_approval(demo)
            await take_alert(demo)
            await take_direct_messages(demo)


if __name__ == "__main__":
    asyncio.run(main())
