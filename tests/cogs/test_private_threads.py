"""A private thread is for those who are in it or manage threads, and a locked one for the latter."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from schedulezero.model import JobState
from tests.support.acting import a_job, began, click, now, run_now, runs, scheduler
from tests.support.granting import give_the_bot
from tests.support.private_threads import ended, imported_by
from tests.support.text import text_of
from tests.support.world import World, labels, said

OUTSIDE = "you aren't in this private thread"
LOCKED = "it is locked, and you don't have *Manage Threads*"


async def a_thread(world: World, kind: str = "private_thread", **edited: bool) -> discord.Thread:
    give_the_bot(world, discord.Permissions(administrator=True))
    await world.env.settle()
    channel: Any = world.bot.get_channel(world.channel.id)
    thread = await channel.create_thread(name="council", type=discord.ChannelType[kind])
    await thread.send("Secret")
    if edited:
        await thread.edit(**edited)
    await world.env.settle()
    return thread


@pytest.mark.long
@pytest.mark.parametrize("kind", ["announcement", "deletion", "cleanup"])
async def test_who_is_not_in_a_private_thread_schedules_nothing_there(world: World, kind: str) -> None:
    sam, thread = await scheduler(world, manage_messages=True), await a_thread(world)
    message = await thread.send("Secret 2")
    method, params = {
        "announcement": ("send_announcement", {"channel_id": str(thread.id), "message": "Intrude"}),
        "deletion": ("delete_post", {"message_url": message.jump_url}),
        "cleanup": ("cleanup_messages", {"channel_id": str(thread.id)}),
    }[kind]
    entry = {"name": "x", "do": method, "when": "in 2 hours", "with": params}
    assert OUTSIDE in text_of((await imported_by(sam, world, [entry])).response)
    world.env.backend.add_thread_member(thread.id, sam.id)
    assert OUTSIDE not in text_of((await imported_by(sam, world, [entry])).response)
    world.env.backend.remove_thread_member(thread.id, sam.id)
    warden = await scheduler(world, manage_messages=True, manage_threads=True)
    assert OUTSIDE not in text_of((await imported_by(warden, world, [entry])).response)


@pytest.mark.long
async def test_a_draft_shows_and_saves_nothing_of_a_thread_that_its_writer_cannot_see(world: World) -> None:
    sam, thread = await scheduler(world, manage_messages=True), await a_thread(world)
    job = await a_job(world, method="cleanup_messages", params={"channel_id": str(thread.id)})
    shown = await click(world, sam, "job", "clone", job.id)
    assert OUTSIDE in text_of(shown.response)
    assert "What would it do now?" not in labels(shown.response)
    await sam.click(shown.response, label="Confirm")  # type: ignore[arg-type]
    assert OUTSIDE in text_of(shown.response)


async def test_a_click_asks_who_is_in_the_thread(world: World) -> None:
    sam, thread = await scheduler(world), await a_thread(world)
    job = await a_job(world, params={"channel_id": str(thread.id), "message": "Hi"})
    assert OUTSIDE in said(await click(world, sam, "job", "run", job.id))
    assert await runs(world, job) == 0
    world.env.backend.add_thread_member(thread.id, sam.id)
    assert began(await run_now(world, sam, job))


async def test_a_run_fails_once_its_creator_left_the_thread(world: World) -> None:
    sam, thread = await scheduler(world), await a_thread(world)
    world.env.backend.add_thread_member(thread.id, sam.id)
    params = {"channel_id": str(thread.id), "message": "Hi"}
    job = await a_job(world, params=params, creator_id=str(sam.id))
    await world.bot.services.client.run(job, str(sam.id))
    assert (await ended(world, job)).state == "succeeded"
    world.env.backend.remove_thread_member(thread.id, sam.id)
    job = await a_job(world, params=params, creator_id=str(sam.id), name="Again")
    await world.bot.services.client.run(job, str(sam.id))
    failed = await ended(world, job)
    assert failed.state == "failed" and "they aren't in this private thread" in failed.error
    assert (await now(world, job)).state is JobState.PAUSED


@pytest.mark.long
async def test_a_locked_thread_takes_managing_threads(world: World) -> None:
    sam, thread = await scheduler(world), await a_thread(world, "public_thread", locked=True)
    params = {"channel_id": str(thread.id), "message": "Hi"}
    entry = {"name": "x", "do": "send_announcement", "when": "in 2 hours", "with": params}
    assert LOCKED in text_of((await imported_by(sam, world, [entry])).response)
    warden = await scheduler(world, manage_threads=True)
    assert LOCKED not in text_of((await imported_by(warden, world, [entry])).response)
    job = await a_job(world, params=params, creator_id=str(sam.id))
    assert LOCKED in said(await click(world, sam, "job", "run", job.id))
    await world.bot.services.client.run(job, str(world.admin.id))
    failed = await ended(world, job)
    assert failed.state == "failed" and "it is locked, and they don't have" in failed.error


async def test_what_discord_does_not_tell_counts_as_a_no(world: World) -> None:
    sam, thread = await scheduler(world), await a_thread(world)
    world.env.backend.add_thread_member(thread.id, sam.id)
    job = await a_job(world, params={"channel_id": str(thread.id), "message": "Hi"})
    world.env.inject_error("GET", f"/channels/{thread.id}/thread-members/{sam.id}", status=403, code=50001)
    answer = await click(world, sam, "job", "run", job.id)
    assert OUTSIDE in said(answer) and await runs(world, job) == 0
