"""The endings of jobs that were created over REST, without a guild, are owed like all others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest

from cogs.debts_cog import DebtsCog
from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.methods.note_kinds import DEBT, DEBT_CLOSED, DEBT_TRIED
from schedulezero.model import RunState
from sprockets.kit.follow_up import DONE
from tests.conftest import until
from tests.support.granting import give_the_bot
from tests.support.refusing import refusing
from tests.support.world import World

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)


def delay(world: World) -> int:
    return world.env.backend.channels[world.channel.id].rate_limit_per_user


async def failure(world: World, job_id: str) -> str:
    """Wait until a run of a job has failed, and return its error."""

    async def look() -> str | None:
        found = await world.bot.services.client.runs(None, job_id=job_id, state=RunState.FAILED)
        return found.runs[0].error if found.runs else None

    return await until(look)


async def a_slow_mode(world: World) -> str:
    """Set a slow mode for two hours without a guild, and return the id of its ending."""
    give_the_bot(world, EVERYTHING)
    client = world.bot.services.client
    params = {"channel_id": str(world.channel.id), "seconds": 30, "lasts": "2h"}
    job = await world.schedule("set_slowmode", params, "in 3 days")
    job = await client.create(replace(job, id="", guild_id=None, creator_id=None))
    await client.run(job)

    async def is_made() -> str | None:
        debts = await world.bot.memory.notes(DEBT)
        return next((key for key, value in debts.items() if value["left"].get(DONE)), None)

    ending = await until(is_made)
    assert delay(world) == 30
    return ending


async def test_one_that_failed_is_tried_again(world: World) -> None:
    ending = await a_slow_mode(world)
    with refusing(world, "PATCH", rf"/channels/{world.channel.id}"):
        await world.advance(hours=3)
        noted = await until(lambda: world.bot.memory.kept(DEBT_TRIED, ending))
    ago = to_iso(instants.now() - timedelta(minutes=2))
    await world.bot.memory.put(DEBT_TRIED, ending, {**noted, "at": ago})
    cog = world.bot.get_cog("DebtsCog")
    assert isinstance(cog, DebtsCog)
    await cog.look()
    await until(lambda: delay(world) == 0)


async def test_one_that_is_settled_does_nothing_any_more(world: World) -> None:
    ending = await a_slow_mode(world)
    await world.advance(hours=3)
    await until(lambda: world.bot.memory.kept(DEBT_CLOSED, ending))
    world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": 300})
    await world.env.settle()
    client = world.bot.services.client
    await client.run(await client.job(ending, None))
    assert "already over" in await failure(world, ending)
    assert delay(world) == 300
