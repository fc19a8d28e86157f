"""Takes the documentation's pictures from the demo: ``make pictures``. Each new kind of job is really run.

It is a journey, too: it fails where a card cannot be confirmed, and where a run did not end well.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from playwright.async_api import expect

from bot.testing import free_settings
from schedulezero.message_links import read_message_link
from tests.journeys import demo_page
from tests.journeys.demo_page import DemoPage, a_demo

PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"


@dataclass(frozen=True)
class Kind:
    """A job to schedule: what to type for it, its fields by label, and its selects."""

    picture: str
    method: str
    suggestion: str
    texts: dict[str, str] = field(default_factory=dict[str, str])
    picks: dict[str, str] = field(default_factory=dict[str, str])


KINDS = (
    Kind("poll", "send_poll", "Ask people", {"Question": "Which game?", "Answers": "Chess\nGo\nUno"}),
    Kind("webhook", "send_as", "under another name", {"Name": "Captain", "Message": "We sail at dawn."}),
    Kind("thread", "create_thread", "Open a thread", {"Title": "{date}", "Message": "What happened?"}),
    Kind("forum", "create_forum_post", "post in a forum",
         {"Title": "Idea of the week", "Message": "Let's hear it!"}, {"channel_id": "ideas"}),
    Kind("event", "create_event", "Announce one of",
         {"Title": "Game night", "Starts in": "2 days", "Lasts": "3h", "Place": "The attic"}),
    Kind("slowmode", "set_slowmode", "Slow a channel", {"Seconds": "30", "Lasts": "4h"}),
    Kind("countdown", "set_channel_text", "topic or name", {"Text": "{countdown:2030-01-01} to go"}),
    Kind("role", "give_role_for", "role for a while",
         {"Lasts": "7 days"}, {"user_ids": "Pia", "role_id": "Event guests"}),
    Kind("web", "call_web", "Call an address", {"Url": "", "Body": '{"hello": "world"}'}),
)  # fmt: skip


async def choose_in_form(demo: DemoPage, name: str, option: str) -> None:
    """Picks in a select of the open form."""
    select = demo.form.locator(f'.modal-field[data-custom-id="p:{name}"] .preview-select')
    await select.locator(".select-trigger").click()
    await demo.page.locator(".select-option", has_text=option).locator("visible=true").first.click()
    apply = demo.page.get_by_role("button", name="Apply").locator("visible=true")
    if await apply.count():  # several may be chosen
        await apply.first.click()
    else:
        await demo.form.get_by_role("heading").first.click()  # closes the list


async def schedule(demo: DemoPage, kind: Kind) -> None:
    """Fills the form, takes the card's picture, confirms and runs it."""
    await demo.type_command("schedule create")
    await demo.option("job", kind.method, kind.suggestion)
    await demo.send()
    await expect(demo.form.get_by_role("button", name="Submit")).to_be_visible()
    for label, option in kind.picks.items():
        await choose_in_form(demo, label, option)
    for label, text in kind.texts.items():
        await demo.fill(label, text)
    await demo.fill("When", "every friday at 18:00")
    await demo.submit()
    await expect(demo.page.locator(".component-button", has_text="Confirm").last).to_be_enabled()
    await demo.panel_picture(f"job-{kind.picture}")
    before = await demo.timeline.get_by_text("Started: ").count()
    await demo.button("Confirm")
    await demo.sees("Scheduled: ")
    await demo.button("Run now")
    await expect(demo.timeline.get_by_text("Started: ")).to_have_count(before + 1)
    await expect(demo.form).to_be_empty()


async def portrait(demo: DemoPage, text: str, name: str) -> None:
    """A picture of the newest panel that says something, wherever the page has scrolled to."""
    await demo.page.wait_for_load_state("networkidle")
    await demo.page.set_viewport_size({"width": 1000, "height": 1800})
    panel = demo.timeline.locator("article.channel-message .components-v2", has_text=text).last
    await panel.scroll_into_view_if_needed()
    await expect(panel).to_be_in_viewport(ratio=1)
    await panel.screenshot(path=PICTURES / f"{name}.png")
    await demo.page.set_viewport_size(demo_page.VIEWPORT)


async def later_kinds(demo: DemoPage) -> list[Kind]:
    """Jobs about what the others made: the thread, the event, and a post of the bot's."""
    links = await demo.timeline.locator("a", has_text="the message").evaluate_all(
        "all => all.map(a => a.href)"
    )
    link = next(link for link in links if read_message_link(link) is not None)
    # The post goes first: what lies in a thread cannot be seen any more when that is closed.
    return [
        Kind("delete", "delete_post", "Delete an earlier", {"Message": link}),
        Kind("event-start", "start_event", "Start one", {"Title": "Game night"}),
        Kind("event-end", "end_event", "End one", {"Title": "Game night"}),
        Kind(
            "thread-closed", "set_thread", "Open, close", {}, {"thread_channel_id": "2026", "state": "closed"}
        ),
    ]


async def take(url: str) -> None:
    """Takes every picture.

    Parameters:
        url: an address that answers, for the job that calls one.
    """
    demo_page.PICTURES = PICTURES
    with tempfile.TemporaryDirectory() as folder:
        settings = free_settings(f"{folder}/x.db")
        async with a_demo(settings, SCHEDULEZERO_PRIVATE_CALLS="true") as demo:
            for kind in KINDS:
                demo.page.set_default_timeout(8000)
                texts = {name: text or url for name, text in kind.texts.items()}
                await schedule(demo, Kind(kind.picture, kind.method, kind.suggestion, texts, kind.picks))
                print(f"{kind.method}: scheduled and run", flush=True)
            await demo.picture("channel")
            await demo.type_command("schedule history")
            await demo.send()
            await demo.sees("done")
            text = await demo.timeline.inner_text()
            for kind in await later_kinds(demo):
                await schedule(demo, kind)
                print(f"{kind.method}: scheduled and run", flush=True)
            await demo.type_command("schedule history")
            await demo.send()
            await expect(demo.timeline.locator("img[alt^='The last 13 runs']").last).to_be_attached()
            text += await demo.timeline.inner_text()
            await demo.type_command("remind me")
            await demo.page.keyboard.type("Water the plants")
            await demo.page.keyboard.press("Tab")
            await demo.type_and_pick("every sunday at 10", "every Sunday at 10:00")
            await demo.send()
            await demo.sees("I will remind you")
            await demo.picture("history-kinds")  # the page stands at the history, with the answer below
            await demo.type_command("sprockets")
            await demo.send()
            await demo.sees("Sprockets")
            await portrait(demo, "Sprockets", "sprockets")
            assert "failed" not in text, text


async def main() -> None:
    """Answers calls beside the demo, and takes the pictures."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="thanks")

    app = web.Application()
    app.router.add_route("*", "/hook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        await take(f"http://127.0.0.1:{port}/hook")
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
