"""What becomes of a server's jobs when the bot is timed out or sent away, and when a channel is deleted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import discord
import pytest

from cogs.forgetting import LEFT
from cogs.guilds_cog import GuildsCog
from cogs.kept_templates import Outcome, Template
from schedulezero import instants
from schedulezero.errors import NotFound
from schedulezero.instants import to_iso
from schedulezero.model import JobState, RunState
from tests.conftest import execute, until
from tests.support.alerting import alerts_to, cards
from tests.support.granting import give_the_bot
from tests.support.reminding import jobs_of
from tests.support.sending_away import invited_back, sent_away
from tests.support.text import text_of
from tests.support.world import World, labels, said


def cog_of(world: World) -> GuildsCog:
    cog = world.bot.get_cog("GuildsCog")
    assert isinstance(cog, GuildsCog)
    return cog


async def weekly(world: World, **values: Any) -> str:
    given = {"channel_id": [world.channel], "message": "Hi", **values}
    return await world.create(world.admin, "send_announcement", given, "every monday at 9")


async def run_and_end(world: World, job_id: str, state: RunState = RunState.FAILED) -> Any:
    client, place = world.bot.services.client, str(world.guild.id)
    await client.run(await client.job(job_id, place), str(world.admin.id))

    async def ended() -> Any:
        runs = (await client.runs(place, job_id=job_id)).runs
        return runs[0] if runs and runs[0].state is state else None

    return await until(ended)


async def test_a_job_pauses_when_its_channel_is_deleted_and_can_be_moved(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    alerts = await alerts_to(world)
    doomed = world.guild.create_text_channel("doomed")
    job_id = await weekly(world, channel_id=[doomed])
    channel = world.bot.get_channel(doomed.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    await world.env.settle()
    run = await run_and_end(world, job_id)
    assert run.error is not None
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert job.state is JobState.PAUSED
    card = await until(lambda: next(iter(cards(world, alerts, "“Hi” failed")), None))
    assert "paused" in text_of(card) and "Resume" in labels(card)
    assert "Choose another channel" in str([item.to_dict() for item in card.components])


async def test_a_timed_out_bot_says_so(world: World) -> None:
    give_the_bot(world, discord.Permissions(view_channel=True, send_messages=True))
    job_id = await weekly(world)
    backend: Any = world.env.backend
    until_then = to_iso(instants.now() + timedelta(hours=1))
    backend.edit_member(world.guild.id, backend.bot_user.id, {"timed_out_until": until_then})
    # Discord sends a bot its own member's updates without an intent, which the simulation doesn't.
    await world.restart_bot()
    run = await run_and_end(world, job_id)
    assert "timed out" in run.error and "Give my role" not in run.error


async def test_jobs_that_paused_while_the_bot_was_away_go_on_when_it_is_back(world: World) -> None:
    alerts = await alerts_to(world)
    paused_by_hand, went_wrong, untouched = [await weekly(world) for _ in range(3)]
    client, place = world.bot.services.client, str(world.guild.id)
    await client.pause(paused_by_hand)
    kept = await sent_away(world)
    await run_and_end(world, went_wrong)
    assert (await client.job(went_wrong, place)).state is JobState.PAUSED
    await invited_back(world, kept)

    async def resumed() -> bool:
        return (await client.job(went_wrong, place)).state is JobState.ACTIVE

    await until(resumed)
    assert (await client.job(paused_by_hand, place)).state is JobState.PAUSED
    assert (await client.job(untouched, place)).state is JobState.ACTIVE
    message = await world.message_in(alerts, "I'm back")
    assert "1 job continues." in message.content


async def test_a_server_that_the_bot_left_is_forgotten_after_a_month(world: World) -> None:
    job_id = await weekly(world)
    await world.admin.slash(world.channel, "schedule timezone", zone="Asia/Tokyo", whose="guild")
    await world.draft(world.admin, "send_announcement", {"channel_id": [world.channel], "message": "x"}, "?")
    memory, client, place = world.bot.memory, world.bot.services.client, str(world.guild.id)
    params = {"channel_id": str(world.channel.id), "lasts": "8 hours"}
    lock = await world.schedule("lockdown_channel", params, "in 1 hour")
    await run_and_end(world, lock.id, RunState.SUCCEEDED)
    assert {await count(world, kind) for kind in ("lockdown", "debt")} == {1}
    await sent_away(world)
    assert await cog_of(world).forget_left() == [], "a month has not passed"
    assert (await client.job(job_id, place)).state is JobState.ACTIVE
    await memory.put(LEFT, place, {"at": to_iso(instants.now() - timedelta(days=31))})
    assert await cog_of(world).forget_left() == [place]
    with pytest.raises(NotFound):
        await client.job(job_id, place)
    assert (await client.runs(place)).runs == () and (await client.audit(place)).entries == ()
    assert await memory.timezone(0, world.guild.id) is None
    assert await memory.drafts_of(world.admin.id, world.guild.id, 5) == []
    assert await memory.kept(LEFT, place) is None
    assert {await count(world, kind) for kind in ("lockdown", "debt")} == {0}
    with pytest.raises(Exception, match="only added to"):
        await execute(world.settings.database, "DELETE FROM audit")


async def count(world: World, kind: str) -> int:
    return len(await world.bot.memory.notes(kind))


async def test_a_server_that_another_process_sees_is_not_forgotten(world: World) -> None:
    job_id, place = await weekly(world), str(world.guild.id)
    cached: Any = world.bot.get_guild(world.guild.id)
    state: Any = world.bot._connection
    await world.bot.memory.put(LEFT, place, {"at": to_iso(instants.now() - timedelta(days=31))})
    state._remove_guild(cached)
    world.env.inject_error("GET", f"/guilds/{place}", status=503, message="down")
    assert await cog_of(world).forget_left() == []
    assert await world.bot.memory.kept(LEFT, place) is not None, "nobody knows yet"
    world.env.backend.faults.clear()
    assert await cog_of(world).forget_left() == []
    assert await world.bot.memory.kept(LEFT, place) is None
    assert (await world.bot.services.client.job(job_id, place)).state is JobState.ACTIVE


async def test_a_server_that_was_left_while_the_bot_was_offline_is_noticed(world: World) -> None:
    await world.bot.memory.set_guild_timezone(1234567890123456789, "Asia/Tokyo")
    assert await cog_of(world).forget_left() == []
    assert await world.bot.memory.kept(LEFT, "1234567890123456789") is not None
    assert await world.bot.memory.kept(LEFT, str(world.guild.id)) is None


async def test_a_server_that_invites_the_bot_back_is_not_forgotten(world: World) -> None:
    job_id = await weekly(world)
    place = str(world.guild.id)
    await world.bot.memory.put(LEFT, place, {"at": to_iso(instants.now() - timedelta(days=31))})
    assert await cog_of(world).forget_left() == []
    assert (await world.bot.services.client.job(job_id, place)).state is JobState.ACTIVE


async def test_a_person_sees_and_deletes_what_is_kept_of_them(world: World) -> None:
    job_id = await weekly(world)
    for who in (world.plain, world.admin):
        await who.slash(world.channel, "remind me", what=f"Secret of {who.id}", when="tomorrow at 9")
        await who.slash(world.channel, "remind timezone", zone="berlin")
    (reminder,) = await jobs_of(world, world.plain.id)
    person, place = str(world.plain.id), str(world.guild.id)
    await world.bot.services.client.run(reminder, person)
    await until(lambda: any("Secret of" in item.content for item in world.plain.user.dm_channel.history()))
    template = Template("t1", place, "Weekly", "send_announcement", {}, person)
    assert await world.bot.memory.templates.add(template) is Outcome.DONE
    shown = await world.plain.slash(world.channel, "remind forget")
    assert "1 reminder, with its history" in said(shown) and "Europe/Berlin" in said(shown)
    (file,) = shown.followups[0].attachments
    assert file.filename == "what-i-keep.json"
    kept = json.loads(await world.bot.http.get_from_cdn(file.url))
    assert [item["job_id"] for item in kept["history"]] == [reminder.id]
    assert {item["actor_id"] for item in kept["audit"]} == {person} and len(kept["audit"]) >= 1
    assert kept["templates"] == [{"guild_id": place, "name": "Weekly"}]
    assert "dm-channel" in [item["kind"] for item in kept["notes"]]
    assert [item["creator_id"] for item in kept["reminders"]] == [person]
    assert shown.response is not None
    await world.plain.click(shown.response, label="Delete everything")
    assert "Deleted" in text_of(shown.response) and "calendar addresses" in text_of(shown.response)
    again = await world.plain.slash(world.channel, "remind forget")
    left = json.loads(await world.bot.http.get_from_cdn(again.followups[0].attachments[0].url))
    assert [name for name, value in left.items() if value] == ["user_id"]
    assert await jobs_of(world, world.plain.id) == ()
    assert (await world.bot.services.client.audit(str(world.plain.id))).entries == ()
    assert await world.bot.memory.timezone(world.plain.id, None) is None
    assert len(await jobs_of(world, world.admin.id)) == 1, "nobody else's"
    assert await world.bot.memory.timezone(world.admin.id, None) == "Europe/Berlin"
    assert (await world.bot.services.client.job(job_id, str(world.guild.id))).state is JobState.ACTIVE
