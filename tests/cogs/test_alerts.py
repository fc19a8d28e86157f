"""What a guild is told of runs that failed, were missed, or will fail: one card for each cause."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import discord
import pytest
import simcord

from cogs.desk.runs.alert_card import Alert, Item, alert_panel
from cogs.language import speaking
from schedulezero import instants
from schedulezero.sentences import Sentence
from tests.conftest import until
from tests.support.acting import at_once
from tests.support.alerting import alerts_to, cards
from tests.support.text import text_of
from tests.support.world import World, labels, pick, said

CURSOR = "alerts-told"


async def doomed_job(world: World, name: str = "Into the void") -> tuple[str, simcord.ChannelHandle]:
    channel = world.guild.create_text_channel(f"doomed-{len(name)}")
    values = {"channel_id": [channel], "message": name}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    return job_id, channel


@pytest.mark.long
async def test_a_failed_run_is_told_once_with_the_remedy(world: World) -> None:
    alerts = await alerts_to(world)
    job_id, doomed = await doomed_job(world)
    world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013, times=2)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await until(lambda: cards(world, alerts, "“Into the void” failed"))
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await until(lambda: cards(world, alerts, "2 times"))
    (card,) = cards(world, alerts, "failed")
    assert "I'm missing a permission" in text_of(card)
    assert labels(card) == ["Retry", "Pause", "Open the job"]
    looked = await world.moderator.click(card, label="Open the job")
    assert "Into the void" in said(looked) and "❌ failed" in said(looked)
    await world.moderator.click(card, label="Retry")
    assert await world.message_in(doomed, "Into the void")


@pytest.mark.long
async def test_a_channel_that_is_deleted_is_told_before_anything_fails(world: World) -> None:
    alerts = await alerts_to(world)
    _, doomed = await doomed_job(world)
    world.env.backend.delete_channel(doomed.id)
    await world.env.settle()
    (card,) = await until(lambda: cards(world, alerts, "will fail"))
    assert f"The channel <#{doomed.id}> isn't in this server" in text_of(card)
    moved = await pick(world.admin, card, "alert:move", [world.channel])
    assert "Moved: Into the void" in said(moved) and f"<#{world.channel.id}>" in said(moved)


@pytest.mark.long
async def test_a_thread_that_sleeps_is_no_trouble_and_one_that_is_deleted_is(world: World) -> None:
    alerts = await alerts_to(world)
    opened = {"channel_id": world.channel.id, "title": "Weekly", "message": "What is new?"}
    assert (await world.run("create_thread", opened))["success"] is True
    (thread,) = world.channel.threads
    assert (await world.run("set_thread", {"thread_id": thread.id, "state": "archived"}))["success"] is True
    await world.env.settle()
    assert world.bot.get_channel(thread.id) is None  # which is why it takes asking for it

    values = {"thread_id": [thread], "state": ["open"]}
    await world.create(world.admin, "set_thread", values, "every monday at 9")
    world.env.backend.delete_channel(world.guild.create_text_channel("unrelated").id)
    gone, doomed = await doomed_job(world)  # told of after all others were looked at
    world.env.backend.delete_channel(doomed.id)
    await world.env.settle()
    await until(lambda: cards(world, alerts, "will fail"))
    assert not [card for card in cards(world, alerts, "will fail") if str(thread.id) in text_of(card)], gone

    world.env.backend.delete_channel(thread.id)
    await until(
        lambda: [card for card in cards(world, alerts, "will fail") if str(thread.id) in text_of(card)]
    )


@pytest.mark.long
async def test_several_jobs_with_one_cause_share_a_card(world: World) -> None:
    alerts = await alerts_to(world)
    doomed = world.guild.create_text_channel("doomed")
    for name in ("One", "Two", "Three"):
        values = {"channel_id": [doomed], "message": name}
        await world.create(world.admin, "send_announcement", values, "every monday at 9")
    world.env.backend.delete_channel(doomed.id)
    await world.env.settle()
    (card,) = await until(lambda: cards(world, alerts, "3 jobs will fail"))
    assert "- One" in text_of(card) and "- Three" in text_of(card)


@pytest.mark.long
async def test_the_creator_is_told_where_no_channel_is_set_and_nobody_where_alerts_are_off(
    world: World,
) -> None:
    for alert, expected in (("guild", 1), ("off", 1)):
        job_id, doomed = await doomed_job(world, f"Alert {alert}")
        job = await world.bot.services.client.job(job_id, str(world.guild.id))

        await world.bot.services.client.change(replace(job, meta={"alert": alert}), job.version)
        world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013)
        await world.admin.slash(world.channel, "schedule run", job=job_id)

        async def ended(job_id: str = job_id) -> bool:
            page = await world.bot.services.client.runs(str(world.guild.id), job_id=job_id)
            return bool(page.runs) and page.runs[0].state == "failed"

        await until(ended)
        await until(lambda expected=expected: len(told_in_private(world)) == expected)


def told_in_private(world: World) -> list[str]:
    """What the bot wrote to people outside of any guild."""
    sent = [
        entry
        for entry in world.env.http_requests
        if entry.method == "POST" and entry.path.endswith("/messages") and "failed" in str(entry.json)
    ]
    guild_channels = {str(channel.id) for channel in world.bot.get_all_channels()}
    return [entry.path for entry in sent if entry.path.split("/")[2] not in guild_channels]


@pytest.mark.long
async def test_what_was_passed_over_is_told_and_offered(world: World) -> None:
    alerts = await alerts_to(world)
    values = {"channel_id": [world.channel], "message": "Tick"}
    job_id = await world.create(world.admin, "send_announcement", values, "every 2 seconds")
    await world.message_in(world.channel, "Tick")
    await world.bot.close()

    # Nobody is there while instants pass; the wall clock is what they pass by.
    def passed() -> bool:
        return datetime.now(UTC) - asked > timedelta(seconds=5)

    asked = datetime.now(UTC)
    await until(passed)
    await world.restart_bot()
    (card,) = await until(lambda: cards(world, alerts, "While I was offline"))
    assert "skipped while the scheduler was not running" in text_of(card)
    await world.admin.slash(world.channel, "schedule pause", job=job_id)
    offered = await world.admin.click(card, label="Run the rest, too…")
    assert "Backfill" in said(offered)
    answers = await at_once(world.admin, offered.response, 2, label="Yes, do it")
    assert sorted("already been done" in said(answer) for answer in answers) == [False, True]
    assert "in progress" in text_of(offered.response) and "0 runs" not in text_of(offered.response)


def test_a_card_survives_being_kept() -> None:
    item = Item("j", "Title", "j:1", 1, instants.now())
    alert = Alert("1", "failed", "The channel 5 no longer exists.", (item,), instants.now(), movable=True)
    again = Alert.from_json(alert.with_item(item).to_json())
    assert again.items[0].count == 2 and again.key() == alert.key()
    assert "2 times" in "".join(
        item.content
        for item in alert_panel(again).walk_children()
        if isinstance(item, discord.ui.TextDisplay)
    )


@pytest.mark.long
async def test_what_discord_refuses_keeps_nobody_else_from_being_told(world: World) -> None:
    alerts = await alerts_to(world)
    world.env.inject_error("POST", f"/channels/{alerts.id}/messages", status=403, code=50013)
    for name in ("First", "Another"):
        job_id, doomed = await doomed_job(world, name)
        world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013)
        await world.admin.slash(world.channel, "schedule run", job=job_id)

        async def failed(job_id: str = job_id) -> bool:
            page = await world.bot.services.client.runs(str(world.guild.id), job_id=job_id)
            return bool(page.runs) and page.runs[0].state == "failed"

        await until(failed)
    await until(lambda: cards(world, alerts, "“Another” failed"))
    assert not cards(world, alerts, "“First” failed")


@pytest.mark.long
async def test_each_trouble_is_told_once_over_a_restart(world: World) -> None:
    alerts = await alerts_to(world)
    job_id, doomed = await doomed_job(world)
    world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await until(lambda: cards(world, alerts, "failed"))
    await world.restart_bot()
    await world.admin.slash(world.channel, "schedule status")
    (card,) = cards(world, alerts, "failed")
    assert "2 times" not in text_of(card)


@pytest.mark.long
async def test_a_trouble_whose_telling_was_not_noted_is_not_counted_twice(world: World) -> None:
    alerts = await alerts_to(world)
    job_id, doomed = await doomed_job(world)
    world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013)
    memory, place = world.bot.memory, world.bot.services.place
    before = await memory.kept(CURSOR, place)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await until(lambda: cards(world, alerts, "failed"))
    await world.restart_bot()  # which ends what is being told, and notes it
    noted = await world.bot.memory.kept(CURSOR, place)
    assert noted and noted != before
    await world.bot.memory.put(CURSOR, place, {"after": noted["after"] - 1})
    await world.restart_bot()

    async def noted_again() -> bool:
        return await world.bot.memory.kept(CURSOR, place) == noted

    await until(noted_again)
    (card,) = cards(world, alerts, "failed")
    assert "2 times" not in text_of(card)


async def test_a_server_that_began_anew_is_read_from_its_beginning(world: World) -> None:
    client = world.bot.services.client
    _, newest = await client.troubles(None)
    assert (await client.troubles(newest + 1000))[1] == newest


def told(alert: Alert) -> str:
    panel = alert_panel(alert)
    return "\n".join(
        item.content for item in panel.walk_children() if isinstance(item, discord.ui.TextDisplay)
    )


def test_a_card_says_its_cause_in_the_readers_language_after_a_restart() -> None:
    cause = Sentence(
        "I can't do this in {channel}. Give my role *{permission}* there.",
        "bot_lacks_in_channel",
        channel="<#5>",
        permission="Send Messages",
    )
    item = Item("job", "Hello", "job:0", 1, datetime(2026, 11, 27, tzinfo=UTC))
    alert = Alert("1", "ahead", cause, (item,), item.last_at)
    kept = Alert.from_json(json.loads(json.dumps(alert.to_json())))
    assert kept == alert and kept.key("an hour") == alert.key("an hour")
    with speaking("de"):
        assert "gib meiner Rolle dort *Send Messages*" in told(kept)
    with speaking("en"):
        assert "Give my role *Send Messages* there" in told(kept)
    earlier = {
        name: value for name, value in alert.to_json().items() if name not in ("reason_code", "reason_values")
    }
    with speaking("de"):
        assert "Give my role *Send Messages* there" in told(Alert.from_json(earlier))
