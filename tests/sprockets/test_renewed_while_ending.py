"""A change that is renewed while the end of the one before is under way holds."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from schedulezero.model import Job
from tests.conftest import until
from tests.support.for_a_while import a_role_for_a_while, bears, endings, over, result, scheduled
from tests.support.granting import give_the_bot
from tests.support.refusing import holding
from tests.support.world import World

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)


async def renewed_meanwhile(world: World, ending: Job, renewal: Job, method: str, path: str) -> None:
    """Run an ending early, and order the same change again while its request is held back."""
    client = world.bot.services.client
    with holding(world, method, path) as (came, go):
        await client.run(ending)
        await until(came.is_set)
        started = await client.run(renewal)
        assert (await over(world, renewal, started.id)).error is None
        go.set()
        await world.env.settle()


async def test_a_role(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    renewal = await world.schedule("give_role_for", {**params, "lasts": "2h"}, "in 3 days")
    path = rf"/guilds/\d+/members/{world.plain.id}/roles/{role.id}"
    await renewed_meanwhile(world, ending, renewal, "DELETE", path)
    assert bears(world, world.plain, role)
    (new,) = await endings(world, "remove_role_scheduled")
    assert new.id != ending.id


async def test_a_slow_mode(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    job = await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"})
    assert (await result(world, job)).error is None
    (ending,) = await endings(world, "set_slowmode")
    renewal = await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"})
    await renewed_meanwhile(world, ending, renewal, "PATCH", rf"/channels/{world.channel.id}")
    channel: Any = world.env.backend.channels[world.channel.id]
    assert channel.rate_limit_per_user == 30
    (new,) = await endings(world, "set_slowmode")
    assert new.id != ending.id and new.params["seconds"] == 0
