"""Endings come, whoever left; they undo only what is still as it was left; nobody can forge one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero.model import GuildRules, Job, JobState, Run, Trigger
from tests.conftest import until
from tests.support.acting import click
from tests.support.for_a_while import (
    LOCKED,
    a_keeper,
    a_role_for_a_while,
    bears,
    by_hand,
    endings,
    is_locked,
    note_in_the_audit_log,
    over,
    result,
    scheduled,
)
from tests.support.world import World, said

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]


# ------------------------------------------------------------------ an ending is owed


@pytest.mark.parametrize("fate", ["left", "demoted"])
async def test_a_role_is_taken_back_whatever_became_of_its_giver(world: World, fate: str) -> None:
    role, ending = await a_role_for_a_while(world, world.admin)
    if fate == "left":
        world.guild.remove_member(world.admin)
    else:
        world.env.backend.edit_member(world.guild.id, world.admin.id, {"role_ids": []})
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.error is None and not bears(world, world.plain, role), run


async def test_a_slow_mode_and_a_lock_end_after_their_maker_left(world: World) -> None:
    keeper = await a_keeper(world)
    for method, params in (
        ("set_slowmode", {"seconds": 30, "lasts": "2h"}),
        ("lockdown_channel", {"lasts": "2 hours"}),
    ):
        run = await result(world, await scheduled(world, keeper, method, params))
        assert run.error is None, run
    channel: Any = world.bot.get_channel(world.channel.id)
    assert channel.slowmode_delay == 30 and is_locked(world, channel.id)
    world.guild.remove_member(keeper)
    await world.advance(hours=3)
    await until(lambda: channel.slowmode_delay == 0 and not is_locked(world, channel.id))


async def test_an_ending_comes_in_quiet_hours_and_beyond_the_hourly_limit(world: World) -> None:
    role, _ = await a_role_for_a_while(world, world.admin)
    begins = (world.clock() + timedelta(hours=1)).time()
    rules = GuildRules(
        str(world.guild.id),
        quiet_from=begins,
        quiet_to=(world.clock() + timedelta(hours=9)).time(),
        most_runs_an_hour=1,
    )
    await world.bot.services.client.save_rules(rules)
    await world.advance(hours=2, minutes=1)
    await until(lambda: not bears(world, world.plain, role))


@pytest.mark.parametrize("gone", ["person", "role", "taken"])
async def test_nothing_left_to_take_back_is_success(world: World, gone: str) -> None:
    role, ending = await a_role_for_a_while(world, world.admin)
    if gone == "person":
        world.guild.remove_member(world.plain)
    elif gone == "role":
        world.env.backend.delete_role(world.guild.id, role.id)
    else:
        world.env.backend.remove_member_role(world.guild.id, world.plain.id, role.id)
    await world.env.settle()
    await world.advance(hours=3)
    run = await over(world, ending)
    message = (run.result or {})["message"]
    assert run.error is None and ("nothing to remove" in message), run


@pytest.mark.parametrize("method", ["set_slowmode", "lockdown_channel"])
async def test_an_ending_of_a_deleted_channel_is_success(world: World, method: str) -> None:
    params = {"lasts": "2h", **({"seconds": 30} if method == "set_slowmode" else {})}
    away = world.guild.create_text_channel("away")
    await world.env.settle()
    job = await world.schedule(method, {"channel_id": str(away.id), **params}, "in 3 days")
    assert (await result(world, job)).error is None
    (ending,) = await endings(world, "set_slowmode" if method == "set_slowmode" else "unlock_channel")
    world.env.backend.delete_channel(away.id)
    await world.env.settle()
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.error is None and "no longer exists" in (run.result or {})["message"], run


async def test_an_unlock_that_somebody_planned_comes_after_they_left(world: World) -> None:
    keeper = await a_keeper(world)
    opening = await scheduled(world, keeper, "unlock_channel", {})
    assert (await result(world, await scheduled(world, keeper, "lockdown_channel", {}))).error is None
    world.guild.remove_member(keeper)
    run = await result(world, opening)
    assert run.error is None and not is_locked(world, world.channel.id)
    # Without a lock it ends nothing, and is a job like any other again.
    run = await result(world, opening)
    assert run.error is not None and "no longer in this server" in run.error


async def test_an_ending_can_only_be_run_or_called_off(world: World) -> None:
    _, ending = await a_role_for_a_while(world, world.admin)
    for name in ("edit", "pause", "skip"):
        answer = said(await click(world, world.admin, "job", name, ending.id))
        assert "can't be changed, only run now or cancelled" in answer, (name, answer)
    assert "Only the creator of" in said(await click(world, world.moderator, "job", "cancel", ending.id))
    client = world.bot.services.client
    assert (await client.job(ending.id, str(world.guild.id))).state is JobState.ACTIVE


# ------------------------------------------------------------------ an ending can't be forged


async def forged_run(world: World, job: Job) -> Run:
    saved = await world.bot.services.client.create(job)
    return await result(world, saved)


async def test_a_job_that_only_looks_like_an_ending_needs_its_creators_rights(world: World) -> None:
    role, ending = await a_role_for_a_while(world, world.admin)
    nobody = str(world.plain.id)
    copies = (
        replace(ending, id="after-0123456789abcdef01234567", creator_id=nobody),
        replace(ending, id="", creator_id=nobody),
        replace(ending, id="after-x", creator_id=nobody, method="add_role_scheduled"),
    )
    for copy in copies:
        run = await forged_run(world, replace(copy, trigger=Trigger("date", {"run_date": "2099-01-01"})))
        assert run.error is not None and "can no longer schedule here" in run.error, run
    assert bears(world, world.plain, role)


async def test_an_ending_that_a_client_edited_is_no_ending_any_more(world: World) -> None:
    _, ending = await a_role_for_a_while(world, world.admin)
    params = {**ending.params, "user_ids": [str(world.moderator.id)]}
    client = world.bot.services.client
    edited = await client.change(replace(ending, params=params), ending.version)
    world.guild.remove_member(world.admin)
    run = await result(world, edited)
    assert run.error is not None and "no longer in this server" in run.error


# ------------------------------------------------------------------ only what still is as we set it


async def test_a_slow_mode_that_a_moderator_raised_stays(world: World) -> None:
    job = await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"})
    await result(world, job)
    (ending,) = await endings(world, "set_slowmode")
    world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": 300})
    await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    channel: Any = world.bot.get_channel(world.channel.id)
    assert channel.slowmode_delay == 300


async def test_a_slow_mode_for_good_calls_the_ending_off(world: World) -> None:
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"}))
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 30}))
    assert await endings(world, "set_slowmode") == []


async def test_what_a_moderator_set_within_a_slow_mode_comes_back_after_the_next(world: World) -> None:
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"}))
    world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": 300})
    await world.env.settle()
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 60, "lasts": "1h"}))
    (ending,) = await endings(world, "set_slowmode")
    assert ending.params["seconds"] == 300


@pytest.mark.parametrize("how", ["job", "hand"])
async def test_a_role_that_was_given_for_good_meanwhile_stays(world: World, how: str) -> None:
    role, ending = await a_role_for_a_while(world, world.admin)
    if how == "job":
        params = {
            "guild_id": str(world.guild.id),
            "user_ids": [str(world.plain.id)],
            "role_id": str(role.id),
        }
        job = await world.schedule("add_role_scheduled", params, "in 3 days")
        assert (await result(world, job)).error is None
        assert await endings(world, "remove_role_scheduled") == []
        await world.advance(hours=3)
    else:
        backend: Any = world.env.backend
        backend.edit_role(
            world.guild.id,
            backend.get_guild(world.guild.id).members[backend.bot_user.id].role_ids[0],
            {"permissions": discord.Permissions(administrator=True).value},
        )
        backend.remove_member_role(world.guild.id, world.plain.id, role.id)
        backend.add_member_role(world.guild.id, world.plain.id, role.id)
        change = {"key": "$add", "new_value": [{"id": str(role.id), "name": role.name}]}
        note_in_the_audit_log(world, world.moderator.id, world.plain.id, change)
        await world.env.settle()
        await world.advance(hours=3)
        assert (await over(world, ending)).error is None
    assert bears(world, world.plain, role)


async def test_a_lock_that_was_lifted_by_hand_restores_nothing_later(world: World) -> None:
    channel = world.guild.create_text_channel("plaza")
    await world.env.settle()
    everyone = world.guild.default_role
    for undo in ("plain", "ending"):
        lasts = {"lasts": "2h"} if undo == "ending" else {}
        job = await world.schedule("lockdown_channel", {"channel_id": str(channel.id), **lasts}, "in 3 days")
        assert (await result(world, job)).error is None and is_locked(world, channel.id)
        await by_hand(world, channel.id, everyone)  # lifted
        # Weeks later it is a channel to read, shut by hand exactly as a lock would.
        await by_hand(world, channel.id, everyone, **dict.fromkeys(LOCKED, False))
        if undo == "ending":
            (ending,) = await endings(world, "unlock_channel")
            await world.advance(hours=3)
            run = await over(world, ending)
        else:
            job = await world.schedule("unlock_channel", {"channel_id": str(channel.id)}, "in 3 days")
            run = await result(world, job)
        assert run.error is None and "by hand" in (run.result or {})["message"], run
        assert is_locked(world, channel.id)
        await by_hand(world, channel.id, everyone)


async def test_a_lock_for_good_calls_the_end_of_a_shorter_one_off(world: World) -> None:
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2h"}))
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {}))
    assert await endings(world, "unlock_channel") == [] and is_locked(world, world.channel.id)


async def test_a_thread_is_closed_again_unless_somebody_closed_it_first(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    thread = await channel.create_thread(name="Talk", type=discord.ChannelType.public_thread)
    await thread.edit(archived=True, locked=True)
    await world.env.settle()
    params = {"thread_id": str(thread.id), "state": "open", "lasts": "2h"}
    job = await world.schedule("set_thread", params, "in 3 days")
    run = await result(world, job)
    assert run.error is None, run
    metadata = world.env.backend.channels[thread.id].thread_metadata
    assert metadata is not None and not metadata.locked
    await world.advance(hours=3)
    await until(lambda: metadata.locked and metadata.archived)
