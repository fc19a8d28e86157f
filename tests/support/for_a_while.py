"""What is given or set for a while in the simulated guild, and what of it still stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import simcord

from schedulezero.client.dialect import JobQuery
from schedulezero.model import Job, JobState, Run
from tests.conftest import until
from tests.support.acting import scheduler
from tests.support.world import World

LOCKED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")


async def a_keeper(world: World) -> simcord.MemberActor:
    """Return somebody who may schedule, lock channels and give roles."""
    return await scheduler(world, manage_guild=True, manage_channels=True, manage_roles=True)


async def scheduled(
    world: World, creator: simcord.MemberActor, method: str, params: dict[str, Any], when: str = "in 3 days"
) -> Job:
    job = await world.schedule(method, {"channel_id": str(world.channel.id), **params}, when)
    client = world.bot.services.client
    return await client.create(replace(job, id="", creator_id=str(creator.id)), str(creator.id))


async def result(world: World, job: Job) -> Run:
    """Run a job now and return its run once it is over."""
    client = world.bot.services.client
    started = await client.run(job)
    return await over(world, job, started.id)


async def over(world: World, job: Job, run_id: str | None = None) -> Run:
    async def look() -> Run | None:
        found = (await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs
        found = [run for run in found if run_id in (None, run.id)]
        return found[0] if found and found[0].finished_at is not None else None

    return await until(look)


async def endings(world: World, method: str) -> list[Job]:
    query = JobQuery(method=method, state=JobState.ACTIVE)
    found = (await world.bot.services.client.jobs(str(world.guild.id), query)).jobs
    return [job for job in found if job.id.startswith("after-")]


def overwrite_of(world: World, channel_id: int, target_id: int) -> tuple[int, int]:
    found = [o for o in world.env.backend.channels[channel_id].overwrites if o.target_id == target_id]
    return (found[0].allow, found[0].deny) if found else (0, 0)


def is_locked(world: World, channel_id: int) -> bool:
    deny = discord.Permissions(overwrite_of(world, channel_id, world.guild.id)[1])
    return all(getattr(deny, name) for name in LOCKED)


def bears(world: World, who: simcord.MemberActor, role: simcord.RoleHandle) -> bool:
    return role.id in world.env.backend.get_guild(world.guild.id).members[who.id].role_ids


async def by_hand(
    world: World, channel_id: int, target: Any, *, member: bool = False, **permissions: bool
) -> None:
    """Set an overwrite as a person does in Discord's settings."""
    allow, deny = discord.PermissionOverwrite(**permissions).pair()
    models: Any = simcord.backend.models.channel
    kind = models.OverwriteType.MEMBER if member else models.OverwriteType.ROLE
    model = models.Overwrite(target.id, kind, allow.value, deny.value)
    world.env.backend.set_overwrite(channel_id, model)
    await world.env.settle()


async def a_role_for_a_while(world: World, creator: simcord.MemberActor) -> tuple[simcord.RoleHandle, Job]:
    role = world.guild.create_role("Guests")
    world.env.backend.reorder_roles(world.guild.id, [{"id": str(role.id), "position": 1}])
    params = {
        "guild_id": str(world.guild.id),
        "user_ids": [str(world.plain.id)],
        "role_id": str(role.id),
        "lasts": "2h",
    }
    job = await world.schedule("give_role_for", params, "in 3 days")
    client = world.bot.services.client
    job = await client.create(replace(job, id="", creator_id=str(creator.id)), str(creator.id))
    run = await result(world, job)
    assert run.error is None and bears(world, world.plain, role), run
    (ending,) = await endings(world, "remove_role_scheduled")
    return role, ending


def note_in_the_audit_log(world: World, by: int, target: int, change: dict[str, Any]) -> None:
    """Record what a person did; simcord's backend records only what comes in over HTTP."""
    world.env.backend.record_audit_log(
        world.guild.id, discord.AuditLogAction.member_role_update.value, user_id=by, target_id=target,
        changes=[change],
    )  # fmt: skip
