"""A post that is deleted after a while: owed by the bot, at its exact time, and only the bot's own post."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero.methods.note_kinds import DEBT, FOLLOW_UP
from schedulezero.model import Job
from schedulezero.sentences import code_of
from tests.conftest import until
from tests.support.for_a_while import endings, over, result
from tests.support.granting import give_the_bot
from tests.support.posting_with import METHOD, composing
from tests.support.world import World, said

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]


@pytest.fixture(autouse=True)
async def composed(world: World) -> None:
    await composing(world)


async def a_post(world: World, **params: Any) -> tuple[Job, Job]:
    """Return a job whose run has posted for two hours, and the job that deletes the post."""
    values = {"channel_id": str(world.channel.id), "text": "For now", "delete_after": "2h", **params}
    job = await world.schedule(METHOD, values, "in 30 days")
    run = await result(world, job)
    assert run.error is None, run
    (ending,) = await endings(world, "withdraw_post")
    return job, ending


def texts(world: World) -> list[str]:
    return [message.content for message in world.posted()]


async def test_it_is_deleted_at_its_time_with_no_right_but_to_see_it(world: World) -> None:
    _, ending = await a_post(world)
    (message,) = world.posted()
    assert ending.next_run_at == message.created_at.replace(microsecond=0) + timedelta(hours=2)
    give_the_bot(world, discord.Permissions(view_channel=True))
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.error is None and texts(world) == []
    await until(lambda: _nothing_owed(world))
    assert not await world.bot.memory.notes(FOLLOW_UP)


async def _nothing_owed(world: World) -> bool:
    return not await world.bot.memory.notes(DEBT)


async def test_it_is_deleted_after_a_restart(world: World) -> None:
    _, ending = await a_post(world)
    await world.restart_bot()
    await composing(world)
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None and texts(world) == []


async def test_one_that_somebody_deleted_is_fine(world: World) -> None:
    _, ending = await a_post(world)
    world.env.backend.delete_message(world.channel.id, world.posted()[0].id)
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None


async def test_a_post_that_was_replaced_owes_nothing(world: World) -> None:
    job, _ = await a_post(world, replace=True)
    assert (await result(world, job)).error is None
    (ending,) = await endings(world, "withdraw_post")
    (message,) = world.posted()
    assert str(message.id) in ending.params["message_url"]


async def test_the_card_says_what_is_owed_and_what_stays(world: World) -> None:
    job, ending = await a_post(world)
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    assert "Delete the post in #general" in said(shown), said(shown)
    shown = await world.admin.slash(world.channel, "schedule cancel", job=ending.id)
    assert "The post stays until someone deletes it." in said(shown), said(shown)


async def test_a_person_cannot_have_another_ones_post_deleted(world: World) -> None:
    await world.plain.send(world.channel, "Mine")
    message = world.channel.history()[0]
    job = await world.schedule("withdraw_post", {"message_url": message.jump_url}, "in 3 days")
    run = await result(world, job)
    assert code_of(run.error) == "not_my_post_to_delete", run
    forged = replace(job, id="", creator_id=str(world.plain.id))
    client = world.bot.services.client
    run = await result(world, await client.create(forged, str(world.plain.id)))
    assert run.error is not None and [item.content for item in world.channel.history()] == ["Mine"]
