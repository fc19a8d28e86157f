"""A calendar that is followed, on the demo's page: its posts and Discord's events go with its changes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from bot.config import Settings
from schedulezero import instants
from tests.conftest import until
from tests.journeys.demo_page import DemoPage, a_page_around
from tests.support.feeds import Feed, a_feed, event
from tests.support.world import World, a_world

pytestmark = pytest.mark.browser

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest_asyncio.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """The bot, which may read calendars on this machine."""
    async with a_world(settings.model_copy(update={"private_calls": True})) as built:
        yield built


async def test_posts_and_events_go_with_a_calendar_that_changes(world: World) -> None:
    start = instants.now().astimezone(UTC).replace(second=0, microsecond=0) + DAY + 25 * MINUTE
    games = event("games", start, "LOCATION:Club house", "DURATION:PT3H", title="Board games")
    next_day = start + DAY
    chess = event("chess", next_day, "LOCATION:Library", "DURATION:PT2H", title="Chess evening")
    trip = event("trip", start + 3 * DAY, "LOCATION:Harbour", "DURATION:PT5H", title="Boat trip")
    async with a_feed(games, chess, trip) as feed, a_page_around(world) as demo:
        await _follow(world, demo, feed)
        await demo.panel_picture("60-followed", "Scheduled", width=760)
        await _events(demo, 3, "Board games", "Chess evening", "Boat trip")

        # One event begins later under another name, one is cancelled, one is new.
        later = start + 30 * MINUTE
        moved = event("games", later, "LOCATION:Attic", "DURATION:PT3H", title="Long board games")
        cancelled = event("chess", next_day, "STATUS:CANCELLED", title="Chess evening")
        film = event("film", start + 5 * DAY, "LOCATION:Cinema", "DURATION:PT2H", title="Film night")
        feed.events = [moved, cancelled, trip, film]
        await world.advance(minutes=15)
        dialog = await _events(demo, 3, "Long board games", "Boat trip", "Film night")
        await expect(dialog).not_to_contain_text("Chess evening")
        times = dialog.locator("[data-event] time:first-of-type")
        assert _instants(await times.evaluate_all("all => all.map(each => each.dateTime)")) == [
            later, start + 3 * DAY, start + 5 * DAY
        ]  # fmt: skip
        await demo.dialog_picture("61-followed-events")
        await demo.page.keyboard.press("Escape")

        # Its post comes a day before the new time, not before the old one.
        await world.advance(minutes=20)
        assert world.posted() == []
        await world.advance(minutes=21)
        await until(world.posted)
        (post,) = world.posted()
        assert demo.pages is not None
        await demo.pages.refresh()
        await expect(demo.posted("Long board games begins")).to_have_count(1)
        assert f"<t:{int(later.timestamp())}:" in post.content
        await demo.message_picture("62-followed-post", demo.posted("Long board games"), width=760)
        assert feed.statuses[:2] == [200, 200], feed.statuses


def _instants(texts: list[str]) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in texts]


async def _follow(world: World, demo: DemoPage, feed: Feed) -> None:
    await demo.type_command("schedule create")
    await demo.option("job", "follow_calendar", "Follow a calendar")
    await demo.send()
    await demo.choose_in_form("channel_id", str(world.channel.name))
    await demo.fill("Calendar", feed.url)
    await demo.fill("Before", "1 day, 15 minutes")
    await demo.fill("Text", "**{title}** begins {start|R}\n📍 {location}")
    await demo.submit()
    await demo.sees("Follows the calendar at 127.0.0.1.")
    await demo.choose("Add or change", "Discord events")
    await demo.form.locator('.modal-field[data-custom-id="p:make_events"] label').last.click()
    await demo.submit()
    await demo.sees("Keeps Discord events in sync with the calendar, 14 days ahead.")
    await demo.button("Confirm")
    await demo.sees(re.compile("Scheduled: Calendar from 127.0.0.1"))


async def _events(demo: DemoPage, count: int, *titles: str) -> Locator:
    """Opens the list of events, once it has so many; waits until it has these titles."""
    dialog = demo.page.get_by_role("dialog")
    await expect(demo.page.locator("#demo-events .demo-count")).to_have_text(str(count), timeout=30_000)
    if not await dialog.is_visible():
        await demo.page.locator("#demo-events").click()
    for title in titles:
        await expect(dialog.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=30_000)
    return dialog
