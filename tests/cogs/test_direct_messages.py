"""A direct message to somebody else takes Manage Server, goes to members only, and is one of few a minute."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from bot.config import Settings
from bot.testing import free_settings
from cogs.background.direct_messages import DirectMessageBudget
from cogs.config.limit_settings import LimitSettings
from schedulezero.model import Job, JobState, Run
from tests.support.acting import WEEKLY, click, now, runs, scheduler
from tests.support.private_threads import ended, imported_by
from tests.support.text import text_of
from tests.support.world import World, said

TAKES = "Direct messages to other people need it"


@pytest.fixture
def settings(database: str) -> Settings:
    return free_settings(database).model_copy(update={"limits": LimitSettings()})


def entry(person: int) -> dict[str, Any]:
    return {
        "name": "x", "do": "send_dm", "when": "in 2 hours", "with": {"user_id": str(person), "message": "Hi"}
    }  # fmt: skip


async def a_message(world: World, person: int, creator: simcord.MemberActor, text: str = "Hi") -> Job:
    job = Job(
        id="", handler_id=world.settings.handler_id, method="send_dm",
        params={"user_id": str(person), "message": text}, trigger=WEEKLY, name=text,
        guild_id=str(world.guild.id), creator_id=str(creator.id),
    )  # fmt: skip
    return await world.bot.services.client.create(job, str(creator.id))


async def run(world: World, job: Job) -> Run:
    await world.bot.services.client.run(job, job.creator_id)
    return await ended(world, job)


@pytest.mark.long
async def test_who_only_may_schedule_writes_to_themselves(world: World) -> None:
    sam = await scheduler(world)
    refused = await imported_by(sam, world, [entry(world.plain.id)])
    assert TAKES in text_of(refused.response)
    allowed = await imported_by(sam, world, [entry(sam.id)])
    assert "1 job can be imported" in text_of(allowed.response)
    by_manager = await imported_by(world.moderator, world, [entry(world.plain.id)])
    assert "1 job can be imported" in text_of(by_manager.response)
    preview = await world.draft(sam, "send_dm", {"user_id": [world.plain], "message": "Hi"}, "in 2 hours")
    assert TAKES in text_of(preview.response)


async def test_a_click_and_a_run_ask_for_the_same(world: World) -> None:
    sam = await scheduler(world)
    job = await a_message(world, world.plain.id, world.moderator)
    assert TAKES in said(await click(world, sam, "job", "run", job.id))
    assert await runs(world, job) == 0
    theirs = await a_message(world, world.plain.id, sam)
    failed = await run(world, theirs)
    assert failed.state == "failed" and TAKES in (failed.error or "")
    assert (await now(world, theirs)).state is JobState.PAUSED


@pytest.mark.long
async def test_bots_and_strangers_are_refused_at_save(world: World) -> None:
    stranger, me = world.env.create_user("stranger"), world.bot.user
    assert me is not None
    shown = await imported_by(world.admin, world, [entry(stranger.id), entry(me.id)])
    text = text_of(shown.response)
    assert f"<@{stranger.id}> isn't in this server." in text
    assert f"<@{me.id}> is a bot, and bots can't receive direct messages." in text
    preview = await world.draft(world.admin, "send_dm", {"user_id": [world.plain], "message": "Hi"}, "in 2h")
    world.guild.remove_member(world.plain)
    await world.env.settle()
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "isn't in this server." in text_of(preview.response)
    assert (await world.bot.services.client.jobs(str(world.guild.id))).jobs == ()
    failed = await run(world, await a_message(world, me.id, world.admin))
    assert failed.error == f"{me.id} is a bot, and bots can't receive direct messages."


@pytest.mark.long
async def test_one_person_gets_few_a_minute_and_ones_own_do_not_count(world: World) -> None:
    client = world.bot.services.client
    jobs = [await a_message(world, world.plain.id, world.admin, f"Flood {n}") for n in range(7)]
    states = [(await run(world, job)).state.value for job in jobs]
    assert states == ["succeeded"] * 6 + ["failed"]
    last = (await client.runs(str(world.guild.id), job_id=jobs[-1].id)).runs[0]
    assert f"<@{world.plain.id}> the maximum number of direct messages a minute: 6" in (last.error or "")
    assert (await now(world, jobs[-1])).state is JobState.ACTIVE
    assert (await run(world, await a_message(world, world.plain.id, world.plain))).error != last.error
    assert (await run(world, await a_message(world, world.moderator.id, world.admin))).state == "succeeded"


def test_the_budget_is_of_any_minute_and_forgets() -> None:
    budget = DirectMessageBudget()
    assert [budget.take(1, 2, at) for at in (0, 30, 59, 60, 61, 90)] == [True, True, False, True, False, True]
    assert budget.take(2, 2, 61) and all(budget.take(3, None, 61) for _ in range(100))
    for person in range(20_000):
        budget.take(person, 2, 1_000.0 + person)
    assert len(budget._lately) <= 10_000  # pyright: ignore[reportPrivateUsage]
