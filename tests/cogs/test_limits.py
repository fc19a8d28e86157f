"""The owner's limits on the desk: told before anything is saved, kept whichever way in, shown in status."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.config import Settings
from bot.testing import free_settings
from cogs.config.limit_settings import LimitSettings
from cogs.language import speaking, translated
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import RequestRefused
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.limits import Limits, held_back
from schedulezero.sentences import Sentence, in_a_row
from tests.conftest import execute, until
from tests.support.calendars import entries, imported
from tests.support.granting import let_everybody_use
from tests.support.reminding import jobs_of
from tests.support.scheduling import hello
from tests.support.setting_up import limits, setup
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def settings(database: str) -> Settings:
    few = LimitSettings(
        jobs_per_guild=3, jobs_per_person=1, reminders_per_person=2, import_entries=5, import_kib=2
    )
    return free_settings(database).model_copy(update={"limits": few})


async def live(world: World) -> list[Job]:
    jobs = [job async for job in world.bot.services.client.all_jobs(str(world.guild.id))]
    return [job for job in jobs if job.state is JobState.ACTIVE]


async def schedule(world: World, count: int) -> list[str]:
    """Schedules so many jobs as the administrator; their ids."""
    return [
        await world.create(world.admin, "send_announcement", hello(world), "every monday at 9")
        for _ in range(count)
    ]


async def a_scheduler(world: World) -> Any:
    """A member with a role to schedule, who does not manage the server."""
    role = world.guild.create_role("Schedulers")
    await pick(world.admin, await setup(world), "setup:roles", [role])
    let_everybody_use(world, "schedule")
    return world.guild.add_member(world.env.create_user("sam"), roles=[role])


async def test_the_preview_tells_an_interval_that_is_too_short(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every 10 seconds")
    text = text_of(preview.response)
    assert "10 seconds apart, but the shortest interval allowed is 1 minute" in text
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert await live(world) == []
    await world.create(world.admin, "send_announcement", hello(world), "every minute")


@pytest.mark.long
async def test_the_preview_tells_that_the_server_is_full(world: World) -> None:
    (first, *_) = await schedule(world, 3)
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    assert "3 of 3 scheduled jobs" in text_of(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert len(await live(world)) == 3
    await world.bot.services.client.cancel(await world.bot.services.client.job(first, str(world.guild.id)))
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled" in text_of(preview.response)


@pytest.mark.long
async def test_undo_needs_a_place_and_an_edit_needs_none(world: World) -> None:
    (first, second, _) = await schedule(world, 3)
    edited = await world.admin.slash(world.channel, "schedule edit", job=second, when="every friday at 8")
    assert "scheduled jobs" not in text_of(edited.response)
    asked = await world.admin.slash(world.channel, "schedule cancel", job=first)
    await press(world.admin, asked.response, "job:end")
    await schedule(world, 1)
    undone = await press(world.admin, asked.response, "job:back")
    assert "3 of 3 scheduled jobs" in said(undone)
    assert len(await live(world)) == 3


@pytest.mark.long
async def test_who_only_may_schedule_has_fewer(world: World) -> None:
    sam = await a_scheduler(world)
    await world.create(sam, "send_announcement", hello(world), "every monday at 9")
    preview = await world.draft(sam, "send_announcement", hello(world), "every friday at 9")
    assert "has 1 of 1 scheduled jobs in this server" in text_of(preview.response)
    await sam.click(preview.response, label="Confirm")
    assert len(await live(world)) == 1
    await schedule(world, 2)  # whoever manages the server has the server's number
    assert "your jobs: 1 of 1" in said(await sam.slash(world.channel, "schedule status"))


async def test_the_server_holds_a_member_to_their_number(world: World) -> None:
    """Whatever the desk looked at before: it imports without a place for the second."""
    sam = await a_scheduler(world)
    shown = await sam.slash(
        world.channel, "schedule import", file=("jobs.yaml", entries(world, 2, {}).encode())
    )
    assert "Room for more jobs: 1" in text_of(shown.response)
    await press(sam, shown.response, "import:do")
    assert "has 1 of 1 scheduled jobs" in text_of(shown.response)
    assert len(await live(world)) == 1


@pytest.mark.long
async def test_what_a_member_takes_over_counts_as_theirs(world: World) -> None:
    """An edit, a move of many, and an older version make the job theirs, as their own making would."""
    sam, client = await a_scheduler(world), world.bot.services.client
    first, second, _ = await schedule(world, 3)
    guild_id = str(world.guild.id)
    edited = await sam.slash(world.channel, "schedule edit", job=first, when="every friday at 8")
    await sam.click(edited.response, label="Save the change")  # type: ignore[arg-type]
    assert (await client.job(first, guild_id)).creator_id == str(sam.id)
    edited = await sam.slash(world.channel, "schedule edit", job=second, when="every friday at 8")
    await sam.click(edited.response, label="Save the change")  # type: ignore[arg-type]
    assert "has 1 of 1 scheduled jobs in this server" in text_of(edited.response)
    other = world.guild.create_text_channel("second")
    await world.env.settle()
    listed = await sam.slash(world.channel, "schedule list")
    await pick(sam, listed.response, "bulk:select", [second])
    await pick(sam, listed.response, "bulk:change", [other])
    await sam.click(listed.response, label="Yes, do it")  # type: ignore[arg-type]
    assert "has 1 of 1 scheduled jobs in this server" in text_of(listed.response)
    job = await client.job(second, guild_id)
    assert job.creator_id == str(world.admin.id) and job.version == 1
    await client.change(replace(job, trigger=Trigger("cron", {"hour": 9})), 1, str(world.admin.id))
    shown = await sam.slash(world.channel, "schedule show", job=second)
    await press(sam, shown.response, "job:changes")
    assert "has 1 of 1 scheduled jobs" in said(await press(sam, shown.response, "job:back"))
    assert (await client.job(second, guild_id)).creator_id == str(world.admin.id)
    again = await sam.slash(world.channel, "schedule edit", job=first, when="every monday at 8")
    await sam.click(again.response, label="Save the change")  # type: ignore[arg-type]
    assert "Changed" in text_of(again.response)  # what is theirs already takes nothing more


async def test_reminders_are_few_and_far_between(world: World) -> None:
    remind = world.plain.user.slash
    said_of = said(await remind("remind me", what="Drink", when="every 10 seconds"))
    assert (
        "10 seconds apart, but the shortest interval allowed is 5 minutes" in said_of
        and "You wrote:" in said_of
    )
    assert "4 minutes apart" in said(await remind("remind me", what="Drink", when="every 4 minutes"))
    for _ in range(2):
        assert "I will remind you" in said(await remind("remind me", what="Drink", when="in 2 hours"))
    refused = said(await remind("remind me", what="Eat", when="in 3 hours"))
    assert "You have 2 of 2 reminders" in refused and "Eat" in refused
    shown = said(await remind("remind list"))
    assert "2 of 2 reminders · at most 6 sent a minute · shortest interval 5 min" in shown
    assert len(await jobs_of(world, world.plain.id)) == 2


async def test_putting_a_reminder_off_needs_a_place_too(world: World) -> None:
    remind, client = world.plain.user.slash, world.bot.services.client
    await remind("remind me", what="Drink", when="in 2 hours")
    (job,) = await jobs_of(world, world.plain.id)
    await client.run(job, str(world.plain.id))
    dm = world.plain.user.dm_channel
    message = await until(lambda: next((m for m in dm.history() if m.content == "⏰ Drink"), None))
    await remind("remind me", what="Eat", when="in 2 hours")
    refused = await world.plain.user.click(message, custom_id="sz-remind:snooze:10")
    assert "You have 2 of 2 reminders" in said(refused)
    assert message.content == "⏰ Drink"  # it is still there, to be put off later


async def test_the_server_refuses_what_the_desk_let_through(world: World) -> None:
    person = str(world.plain.id)
    job = Job(
        id="", handler_id=world.settings.handler_id, method="remind",
        params={"user_id": person, "message": "x"}, trigger=Trigger("interval", {"seconds": 1}),
        guild_id=person, creator_id=person,
    )  # fmt: skip
    with pytest.raises(RequestRefused, match="1 second apart"):
        await world.bot.services.client.create(job)
    assert (await world.bot.services.client.jobs(person, JobQuery())).jobs == ()


@pytest.mark.long
async def test_imports_are_small_and_tell_what_has_no_room(world: World) -> None:
    await schedule(world, 1)
    often = (
        "- name: Often\n  do: send_announcement\n  when: every 5 seconds\n"
        f'  with: {{channel_id: "{world.channel.id}", message: x}}'
    )
    text = entries(world, 7, {2: often})
    shown = await imported(world, text)
    answer = text_of(shown.response)
    assert "4 jobs can be imported" in answer and "Room for more jobs: 2" in answer
    assert "5 seconds apart" in answer and "Only the first 5 of 7 jobs were read." in answer
    await press(world.admin, shown.response, "import:do")
    assert len(await live(world)) == 3 and "3 of 3 scheduled jobs" in text_of(shown.response)
    assert "larger than 2 KiB" in said(await imported(world, text + "#" * 2048))
    # It is refused by its size alone, before it is fetched and queued with the server's other files.
    with world.bot.services.files._alone(str(world.guild.id)):
        assert "Another file" in said(await imported(world, text))
        assert "larger than 2 KiB" in said(await imported(world, text + "#" * 2048))


@pytest.mark.long
async def test_status_shows_what_is_used_up(world: World) -> None:
    await schedule(world, 2)
    text = said(await world.admin.slash(world.channel, "schedule status"))
    assert "✅ **Limits:** 2 of 3 jobs · 0 of 120 runs in the last minute · shortest interval 1 min" in text
    assert "files: 0 of 200 MiB · imports of up to 5 jobs and 2 KiB" in text and "yours" not in text
    await schedule(world, 1)
    assert "❌ **Limits:** 3 of 3 jobs" in said(await world.admin.slash(world.channel, "schedule status"))


@pytest.mark.long
async def test_a_guilds_own_limit_stays_below_the_owners(world: World) -> None:
    panel = await setup(world)
    assert "can have at most 3 jobs" in said(await limits(world, panel, jobs="4"))
    assert "at most 7200 runs an hour" in said(await limits(world, panel, runs="7201"))
    assert "Saved." in said(await limits(world, panel, jobs="2", runs="7200"))
    form = await press(world.admin, panel, "setup:limits")
    assert form.modal is not None
    assert "2 of 2" not in said(await world.admin.slash(world.channel, "schedule status"))
    await schedule(world, 2)
    preview = await world.draft(world.admin, "send_announcement", hello(world), "in 2 hours")
    assert "2 of 2 scheduled jobs, the limit set in " in text_of(preview.response)


async def test_the_card_of_a_job_from_before_says_what_binds(world: World, database: str) -> None:
    (job_id,) = await schedule(world, 1)
    args = '{"seconds": 20}'
    await execute(database, f"UPDATE jobs SET trigger_type = 'interval', trigger_args = '{args}'")
    shown = await world.admin.slash(world.channel, "schedule show", job=job_id)
    text = text_of(shown.response)
    assert "20 seconds apart, but the shortest interval allowed is now 1 minute" in text
    assert "This server can have 120 runs a minute; further runs wait" in text
    edited = await press(world.admin, shown.response, "job:edit")
    assert "Confirm" in labels(edited.response) or "Save the change" in labels(edited.response)
    cloned = await world.admin.slash(world.channel, "schedule show", job=job_id)
    await press(world.admin, cloned.response, "job:clone")
    assert "20 seconds apart, but the shortest interval allowed is 1 minute." in text_of(cloned.response)


def test_a_wait_is_told_in_the_readers_language() -> None:
    with speaking("de"):
        three = Limits(runs_per_minute=3)
        held = in_a_row(
            Sentence("Run on demand.", "run_on_demand"),
            held_back(timedelta(seconds=7), three, personal=False),
        )
        waited = in_a_row(held, Sentence("Waited {round} s for the handler.", "waited_for_handler", round=4))
        assert waited == (
            "Run on demand. Delayed by 7 s. This server's run limit: 3 a minute. Waited 4 s for the handler."
        )
        assert translated(waited) == (
            "Manuell ausgeführt. Um 7 s verzögert. Limit für Läufe auf diesem Server: 3 pro Minute. "
            "4 s auf den Handler gewartet."
        )
