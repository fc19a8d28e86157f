"""Who settles an ending by hand, or plans an unlock, needs rights of their own for what it opens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from tests.conftest import until
from tests.support.acting import click, scheduler
from tests.support.for_a_while import (
    a_keeper,
    a_role_for_a_while,
    bears,
    by_hand,
    endings,
    is_locked,
    over,
    result,
    scheduled,
)
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)
STRANGER = 123456789012345678


async def demoted(world: World, keeper: simcord.MemberActor) -> None:
    """Leave somebody only the right to schedule."""
    role_id = world.env.backend.get_guild(world.guild.id).members[keeper.id].role_ids[0]
    only = discord.Permissions(manage_guild=True)
    world.env.backend.edit_role(world.guild.id, role_id, {"permissions": only.value})
    await world.env.settle()


async def test_a_demoted_person_cannot_run_a_finished_ending_again(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await a_keeper(world)
    await result(world, await scheduled(world, keeper, "lockdown_channel", {"lasts": "2 hours"}))
    (ending,) = await endings(world, "unlock_channel")
    await world.advance(hours=3)
    await over(world, ending)
    await demoted(world, keeper)
    locked = await result(world, await scheduled(world, world.admin, "lockdown_channel", {"lasts": "8h"}))
    assert locked.error is None and is_locked(world, world.channel.id)
    await keeper.slash(world.channel, "schedule run", job=ending.id)
    runs = await world.bot.services.client.runs(str(world.guild.id), job_id=ending.id)
    assert len(runs.runs) == 1 and is_locked(world, world.channel.id)


async def test_a_demoted_person_cannot_call_off_the_end_of_a_role(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await a_keeper(world)
    role, ending = await a_role_for_a_while(world, keeper)
    await demoted(world, keeper)
    await keeper.slash(world.channel, "schedule cancel", job=ending.id)
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert not bears(world, world.plain, role)


@pytest.mark.parametrize("whole_server", [False, True], ids=["channel", "whole server"])
async def test_an_unlock_by_a_stranger_opens_nothing(world: World, whole_server: bool) -> None:
    give_the_bot(world, EVERYTHING)
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {"reason": "raid"}))
    params = {"channel_id": str(world.channel.id), "reason": "free coins", "whole_server": whole_server}
    job = await world.schedule("unlock_channel", params, "in 3 days")
    job = replace(job, id="", creator_id=str(STRANGER))
    run = await result(world, await world.bot.services.client.create(job))
    assert run.error is not None and is_locked(world, world.channel.id)
    assert not any("coins" in message.content for message in world.posted())


async def hidden_in_a_category(
    world: World, keeper: simcord.MemberActor
) -> tuple[Any, simcord.ChannelHandle]:
    """A category that somebody moderates, with a channel in it that they can't see."""
    category = world.guild.create_category("cat")
    hidden = world.guild.create_text_channel("hidden", category=category)
    await world.env.settle()
    rights = dict.fromkeys(("manage_channels", "manage_roles", "view_channel"), True)
    await by_hand(world, category.id, keeper, member=True, **rights)
    await by_hand(world, hidden.id, keeper, member=True, **dict.fromkeys(rights, False))
    return category, hidden


async def test_the_end_of_a_category_s_lock_opens_only_what_that_lock_could_close(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await scheduler(world)
    category, hidden = await hidden_in_a_category(world, keeper)
    there = {"channel_id": str(category.id)}
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {**there, "lasts": "8h"}))
    await result(world, await scheduled(world, keeper, "lockdown_channel", {**there, "lasts": "2m"}))
    (shorter,) = [job for job in await endings(world, "unlock_channel") if job.creator_id == str(keeper.id)]
    assert (await result(world, shorter)).error is None
    assert is_locked(world, hidden.id)


async def test_an_unlock_of_a_category_leaves_what_its_creator_may_not_touch(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await scheduler(world)
    category, hidden = await hidden_in_a_category(world, keeper)
    await result(
        world, await scheduled(world, world.admin, "lockdown_channel", {"channel_id": str(hidden.id)})
    )
    await result(world, await scheduled(world, keeper, "unlock_channel", {"channel_id": str(category.id)}))
    assert is_locked(world, hidden.id)


async def test_forgetting_a_person_keeps_what_ends_their_roles(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, _ = await a_role_for_a_while(world, world.admin)
    shown = await world.plain.user.slash("remind forget")
    await world.plain.user.click(shown.response, label=labels(shown.response)[0])
    params = {
        "guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id),
    }  # fmt: skip
    job = await world.schedule("add_role_scheduled", params, "in 3 days")
    assert (await result(world, job)).error is None  # for good

    async def called_off() -> bool:
        return not await endings(world, "remove_role_scheduled")

    await until(called_off)
    assert bears(world, world.plain, role)


async def test_a_forged_button_of_an_ending_asks_for_the_clickers_rights(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await a_keeper(world)
    role, ending = await a_role_for_a_while(world, keeper)
    await demoted(world, keeper)
    client, place = world.bot.services.client, str(world.guild.id)
    for panel, name in (("job", "cancel"), ("job", "run"), ("alert", "pause"), ("job", "skip")):
        await click(world, keeper, panel, name, ending.id)
    await click(world, keeper, "run", "retry", f"{ending.id}:0")
    assert (await client.job(ending.id, place)).version == ending.version
    assert (await client.runs(place, job_id=ending.id)).runs == () and bears(world, world.plain, role)


async def test_a_lock_s_card_names_its_ending_and_cancelling_that_says_what_stays(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    lock = await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2 hours"})
    await result(world, lock)
    (ending,) = await endings(world, "unlock_channel")
    card = await world.admin.slash(world.channel, "schedule show", job=lock.id)
    shown = said(card)
    assert "Ends <t:" in shown and f"“Unlock #{world.channel.name}”" in shown
    asked = await world.admin.slash(world.channel, "schedule cancel", job=ending.id)
    assert "Anything still locked stays locked until someone unlocks it." in said(asked)
    assert asked.response is not None
    await world.admin.click(asked.response, label="Cancel the job")
    card = await world.admin.slash(world.channel, "schedule show", job=lock.id)
    assert "Ends <t:" not in said(card)


async def test_cancelling_the_end_of_a_role_says_who_keeps_it(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    _, ending = await a_role_for_a_while(world, world.admin)
    asked = await world.admin.slash(world.channel, "schedule cancel", job=ending.id)
    assert "Anyone who still has the role keeps it until someone removes it." in said(asked)
    listed: Any = (await world.admin.slash(world.channel, "schedule list")).response
    await pick(world.admin, listed, "bulk:select", [ending.id])
    await press(world.admin, listed, "bulk:cancel")
    assert "Anyone who still has the role keeps it until someone removes it." in text_of(listed)
    ordinary = await scheduled(world, world.admin, "lockdown_channel", {})
    assert "stays" not in said(await world.admin.slash(world.channel, "schedule cancel", job=ordinary.id))
