"""A job is moved only to where the person who moves it could post, by whichever way."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from cogs.desk.kit.components import DeskButton, DeskSelect
from schedulezero.model import Job
from tests.support.acting import a_job, now, runs, scheduler
from tests.support.foreign_guild import forged
from tests.support.text import text_of
from tests.support.world import World, button_target, labels, pick, press, said


async def hidden_channel(world: World) -> simcord.ChannelHandle:
    """A channel that only administrators see."""
    found = world.guild.create_text_channel(
        "board", overwrites={world.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    )
    await world.env.settle()
    return found


def naming(panel: str, name: str, target: str, channel: simcord.ChannelHandle) -> DeskSelect:
    """A select that names a channel whether or not its reader sees it, as no client of Discord's offers."""
    options = [discord.SelectOption(label="Forged", value=str(channel.id))]
    return DeskSelect(panel, name, target, "Forged", options)


async def an_open_job(world: World, **given: Any) -> Job:
    return await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi"}, **given)


@pytest.mark.long
async def test_many_jobs_are_not_moved_where_one_sees_nothing(world: World) -> None:
    sam, job, board = await scheduler(world), await an_open_job(world), await hidden_channel(world)
    listed = (await sam.slash(world.channel, "schedule list")).response
    await pick(sam, listed, "bulk:select", [job.id])
    panel_id = button_target(listed, "Select all that match")
    message = await forged(world, world.channel, naming("bulk", "change", panel_id, board))
    answer = await sam.select(message, [str(board.id)])
    assert "Move 0 jobs" in said(answer) and "you don't have *View Channel*" in said(answer)
    assert "Yes, do it" not in labels(answer.response)
    message = await forged(world, world.channel, DeskButton("bulk", "do", panel_id, "Forged"))
    await sam.click(message, label="Forged")
    assert (await now(world, job)).params == job.params


async def test_a_channel_that_is_hidden_between_the_question_and_the_click_gets_no_jobs(
    world: World,
) -> None:
    sam, job = await scheduler(world), await an_open_job(world)
    board = world.guild.create_text_channel("board")
    await world.env.settle()
    listed: Any = (await sam.slash(world.channel, "schedule list")).response
    await pick(sam, listed, "bulk:select", [job.id])
    await pick(sam, listed, "bulk:change", [board])
    assert "Yes, do it" in labels(listed)
    guild: Any = world.bot.get_guild(world.guild.id)
    await guild.get_channel(board.id).set_permissions(guild.default_role, view_channel=False)
    await world.env.settle()
    await sam.click(listed, label="Yes, do it")
    assert "Moved 0 jobs" in text_of(listed)
    assert (await now(world, job)).params == job.params


async def test_moving_many_out_of_a_hidden_channel_is_undone_by_whoever_sees_it(world: World) -> None:
    sam, job = await scheduler(world, mention_everyone=True), await a_job(world)
    listed: Any = (await world.admin.slash(world.channel, "schedule list")).response
    await pick(world.admin, listed, "bulk:select", [job.id])
    await pick(world.admin, listed, "bulk:change", [world.channel])
    await world.admin.click(listed, label="Yes, do it")
    moved = await now(world, job)
    assert moved.params["channel_id"] == str(world.channel.id)
    message = await forged(
        world, world.channel, DeskButton("bulk", "undo", button_target(listed, "Undo"), "Undo")
    )
    answer = await sam.click(message, label="Undo")
    assert "you don't have *View Channel*" in said(answer) + text_of(message)
    assert (await now(world, job)).params == moved.params


async def test_the_remedy_of_an_alert_moves_nothing_where_one_sees_nothing(world: World) -> None:
    sam, job, board = await scheduler(world), await an_open_job(world), await hidden_channel(world)
    message = await forged(world, world.channel, naming("alert", "move", job.id, board))
    assert "you don't have *View Channel*" in said(await sam.select(message, [str(board.id)]))
    assert (await now(world, job)).params == job.params
    assert "Moved" in said(await world.admin.select(message, [str(board.id)]))


async def test_an_edit_moves_nothing_where_one_sees_nothing_any_more(world: World) -> None:
    sam, job = await scheduler(world), await an_open_job(world)
    board = world.guild.create_text_channel("board")
    await world.env.settle()
    shown: Any = (await sam.slash(world.channel, "schedule edit", job=job.id)).response
    form = await press(sam, shown, ".where")
    await sam.submit_modal(form, {"p:channel_id": [board]})
    assert f"<#{board.id}>" in text_of(shown) and "you don't have" not in text_of(shown)
    guild: Any = world.bot.get_guild(world.guild.id)
    await guild.get_channel(board.id).set_permissions(guild.default_role, view_channel=False)
    await world.env.settle()
    await sam.click(shown, label="Save the change")
    assert "you don't have *View Channel*" in text_of(shown)
    assert (await now(world, job)).params == job.params and await runs(world, job) == 0
