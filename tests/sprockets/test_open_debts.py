"""A debt stays open until it is settled: tried again when the bot is back, may again, or time has passed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from cogs.debts_cog import DebtsCog
from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.methods.note_kinds import DEBT, DEBT_CLOSED, DEBT_TRIED
from schedulezero.model import Job, JobState, RunState
from tests.conftest import until
from tests.support.alerting import alerts_to, cards
from tests.support.for_a_while import (
    a_role_for_a_while,
    bears,
    endings,
    is_locked,
    over,
    result,
    scheduled,
)
from tests.support.granting import give_the_bot
from tests.support.sending_away import invited_back, sent_away
from tests.support.text import text_of
from tests.support.world import World, labels, said

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)
LITTLE = discord.Permissions(view_channel=True, send_messages=True)


def cog_of(world: World) -> DebtsCog:
    cog = world.bot.get_cog("DebtsCog")
    assert isinstance(cog, DebtsCog)
    return cog


async def failed(world: World, ending: Job) -> Any:
    """Let an ending's time come, and return what is noted about its failed run."""
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.state is RunState.FAILED, run
    return await until(lambda: world.bot.memory.kept(DEBT_TRIED, ending.id))


async def states(world: World, ending: Job) -> list[RunState]:
    found = (await world.bot.services.client.runs(str(world.guild.id), job_id=ending.id)).runs
    return [run.state for run in found]


async def closed(world: World, ending: Job) -> bool:
    return await world.bot.memory.kept(DEBT_CLOSED, ending.id) is not None


async def test_a_role_is_taken_back_once_the_bot_is_invited_back(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    kept = await sent_away(world)
    await failed(world, ending)
    assert (await world.bot.services.client.job(ending.id, str(world.guild.id))).state.value == "finished"
    await invited_back(world, kept)
    await until(lambda: not bears(world, world.plain, role))
    await until(lambda: closed(world, ending))
    assert await world.bot.memory.kept(DEBT, ending.id) is None


async def test_a_lock_ends_once_the_bot_has_its_rights_back(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    alerts = await alerts_to(world)
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2h"}))
    (ending,) = await endings(world, "unlock_channel")
    give_the_bot(world, LITTLE)
    await world.env.settle()
    await failed(world, ending)
    assert is_locked(world, world.channel.id)
    card = await until(lambda: next(iter(cards(world, alerts, "failed")), None))
    assert "Manage" in text_of(
        card
    ) and "I'll try again from time to time, and as soon as my permissions change" in text_of(card)
    assert labels(card) == ["Retry", "Open the job", "Cancel this job"]
    give_the_bot(world, EVERYTHING)
    await until(lambda: not is_locked(world, world.channel.id))


async def test_what_discord_refused_is_tried_again_with_growing_pauses(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    give_the_bot(world, LITTLE)
    await world.env.settle()
    noted = await failed(world, ending)
    assert noted["times"] == 1
    await cog_of(world).look()
    assert await states(world, ending) == [RunState.FAILED], "its pause isn't over"
    world.env.backend.edit_role(
        world.guild.id,
        world.env.backend.get_guild(world.guild.id).members[world.env.backend.bot_user.id].role_ids[0],
        {"permissions": EVERYTHING.value},
    )
    ago = to_iso(instants.now() - timedelta(minutes=2))
    await world.bot.memory.put(DEBT_TRIED, ending.id, {**noted, "at": ago})
    await cog_of(world).look()
    await until(lambda: not bears(world, world.plain, role))


async def test_a_debt_that_nobody_heard_of_is_looked_up_after_a_start(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    give_the_bot(world, LITTLE)
    await world.env.settle()
    await failed(world, ending)
    memory = world.bot.memory
    await memory.forget(DEBT_TRIED, ending.id)  # as if the run had ended while the bot did
    debt = await memory.kept(DEBT, ending.id)
    assert debt is not None
    await memory.put(DEBT, ending.id, {**debt, "due": to_iso(instants.now() - timedelta(hours=1))})
    give_the_bot(world, EVERYTHING)
    await world.restart_bot()
    await until(lambda: not bears(world, world.plain, role))


async def test_a_closed_debt_is_closed_and_alerts_nobody(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    alerts = await alerts_to(world)
    role, ending = await a_role_for_a_while(world, world.admin)
    assert (await result(world, ending)).error is None
    await until(lambda: closed(world, ending))
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    await world.env.settle()
    run = await result(world, ending)
    assert run.error is not None and "already over" in run.error
    assert bears(world, world.plain, role)
    # Nobody has to know; an alert about a later failure shows that the alerts have passed it.
    gone = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/1"
    failing = await world.schedule("delete_post", {"message_url": gone}, "in 3 days")
    assert (await result(world, failing)).error is not None
    await until(lambda: cards(world, alerts, "failed"))
    assert not cards(world, alerts, "already over")


async def test_an_ending_that_was_cancelled_is_not_tried_again(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    client = world.bot.services.client
    await client.cancel(await client.job(ending.id, str(world.guild.id)))
    memory = world.bot.memory
    debt = await memory.kept(DEBT, ending.id)
    assert debt is not None
    await memory.put(DEBT, ending.id, {**debt, "due": to_iso(instants.now() - timedelta(hours=1))})
    await cog_of(world).look()
    assert await states(world, ending) == [] and bears(world, world.plain, role)


async def test_an_ending_that_was_run_early_is_finished_and_keeps_its_history(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    await result(world, await scheduled(world, world.admin, "lockdown_channel", {"lasts": "2h"}))
    (ending,) = await endings(world, "unlock_channel")
    await world.admin.slash(world.channel, "schedule run", job=ending.id)
    assert (await over(world, ending)).error is None and not is_locked(world, world.channel.id)
    listed = said(await world.admin.slash(world.channel, "schedule list"))
    assert "✔ finished" in listed and "▶ active" not in listed.split("Unlock")[1]
    job = await world.bot.services.client.job(ending.id, str(world.guild.id))
    assert job.state is JobState.FINISHED and job.next_run_at is None
    await world.advance(hours=3)
    assert await states(world, ending) == [RunState.SUCCEEDED]
