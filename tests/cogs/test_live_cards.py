"""A job's card shows what is true now, as long as Discord lets us edit it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import discord
import pytest
from simcord.backend.errors import BackendError

from cogs.schedulezero_cog import ScheduleZeroCog
from schedulezero.errors import JobFailed
from schedulezero.model import Job, JobState
from tests.conftest import until
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, labels, pick, said


class Slow:
    """A job that ends when the test says so."""

    def __init__(self, world: World) -> None:
        self.world, self.goes_on, self.fails = world, asyncio.Event(), False

    async def __call__(self, bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        await self.world.bot.services.waiting.idle(self.goes_on.wait())
        if self.fails:
            raise JobFailed("The kettle is empty.", retry=False)
        return {"message": "The tea is ready."}


async def slow_job(world: World, when: str = "every monday at 9") -> tuple[Slow, Job]:
    slow = Slow(world)
    cog = world.bot.get_cog("ScheduleZeroCog")
    assert isinstance(cog, ScheduleZeroCog)
    cog.register_sprocket("make_tea", slow)
    await world.ready()
    return slow, await world.schedule("make_tea", {}, when)


def places(message: Any) -> dict[str, tuple[int, int]]:
    """The buttons of a message by label: in which row from its end, and which one in it."""
    found: list[list[str]] = []
    for component in message.components:
        data = component if isinstance(component, dict) else component.to_dict()
        for row in data.get("components", ()):
            if row.get("type") == 1:
                found.append([item.get("label", "") for item in row["components"]])
    return {
        label: (number - len(found), place)
        for number, row in enumerate(found)
        for place, label in enumerate(row)
    }


async def card(world: World, job: Job) -> Any:
    return (await world.admin.slash(world.channel, "schedule show", job=job.id)).response


async def test_a_card_shows_a_run_until_its_end(world: World) -> None:
    slow, job = await slow_job(world)
    panel = await card(world, job)
    await world.admin.click(panel, label="Run now")
    assert "Running: Make tea" in text_of(panel) and "⏳ running" in text_of(panel)
    slow.goes_on.set()
    await until(lambda: "Ran: Make tea" in text_of(panel))
    assert "✅ done" in text_of(panel) and "The tea is ready." in text_of(panel)
    slow.goes_on.clear()
    slow.fails = True
    await world.admin.click(panel, label="Run now")
    slow.goes_on.set()
    await until(lambda: "Failed: Make tea" in text_of(panel))
    assert "The kettle is empty." in text_of(panel) and "Running" not in text_of(panel)


async def test_a_one_off_that_ran_is_finished_on_the_card_that_scheduled_it(world: World) -> None:
    preview = await world.draft(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "Lunch"},
        "in 10 minutes",
    )
    panel: Any = preview.response
    confirm = places(panel)["Confirm"]
    await world.admin.click(panel, label="Confirm")
    # A post's draft has one more row below that of Confirm.
    there = {label for label, place in places(panel).items() if place in (confirm, (-1, 0), (-2, 0))}
    assert there == {"Clone", "Close"}
    assert "Scheduled: Lunch" in text_of(panel) and "▶ active" in text_of(panel)
    await world.advance(minutes=11)
    await until(lambda: "✔ finished" in text_of(panel) and "✅ done" in text_of(panel))
    assert "Scheduled" not in text_of(panel) and "[the message](https://discord.com" in text_of(panel)
    assert "waiting" not in text_of(panel)


async def test_a_card_follows_what_others_do_and_stops_when_it_is_left(world: World) -> None:
    slow, job = await slow_job(world)
    mine, others = (
        await card(world, job),
        (await world.moderator.slash(world.channel, "schedule show", job=job.id)).response,
    )
    assert others is not None
    await world.moderator.click(others, label="Pause")
    await until(lambda: "⏸ paused" in text_of(mine))
    await world.admin.click(mine, label="History")
    await world.moderator.click(others, label="Resume")
    await world.env.settle()
    assert "History of" in text_of(mine) and "▶ active" in text_of(others)
    await world.admin.click(mine, label="Back to the job")
    await world.moderator.click(others, label="Cancel this job")
    await world.moderator.click(others, label="Cancel the job")
    await until(lambda: "✖ cancelled" in text_of(mine))
    assert labels(mine) == [] and slow.goes_on.is_set() is False


async def test_a_card_from_before_a_restart_can_be_refreshed_and_closed(world: World) -> None:
    job_id = await scheduled(world)
    panel: Any = (await world.admin.slash(world.channel, "schedule show", job=job_id)).response
    await world.restart_bot()
    await world.moderator.slash(world.channel, "schedule pause", job=job_id)
    assert "▶ active" in text_of(panel)
    await world.admin.click(panel, label="Refresh")
    assert "⏸ paused" in text_of(panel)
    await world.moderator.slash(world.channel, "schedule resume", job=job_id)
    await until(lambda: "▶ active" in text_of(panel))
    await world.admin.click(panel, label="Close")
    with pytest.raises(BackendError, match="Unknown Message"):
        world.env.backend.get_message(panel.channel_id, panel.id)


async def test_run_now_asks_before_it_pings_and_not_otherwise(world: World) -> None:
    quiet = await scheduled(world)
    panel: Any = (await world.admin.slash(world.channel, "schedule show", job=quiet)).response
    await world.admin.click(panel, label="Run now")
    assert "Ran: Hello" in text_of(panel) or "Started: Hello" in text_of(panel)
    values = {"channel_id": [world.channel], "message": "Wake up", "everyone": True}
    loud = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    asked = await world.admin.slash(world.channel, "schedule run", job=loud)
    assert "Run “Wake up” now?" in said(asked) and "This pings @everyone." in said(asked)
    question: Any = asked.response
    assert not [message for message in world.posted() if message.content == "Wake up"]
    await world.admin.click(question, label="Run it now")
    await world.message_in(world.channel, "Wake up")
    clean = await world.schedule(
        "cleanup_messages", {"channel_id": str(world.channel.id)}, "every monday at 9"
    )
    asked = await world.admin.slash(world.channel, "schedule run", job=clean.id)
    assert "This takes effect immediately" in said(asked)
    job = await world.bot.services.client.job(loud, str(world.guild.id))
    assert job.state is JobState.ACTIVE


@pytest.mark.parametrize("how", ["demoted", "kicked"])
async def test_a_card_shows_nothing_new_to_people_without_rights(world: World, how: str) -> None:
    role = world.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    eve = world.guild.add_member(world.env.create_user("eve"), roles=[role])
    job = await world.schedule(
        "call_web", {"url": "https://example.org/first", "method": "GET"}, "every monday at 9"
    )
    panel: Any = (await eve.slash(world.channel, "schedule show", job=job.id)).response
    mine = await card(world, job)
    assert "example.org/first" in text_of(panel)
    if how == "kicked":
        world.guild.remove_member(eve)
    else:
        world.env.backend.edit_member(world.guild.id, eve.id, {"role_ids": ()})
    await world.env.settle()
    client, cards = world.bot.services.client, world.bot.services.live_cards
    job = await client.job(job.id, str(world.guild.id))
    params = {**job.params, "url": "https://example.org/second"}
    await client.change(replace(job, params=params), job.version, str(world.admin.id))
    cards.moved(job.id)
    await until(lambda: "example.org/second" in text_of(mine) and not cards.follows(panel.id))
    assert "example.org/second" not in text_of(panel)


@pytest.mark.long
async def test_a_skip_skips_the_next_run_that_the_rules_leave(world: World) -> None:
    job_id = await scheduled(world, when="every day at 9 and 18")
    client = world.bot.services.client
    rules = await client.rules(str(world.guild.id))
    await client.save_rules(replace(rules, quiet_from=time(17), quiet_to=time(20)), str(world.admin.id))
    panel: Any = (await world.admin.slash(world.channel, "schedule show", job=job_id)).response
    await world.admin.click(panel, label="Skip next")
    (skipped,) = [line for line in text_of(panel).splitlines() if line.startswith("### Skipped:")]
    stamp = int(skipped.partition("<t:")[2].partition(":")[0])
    assert datetime.fromtimestamp(stamp, UTC).hour == 9
    after = await client.job(job_id, str(world.guild.id))
    assert after.next_run_at is not None and after.next_run_at.timestamp() > stamp


async def test_each_job_opens_from_the_history_of_all(world: World) -> None:
    job_id = await scheduled(world)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await world.message_in(world.channel, "Hello")
    shown: Any = (await world.admin.slash(world.channel, "schedule history")).response
    await pick(world.admin, shown, "history:job", [job_id])
    assert "### Hello" in text_of(shown) and "Cancel this job" in labels(shown)
