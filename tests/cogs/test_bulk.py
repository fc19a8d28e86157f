"""Many jobs changed together: selected, named before, done, undone."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero.client.dialect import JobQuery
from schedulezero.model import JobState
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, selects


async def listed(world: World, **options: str) -> Any:
    return (await world.admin.slash(world.channel, "schedule list", **options)).response


async def states(world: World) -> dict[str, JobState]:
    guild_id = str(world.guild.id)
    jobs = [job async for job in world.bot.services.client.all_jobs(guild_id)]
    return {job.title: job.state for job in jobs}


@pytest.mark.long
async def test_a_selection_is_cancelled_after_one_question_and_undone_with_one_click(world: World) -> None:
    ids = [await scheduled(world, f"Job {number}") for number in range(4)]
    panel = await listed(world)
    await pick(world.admin, panel, "bulk:select", ids[:3])
    text = text_of(panel)
    assert "3 jobs selected" in text and "- Job 0" in text and "- Job 3" not in text
    await press(world.admin, panel, "bulk:cancel")
    assert "Cancel 3 jobs?" in text_of(panel) and "- Job 2" in text_of(panel)
    await world.admin.click(panel, label="Yes, do it")
    assert "Cancelled 3 jobs." in text_of(panel) and "Undo" in labels(panel)
    assert await states(world) == {"Job 3": JobState.ACTIVE}
    await world.admin.click(panel, label="Undo")
    assert "Restored 3 jobs." in text_of(panel) and "over" not in text_of(panel)
    assert set((await states(world)).values()) == {JobState.ACTIVE} and len(await states(world)) == 4


@pytest.mark.long
async def test_those_that_come_back_too_late_are_counted(world: World) -> None:
    ids = [
        await scheduled(world, *item) for item in (("Once", "in 2 hours"), ("Weekly", "every monday at 9"))
    ]
    panel = await listed(world)
    await pick(world.admin, panel, "bulk:select", ids)
    await press(world.admin, panel, "bulk:cancel")
    await world.admin.click(panel, label="Yes, do it")
    await world.advance(hours=3)
    await world.admin.click(panel, label="Undo")
    assert "Restored 2 jobs.\n1 of them has finished." in text_of(panel)


@pytest.mark.long
async def test_all_that_match_the_filter_are_paused_across_pages(world: World) -> None:
    for number in range(12):
        await scheduled(world, f"{'Game' if number % 2 else 'Book'} {number}")
    panel = await listed(world, text="game")
    client = world.bot.services.client
    first = (await client.jobs(str(world.guild.id), JobQuery(text="game"))).jobs[0]
    await pick(world.admin, panel, "bulk:select", [first.id])
    await world.admin.click(panel, label="Select all that match")
    assert "6 jobs selected" in text_of(panel)
    await press(world.admin, panel, "bulk:pause")
    await world.admin.click(panel, label="Yes, do it")
    found = await states(world)
    assert all((state is JobState.PAUSED) == title.startswith("Game") for title, state in found.items())
    await world.admin.click(panel, label="Undo")
    assert set((await states(world)).values()) == {JobState.ACTIVE}


@pytest.mark.long
async def test_jobs_are_moved_where_one_may_post(world: World) -> None:
    ids = [await scheduled(world, f"Job {number}") for number in range(2)]
    dm = await world.create(
        world.admin, "send_dm", {"user_id": [world.plain], "message": "psst"}, "tomorrow at 9"
    )
    elsewhere = world.guild.create_text_channel("elsewhere")
    panel = await listed(world)
    await pick(world.admin, panel, "bulk:select", [*ids, dm])
    await pick(world.admin, panel, "bulk:change", [elsewhere])
    text = text_of(panel)
    assert (
        f"Move 2 jobs to <#{elsewhere.id}>?" in text and "“psst” uses no channel, or more than one." in text
    )
    await world.admin.click(panel, label="Yes, do it")
    client = world.bot.services.client
    assert (await client.job(ids[0], str(world.guild.id))).params["channel_id"] == str(elsewhere.id)


@pytest.mark.long
async def test_what_somebody_changed_meanwhile_is_left_alone(world: World) -> None:
    ids = [await scheduled(world, f"Job {number}") for number in range(2)]
    panel = await listed(world)
    await pick(world.admin, panel, "bulk:select", ids)
    await press(world.admin, panel, "bulk:cancel")
    await world.moderator.slash(world.channel, "schedule pause", job=ids[0])
    await world.admin.click(panel, label="Yes, do it")
    text = text_of(panel)
    assert "Cancelled 1 job." in text and "1 job was left unchanged" in text
    assert (await states(world))["Job 0"] is JobState.PAUSED


@pytest.mark.long
async def test_the_filter_form_narrows_the_list(world: World) -> None:
    job_id = await scheduled(world, "Game night")
    await scheduled(world, "Book club")
    await world.admin.slash(world.channel, "schedule pause", job=job_id)
    panel = await listed(world)
    form = await world.admin.click(panel, label="Filter…")
    assert form.modal is not None and len(form.modal["components"]) == 5
    await world.admin.submit_modal(
        form,
        {"text": "", "state": ["paused"], "method": ["send_announcement"],
         "channel_id": [world.channel], "creator_id": [world.admin]},
    )  # fmt: skip
    text = text_of(panel)
    assert "Game night" in text and "Book club" not in text and "Filter: paused" in text
    form = await world.admin.click(panel, label="Filter…")
    assert form.modal is not None
    state = next(item for item in form.modal["components"] if item["label"] == "State")
    assert [o["value"] for o in state["component"]["options"] if o.get("default")] == ["paused"]


@pytest.mark.long
async def test_the_order_is_picked_and_marked(world: World) -> None:
    for name, when in (("B", "in 2 hours"), ("C", "in 1 hour"), ("A", "in 3 hours")):
        await scheduled(world, name, when)
    panel = await listed(world)
    orders = []
    for order in ("next", "name", "created"):
        await pick(world.admin, panel, "list:sort", [order])
        text = text_of(panel)
        orders.append("".join(sorted("ABC", key=lambda letter: text.index(f"**{letter}**"))))
        (menu,) = [item for item in selects(panel) if "list:sort" in item["custom_id"]]
        assert [item["value"] for item in menu["options"] if item.get("default")] == [order]
    assert orders == ["CBA", "ABC", "ACB"]


@pytest.mark.long
async def test_a_filter_is_cleared_and_other_zones_are_named(world: World) -> None:
    await scheduled(world, "Breakfast")
    await scheduled(world, "Sushi", "every monday at 9 in Tokyo")
    panel: Any = (await world.admin.slash(world.channel, "schedule list", text="Break")).response
    assert "with “Break”" in text_of(panel) and "1 job" in text_of(panel) and "Sushi" not in text_of(panel)
    await world.admin.click(panel, label="Clear filter")
    text = text_of(panel)
    assert "2 jobs" in text and "09:00 (Asia/Tokyo)" in text and "(UTC)" not in text
    assert "Clear filter" not in labels(panel)


@pytest.mark.parametrize("second", ["Yes, do it", "Undo"])
async def test_a_second_click_does_nothing_twice(world: World, second: str) -> None:
    job_id = await scheduled(world)
    panel = await listed(world)
    await pick(world.admin, panel, "bulk:select", [job_id])
    await press(world.admin, panel, "bulk:pause")
    await world.admin.click(panel, label="Yes, do it")
    if second == "Undo":
        await world.admin.click(panel, label="Undo")
    version = (await world.bot.services.client.job(job_id, str(world.guild.id))).version
    assert version == (2 if second == "Yes, do it" else 3)
