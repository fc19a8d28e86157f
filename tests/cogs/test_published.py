"""The bot on a published server: what people see, and what they aren't offered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import simcord
from discord import ui

from cogs.guild_settings import GuildSettings
from tests.conftest import until
from tests.support.foreign_guild import Foreign, forged
from tests.support.published_server import PublishedServer
from tests.support.text import text_of
from tests.support.world import World, labels, press, said

SOON = "every day at 9"


@pytest.fixture
def world(published_world: World, patient: None) -> World:
    return published_world


async def announced(world: World, when: str = SOON, text: str = "Hello") -> str:
    values = {"channel_id": [world.channel], "message": text}
    return await world.create(world.admin, "send_announcement", values, when)


async def command(world: World, name: str, **options: Any) -> str:
    who = world.owner if name == "status" else world.admin  # the status tells only the owner how it is done
    return said(await who.slash(world.channel, f"schedule {name}", **options))


async def finished(published: PublishedServer, count: int = 1) -> None:
    await until(lambda: sum(record["status"] != "running" for record in published.records) >= count)


# Read as: the command, its options (job is filled in), what it answers.
COMMANDS: list[tuple[str, dict[str, Any], str]] = [
    ("list", {}, "The scheduler can change only one job at a time"),
    ("list", {"state": "paused"}, "Nothing matches"),
    (
        "show",
        {"job": ""},
        "Not supported by the scheduler, so greyed out: Pause, Pause until…, Skip next, Edit",
    ),
    ("edit", {"job": ""}, "can't edit jobs"),
    ("pause", {"job": ""}, "can't pause jobs"),
    ("resume", {"job": ""}, "can't pause jobs"),
    ("cancel", {"job": ""}, "The scheduler can't undo that"),
    ("run", {"job": ""}, "Started"),
    ("history", {}, "Nothing has run yet"),
    ("history", {"job": ""}, "keeps only its last 1,000 runs"),
    ("history", {"state": "missed"}, "Nothing has run yet"),
    ("audit", {}, "doesn't record who changed what"),
    ("calendar", {}, "2"),
    ("export", {}, "1 job is in this file"),
    ("setup", {}, "can't make a job wait for approval"),
    ("help", {}, "/schedule create"),
    ("status", {}, "a published version of the scheduler, answers in"),
    ("reload", {}, "Nothing changed"),
    ("timezone", {"zone": "Europe/Berlin"}, "Europe/Berlin"),
    ("timezone", {"zone": "Europe/Berlin", "whose": "guild"}, "Europe/Berlin"),
    ("drafts", {}, "draft"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "options", "answer"), COMMANDS, ids=lambda value: str(value)[:30])
async def test_each_command_answers_on_a_published_server(
    world: World, name: str, options: dict[str, Any], answer: str
) -> None:
    job = await announced(world)
    filled = {key: value or job for key, value in options.items()}
    text = await command(world, name, **filled)
    assert answer in text and "went wrong" not in text
    assert "❌" not in text or name == "setup"


async def test_what_the_server_lacks_is_greyed_out_before_a_form(world: World) -> None:
    job = await announced(world)
    card = (await world.admin.slash(world.channel, "schedule show", job=job)).response
    assert labels(card) == ["Run now", "Clone", "History", "Refresh", "Close", "Cancel this job"]
    setup = (await world.admin.slash(world.channel, "schedule setup")).response
    assert labels(setup) == ["Change"] * 3  # the zone, the hours of words, the days
    refused = await world.admin.slash(world.channel, "schedule edit", job=job)
    assert refused.modal is None


async def test_a_form_leaves_out_what_the_server_has_no_settings_for(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hi"}
    preview = await world.draft(world.admin, "send_announcement", values, SOON)
    text = text_of(preview.response)
    assert "Missed runs" not in text and "doesn't report failed or missed runs" in text
    form = await press(world.admin, preview.response, ".when")
    assert form.modal is not None
    asked = [item["component"]["custom_id"] for item in form.modal["components"]]
    assert asked == ["when", "soon"]


async def test_a_schedule_that_it_cannot_keep_is_said_on_the_card_with_the_nearest(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hi"}
    preview = await world.draft(world.admin, "send_announcement", values, "every other friday at 5pm")
    text = text_of(preview.response)
    assert "The scheduler doesn't support" in text and "every Friday at 17:00" in text


async def test_a_job_that_needs_approval_is_refused_on_its_card(world: World) -> None:
    # Approval was switched on while the bot had a server that supports it.
    await world.bot.services.memory.save_settings(world.guild.id, GuildSettings(approval=True))
    values = {"channel_id": [world.channel], "reason": "x"}
    preview = await world.draft(world.admin, "lockdown_channel", values, SOON)
    assert "needs a second person's approval" in text_of(preview.response)
    setup = (await world.admin.slash(world.channel, "schedule setup")).response
    assert "Switch off" in labels(setup)


async def test_a_job_runs_as_its_preview_said_and_is_in_the_history(
    world: World, published: PublishedServer
) -> None:
    job = await announced(world)
    assert not published.records
    published.advance(days=1)
    await finished(published)
    await world.env.settle()
    assert [message.content for message in world.posted()] == ["Hello"]
    text = await command(world, "history", job=job)
    assert "✅ done" in text and "https://discord.com/channels/" in text


async def test_run_now_and_a_one_off_are_in_the_history_with_their_names(
    world: World, published: PublishedServer
) -> None:
    job = await announced(world)
    await command(world, "run", job=job)
    await finished(published)
    await announced(world, "in 2 hours", "Once")
    published.advance(hours=3)
    await until(lambda: len(world.posted()) >= 2)
    await world.env.settle()
    text = await command(world, "history")
    assert text.count("✅ done") >= 2 and "**Hello**" in text and "**Once**" in text


async def test_a_failed_run_is_in_the_history_with_its_reason(
    world: World, published: PublishedServer
) -> None:
    job = await announced(world)
    world.handler.unregister_sprocket("send_announcement")
    published.advance(days=1)
    await finished(published)
    text = await command(world, "history", job=job)
    assert "❌ failed" in text and "There is no job method" in text


async def test_a_first_run_that_the_server_reads_otherwise_is_told(
    world: World, published: PublishedServer
) -> None:
    published.wrong_by = timedelta(hours=1)
    values = {"channel_id": [world.channel], "message": "Hi"}
    preview = await world.draft(world.admin, "send_announcement", values, SOON)
    await press(world.admin, preview.response, "draft:confirm")
    text = text_of(preview.response)
    assert "Scheduled" in text and "as the preview said" in text
    made = await world.plain.slash(world.channel, "remind me", what="Water", when="in 2 hours")
    assert "as the preview said" in said(made)
    shown = await imported(world, "every day at 9", "every day at 10")
    assert text_of(shown.response).count("as the preview said") == 2


async def imported(world: World, *times: str) -> simcord.InteractionResult:
    """Import a job for each time."""
    entries = [
        f'- do: send_announcement\n  when: {when}\n  with: {{channel_id: "{world.channel.id}", message: Hi}}'
        for when in times
    ]
    file = ("jobs.yaml", "\n".join(entries).encode())
    shown = await world.admin.slash(world.channel, "schedule import", file=file)
    assert shown.response is not None
    await press(world.admin, shown.response, "import:do")
    return shown


async def test_after_a_restart_of_the_server_the_bot_goes_on(
    world: World, published: PublishedServer
) -> None:
    job = await announced(world)
    await asyncio.to_thread(published.stop)
    assert "Is it running?" in await command(world, "status")
    assert "Is it running?" in await command(world, "list")
    await asyncio.to_thread(published.start)
    await world.ready()
    assert "is registered with" in await command(world, "status")
    await command(world, "run", job=job)
    await finished(published)
    assert "✅ done" in await command(world, "history", job=job)


@pytest.mark.long
async def test_after_a_restart_of_the_bot_its_jobs_and_their_history_are_there(
    world: World, published: PublishedServer
) -> None:
    job = await announced(world)
    await command(world, "run", job=job)
    await finished(published)
    await world.restart_bot()
    assert "Hello" in await command(world, "list")
    assert "✅ done" in await command(world, "history")
    published.advance(days=1)
    await finished(published, 2)


async def test_no_job_of_another_guild_is_in_the_history(world: World, published: PublishedServer) -> None:
    await command(world, "run", job=await announced(world))
    await finished(published)
    foreign = Foreign(world)
    await world.env.settle()
    text = said(await foreign.eve.slash(foreign.channel, "schedule history"))
    assert "Nothing has run yet" in text


async def test_an_import_says_before_it_imports_what_the_server_cannot_keep(
    world: World, published: PublishedServer
) -> None:
    text = """
- do: send_announcement
  when: every day at 9
  with: {channel_id: "CHANNEL", message: Plain}
- do: send_announcement
  when: every other friday at 5pm
  with: {channel_id: "CHANNEL", message: Rich}
- do: send_announcement
  when: every day at 10
  overlap: skip
  with: {channel_id: "CHANNEL", message: Careful}
""".replace("CHANNEL", str(world.channel.id))
    shown = await world.admin.slash(world.channel, "schedule import", file=("jobs.yaml", text.encode()))
    dry = said(shown)
    assert "1 job can be imported" in dry and "2 entries can't be imported" in dry
    assert "doesn't support" in dry and "settings for missed or overlapping runs" in dry
    await press(world.admin, shown.response, "import:do")
    assert "1 job was imported" in text_of(shown.response)
    assert "Undo" not in labels(shown.response) and "can't restore" in text_of(shown.response)
    assert len(published.schedules) == 1


async def test_reminders_and_menus_work(world: World, published: PublishedServer) -> None:
    made = await world.plain.slash(world.channel, "remind me", what="Water", when="in 2 hours")
    assert "I will remind you" in said(made)
    assert "Water" in said(await world.plain.slash(world.channel, "remind list"))
    published.advance(hours=3)
    await finished(published)
    assert "You have no reminders" in said(await world.plain.slash(world.channel, "remind list"))

    job = await announced(world)
    await command(world, "run", job=job)
    await until(world.posted)
    await finished(published, 2)
    await world.env.settle()
    found = said(await world.admin.context_menu(world.channel, "Which job posted this?", world.posted()[-1]))
    assert "Hello" in found


async def test_controls_from_a_panel_of_another_server_are_refused_before_a_form(world: World) -> None:
    """A panel that was opened while the bot had its own server still has all its buttons."""
    job = await announced(world)
    guild = world.guild.id
    for custom_id, answer in (
        (f"sz:job:until:{job}", "can't pause a job until a given day"),
        (f"sz:setup:limits:{guild}", "doesn't support quiet hours"),
        (f"sz:setup:approval:{guild}.on", "can't make a job wait"),
        (f"sz:job:edit:{job}", "can't edit jobs"),
        (f"sz:job:skip:{job}", "skip its next run"),
        (f"sz:job:pause:{job}", "can't pause jobs"),
        (f"sz:job:changes:{job}", "can't restore"),
    ):
        button = ui.Button[Any](label="Old", custom_id=custom_id)
        message = await forged(world, world.channel, button)
        clicked = await world.admin.click(message, label="Old")
        assert answer in said(clicked) and clicked.modal is None, custom_id


async def test_status_says_when_another_bot_took_the_name(world: World, published: PublishedServer) -> None:
    handler = published.handlers[world.settings.handler_id]
    handler.address = "tcp://127.0.0.1:1"
    assert "Is another bot using that name?" in await command(world, "status")


async def test_status_leaves_out_the_runs_that_a_published_server_does_not_count(world: World) -> None:
    shown = await command(world, "status")
    assert "jobs" in shown and "in the last minute" not in shown
