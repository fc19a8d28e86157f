"""A table of posts: dry run first, channels by name, pictures added afterwards, nothing before yes."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from schedulezero.model import Job
from tests.support.acting import click, scheduler
from tests.support.composing import PNG, with_posts
from tests.support.world import World, custom_id, labels, press, said


@pytest_asyncio.fixture
async def desk(world: World) -> World:
    """The world with the job that posts."""
    return await with_posts(world)


async def imported(desk: World, text: str) -> Any:
    file = ("posts.csv", text.encode())
    return await desk.admin.slash(desk.channel, "schedule import", file=file)


async def jobs(desk: World) -> list[Job]:
    return [job async for job in desk.bot.services.client.all_jobs(str(desk.guild.id))]


async def test_a_table_is_shown_first_and_saved_on_yes(desk: World) -> None:
    name = desk.channel.name
    rows = [f"2030-01-{day:02d} 18:00,#{name},Post {day}" for day in range(1, 4)]
    panel = await imported(desk, "date,channel,text\n" + "\n".join(rows) + "\n,,nothing\n")
    assert "3 jobs can be imported" in said(panel) and "Line 5" in said(panel)
    assert await jobs(desk) == []
    await press(desk.admin, panel.response, "import:do")
    found = await jobs(desk)
    assert sorted(job.params["text"] for job in found) == ["Post 1", "Post 2", "Post 3"]
    assert {tuple(job.params["channel_ids"]) for job in found} == {(str(desk.channel.id),)}


async def test_unknown_channels_are_named(desk: World) -> None:
    panel = await imported(desk, "date,channel,text\n2030-01-01 18:00,#nowhere,Hi\n")
    assert "There is no channel called “#nowhere” here." in said(panel)


async def test_pictures_are_added_by_their_names_and_kept(desk: World) -> None:
    panel = await imported(
        desk,
        "date,text,picture,alt\n2030-01-01 18:00,Hi,My poster.png,A poster\n2030-01-02 18:00,Yo,b.png,\n",
    )
    assert "My poster.png” is still missing" in said(panel)
    form = await press(desk.admin, panel.response, "import:pictures")
    shown = await desk.admin.submit_modal(form, {"pictures": [("My_poster.png", PNG)]})
    assert "1 job can be imported" in said(shown) and "b.png” is still missing" in said(shown)
    form = await press(desk.admin, shown.response or panel.response, "import:pictures")
    shown = await desk.admin.submit_modal(form, {"pictures": [("b.png", PNG)]})
    assert "2 jobs can be imported" in said(shown)
    assert "Add the pictures" not in labels(shown.response or panel.response)
    await press(desk.admin, shown.response or panel.response, "import:do")
    found = {job.params["text"]: job.params["files"][0] for job in await jobs(desk)}
    assert found["Hi"]["alt"] == "A poster" and found["Hi"]["file"] == found["Yo"]["file"]
    facts = await desk.bot.memory.files.known(found["Hi"]["file"], str(desk.guild.id))
    assert facts is not None and facts.size == len(PNG)


async def test_only_who_began_adds_pictures(desk: World) -> None:
    panel = await imported(desk, "date,text,picture\n2030-01-01 18:00,Hi,a.png\n")
    sam = await scheduler(desk, send_messages=True)
    target = custom_id(panel.response, "import:pictures").rsplit(":", 1)[1]
    told = await click(desk, sam, "import", "pictures", target)
    assert "belongs to someone else" in said(told)
