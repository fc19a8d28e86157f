"""The demo as a person uses it: its page in headless Chromium, with screenshots kept."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.config import Settings
from tests.journeys.demo_page import a_demo

pytestmark = pytest.mark.browser


async def test_from_the_command_to_the_message_on_time(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.option("job", "post")
        await expect(demo.suggestions.first).to_contain_text("Post something")
        await demo.picture("01-suggestions")
        await demo.page.keyboard.press("Enter")
        await demo.send()

        await demo.fill("Text", "The moon is **up**! Night {run} at {time}.")
        await demo.fill("When", "on blursday")
        await demo.picture("02-form")
        await demo.submit()
        await demo.sees("was not understood")
        await demo.panel_picture("03-refused")

        await demo.edit_line("When:")
        await demo.fill("When", "in 5 seconds")
        await demo.submit()
        await expect(demo.page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.panel_picture("04-draft")
        await demo.button("Confirm")
        await demo.sees("Scheduled: The moon is")
        await demo.panel_picture("05-scheduled")

        # In the card's preview, which then shows the next number, and as a message of its own.
        posted = demo.timeline.locator(
            "article.channel-message", has_text=re.compile(r"The moon is up! Night \d at")
        )
        await expect(posted).to_have_count(2, timeout=60_000)
        await demo.picture("06-posted")

        await demo.type_command("schedule history")
        await demo.send()
        await demo.sees("done")
        late = re.search(r"([\d.]+) s late", await demo.timeline.inner_text())
        assert late is None or float(late[1]) < 2, f"posted {late[0]} at {datetime.now().astimezone()}"


async def test_everything_about_a_job_happens_where_it_is_seen(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule list")
        await demo.send()
        await demo.sees("Book club")
        await demo.panel_picture("07-list")
        row = demo.timeline.locator(".component-section", has_text="Game night")
        await demo.act(row.locator(".component-button"))
        await demo.sees("every Friday at 7:00 PM (UTC)")
        await demo.panel_picture("08-card")

        await demo.button("Skip next")
        await demo.sees("Skipped: ")
        await demo.panel_picture("09-skipped")
        await demo.button("Undo")
        await demo.sees("Job restored: Game night")

        await demo.button("Edit")
        await demo.sees("Your change")
        await demo.edit_line("When:")
        await demo.fill("When", "every friday at 20:00")
        await demo.submit()
        await demo.sees("every Friday at 8:00 PM")
        await demo.panel_picture("10-edit")
        await demo.button("Save the change")
        await demo.sees("Changed: Game night")
        await demo.button("Changes")
        await demo.sees("every Friday at 7:00 PM (UTC) → every Friday at 8:00 PM (UTC)")
        await demo.panel_picture("11-changes")
        await demo.button("Back to the job")

        await demo.sees("every Friday at 8:00 PM (UTC)")
        await demo.button("Pause")
        await demo.sees("Paused: Game night")
        await demo.panel_picture("12-paused")
        await demo.button("Resume")
        await demo.sees("Resumed: Game night")
        await demo.button("Clone")
        await demo.sees("Game night (copy)")
        await demo.panel_picture("13-clone")
        await demo.button("Confirm")
        await demo.sees("Scheduled: Game night (copy)")
        await demo.button("Run now")
        await demo.sees("Ran: Game night (copy)")
        await demo.sees("🎲 Game night starts in an hour. Who is in?", 15)

        await demo.type_command("schedule audit")
        await demo.send()
        await demo.sees("Who changed what")
        await demo.sees("run on demand")
        await demo.panel_picture("30-audit")


async def test_many_jobs_at_once_with_undo(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule list")
        await demo.send()
        await demo.sees("Book club")
        await demo.choose("Select jobs to change together", "Game night", "Book club", "Question of the day")
        await demo.sees("3 jobs selected")
        await demo.panel_picture("14-selected")
        await demo.button("Cancel")
        await demo.sees("Cancel 3 jobs?")
        await demo.panel_picture("15-question")
        await demo.button("Yes, do it")
        await demo.sees("Cancelled 3 jobs.")
        await demo.panel_picture("16-cancelled")
        await demo.button("Undo")
        await demo.sees("Restored 3 jobs.")
        await demo.button("Back to the list")
        await demo.sees("Book club")


async def test_history_and_calendar(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        posts = demo.timeline.locator(
            "article.channel-message:not(:has(.components-v2))", has_text="🎲 Game night"
        )
        for number in range(3):
            await demo.type_command("schedule run")
            await demo.type_and_pick("game", "Game night")
            await demo.send()
            # The page refreshes itself for a post and for its card; one's next action would come in its way.
            await expect(posts).to_have_count(number + 1, timeout=60_000)
            await demo.sees("Ran")
            await demo.button("Close")
        await demo.type_command("schedule history")
        await demo.send()
        await demo.sees("History")
        panel = demo.timeline.locator("article.channel-message", has_text="Failed only")
        await expect(panel).to_contain_text("done", timeout=60_000)
        await demo.panel_picture("17-history")
        await demo.type_command("schedule calendar")
        await demo.send()
        await demo.sees("Calendar:")
        await expect(demo.timeline.get_by_text("calendar.ics").last).to_be_visible()
        await expect(
            demo.timeline.locator("article.channel-message").last.locator("img").last
        ).to_be_visible()
        await demo.button("Later")
        await expect(demo.timeline.locator("article.channel-message").last).to_contain_text(
            "and ", timeout=60_000
        )
        await demo.panel_picture("18-calendar")
        await demo.button("Week")
        await expect(demo.timeline.locator("article.channel-message").last).to_contain_text("–")
        await demo.panel_picture("19-week")


async def test_a_file_of_twenty_with_three_bad_lines(settings: Settings, tmp_path: Path) -> None:
    async with a_demo(settings) as demo:
        file = tmp_path / "moving-in.ics"
        file.write_text(_calendar_of_twenty(), encoding="utf-8")
        await demo.type_command("schedule import")
        await demo.upload("file", file)
        await demo.send()
        await demo.sees("17 jobs can be imported")
        await demo.sees("3 entries can't be imported")
        await demo.panel_picture("20-import")
        await demo.button("Import 17 jobs")
        await demo.sees("17 jobs were imported.")
        await demo.panel_picture("21-imported")
        await demo.button("Undo")
        await demo.sees("17 imported jobs were cancelled.")


def _calendar_of_twenty() -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    # Read as: number of an event → what is wrong with it.
    bad = {
        4: ["SUMMARY:Long over", "DTSTART:20200101T090000Z"],
        11: ["DTSTART:20990101T090000Z"],
        17: ["SUMMARY:Too clever", "DTSTART:20990101T090000Z", "RRULE:FREQ=SECONDLY"],
    }
    for number in range(20):
        good = [
            f"SUMMARY:Meeting {number}", f"DTSTART:209901{number + 1:02d}T{8 + number % 10:02d}0000Z",
            "RRULE:FREQ=WEEKLY",
        ]  # fmt: skip
        lines += ["BEGIN:VEVENT", *bad.get(number, good), "END:VEVENT"]
    return "\n".join([*lines, "END:VCALENDAR", ""])


async def test_the_first_visit(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule setup")
        await demo.send()
        await demo.sees("Three things to try")
        await demo.choose("each job's creator", "mod-room")
        await expect(demo.timeline.locator(".preview-select", has_text="mod-room").first).to_be_visible()
        await demo.panel_picture("22-setup")
        await demo.type_command("schedule help")
        await demo.send()
        await demo.sees("In your texts")
        await demo.panel_picture("23-help")
        await demo.type_command("schedule create")
        await demo.send()
        await demo.sees("What should I schedule?")
        await demo.choose("Post or announce", "Post something")
        await demo.sees("Still missing:")
        await demo.panel_picture("24-line-by-line")


async def test_one_can_act_as_each_person(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await expect(demo.page.locator("#action-status")).to_have_text("Viewport updated")  # all stands still
        await demo.open_menu(demo.timeline.get_by_text("Let's plan the week."))
        await demo.picture("53-demo")
        await demo.page.keyboard.press("Escape")
        picker = demo.page.locator("#viewer-picker")
        names = await picker.locator("option").all_inner_texts()
        assert names == ["Ada (administrator)", "Mo (moderator)", "Pia (member)"]
        await picker.select_option(label="Pia (member)")
        await expect(demo.page.locator(".demo-row", has_text="you")).to_contain_text("Pia (member)")
        await expect(picker.locator("option:checked")).to_have_text("Pia (member)")
        composer = demo.page.locator("#channel-composer-input")
        await composer.click()
        await composer.press_sequentially("/")
        await expect(demo.suggestions.first).to_be_visible()
        offered = "\n".join(await demo.suggestions.all_inner_texts())
        assert "/question" in offered and "/schedule" not in offered
        await demo.picture("25-plain-member")


async def test_a_reminder_comes_by_direct_message_and_is_done(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.page.locator(".demo-nav").get_by_role("link", name="ScheduleZero").click()
        await expect(demo.page.locator("#channel-name")).to_have_text("ScheduleZero")
        await demo.type_command("remind me")
        await demo.page.keyboard.type("Water the plants")
        await demo.page.keyboard.press("Tab")
        await demo.page.keyboard.type("in 3 seconds")
        await demo.send()
        await demo.sees("I will remind you")
        await demo.sees("⏰ Water the plants", 20)
        await demo.button("Done")
        await demo.sees("✅ Water the plants")
        await demo.look_at("lounge")
        await demo.sees("Let's plan the week.")


async def test_when_is_shown_as_it_is_understood_while_one_types(settings: Settings) -> None:
    async with a_demo(settings) as demo:
        await demo.type_command("schedule create")
        await demo.option("job", "post", "Post something")
        await demo.option("when", "every other fri")
        await expect(demo.suggestions.first).to_contain_text("every other Friday at 9:00 AM")
        await demo.picture("26-when")
        await demo.suggestions.filter(has_text="5:00 PM").first.click()
        await demo.send()

        await demo.fill("Text", "Game night!")
        await demo.submit()
        await demo.sees("every other Friday at 5:00 PM, starting")
        await expect(demo.page.locator(".component-button", has_text="Confirm")).to_be_enabled()
        await demo.panel_picture("27-recurring-draft")
