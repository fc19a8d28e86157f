"""A calendar that is followed, and one that another program reads, as the demo shows them."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
from icalendar import Calendar
from playwright.async_api import expect

from schedulezero import instants
from tests.journeys.demo_page import DemoPage
from tests.support.feeds import Feed, event

PHONE = 390
_SUBSCRIBED = re.compile(r"http://127\.0\.0\.1:\d+/calendar/\S+\.ics")


async def take_followed(demo: DemoPage, feed: Feed) -> None:
    """Follow a calendar, and look at the posts that come before its events."""
    now = instants.now().replace(microsecond=0)
    soon, tomorrow = now + timedelta(seconds=75), now + timedelta(days=1)
    games = ("LOCATION:Club house", "DESCRIPTION:Bring a friend.", "URL:https://club.example.org/games")
    feed.events = [
        event("games", soon, *games),
        event("chess", tomorrow, "LOCATION:Library", title="Chess evening"),
        event("quiz", tomorrow + timedelta(days=2), title="Pub quiz"),
    ]
    await demo.type_command("schedule create")
    await demo.option("job", "follow_calendar", "Follow a calendar")
    await demo.send()
    await expect(demo.form.get_by_role("button", name="Submit")).to_be_visible()
    await demo.fill("Calendar", feed.url)
    await demo.fill("Before", "1 day, 15 minutes, 0")
    await demo.form_picture("follow-form")
    await demo.choose_in_form("channel_id", "lounge")
    await demo.submit()
    await demo.sees("Check before you schedule")
    await demo.switch_on("What else should happen?", "Create events")
    await demo.sees("Make events:")
    await demo.button("Confirm")
    await demo.sees("Posts planned:")
    await demo.panel_picture("followed-calendar")
    await demo.panel_picture("followed-calendar-phone", width=PHONE)
    await demo.sees("Board games", 180)
    await demo.message_picture("followed-post", demo.posted("Board games"))
    await demo.command("schedule list")
    await demo.sees("Chess evening")
    await demo.panel_picture("followed-list")


async def take_subscription(demo: DemoPage) -> bytes:
    """Make an address for calendar programs, read it as one of them, and return what it has."""
    await demo.command("schedule calendar")
    await demo.sees("Subscribe")
    await demo.panel_picture("calendar")
    await demo.panel_picture("calendar-phone", width=PHONE)
    await demo.button("Subscribe")
    await demo.sees("Create an address")
    await demo.button("Create an address")
    await demo.sees("Copy it now")
    await demo.panel_picture("subscribed", "Copy it now")
    await demo.panel_picture("subscribed-phone", "Copy it now", PHONE)
    text = await demo.timeline.inner_text()
    found = _SUBSCRIBED.search(text)
    assert found is not None, text
    async with httpx.AsyncClient() as client:
        answer = await client.get(found[0])
    assert answer.status_code == 200, answer
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert events, answer.text
    return answer.content
