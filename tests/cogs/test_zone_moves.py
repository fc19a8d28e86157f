"""A change of the guild's zone offers to move its jobs, and reminders that were cancelled come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cogs.desk.kit.zone_moves import moved_to
from cogs.desk.reminders.controls import ReminderButton
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.model import Job, JobState, Trigger
from schedulezero.when.language.parse import understand
from tests.support.acting import now
from tests.support.approving import waiting
from tests.support.foreign_guild import forged
from tests.support.reminding import jobs_of
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, button_target, labels, pick, press, said, selects


async def zones(world: World) -> dict[str, str]:
    found = world.bot.services.client.all_jobs(str(world.guild.id), JobQuery())
    return {job.title: job.timezone async for job in found}


async def test_jobs_keep_their_wall_clock_when_the_guild_moves(world: World) -> None:
    await scheduled(world, "Weekly")
    await scheduled(world, "Daily", "every day at 18:00")
    await scheduled(world, "Once", "in 3 days")
    tokyo = {"zone": "Asia/Tokyo", "whose": "guild"}
    answer = await world.admin.slash(world.channel, "schedule timezone", **tokyo)
    panel: Any = answer.response
    text = text_of(panel)
    assert "time zone is now **Asia/Tokyo**" in text and "2 jobs still run on UTC time" in text
    assert "Weekly" in text and "every day at 18:00" in text and "Once" not in text
    assert labels(panel) == ["Move 2 jobs", "Leave as is"]
    await world.admin.click(panel, label="Move 2 jobs")
    assert "Moved 2 jobs to Asia/Tokyo" in text_of(panel)
    assert await zones(world) == {"Weekly": "Asia/Tokyo", "Daily": "Asia/Tokyo", "Once": "UTC"}
    await world.admin.click(panel, label="Undo")
    assert set((await zones(world)).values()) == {"UTC"}
    setup: Any = (await world.admin.slash(world.channel, "schedule setup")).response
    form = await press(world.admin, setup, "setup:zone")
    await world.admin.submit_modal(form, {"zone": "Etc/UTC"})
    assert "Default time zone" in text_of(setup)  # no job is in the zone before
    form = await press(world.admin, setup, "setup:zone")
    await world.admin.submit_modal(form, {"zone": "UTC"})
    form = await press(world.admin, setup, "setup:zone")
    await world.admin.submit_modal(form, {"zone": "berlin"})
    assert "2 jobs still run on UTC time" in text_of(setup)
    job = await _the(world, "Daily")
    await world.bot.services.client.pause(job.id, by=str(world.moderator.id))
    await world.admin.click(setup, label="Move 2 jobs")
    assert "Moved 1 job" in text_of(setup) and "1 job was left unchanged" in text_of(setup)


async def test_what_is_held_or_skipped_stays_so_when_the_guild_moves(world: World) -> None:
    client, by = world.bot.services.client, str(world.admin.id)
    soon = instants.now() + timedelta(hours=2)  # has passed in Tokyo
    await scheduled(world, "Held", "every day at 9")
    await scheduled(world, "Skipped", f"every {soon + timedelta(days=3):%A} at 9")
    await scheduled(world, "Soon", f"every day at {soon:%H}:30")
    held = await client.pause((await _the(world, "Held")).id, instants.now() + timedelta(days=60), by)
    skipped = await client.skip((await _the(world, "Skipped")).id, by)
    await client.skip((await _the(world, "Soon")).id, by)
    shown: Any = (
        await world.admin.slash(world.channel, "schedule timezone", zone="Tokyo", whose="guild")
    ).response
    await world.admin.click(shown, label="Move 3 jobs")
    assert (await _the(world, "Held")).held_until == held.held_until
    there = await _the(world, "Skipped")
    for before, after in ((skipped.held_until, there.held_until), (skipped.next_run_at, there.next_run_at)):
        assert before is not None and after == before - timedelta(hours=9)
    assert (await _the(world, "Soon")).held_until is None
    assert "**Soon**: No longer skipped: " in text_of(shown) and text_of(shown).count("No longer") == 1
    await world.admin.click(shown, label="Undo")
    assert (await _the(world, "Held")).held_until == held.held_until
    assert (await _the(world, "Skipped")).held_until == skipped.held_until


async def test_the_first_steps_offer_it_as_well(world: World) -> None:
    await scheduled(world, "Weekly")
    shown: Any = (await world.admin.slash(world.channel, "schedule help")).response
    assert "{starts}`: how long until the announced run\n" in text_of(shown)  # nothing is announced here
    form = await press(world.admin, shown, "start:guildzone")
    await world.admin.submit_modal(form, {"zone": "berlin"})
    assert "1 job still runs on UTC time" in text_of(shown)
    await world.admin.click(shown, label="Move 1 job")
    assert await zones(world) == {"Weekly": "Europe/Berlin"}


async def _the(world: World, title: str) -> Job:
    found = world.bot.services.client.all_jobs(str(world.guild.id), JobQuery())
    return next(iter([job async for job in found if job.title == title]))


@pytest.mark.parametrize(
    ("zone", "text", "moved"),
    [
        ("Europe/Berlin", "every day at 9 until 31 december", {"until": "2027-01-01T07:59:59Z"}),
        ("Europe/Berlin", "every day at 9 starting 1 january 2027", {"starting": "2027-01-01T08:00:00Z"}),
        ("Europe/Berlin", "every day at 9 for 5 times", {"starting": "2026-11-29T17:00:00Z", "count": 5}),
    ],
)
def test_bounds_keep_their_wall_clock(zone: str, text: str, moved: dict[str, Any]) -> None:
    now = datetime(2026, 11, 28, 14, 20, tzinfo=UTC)
    trigger = understand(text, zone=zone, locale="en", now=now).trigger
    job = Job("j", "h", "m", {}, trigger, timezone=zone)
    there = moved_to(job, "America/Los_Angeles")
    assert {name: there.trigger.args.get(name) for name in moved} == moved
    assert moved_to(there, zone) == job


def test_the_steps_of_an_interval_that_has_begun_stay() -> None:
    args = {"interval": {"hours": 2}, "starting": "2024-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    job = Job("j", "h", "m", {}, Trigger("calendar", args), timezone="UTC")
    moved = moved_to(job, "Asia/Tokyo").trigger.args
    assert moved["starting"] == args["starting"] and moved["until"] == "2099-12-31T15:00:00Z"
    later = replace(job, trigger=Trigger("calendar", {**args, "starting": "2090-01-01T00:00:00Z"}))
    assert moved_to(later, "Asia/Tokyo").trigger.args["starting"] == "2089-12-31T15:00:00Z"


async def test_an_undone_move_restores_each_job_as_it_was(world: World) -> None:
    """02:30 on 28 March 2027 doesn't exist in Berlin, so moving there and back again would end at 03:00."""
    await scheduled(world, "Gap", "every day at 9 until 28 march 2027 2:30")
    before = await _the(world, "Gap")
    answer = await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Berlin", whose="guild")
    panel: Any = answer.response
    await world.admin.click(panel, label="Move 1 job")
    assert (await _the(world, "Gap")).trigger.args["until"] == "2027-03-28T01:00:00Z"
    await world.admin.click(panel, label="Undo")
    assert "Moved 1 job to UTC" in text_of(panel)
    after = await _the(world, "Gap")
    assert (after.trigger, after.timezone, after.anchor_at) == (
        before.trigger,
        before.timezone,
        before.anchor_at,
    )
    await world.admin.click(panel, label="Undo")
    moved = await _the(world, "Gap")
    assert moved.timezone == "Europe/Berlin"
    await world.bot.services.client.pause(moved.id, by=str(world.moderator.id))
    await world.admin.click(panel, label="Undo")
    assert "Moved 0 jobs to UTC" in text_of(panel) and "1 job was left unchanged" in text_of(panel)
    assert (await _the(world, "Gap")).timezone == "Europe/Berlin"


@pytest.mark.long
async def test_what_needs_approval_does_not_move_by_itself(world: World) -> None:
    job, _, card = await waiting(world)
    await world.owner.click(card, label="Approve")  # type: ignore[arg-type]
    approved = await now(world, job)
    assert approved.state is JobState.ACTIVE
    await scheduled(world, "Quiet")
    answer = await world.admin.slash(world.channel, "schedule timezone", zone="Asia/Tokyo", whose="guild")
    panel: Any = answer.response
    await world.admin.click(panel, label="Move 2 jobs")
    assert "Moved 1 job to Asia/Tokyo" in text_of(panel) and "needs approval: edit it instead" in text_of(
        panel
    )
    assert await now(world, job) == approved and (await _the(world, "Quiet")).timezone == "Asia/Tokyo"
    await world.admin.click(panel, label="Undo")
    assert (await _the(world, "Quiet")).timezone == "UTC"


@pytest.mark.long
async def test_what_still_waits_for_approval_moves_and_waits_on(world: World) -> None:
    job, _, card = await waiting(world)
    answer = await world.admin.slash(world.channel, "schedule timezone", zone="Asia/Tokyo", whose="guild")
    panel: Any = answer.response
    await world.admin.click(panel, label="Move 1 job")
    moved = await now(world, job)
    assert (moved.state, moved.timezone) == (JobState.PENDING, "Asia/Tokyo")
    shown = await world.owner.click(card, label="Read and approve…")
    assert "(Asia/Tokyo)" in text_of(shown.response) and (await now(world, job)).state is JobState.PENDING
    await world.admin.click(panel, label="Undo")
    back = await now(world, job)
    assert (back.state, back.timezone, back.trigger) == (JobState.PENDING, "UTC", job.trigger)


async def test_a_move_that_fails_can_be_repeated(world: World) -> None:
    await scheduled(world, "Weekly")
    await scheduled(world, "Daily", "every day at 18:00")
    answer = await world.admin.slash(world.channel, "schedule timezone", zone="Asia/Tokyo", whose="guild")
    panel: Any = answer.response
    assert world.bot.server is not None
    await world.bot.server.stop()
    refused = await world.admin.click(panel, label="Move 2 jobs")
    assert "can't be reached" in said(refused) + "".join(map(text_of, refused.followups))
    await world.restart_bot()
    await world.admin.click(panel, label="Move 2 jobs")
    assert "Moved 2 jobs to Asia/Tokyo" in text_of(panel)
    assert set((await zones(world)).values()) == {"Asia/Tokyo"}


async def test_a_cancelled_reminder_comes_back_by_one_click(world: World) -> None:
    await world.plain.slash(world.channel, "remind me", what="Dentist", when="tomorrow at 8")
    (job,) = await jobs_of(world, world.plain.id)
    shown: Any = (await world.plain.slash(world.channel, "remind list")).response
    assert "Restore a cancelled reminder" not in str(shown.components)
    await pick(world.plain, shown, "sz-remind-pick", [job.id])
    await world.plain.click(shown, label="Cancel reminder")
    listed = await world.plain.slash(world.channel, "remind list")
    assert "Dentist" not in said(listed)
    await pick(world.plain, listed.response, "sz-remind:again", [job.id])
    assert "I will remind you" in text_of(listed.response)
    (back,) = await jobs_of(world, world.plain.id)
    assert back.id == job.id and back.next_run_at == job.next_run_at


async def _two_reminders(world: World) -> None:
    await world.plain.slash(world.channel, "remind timezone", zone="Lisbon")
    for what, when in (("Stand-up", "weekdays at 8:55"), ("Rent", "monthly on the 1st at 9")):
        await world.plain.slash(world.channel, "remind me", what=what, when=when)


async def _remembered(world: World) -> dict[str, str]:
    return {job.name or "": job.timezone for job in await jobs_of(world, world.plain.id)}


async def test_a_persons_reminders_move_along_with_their_zone(world: World) -> None:
    await _two_reminders(world)
    shown: Any = (await world.plain.slash(world.channel, "remind timezone", zone="Tokyo")).response
    text = text_of(shown)
    assert "Your time zone is now **Asia/Tokyo**" in text and "jobs" not in text
    assert "2 reminders still run on Europe/Lisbon time" in text and "every weekday at 08:55" in text
    assert labels(shown) == ["Move 2 reminders", "Leave as is"]
    await world.plain.click(shown, label="Move 2 reminders")
    assert "Moved 2 reminders to Asia/Tokyo" in text_of(shown)
    assert await _remembered(world) == {"Stand-up": "Asia/Tokyo", "Rent": "Asia/Tokyo"}
    await world.plain.click(shown, label="Undo")
    assert await _remembered(world) == {"Stand-up": "Europe/Lisbon", "Rent": "Europe/Lisbon"}


async def test_reminders_of_another_zone_name_it_in_the_list(world: World) -> None:
    await _two_reminders(world)
    listed: Any = (await world.plain.slash(world.channel, "remind list")).response
    assert "Lisbon" not in text_of(listed)
    shown: Any = (await world.plain.slash(world.channel, "remind timezone", zone="Tokyo")).response
    await world.plain.click(shown, label="Leave as is")
    assert "all times stay in Europe/Lisbon" in text_of(shown)
    listed = (await world.plain.slash(world.channel, "remind list")).response
    assert "every weekday at 08:55 (Europe/Lisbon)" in text_of(listed)
    assert "(Europe/Lisbon)" in str(listed.components[0]).partition("Open a reminder")[0]
    options = [option for select in selects(listed) for option in select["options"]]
    assert options and all("(Europe/Lisbon)" in option["description"] for option in options)


async def test_the_first_steps_offer_to_move_reminders(world: World) -> None:
    await _two_reminders(world)
    shown: Any = (await world.plain.slash(world.channel, "remind help")).response
    form = await press(world.plain, shown, "start:zone")
    await world.plain.submit_modal(form, {"zone": "Tokyo"})
    assert "Move 2 reminders" in labels(shown)


async def test_somebody_elses_move_does_nothing(world: World) -> None:
    await _two_reminders(world)
    shown: Any = (await world.plain.slash(world.channel, "remind timezone", zone="Tokyo")).response
    kept = button_target(shown, "Move 2 reminders")
    button = await forged(world, world.channel, ReminderButton("move", kept, "Move"))
    assert "already been done" in said(await world.admin.click(button, label="Move"))
    assert await _remembered(world) == {"Stand-up": "Europe/Lisbon", "Rent": "Europe/Lisbon"}
