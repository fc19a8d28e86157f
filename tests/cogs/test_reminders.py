"""Reminders to oneself: made anywhere by anybody, sent by direct message, put off, done with, cancelled."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest

from cogs.desk.reminders.controls import ReminderButton
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Trigger
from tests.conftest import until
from tests.support.foreign_guild import forged
from tests.support.languages import everybody_is
from tests.support.reminding import jobs_of
from tests.support.text import text_of
from tests.support.world import World, labels, said, selects


async def remind_now(world: World, what: str) -> discord.Message:
    """Has the server remind now, and returns the direct message."""
    result = await world.plain.user.slash("remind me", what=what, when="in 2 hours")
    assert "I will remind you" in said(result), said(result)
    job = next(job for job in await jobs_of(world, world.plain.id) if job.name == what)
    await world.bot.services.client.run(job, str(world.plain.id))
    dm = world.plain.user.dm_channel
    return await until(lambda: next((m for m in dm.history() if m.content == f"⏰ {what}"), None))


async def test_a_plain_member_is_reminded_puts_off_and_is_done(world: World) -> None:
    message = await remind_now(world, "Water the plants")
    assert message.content == "⏰ Water the plants" and labels(message)[:3] == ["10 min", "1 h", "1 d"]
    before = {job.id for job in await jobs_of(world, world.plain.id)}
    await world.plain.user.click(message, custom_id="sz-remind:snooze:10")
    (again,) = [job for job in await jobs_of(world, world.plain.id) if job.id not in before]
    assert again.params["message"] == "Water the plants" and again.guild_id == str(world.plain.id)
    assert again.next_run_at is not None and again.next_run_at.microsecond == 0  # it is read in lists
    message = await remind_now(world, "Feed the cat")
    await world.plain.user.click(message, custom_id="sz-remind:done:0")
    dm = world.plain.user.dm_channel
    assert any(m.content == "✅ Feed the cat" and not m.components for m in dm.history())


async def test_who_shares_a_server_with_the_bot_reads_no_doubt_about_messages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await world.plain.slash(world.channel, "remind me", what="Tea", when="in 2 hours")
    assert "I will remind you" in said(shown) and "share a server" not in said(shown)
    # Discord sends no server that the bot isn't in, and simcord has no members of such a server.
    monkeypatch.setattr(world.bot, "get_guild", lambda _: None)
    shown = await world.plain.slash(world.channel, "remind me", what="Cake", when="in 2 hours")
    assert "unless we share a server" in said(shown)


async def test_reminders_are_listed_and_cancelled_and_nobody_elses_are(world: World) -> None:
    for what, when in (("Stand-up", "weekdays at 9"), ("Dentist", "tomorrow at 8")):
        await world.plain.slash(world.channel, "remind me", what=what, when=when)
    shown = await world.plain.slash(world.channel, "remind list")
    assert "**Stand-up** · every weekday at 09:00" in said(shown) and "Dentist" in said(shown)
    assert "You have no reminders" in said(await world.admin.slash(world.channel, "remind list"))
    assert "Stand-up" not in said(await world.admin.slash(world.channel, "schedule list"))
    dentist = next(job for job in await jobs_of(world, world.plain.id) if job.name == "Dentist")
    await world.plain.select(shown.response, [dentist.id], custom_id="sz-remind-pick")  # type: ignore[arg-type]
    await world.plain.click(shown.response, label="Cancel reminder")  # type: ignore[arg-type]
    assert "Cancelled: Dentist" in text_of(shown.response)
    assert "Dentist" not in said(await world.plain.slash(world.channel, "remind list"))


async def test_what_was_typed_is_given_back_when_it_is_not_understood(world: World) -> None:
    shown = await world.plain.slash(world.channel, "remind me", what="Tea", when="on blursday")
    text = said(shown)
    assert "“blursday” in “on blursday” was not understood." in text
    assert "You wrote: Tea · on blursday" in text
    panel: Any = shown.response
    form = await world.plain.click(panel, label="Correct it")
    assert "Tea" in str(form.modal) and "on blursday" in str(form.modal)
    await world.plain.submit_modal(form, {"what": "Tea", "when": "tomorrow at 9"})
    assert "I will remind you" in text_of(panel)


async def test_it_is_offered_where_only_oneself_has_the_app(world: World) -> None:
    (group,) = [item for item in world.bot.tree.get_commands() if item.name == "remind"]
    data: dict[str, Any] = group.to_dict(world.bot.tree)
    assert data["integration_types"] == [0, 1] and sorted(data["contexts"]) == [0, 1, 2]


async def test_a_persons_space_holds_reminders_only_and_only_their_own(world: World) -> None:
    client, person = world.bot.services.client, str(world.plain.id)
    for method, params, guild, reason in (
        (
            "send_announcement",
            {"channel_id": str(world.channel.id), "message": "x"},
            person,
            "can only be reminders",
        ),
        ("remind", {"user_id": str(world.admin.id), "message": "x"}, person, "to the person who created it"),
        ("remind", {"user_id": person, "message": "x"}, str(world.guild.id), "can only be reminders"),
    ):
        job = await client.create(
            Job(
                id="", handler_id=world.handler.handler_id, method=method, params=params, guild_id=guild,
                trigger=Trigger("date", {"run_date": to_iso(discord.utils.utcnow())}), creator_id=person,
            )
        )  # fmt: skip

        async def failed(job: Job = job, guild: str = guild) -> str | None:
            page = await client.runs(guild, job_id=job.id)
            return next((run.error for run in page.runs if run.error), None)

        assert reason in await until(failed)


async def test_a_refused_time_is_chosen_again_without_typing(world: World) -> None:
    before = {job.id for job in await jobs_of(world, world.plain.id)}
    what = "Call *Mum* · at home"
    shown = await world.plain.slash(world.channel, "remind me", what=what, when="friday or saturday at 9")
    assert "leaves open which time is meant" in said(shown) and "at home · friday or saturday at 9" in said(
        shown
    )
    (select,) = selects(shown.response)
    assert [option["value"] for option in select["options"]] == ["friday at 9", "saturday at 9"]
    message: Any = shown.response
    await world.plain.select(message, ["saturday at 9"], custom_id=select["custom_id"])
    (job,) = [job for job in await jobs_of(world, world.plain.id) if job.id not in before]
    assert job.params["message"] == what and job.next_run_at is not None
    assert "I will remind you" in text_of(message)


async def test_a_time_that_others_read_otherwise_is_told_and_changed_by_a_click(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_is(monkeypatch, "en-US")
    shown = await world.plain.slash(
        world.channel, "remind me", what="Dentist", when="9/10 at 8 America/New_York"
    )
    assert "“9/10” was read as September 10" in said(shown) and "(America/New_York)" in said(shown)
    (select,) = selects(shown.response)
    (other,) = [option["value"] for option in select["options"]]
    assert "October 9" in other
    message: Any = shown.response
    await world.plain.select(message, [other], custom_id=select["custom_id"])
    (job,) = [job for job in await jobs_of(world, world.plain.id) if job.state is JobState.ACTIVE]
    assert job.params["message"] == "Dentist" and job.timezone == "America/New_York"
    assert job.next_run_at is not None and (job.next_run_at.month, job.next_run_at.day) == (10, 9)


async def test_many_reminders_are_listed_page_by_page(world: World) -> None:
    for number in range(12):
        await world.plain.slash(
            world.channel, "remind me", what=f"Item {number:02}", when=f"in {number + 1} hours"
        )
    shown = await world.plain.slash(world.channel, "remind list")
    assert "Item 00" in said(shown) and "Item 11" not in said(shown)
    assert "Your reminders · page 1 of 2 · 12 reminders" in said(shown)
    assert shown.response is not None
    await world.plain.click(shown.response, label="Next")
    assert "Item 11" in text_of(shown.response) and "Item 00" not in text_of(shown.response)
    await world.plain.click(shown.response, label="Back")
    assert "Item 00" in text_of(shown.response)


async def test_a_reminder_is_edited_cancelled_and_brought_back(world: World) -> None:
    await world.plain.slash(world.channel, "remind me", what="Stand-up", when="weekdays at 9")
    shown = await world.plain.slash(world.channel, "remind list")
    (job,) = await jobs_of(world, world.plain.id)
    panel: Any = shown.response
    await world.plain.select(panel, [job.id], custom_id="sz-remind-pick")
    assert "every weekday at 09:00" in text_of(panel) and "Where you set it" in labels(panel)
    form = await world.plain.click(panel, label="Edit")
    await world.plain.submit_modal(form, {"what": "Retro", "when": "every friday at 10"})
    assert "Retro" in text_of(panel) and "every Friday at 10:00" in text_of(panel)
    (job,) = await jobs_of(world, world.plain.id)
    assert job.params["message"] == "Retro" and job.name == "Retro" and "made_at" in job.params
    form = await world.plain.click(panel, label="Edit")
    refused = await world.plain.submit_modal(form, {"what": "Other", "when": "on blursday"})
    assert "You wrote: Other · on blursday" in said(refused)
    form = await world.plain.click(panel, label="Correct it")
    assert "Other" in str(form.modal) and "on blursday" in str(form.modal)
    await world.plain.submit_modal(form, {"what": "Review", "when": ""})
    assert "Review" in text_of(panel) and "every Friday at 10:00" in text_of(panel)
    await world.plain.click(panel, label="Cancel reminder")
    assert "Cancelled: Review" in text_of(panel)
    await world.plain.click(panel, label="Undo")
    assert "Review" in text_of(panel)
    assert (await jobs_of(world, world.plain.id))[0].state is JobState.ACTIVE


async def test_a_paused_reminder_that_gets_a_new_time_comes_at_it(world: World) -> None:
    await world.plain.slash(world.channel, "remind me", what="Tea", when="in 3 hours")
    (job,) = await jobs_of(world, world.plain.id)
    client, by = world.bot.services.client, str(world.plain.id)
    await client.pause(job.id, by=by)
    panel: Any = (await world.plain.slash(world.channel, "remind list")).response
    await world.plain.select(panel, [job.id], custom_id="sz-remind-pick")
    form = await world.plain.click(panel, label="Edit")
    await world.plain.submit_modal(form, {"what": "Green tea", "when": ""})
    assert (await client.job(job.id, by)).state is JobState.PAUSED and "Resume" in labels(panel)
    form = await world.plain.click(panel, label="Edit")
    await world.plain.submit_modal(form, {"what": "Green tea", "when": "in 5 hours"})
    assert "Changed" in text_of(panel) and "Resume" not in labels(panel)
    again = await client.job(job.id, by)
    assert again.state is JobState.ACTIVE and again.next_run_at is not None


async def test_a_reminder_that_is_brought_back_says_whether_it_will_come(world: World) -> None:
    client, by = world.bot.services.client, str(world.plain.id)
    for what in ("Paused", "Over"):  # the clock goes on for the second one
        await world.plain.slash(world.channel, "remind me", what=what, when="in 3 hours")
        job = next(item for item in await jobs_of(world, world.plain.id) if item.name == what)
        if what == "Paused":
            await client.pause(job.id, by=by)
        panel: Any = (await world.plain.slash(world.channel, "remind list")).response
        await world.plain.select(panel, [job.id], custom_id="sz-remind-pick")
        await world.plain.click(panel, label="Cancel reminder")
        if what == "Over":
            await world.advance(hours=4)
        await world.plain.click(panel, label="Undo")
        assert "I will remind you" not in text_of(panel), what
        assert ("Its time has passed. Choose another with *Edit*." in text_of(panel)) is (what == "Over")
        assert labels(panel)[0] == "Edit" and ("Resume" in labels(panel)) is (what == "Paused")


async def test_nobody_touches_somebody_elses_reminder(world: World) -> None:
    await world.plain.slash(world.channel, "remind me", what="Mine", when="tomorrow at 8")
    (job,) = await jobs_of(world, world.plain.id)
    for action in ("edit", "cancel", "undo", "resume", "zone"):
        button = await forged(world, world.channel, ReminderButton(action, job.id, "Press"))
        answer = await world.admin.click(button, label="Press")
        if action == "zone":
            answer = await world.admin.submit_modal(answer, {"zone": "Berlin"})
        assert "no longer exists" in said(answer), action
    kept = await world.bot.services.client.job(job.id, str(world.plain.id))
    assert kept.state is JobState.ACTIVE and kept.version == job.version


async def test_the_zone_is_asked_for_by_the_first_reminder_that_needs_it(world: World) -> None:
    shown = await world.plain.user.slash("remind me", what="Soon", when="in 2 hours")
    assert "Set my time zone" not in labels(shown.response)
    shown = await world.plain.user.slash("remind me", what="Dentist", when="tomorrow at 8")
    assert "because I don't know yours" in said(shown) and "UTC" in said(shown)
    form = await world.plain.user.click(shown.response, label="Set my time zone")  # type: ignore[arg-type]
    refused = await world.plain.user.submit_modal(form, {"zone": "Atlantis-on-Sea"})
    assert "don't know the time zone" in said(refused) + text_of(shown.response)
    form = await world.plain.user.click(shown.response, label="Correct it")  # type: ignore[arg-type]
    assert "Atlantis-on-Sea" in str(form.modal)
    await world.plain.user.submit_modal(form, {"zone": "tokyo"})
    assert "Asia/Tokyo" in text_of(shown.response) and "Set my time zone" not in labels(shown.response)
    job = next(job for job in await jobs_of(world, world.plain.id) if job.name == "Dentist")
    assert job.timezone == "Asia/Tokyo" and job.next_run_at is not None
    assert job.next_run_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 8
    shown = await world.plain.user.slash("remind me", what="Again", when="tomorrow at 9")
    assert "Set my time zone" not in labels(shown.response)


async def test_everybody_sets_a_zone_of_their_own(world: World) -> None:
    told = await world.plain.user.slash("remind timezone")
    assert "You haven't set a time zone. I read your times in **UTC**" in said(told)
    form = await world.plain.user.click(told.response, label="Set my time zone")  # type: ignore[arg-type]
    await world.plain.user.submit_modal(form, {"zone": "Lisbon, Portugal"})
    assert "Your time zone is now **Europe/Lisbon**" in text_of(told.response)
    told = await world.plain.user.slash("remind timezone")
    assert "Your time zone is **Europe/Lisbon**" in said(told) and labels(told.response) == ["Change"]
    answer = await world.plain.user.slash("remind timezone", zone="berlin")
    assert "Your time zone is now **Europe/Berlin**" in said(answer)
    answer = await world.plain.user.slash("remind timezone", zone="Atlantis-on-Sea")
    assert "don't know the time zone" in said(answer)
    assert await world.bot.memory.timezone(world.plain.id, None) == "Europe/Berlin"
    panel: Any = answer.response
    form = await world.plain.user.click(panel, label="Correct it")
    assert "Atlantis-on-Sea" in str(form.modal)
    await world.plain.user.submit_modal(form, {"zone": "tokyo"})
    assert "Your time zone is now **Asia/Tokyo**" in text_of(panel)


async def test_a_snoozed_reminder_keeps_the_link_to_where_it_was_made(world: World) -> None:
    await world.plain.send(world.channel, "Let's meet on Friday")
    await world.plain.slash(world.channel, "remind me", what="Book a room", when="in 2 hours")
    (job,) = await jobs_of(world, world.plain.id)
    assert job.params["made_at"].startswith(
        f"https://discord.com/channels/{world.guild.id}/{world.channel.id}"
    )
    await world.bot.services.client.run(job, str(world.plain.id))
    dm = world.plain.user.dm_channel
    message = await until(lambda: next((m for m in dm.history() if "Book a room" in m.content), None))
    await world.plain.user.click(message, custom_id="sz-remind:snooze:10")
    again = next(found for found in await jobs_of(world, world.plain.id) if found.id != job.id)
    assert again.params["made_at"] == job.params["made_at"]
