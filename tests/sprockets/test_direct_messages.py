"""A direct message is one request, and none for people who don't take any."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero.model import Job, JobState, RunState, Trigger
from tests.conftest import until
from tests.support.world import World, said

PEOPLE = 40


async def ended(world: World, job: Job) -> None:
    async def over() -> bool:
        page = await world.bot.services.client.runs(str(job.guild_id), job_id=job.id)
        return bool(page.runs) and page.runs[0].state is not RunState.QUEUED

    await until(over)


async def reminder(world: World, person: int, text: str, seconds: int | None = None) -> Job:
    recurring = Trigger("interval", {"seconds": seconds})
    once = Trigger("date", {"run_date": "2099-01-01T09:00:00+00:00"})
    job = Job(
        id="", handler_id=world.settings.handler_id, method="remind",
        params={"user_id": str(person), "message": text}, trigger=recurring if seconds else once, name=text,
        guild_id=str(person), creator_id=str(person),
    )  # fmt: skip
    return await world.bot.services.client.create(job, str(person))


def close(world: World, person: Any, code: int) -> None:
    channel = world.env.backend.get_dm_channel(person.id)
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=code, times=None)


def asked(world: World, since: int) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in world.env.http_requests[since:]]


@pytest.mark.parametrize("method", ["remind", "send_dm"])
async def test_a_channel_is_opened_once_and_after_a_restart_a_message_is_one_request(
    world: World, method: str
) -> None:
    params = {"user_id": str(world.plain.id), "message": "Hi"}
    assert (await world.run(method, params))["success"] is True
    await world.restart_bot()
    before = len(world.env.http_requests)
    assert (await world.run(method, params))["success"] is True
    dm = world.plain.user.dm_channel
    assert asked(world, before) == [f"POST /channels/{dm.id}/messages"]
    assert len([m for m in dm.history() if "Hi" in m.content]) == 2


async def test_a_channel_that_discord_does_not_know_any_more_is_opened_again(world: World) -> None:
    params = {"user_id": str(world.plain.id), "message": "Hi"}
    await world.bot.memory.put("dm-channel", str(world.plain.id), {"channel_id": "123456789012345678"})
    assert (await world.run("remind", params))["success"] is True
    assert [m for m in world.plain.user.dm_channel.history() if "Hi" in m.content]
    kept = await world.bot.memory.kept("dm-channel", str(world.plain.id))
    assert kept == {"channel_id": str(world.plain.user.dm_channel.id)}


@pytest.mark.parametrize("code", [50007, 50278])
@pytest.mark.long
async def test_forty_closed_doors_are_asked_once_each(world: World, code: int) -> None:
    people = [world.guild.add_member(world.env.create_user(f"p{n}")).user for n in range(PEOPLE)]
    for person in people:
        close(world, person, code)
    client = world.bot.services.client
    first = [await reminder(world, person.id, "Often", 10) for person in people]
    second = [await reminder(world, person.id, "Once") for person in people]
    before = len(world.env.http_requests)
    await world.advance(seconds=11)
    for job in first:
        await ended(world, job)
    posts = [line for line in asked(world, before) if line.endswith("/messages")]
    assert len(posts) == PEOPLE
    before = len(world.env.http_requests)
    await world.advance(seconds=300)  # the recurring ones don't come again
    for job in second:
        await client.run(job, str(job.creator_id))
    for job in second:
        await ended(world, job)
    assert asked(world, before) == []
    for job in first:
        assert (await client.job(job.id, str(job.guild_id))).state is JobState.PAUSED


async def test_reminders_come_again_once_their_person_comes_by(world: World) -> None:
    close(world, world.plain.user, 50007)
    for text in ("First", "Second"):
        job = await reminder(world, world.plain.id, text)
        await world.bot.services.client.run(job, str(world.plain.id))
        await ended(world, job)
    world.env.backend.faults.clear()
    shown = await world.plain.user.slash("remind list")
    assert "First" in said(shown) and "Second" in said(shown)
    job = await reminder(world, world.plain.id, "Third")
    await world.bot.services.client.run(job, str(world.plain.id))
    await ended(world, job)
    assert [m.content for m in world.plain.user.dm_channel.history()] == ["⏰ Third"]
