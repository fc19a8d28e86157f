"""A job with leads and thens: made from its draft, shown as one thing, changed and undone as one."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from schedulezero.model import Job, RunState
from tests.conftest import until
from tests.support.acting import click, now, scheduler
from tests.support.text import text_of
from tests.support.world import World, custom_id, pick, press, said

FRIDAYS = "every friday at 19:00"


async def drafted(world: World, when: str = FRIDAYS) -> Any:
    """The panel of what a draft's job does before and after."""
    values = {"channel_id": [world.channel], "message": "Game night"}
    card = (await world.draft(world.admin, "send_announcement", values, when)).response
    await press(world.admin, card, "draft:parts")
    return card


async def announced(
    world: World, panel: Any, before: str, text: str | None = None
) -> simcord.InteractionResult:
    form = await press(world.admin, panel, "draft:ahead")
    fields: dict[str, Any] = {"before": before, "channel_id": [world.channel]}
    return await world.admin.submit_modal(form, {**fields, "message": text or "{starts}, come!"})


async def followed(world: World, panel: Any, text: str, after: str = "") -> simcord.InteractionResult:
    form = await pick(world.admin, panel, "draft:link", ["send_announcement"])
    fields: dict[str, Any] = {"p:channel_id": [world.channel], "p:message": text, "after": after}
    return await world.admin.submit_modal(form, fields)


async def confirmed(world: World, panel: Any) -> Job:
    await press(world.admin, panel, "draft:show")
    await world.admin.click(panel, label="Confirm")
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    return job


async def test_leads_and_thens_are_made_from_the_draft_and_shown_as_one(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day, 15 minutes")
    await followed(world, panel, "Thanks!", "2 hours")
    assert "1 day before" in text_of(panel) and "15 min before" in text_of(panel)
    assert "then, 2 h later" in text_of(panel)
    job = await confirmed(world, panel)
    assert [(part.id, part.method) for part in job.parts] == [
        ("b1", "send_announcement"), ("b2", "send_announcement"), ("t1", "send_announcement"),
    ]  # fmt: skip
    assert [item.part for item in job.waiting] == ["b1", "b2"]
    card = said(await click(world, world.admin, "job", "show", job.id))
    assert "1 day before" in card and "then, 2 h later" in card
    listed = said(await world.admin.slash(world.channel, "schedule list"))
    assert "◀ 2 · ▶ 1" in listed and listed.count("Game night") == 1


async def test_the_parts_run_and_the_history_tells_which(world: World) -> None:
    panel = await drafted(world, "in 2 hours")
    await announced(world, panel, "1 hour")
    await followed(world, panel, "Thanks!", "30 minutes")
    job = await confirmed(world, panel)
    (lead,) = job.waiting
    client = world.bot.services.client
    for count, minutes in enumerate((61, 60, 31), 1):
        await world.advance(minutes=minutes)

        async def over(count: int = count) -> bool:
            runs = (await client.runs(str(world.guild.id), job_id=job.id)).runs
            return len(runs) == count and all(run.finished_at is not None for run in runs)

        await until(over)
    first, second, third = (message.content for message in world.posted()[-3:])
    assert first == f"<t:{int(lead.of.timestamp())}:R>, come!"
    assert (second, third) == ("Game night", "Thanks!")
    history = said(await click(world, world.admin, "job", "history", job.id))
    assert "◀ `send_announcement`" in history and "▶ `send_announcement`" in history
    found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
    assert [run.state for run in found] == [RunState.SUCCEEDED] * 3


async def test_a_lead_that_has_passed_is_said_before_it_is_saved(world: World) -> None:
    panel = await drafted(world, "in 2 hours")
    await announced(world, panel, "1 day, 15 minutes")
    await press(world.admin, panel, "draft:show")
    assert "1 day before: that has passed already" in text_of(panel)
    assert "15 min before: that" not in text_of(panel)


async def test_an_edit_and_a_clone_take_the_parts_along(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day")
    job = await confirmed(world, panel)
    shown: Any = (
        await world.admin.slash(world.channel, "schedule edit", job=job.id, when="every monday at 9")
    ).response
    assert "1 day before" in text_of(shown)
    await world.admin.click(shown, label="Save the change")
    moved = await now(world, job)
    assert moved.parts == job.parts and moved.waiting[0].at != job.waiting[0].at
    copy: Any = (await click(world, world.admin, "job", "clone", job.id)).response
    await world.admin.click(copy, label="Confirm")
    jobs = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert [each.parts for each in jobs] == [job.parts] * 2


async def test_a_part_is_removed(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day, 15 minutes")
    await pick(world.admin, panel, "draft:unlink", ["b1"])
    assert [part.id for part in (await confirmed(world, panel)).parts] == ["b2"]


@pytest.mark.parametrize("before", ["soon", "2 years", "0 minutes", ",".join(["1 day"] * 6)])
async def test_a_lead_that_cannot_be_is_refused(world: World, before: str) -> None:
    panel = await drafted(world)
    answer = await announced(world, panel, before)
    assert "length of time" in said(answer) or "at most 5" in said(answer)
    assert (await confirmed(world, panel)).parts == ()


async def test_who_may_not_do_what_follows_neither_saves_nor_runs_it(world: World) -> None:
    """The rights for every part are needed, as for the job itself."""
    panel = await drafted(world)
    form = await pick(world.admin, panel, "draft:link", ["send_announcement"])
    fields: dict[str, Any] = {"p:channel_id": [world.channel], "p:message": "All!", "p:everyone": True}
    await world.admin.submit_modal(form, fields)
    job = await confirmed(world, panel)
    sam = await scheduler(world, manage_messages=True)
    assert "Mention @everyone" in said(await click(world, sam, "job", "run", job.id))
    assert custom_id((await click(world, world.admin, "job", "show", job.id)).response, "job:run")
