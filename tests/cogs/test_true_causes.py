"""What stops a job is named as it is: a timeout or a lock, not a permission that nobody took away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord.backend import serializers

from schedulezero.model import RunState
from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, said


async def run_now(world: World, job_id: str) -> Any:
    await world.admin.slash(world.channel, "schedule run", job=job_id)

    async def ended() -> Any:
        page = await world.bot.services.client.runs(str(world.guild.id), job_id=job_id)
        return page.runs[0] if page.runs and page.runs[0].state is not RunState.QUEUED else None

    return await until(ended)


async def time_out(world: World, user_id: int) -> None:
    """Time somebody out.

    Discord sends a bot the updates of its own member without the members intent, and simcord doesn't
    (https://discord.com/developers/docs/events/gateway#gateway-intents).
    """
    backend, ends = world.env.backend, discord.utils.utcnow() + timedelta(hours=1)
    member = backend.edit_member(world.guild.id, user_id, {"timed_out_until": ends.isoformat()})
    if user_id == backend.bot_user.id:
        guild = backend.get_guild(world.guild.id)
        found = serializers.member_payload(backend, guild, member)
        payload: Any = {**found, "guild_id": str(guild.id)}
        world.bot._connection.parse_guild_member_update(payload)
    await world.env.settle()


async def test_a_bot_in_timeout_does_not_ask_for_permissions(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    await time_out(world, world.env.backend.bot_user.id)
    run = await run_now(world, job_id)
    assert run.state is RunState.FAILED and "I'm timed out in this server until <t:" in run.error
    assert "Send Messages" not in run.error


async def test_a_creator_in_timeout_is_told_so(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.moderator, "send_announcement", values, "every monday at 9")
    await time_out(world, world.moderator.id)
    run = await run_now(world, job_id)
    assert run.state is RunState.FAILED and "is timed out in this server until" in run.error


@pytest.mark.parametrize("method", ["send_announcement", "send_poll"])
async def test_a_locked_thread_is_named(world: World, method: str) -> None:
    made = await world.run("create_thread", {"channel_id": world.channel.id, "title": "Talk"})
    thread_id = int(made["channel_id"])
    await world.run("set_thread", {"thread_id": thread_id, "state": "closed"})
    role = world.env.backend.get_guild(world.guild.id).members[world.env.backend.bot_user.id].role_ids[0]
    held = discord.Permissions(world.env.backend.get_role(world.guild.id, role).permissions)
    held.update(manage_threads=False, administrator=False)
    world.env.backend.edit_role(world.guild.id, role, {"permissions": held.value})
    await world.env.settle()
    more = {"message": "Hello"} if method == "send_announcement" else {"question": "Q", "answers": "A"}
    job = await world.schedule(method, {"channel_id": str(thread_id), **more}, "in 2 hours")
    run = await run_now(world, job.id)
    assert run.state is RunState.FAILED, run
    assert f"I can't post in <#{thread_id}>: it is locked" in run.error
    card = await world.admin.slash(world.channel, "schedule show", job=job.id)
    assert "it is locked" in text_of(card.response) or "it is locked" in said(card)
