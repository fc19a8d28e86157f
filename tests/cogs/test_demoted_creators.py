"""A job whose creator lost their rights: what others can do with it, and in whose name it runs then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from schedulezero.model import Job, JobState
from tests.conftest import until
from tests.support.acting import a_job, began, click, now, run_now, scheduler
from tests.support.text import text_of
from tests.support.world import World, press, said


async def a_demoted_creators_job(world: World) -> tuple[Job, simcord.MemberActor]:
    """A job that pings everyone, of somebody who may still schedule but ping nobody any more."""
    role = world.guild.create_role(
        "Heralds", permissions=discord.Permissions(manage_guild=True, mention_everyone=True)
    )
    creator = world.guild.add_member(world.env.create_user("hera"), roles=[role])
    loud = {"channel_id": str(world.channel.id), "message": "All hands", "everyone": True}
    job = await a_job(world, params=loud, name="All hands", creator_id=str(creator.id))
    value = discord.Permissions(manage_guild=True).value
    world.env.backend.edit_role(world.guild.id, role.id, {"permissions": value})
    await world.env.settle()
    return job, creator


async def ended(world: World, job: Job, number: int) -> Any:
    """The newest run, once there are so many and all have ended."""

    async def look() -> Any:
        found = (await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs
        over = len(found) == number and all(run.finished_at is not None for run in found)
        return max(found, key=lambda run: run.scheduled_at) if over else None

    return await until(look)


def posts(world: World) -> list[str]:
    return [message.content for message in world.channel.history() if "All hands" in message.content]


@pytest.mark.long
async def test_it_does_not_run_in_their_name_whoever_runs_or_resumes_it(world: World) -> None:
    job, creator = await a_demoted_creators_job(world)
    assert began(await run_now(world, world.admin, job))
    run = await ended(world, job, 1)
    assert f"<@{creator.id}>, who created this job" in run.error and "Mention @everyone" in run.error
    assert (await now(world, job)).state is JobState.PAUSED
    assert "Resumed" in said(await click(world, world.admin, "job", "resume", job.id))
    resumed = await now(world, job)
    assert resumed.creator_id == str(creator.id)  # resuming writes nothing, so it is still theirs
    await run_now(world, world.admin, job)
    assert "they don't have *Mention" in (await ended(world, job, 2)).error
    assert (await now(world, job)).state is JobState.PAUSED and posts(world) == []


@pytest.mark.long
async def test_the_demoted_creator_and_others_without_the_right_only_stop_it(world: World) -> None:
    job, creator = await a_demoted_creators_job(world)
    sam = await scheduler(world)
    for who in (creator, sam):
        assert "you don't have *Mention @everyone" in said(await click(world, who, "job", "run", job.id))
        assert "Paused" in said(await click(world, who, "job", "pause", job.id))
        assert "you don't have *Mention @everyone" in said(await click(world, who, "job", "resume", job.id))
        await world.bot.services.client.resume(job.id, str(world.admin.id))
    assert (await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs == ()


async def test_whoever_edits_it_and_has_the_right_makes_it_run_again(world: World) -> None:
    job, _ = await a_demoted_creators_job(world)
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    form = await press(world.admin, shown, ".what")
    await world.admin.submit_modal(form, {"p:message": "All hands on deck"})
    await world.admin.click(shown, label="Save the change")
    assert (await now(world, job)).creator_id == str(world.admin.id)
    await run_now(world, world.admin, job)
    assert (await ended(world, job, 1)).state == "succeeded" and len(posts(world)) == 1


@pytest.mark.long
async def test_who_lacks_the_right_edits_it_only_into_what_they_may_do(world: World) -> None:
    job, _ = await a_demoted_creators_job(world)
    sam = await scheduler(world)
    shown: Any = (await sam.slash(world.channel, "schedule edit", job=job.id)).response
    form = await press(sam, shown, ".what")
    await sam.submit_modal(form, {"p:message": "All hands, please"})
    assert "you don't have *Mention @everyone" in text_of(shown)
    await sam.click(shown, label="Save the change")
    assert (await now(world, job)).version == job.version
    form = await press(sam, shown, ".what")
    await sam.submit_modal(form, {"p:message": "All hands, please", "p:everyone": False})
    await sam.click(shown, label="Save the change")
    quiet = await now(world, job)
    assert quiet.creator_id == str(sam.id) and not quiet.params.get("everyone")


async def test_a_name_alone_changes_neither_the_creator_nor_what_the_run_comes_to(world: World) -> None:
    job, creator = await a_demoted_creators_job(world)
    renamed = await world.bot.services.client.change(
        replace(job, name="Renamed"), job.version, str(world.admin.id)
    )
    assert renamed.creator_id == str(creator.id)
    await run_now(world, world.admin, job)
    assert "they don't have *Mention" in (await ended(world, job, 1)).error
