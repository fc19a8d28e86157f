"""Every kind of job as a person schedules it on the demo's page: what to type, how to confirm and run it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from playwright.async_api import expect

from schedulezero.methods.message_links import read_message_link
from tests.journeys.demo_page import DemoPage

_BEGAN = re.compile(r"^(Started|Running|Ran|Failed): ")
ADDRESS = "address"
"""Stands for an address that answers."""
CALENDAR = "calendar"
"""Stands for the address of a calendar, below that address."""
CALENDAR_PATH = "/calendar.ics"


@dataclass(frozen=True)
class Kind:
    """A job to schedule: what to type for it, its fields by label, its selects, its card's further forms."""

    picture: str
    method: str
    suggestion: str
    texts: dict[str, str] = field(default_factory=dict[str, str])
    picks: dict[str, str] = field(default_factory=dict[str, str])
    more: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def calling(self, address: str) -> Kind:
        """The same, with an address that answers."""

        def answering(texts: dict[str, str]) -> dict[str, str]:
            known = {ADDRESS: address, CALENDAR: f"{address}{CALENDAR_PATH}"}
            return {label: known.get(text, text) for label, text in texts.items()}

        more = {entry: answering(texts) for entry, texts in self.more.items()}
        return replace(self, texts=answering(self.texts), more=more)


_POST = "Post something"

KINDS = (
    Kind("poll", "post", _POST, more={"Poll": {"Question": "Which game?", "Answers": "Chess\nGo\nUno"}}),
    Kind("webhook", "post", _POST, {"Text": "We sail at dawn."}, more={"Appearance": {"Name": "Captain"}}),
    Kind("thread", "create_thread", "Open a thread", {"Title": "{date}", "Message": "What happened?"}),
    Kind("forum", "create_forum_post", "post in a forum",
         {"Title": "Idea of the week", "Message": "Let's hear it!"}, {"channel_id": "ideas"}),
    Kind("event", "create_event", "Create a Discord",
         {"Title": "Game night", "Starts after": "6 hours", "How long": "3h", "Place": "The attic"}),
    Kind("slowmode", "set_slowmode", "slow mode, for", {"Seconds": "30", "How long": "4h"}),
    Kind("countdown", "set_channel_text", "topic or name", {"Text": "{countdown:2030-01-01} to go"}),
    Kind("role", "give_role_for", "role temporarily",
         {"How long": "7 days"}, {"user_ids": "Pia", "role_id": "Event guests"}),
    Kind("web", "call_web", "Send a signed request", {"URL": ADDRESS, "Body": '{"hello": "world"}'}),
    Kind("calendar", "follow_calendar", "Follow a calendar",
         {"Calendar": CALENDAR, "Before": "1 day, 15 minutes"}, {"channel_id": "lounge"}),
    Kind("agenda", "send_agenda", "Post a calendar's events",
         {"Calendar": CALENDAR}, {"channel_id": "lounge"}),
    Kind("interested", "remind_interested", "Remind people who are",
         {"Before": "1 day, 15 minutes"}, {"channel_id": "lounge"}),
    Kind("call", "post", _POST, {"Text": "The observatory is open tonight."},
         more={"Options": {"Call after each successful run": ADDRESS}}),
)  # fmt: skip

_THREAD = "Open, close"


async def later_kinds(demo: DemoPage) -> tuple[Kind, ...]:
    """Jobs about what the others made: the post, the event, and the thread, as the history links to them."""
    # The newest run stands first; it posted a message of the bot's own.
    links = await demo.timeline.locator("a", has_text="the message").evaluate_all(
        "all => all.map(a => a.href)"
    )
    link = next(link for link in links if read_message_link(link) is not None)
    which = {"thread_id": "2026"}
    return (
        Kind("edit", "edit_post", "Edit one of my", {"Message": link, "Text": "It is closed: clouds."}),
        Kind("delete", "delete_post", "Delete one of my earlier", {"Message": link}),
        Kind("event-start", "start_event", "Start a", {"Title": "Game night"}),
        Kind("event-end", "end_event", "End a", {"Title": "Game night"}),
        Kind("thread-archived", "set_thread", _THREAD, picks={**which, "state": "archived"}),
        Kind("thread-open", "set_thread", _THREAD, picks={**which, "state": "open"}),
        Kind("thread-closed", "set_thread", _THREAD, picks={**which, "state": "closed"}),
    )


async def schedule(demo: DemoPage, kind: Kind) -> None:
    """Fills the form, takes the card's picture, confirms and runs it."""
    await demo.type_command("schedule create")
    await demo.option("job", kind.method, kind.suggestion)
    await demo.send()
    await expect(demo.form.get_by_role("button", name="Submit")).to_be_visible()
    for name, option in kind.picks.items():
        await demo.choose_in_form(name, option)
    for label, text in kind.texts.items():
        await demo.fill(label, text)
    await demo.fill("When", "every friday at 18:00")
    await demo.submit()
    await demo.sees("Check before you schedule")
    for entry, texts in kind.more.items():
        await demo.choose("Add or change", entry)
        for label, text in texts.items():
            await demo.fill(label, text)
        await demo.submit()
        await demo.sees(next(iter(texts.values())))
    await expect(demo.page.locator(".component-button", has_text="Confirm").last).to_be_enabled()
    await demo.panel_picture(f"job-{kind.picture}")
    began = demo.timeline.get_by_text(_BEGAN)
    before = await began.count()
    await demo.button("Confirm")
    await demo.sees("Scheduled: ")
    await demo.button("Run now")
    asked = demo.page.locator(".component-button", has_text="Run it now")
    await expect(asked.first.or_(began.nth(before))).to_be_visible()
    if await asked.count():  # it pings, deletes or locks
        await demo.button("Run it now")
    await expect(began).to_have_count(before + 1)
    await expect(demo.form).to_be_empty()
