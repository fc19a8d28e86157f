"""Shared test helpers: WEEKLY, a_job, at_once, began, click, now, run_now, runs, scheduler."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
import simcord
import simcord.actors

from cogs.desk.kit.components import DeskButton
from schedulezero.model import Job, Trigger
from tests.support.foreign_guild import forged
from tests.support.granting import give_the_bot, let_everybody_use
from tests.support.world import World, labels, said

WEEKLY = Trigger("cron", {"day_of_week": "mon", "hour": 9, "minute": 0})


async def scheduler(world: World, **rights: bool) -> simcord.MemberActor:
    """Return a member whose role may schedule and has the given permissions."""
    role = world.guild.create_role("Schedulers", permissions=discord.Permissions(**rights))
    memory = world.bot.memory
    settings = await memory.settings(world.guild.id)
    roles = (*settings.manager_role_ids, str(role.id))
    await memory.save_settings(world.guild.id, replace(settings, manager_role_ids=roles))
    let_everybody_use(world, "schedule")
    return world.guild.add_member(world.env.create_user("sam"), roles=[role])


async def a_job(world: World, **given: Any) -> Job:
    """Create the administrator's job, which pings everyone in a channel that only the administrator sees."""
    give_the_bot(world, discord.Permissions(administrator=True))
    hidden = world.guild.create_text_channel(
        "council", overwrites={world.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    )
    await world.env.settle()
    options: dict[str, Any] = {
        "id": "",
        "handler_id": world.settings.handler_id,
        "method": "send_announcement",
        "params": {"channel_id": str(hidden.id), "message": "Council", "everyone": True},
        "trigger": WEEKLY,
        "name": "Council",
        "guild_id": str(world.guild.id),
        "creator_id": str(world.admin.id),
    }
    return await world.bot.services.client.create(Job(**{**options, **given}), str(world.admin.id))


async def now(world: World, job: Job) -> Job:
    return await world.bot.services.client.job(job.id, str(world.guild.id))


async def runs(world: World, job: Job) -> int:
    return len((await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs)


async def click(
    world: World, who: simcord.MemberActor, panel: str, name: str, target: str
) -> simcord.InteractionResult:
    message = await forged(world, world.channel, DeskButton(panel, name, target, "Forged"))
    return await who.click(message, label="Forged")


async def run_now(world: World, who: simcord.MemberActor, job: Job) -> str:
    """Click *Run now*, confirm it if asked, and return what the person then reads."""
    answer = await click(world, who, "job", "run", job.id)
    if answer.response is not None and "Run it now" in labels(answer.response):
        await who.click(answer.response, label="Run it now")
    return said(answer)


def began(text: str) -> bool:
    """Return whether a card says that a run was started, or what it came to already."""
    return any(heading in text for heading in ("Started: ", "Running: ", "Ran: ", "Failed: "))


async def at_once(who: Any, message: Any, times: int, **which: str) -> list[Any]:
    """Several clicks that Discord sends before the first one is answered."""
    tap = simcord.actors._component_click  # pyright: ignore[reportPrivateUsage]
    given = {"label": None, "custom_id": None, **which}
    return await asyncio.gather(*(tap(who, message, **given) for _ in range(times)))
