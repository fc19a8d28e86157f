"""The entries of Discord's menus on messages and people."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import discord
import pytest_asyncio

from tests.conftest import until
from tests.support.composing import PNG, newest_draft, with_posts
from tests.support.text import text_of
from tests.support.world import World, labels, press, said


@pytest_asyncio.fixture(autouse=True)
async def posts(world: World) -> None:
    await with_posts(world)


async def test_a_message_becomes_a_draft_as_it_is(world: World) -> None:
    message = await world.admin.send(world.channel, "Hello {date}, {name}\n---\nand more")
    shown = await world.admin.context_menu(world.channel, "Schedule this message", message)
    text = said(shown)
    assert (
        "Check before you schedule" in text and "{date}, {name}" in text.split("This is how it will look:")[1]
    )
    form = await press(world.admin, shown.response, ".when")
    await world.admin.submit_modal(form, {"when": "every day at 9"})
    await world.admin.click(shown.response, label="Confirm")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    await world.admin.slash(world.channel, "schedule run", job=job.id)
    posted = await world.message_in(world.channel, "{date}")
    assert posted.content.replace("\u200b", "") == "Hello {date}, {name}\n---\nand more"


async def test_all_embeds_go_along(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    embeds = [
        discord.Embed(title=title, description="{date}", colour=0x123456) for title in ("Party", "Rules")
    ]
    embeds[0].add_field(name="Where", value="Here").set_author(name="Ann").set_footer(text="By Ben")
    message = await channel.send("Look:", embeds=embeds)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", message)
    text = said(shown)
    assert "Look:" in text and "### Party" in text and "**Where**" in text and "### Rules" in text
    first, second = (await newest_draft(world)).values["embeds"]
    assert first["author"] == {"name": "Ann"} and first["footer"] == {"text": "By Ben"}
    assert second == {"title": "Rules", "description": "{{date}", "color": 0x123456}


async def test_files_are_kept_and_link_buttons_go_along(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Site", url="https://example.org"))
    files = [discord.File(BytesIO(PNG), "a.png", description="A mill", spoiler=True)]
    message = await channel.send("Look:", files=files, view=view)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", message)
    text = said(shown)
    assert "a.png (spoiler)" in text and "can't be carried over" not in text and "aren't copied" not in text
    values = (await newest_draft(world)).values
    (file,) = values["files"]
    assert {**file, "file": ""} == {"file": "", "name": "a.png", "alt": "A mill", "spoiler": True}
    facts = await world.bot.memory.files.known(file["file"], str(world.guild.id))
    assert facts is not None and facts.size == len(PNG)
    assert values["buttons"] == [{"label": "Site", "url": "https://example.org"}]
    again = await world.admin.context_menu(world.channel, "Post again at…", message)
    assert again.modal is None and "a.png" in said(again)  # a form can't wait for files


async def test_post_again_begins_with_when(world: World) -> None:
    message = await world.admin.send(world.channel, "Once more")
    shown = await world.admin.context_menu(world.channel, "Post again at…", message)
    assert shown.modal is not None and shown.modal["components"][0]["label"] == "When"
    result = await world.admin.submit_modal(shown, {"when": "in 2 hours"})
    assert "Once more" in said(result) and "Confirm" in labels(result.response)


async def test_which_job_posted_a_message(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Who wrote this?"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    posted = await world.message_in(world.channel, "Who wrote this?")

    async def told() -> str | None:
        text = said(await world.admin.context_menu(world.channel, "Which job posted this?", posted))
        return text if "### The job that posted this message\n**Who wrote this?**" in text else None

    assert await until(told)
    other = await world.admin.send(world.channel, "By hand")
    text = said(await world.admin.context_menu(world.channel, "Which job posted this?", other))
    assert text == "I didn't post this message."
    channel: Any = world.bot.get_channel(world.channel.id)
    own = await channel.send("Not by a job")
    text = said(await world.admin.context_menu(world.channel, "Which job posted this?", own))
    assert "I can't find a job in this server that posted this message" in text


async def test_a_role_for_a_person(world: World) -> None:
    shown = await world.admin.context_menu(world.channel, "Schedule a role…", world.plain)
    text = text_of(shown.response)
    assert (
        "Give people a role" in text
        and f"<@{world.plain.id}>" in text
        and "**Still missing:** Role, When" in text
        and "**Role:** *nothing yet*" in text  # with the *Edit* that asks for it
    )
    form = await press(world.admin, shown.response, ".where")
    assert form.modal is not None
    assert [item["label"] for item in form.modal["components"]] == ["Users", "Role"]


async def test_a_forward_becomes_a_draft_of_what_it_shows(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    original = await channel.send("Rules of the house")
    forward = await original.forward(channel)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", forward)
    text = said(shown)
    assert "Rules of the house" in text and "This is a forward" in text
    shown = await world.admin.context_menu(world.channel, "Post again at…", forward)
    assert "This is a forward" in said(shown)


async def test_a_poll_goes_along_with_what_is_beside_it(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    poll = discord.Poll(question="Lunch on {date}?", duration=timedelta(hours=3), multiple=True)
    long = f"{'Soup on {date}, bread for {run}':-<55}"
    for answer in ("Pizza", long):
        poll.add_answer(text=answer)
    asked = await channel.send("Vote!", poll=poll)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", asked)
    text = said(shown)
    assert "Pizza" in text and long in text and "without its votes" in text and "Vote!" in text
    form = await press(world.admin, shown.response, ".when")
    await world.admin.submit_modal(form, {"when": "every day at 9"})
    await world.admin.click(shown.response, label="Confirm")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.params["poll"] == {
        "question": "Lunch on {{date}?", "answers": ["Pizza", long.replace("{", "{{")], "hours": 3,
        "several": True,
    }  # fmt: skip
    await world.admin.slash(world.channel, "schedule run", job=job.id)

    async def posted() -> discord.Message | None:
        found = [m for m in world.channel.history() if m.poll is not None and m.id != asked.id]
        return found[0] if found else None

    again = await until(posted)
    assert [answer.text for answer in again.poll.answers] == ["Pizza", long]
    assert again.poll.question == "Lunch on {date}?" and again.poll.duration == timedelta(hours=3)


async def test_pictures_in_embeds_are_kept_because_discords_links_expire(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    signed = "https://cdn.discordapp.com/attachments/1/2/party.png?ex=1&is=2&hm=3"
    gone = "https://cdn.discordapp.com/attachments/1/2/gone.png?ex=1"
    elsewhere = "https://example.com/party.png?size=64"
    world.env.backend.cdn._blobs[signed] = PNG
    kept = discord.Embed(title="Party").set_image(url=signed).set_thumbnail(url=elsewhere)
    lost = discord.Embed(title="Lost").set_image(url=gone)
    message = await channel.send(embeds=[kept, lost])
    shown = await world.admin.context_menu(world.channel, "Schedule this message", message)
    assert "I couldn't get the file from Discord" in said(shown)
    values = (await newest_draft(world)).values
    first, second = values["embeds"]
    assert first["image"] == {"url": "attachment://party.png"} and first["thumbnail"] == {"url": elsewhere}
    assert second == {"title": "Lost"} and [file["name"] for file in values["files"]] == ["party.png"]
