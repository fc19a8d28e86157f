"""What a job names must belong to its guild, also when it came over REST with forged metadata."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from schedulezero.model import Job, Run, Trigger
from tests.conftest import until
from tests.support.foreign_guild import Foreign
from tests.support.granting import give_the_bot
from tests.support.world import World

NEVER = Trigger("date", {"run_date": "2099-01-01T00:00:00Z"})


async def forged_run(
    world: World, method: str, params: dict[str, Any], *, guild_id: int, creator_id: int
) -> tuple[Run, Job]:
    """Makes a job over REST as a program with a token could, runs it, and returns what became of both."""
    give_the_bot(world, discord.Permissions(administrator=True))
    client = world.bot.services.client
    job = await client.create(
        Job(
            id="",
            handler_id=world.settings.handler_id,
            method=method,
            params=params,
            trigger=NEVER,
            guild_id=str(guild_id),
            creator_id=str(creator_id),
        )
    )
    await client.run(job)

    async def ended() -> Run | None:
        runs = (await client.runs(str(guild_id), job_id=job.id)).runs
        return runs[0] if runs and runs[0].state.value != "queued" else None

    run = await until(ended)
    return run, await client.job(job.id, str(guild_id))


@pytest.mark.long
async def test_a_channel_of_another_guild(world: World) -> None:
    foreign = Foreign(world)
    run, job = await forged_run(
        world,
        "send_announcement",
        {"channel_id": str(world.channel.id), "message": "from elsewhere"},
        guild_id=foreign.guild.id,
        creator_id=foreign.eve.id,
    )
    assert run.state == "failed" and "isn't in this server" in (run.error or "")
    assert job.state == "paused" and world.channel.history() == []


async def test_a_creator_who_is_not_of_that_guild(world: World) -> None:
    foreign = Foreign(world)
    run, job = await forged_run(
        world,
        "send_announcement",
        {"channel_id": str(world.channel.id), "message": "by a stranger"},
        guild_id=world.guild.id,
        creator_id=foreign.eve.id,
    )
    assert run.state == "failed" and "is no longer in this server" in (run.error or "")
    assert job.state == "paused" and world.channel.history() == []


@pytest.mark.parametrize("what", ["guild", "role", "member"])
async def test_a_guild_a_role_or_a_person_of_another_guild(world: World, what: str) -> None:
    foreign = Foreign(world)
    stranger = foreign.guild.add_member(world.env.create_user("stranger"))
    theirs = foreign.guild.create_role("Theirs")
    ours = world.guild.create_role("Ours")
    params: dict[str, Any] = {
        "guild_id": str(foreign.guild.id if what == "guild" else world.guild.id),
        "user_ids": [str(stranger.id)],
        "role_id": str(theirs.id if what == "role" else ours.id),
    }
    run, _ = await forged_run(
        world, "add_role_scheduled", params, guild_id=world.guild.id, creator_id=world.admin.id
    )
    assert run.state == "failed"
    member = world.env.backend.get_guild(foreign.guild.id).members[stranger.id]
    assert theirs.id not in member.role_ids


async def test_a_direct_message_to_somebody_elsewhere(world: World) -> None:
    foreign = Foreign(world)
    run, _ = await forged_run(
        world,
        "send_dm",
        {"user_id": str(foreign.eve.id), "message": "psst"},
        guild_id=world.guild.id,
        creator_id=world.admin.id,
    )
    assert run.state == "failed" and "isn't in this server" in (run.error or "")


@pytest.mark.long
async def test_a_sprocket_that_declares_nothing_is_held_to_its_guild_too(world: World) -> None:
    called: list[dict[str, Any]] = []

    async def bare(bot: Any, params: dict[str, Any]) -> None:
        called.append(params)

    world.handler.register_sprocket("bare", bare)
    await world.handler.refresh()
    foreign = Foreign(world)
    for params in (
        {"channel_id": str(world.channel.id)},
        {"log_channel_id": world.channel.id},
        {"channel_ids": [str(world.channel.id)]},
        {"guild_id": str(world.guild.id)},
        {"role_id": str(world.guild.create_role("Ours").id)},
    ):
        run, job = await forged_run(
            world, "bare", params, guild_id=foreign.guild.id, creator_id=foreign.eve.id
        )
        assert (run.state.value, job.state.value) == ("failed", "paused"), params
    assert called == []


@pytest.mark.long
async def test_a_variable_pings_nobody(world: World) -> None:
    world.env.backend.edit_guild(world.guild.id, {"name": f"<@{world.plain.id}> @everyone"})
    await world.env.settle()
    await forged_run(
        world,
        "send_announcement",
        {"channel_id": str(world.channel.id), "message": "Hello {server}"},
        guild_id=world.guild.id,
        creator_id=world.admin.id,
    )
    asked = [
        entry.json
        for entry in world.env.backend.http_requests
        if entry.method == "POST" and entry.path == f"/channels/{world.channel.id}/messages"
    ]
    assert asked and all(
        not body["allowed_mentions"].get("users") and "everyone" not in body["allowed_mentions"]["parse"]
        for body in asked
        if body is not None
    )
