"""Reminders to oneself: made anywhere by anybody, sent by direct message, put off, done with, cancelled."""

from __future__ import annotations

from typing import Any

import discord

from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Trigger
from tests.conftest import until
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


async def test_reminders_are_listed_and_cancelled_and_nobody_elses_are(world: World) -> None:
    for what, when in (("Stand-up", "weekdays at 9"), ("Dentist", "tomorrow at 8")):
        await world.plain.slash(world.channel, "remind me", what=what, when=when)
    shown = await world.plain.slash(world.channel, "remind list")
    assert "**Stand-up** · every weekday at 09:00" in said(shown) and "Dentist" in said(shown)
    assert "You have no reminders" in said(await world.admin.slash(world.channel, "remind list"))
    assert "Stand-up" not in said(await world.admin.slash(world.channel, "schedule list"))
    dentist = next(job for job in await jobs_of(world, world.plain.id) if job.name == "Dentist")
    await world.plain.select(shown.response, [dentist.id], custom_id="sz-remind-pick")  # type: ignore[arg-type]
    assert "Cancelled: Dentist" in text_of(shown.response)
    assert "Dentist" not in said(await world.plain.slash(world.channel, "remind list"))


async def test_what_was_typed_is_given_back_when_it_is_not_understood(world: World) -> None:
    text = said(await world.plain.slash(world.channel, "remind me", what="Tea", when="on blursday"))
    assert "“blursday” in “on blursday” was not understood." in text
    assert "You wrote: Tea · on blursday" in text


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
    assert "leaves a choice of times" in said(shown) and "at home · friday or saturday at 9" in said(shown)
    (select,) = selects(shown.response)
    assert [option["value"] for option in select["options"]] == ["friday at 9", "saturday at 9"]
    message: Any = shown.response
    await world.plain.select(message, ["saturday at 9"], custom_id=select["custom_id"])
    (job,) = [job for job in await jobs_of(world, world.plain.id) if job.id not in before]
    assert job.params["message"] == what and job.next_run_at is not None
    assert "I will remind you" in text_of(message)


async def test_a_time_that_others_read_otherwise_is_told_and_changed_by_a_click(world: World) -> None:
    shown = await world.plain.slash(
        world.channel, "remind me", what="Dentist", when="9/10 at 8 America/New_York"
    )
    assert "“9/10” was read as 10 September" in said(shown) and "(America/New_York)" in said(shown)
    (select,) = selects(shown.response)
    (other,) = [option["value"] for option in select["options"]]
    assert "9 October" in other
    message: Any = shown.response
    await world.plain.select(message, [other], custom_id=select["custom_id"])
    (job,) = [job for job in await jobs_of(world, world.plain.id) if job.state is JobState.ACTIVE]
    assert job.params["message"] == "Dentist" and job.timezone == "America/New_York"
    assert job.next_run_at is not None and (job.next_run_at.month, job.next_run_at.day) == (10, 9)
