"""An ending undoes what its run did, and not what somebody else does after the run was refused."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from schedulezero.model import Job, RunState
from tests.conftest import until
from tests.support.for_a_while import (
    LOCKED,
    bears,
    by_hand,
    endings,
    is_locked,
    over,
    overwrite_of,
    result,
    scheduled,
)
from tests.support.granting import give_the_bot
from tests.support.refusing import an_outage, refusing
from tests.support.world import World

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)
BUT_THE_LOG = discord.Permissions(manage_roles=True, view_channel=True, send_messages=True)


def set_delay(world: World, seconds: int) -> None:
    world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": seconds})


def delay(world: World) -> int:
    return world.env.backend.channels[world.channel.id].rate_limit_per_user


async def ended(world: World, method: str) -> str:
    """Let the one ending come, and return what it says."""
    (ending,) = await endings(world, method)
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.state is RunState.SUCCEEDED, run
    return (run.result or {})["message"]


async def slow_mode(world: World, seconds: int = 30) -> Job:
    return await scheduled(world, world.admin, "set_slowmode", {"seconds": seconds, "lasts": "2h"})


async def test_a_slow_mode_that_was_refused_and_set_by_hand_stays(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    with refusing(world, "PATCH", rf"/channels/{world.channel.id}"):
        assert (await result(world, await slow_mode(world))).error is not None
    set_delay(world, 30)
    await world.env.settle()
    assert "never set" in await ended(world, "set_slowmode")
    assert delay(world) == 30


async def test_a_slow_mode_that_was_refused_and_then_retried_ends(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    job = await slow_mode(world)
    with refusing(world, "PATCH", rf"/channels/{world.channel.id}"):
        refused = await result(world, job)
    await world.bot.services.client.make_up(job.id, [refused.scheduled_at])
    await until(lambda: delay(world) == 30)
    assert (await over(world, job, refused.id)).error is None
    await ended(world, "set_slowmode")
    assert delay(world) == 0


async def test_a_slow_mode_that_a_newer_one_failed_to_replace_ends(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    assert (await result(world, await slow_mode(world, 30))).error is None
    with refusing(world, "PATCH", rf"/channels/{world.channel.id}"):
        assert (await result(world, await slow_mode(world, 60))).error is not None
    await ended(world, "set_slowmode")
    assert delay(world) == 0


async def test_a_slow_mode_that_may_have_been_set_before_the_refusal_ends(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    path = rf"/channels/{world.channel.id}"
    job = await slow_mode(world)
    with (
        refusing(world, "PATCH", path, which=lambda number: number > 1),
        refusing(world, "PATCH", path, an_outage, which=lambda number: number == 1, after=True),
    ):
        started = await world.bot.services.client.run(job)
        await until(lambda: delay(world) == 30)
        await world.advance(seconds=30)
        assert (await over(world, job, started.id)).error is not None
    assert delay(world) == 30
    await ended(world, "set_slowmode")
    assert delay(world) == 0


async def test_a_role_that_was_refused_and_given_by_hand_stays(world: World) -> None:
    give_the_bot(world, BUT_THE_LOG)
    role = world.guild.create_role("Guests")
    world.env.backend.reorder_roles(world.guild.id, [{"id": str(role.id), "position": 1}])
    params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    job = await world.schedule("give_role_for", {**params, "lasts": "2h"}, "in 3 days")
    with refusing(world, "PUT", rf"/guilds/\d+/members/{world.plain.id}/roles/{role.id}"):
        assert (await result(world, job)).error is not None
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    await world.env.settle()
    await ended(world, "remove_role_scheduled")
    assert bears(world, world.plain, role)


async def test_a_lock_that_was_refused_and_made_by_hand_stays(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    job = await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2h"})
    with refusing(world, "PUT", rf"/channels/{world.channel.id}/permissions/.*"):
        assert (await result(world, job)).error is not None
    await by_hand(world, world.channel.id, world.guild.default_role, **dict.fromkeys(LOCKED, False))
    await ended(world, "unlock_channel")
    assert is_locked(world, world.channel.id)


async def test_half_a_lock_is_undone(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    writers = world.guild.create_role("Writers")
    await by_hand(world, world.channel.id, writers, send_messages=True)
    before: Any = [overwrite_of(world, world.channel.id, item) for item in (writers.id, world.guild.id)]
    job = await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2h"})
    with refusing(
        world, "PUT", rf"/channels/{world.channel.id}/permissions/.*", which=lambda number: number == 2
    ):
        assert (await result(world, job)).error is not None
    await ended(world, "unlock_channel")
    after = [overwrite_of(world, world.channel.id, item) for item in (writers.id, world.guild.id)]
    assert after == before
