"""A reminder that can't reach a person by direct message is kept, told where it was made, and listed."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from schedulezero.model import JobState, RunState
from tests.conftest import until
from tests.support.granting import give_the_bot
from tests.support.reminding import jobs_of
from tests.support.world import World, labels, said

CLOSED = 50007
NO_SERVER_SHARED = 50278


def close_the_door(world: World, code: int = CLOSED) -> None:
    """Let Discord refuse all direct messages to the plain member.

    https://discord.com/developers/docs/topics/opcodes-and-status-codes
    """
    dm = world.env.backend.get_dm_channel(world.plain.id)
    world.env.inject_error("POST", f"/channels/{dm.id}/messages", status=403, code=code, times=None)


async def due(
    world: World,
    what: str,
    when: str = "in 2 hours",
    *,
    privately: bool = False,
    channel: simcord.ChannelHandle | None = None,
) -> str:
    """Set a reminder, let it fall due, wait until its run has ended, and return its job's id."""
    if privately:
        shown = await world.plain.user.slash("remind me", what=what, when=when)
    else:
        shown = await world.plain.slash(channel or world.channel, "remind me", what=what, when=when)
    assert "I will remind you" in said(shown), said(shown)
    job = next(job for job in await jobs_of(world, world.plain.id) if job.name == what)
    client = world.bot.services.client
    await client.run(job, str(world.plain.id))

    async def ended() -> bool:
        page = await client.runs(str(world.plain.id), job_id=job.id)
        return bool(page.runs) and page.runs[0].state not in (RunState.QUEUED,)

    await until(ended)
    return job.id


async def listed(world: World, *, privately: bool = False) -> Any:
    if privately:
        return await world.plain.user.slash("remind list")
    return await world.plain.slash(world.channel, "remind list")


@pytest.mark.parametrize("code", [CLOSED, NO_SERVER_SHARED, 50001])
async def test_an_undelivered_reminder_is_listed_until_it_is_cleared(world: World, code: int) -> None:
    close_the_door(world, code)
    job_id = await due(world, "Water the plants", "every day at 9", privately=True)
    shown = await listed(world, privately=True)
    assert "couldn't reach you" in said(shown) and "Water the plants" in said(shown)
    job = await world.bot.services.client.job(job_id, str(world.plain.id))
    assert job.state is JobState.PAUSED, "it doesn't knock at a closed door every day"
    assert "paused" in said(shown)
    assert shown.response is not None
    await world.plain.user.click(shown.response, label="Clear what's shown")
    assert "couldn't reach you" not in said(await listed(world, privately=True))


async def test_it_is_told_where_it_was_made_and_shown_to_that_person_only(world: World) -> None:
    close_the_door(world)
    await due(world, "Call the bank about my debts")
    notice = await until(lambda: next((m for m in world.posted() if world.plain.mention in m.content), None))
    assert "debts" not in notice.content, "a reminder is private"
    assert notice.mentions and notice.mentions[0].id == world.plain.id
    stranger = await world.admin.click(notice, label="Show it")
    assert "someone else" in said(stranger) and "debts" not in said(stranger)
    shown = await world.plain.click(notice, label="Show it")
    assert "Call the bank about my debts" in said(shown)
    assert "couldn't reach you" not in said(await listed(world)), "it has been read"


async def test_it_is_not_told_where_the_person_may_not_write(world: World) -> None:
    readable = discord.PermissionOverwrite(send_messages=False)
    news = world.guild.create_text_channel("news", overwrites={world.guild.default_role: readable})
    give_the_bot(world, discord.Permissions(administrator=True))
    close_the_door(world)
    await due(world, "Quiet please", channel=news)
    assert not world.posted(news)
    assert "Quiet please" in said(await listed(world))


async def test_the_next_reminder_tells_of_those_that_did_not_arrive(world: World) -> None:
    close_the_door(world)
    await due(world, "Lost one", privately=True)
    shown = await world.plain.user.slash("remind me", what="Next", when="in 3 hours")
    assert "1 reminder couldn't reach you" in said(shown)


async def test_a_reminder_that_was_missed_is_listed(world: World) -> None:
    await world.plain.user.slash("remind me", what="Too late", when="in 2 hours")
    (job,) = await jobs_of(world, world.plain.id)
    world.handler.unregister_sprocket("remind")
    await world.handler.refresh()
    await world.bot.services.client.run(job, str(world.plain.id))
    await world.advance(hours=1)  # it waits for what is unloaded until its grace is over

    async def told() -> bool:
        return "Too late" in said(await listed(world, privately=True)) and "couldn't reach you" in said(
            await listed(world, privately=True)
        )

    await until(told)


async def test_an_open_door_is_used(world: World) -> None:
    await due(world, "Plain sailing")
    dm = world.plain.user.dm_channel
    message = next(m for m in dm.history() if m.content == "⏰ Plain sailing")
    assert "Where you set it" in labels(message)
    assert not [m for m in world.posted() if world.plain.mention in m.content]
    assert isinstance(message, discord.Message)
