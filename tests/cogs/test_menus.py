"""The entries of Discord's menus on messages and people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord

from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, press, said


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


async def test_an_embed_goes_along(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    embed = discord.Embed(title="Party", description="Tonight", colour=0x123456)
    embed.add_field(name="Where", value="Here")
    with_text = await channel.send("Look:", embed=embed)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", with_text)
    assert "Look:" in said(shown) and "### Party" in said(shown) and "**Where**" in said(shown)
    alone = await channel.send(embed=embed)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", alone)
    text = said(shown)
    assert "Post an embed" in text and "### Party" in text and "#123456" in text


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
        return text if "Posted by: Who wrote this?" in text else None

    assert await until(told)
    other = await world.admin.send(world.channel, "By hand")
    text = said(await world.admin.context_menu(world.channel, "Which job posted this?", other))
    assert "None of this server's jobs posted this message" in text


async def test_a_role_for_a_person(world: World) -> None:
    shown = await world.admin.context_menu(world.channel, "Schedule a role…", world.plain)
    text = text_of(shown.response)
    assert (
        "Give people a role" in text
        and f"<@{world.plain.id}>" in text
        and "**Still missing:** Role, When" in text
    )


async def test_a_forward_becomes_a_draft_of_what_it_shows(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    original = await channel.send("Rules of the house")
    forward = await original.forward(channel)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", forward)
    text = said(shown)
    assert "Rules of the house" in text and "This is a forward" in text
    shown = await world.admin.context_menu(world.channel, "Post again at…", forward)
    assert "This is a forward" in said(shown)


async def test_a_poll_becomes_the_draft_of_a_poll(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    poll = discord.Poll(question="Lunch on {date}?", duration=timedelta(hours=3), multiple=True)
    for answer in ("Pizza", "Soup"):
        poll.add_answer(text=answer)
    asked = await channel.send("Vote!", poll=poll)
    shown = await world.admin.context_menu(world.channel, "Schedule this message", asked)
    text = said(shown)
    assert "Ask people with a poll" in text and "Pizza" in text and "without its votes" in text
    assert "beside the poll can't go along" in text
    form = await press(world.admin, shown.response, ".when")
    await world.admin.submit_modal(form, {"when": "every day at 9"})
    await world.admin.click(shown.response, label="Confirm")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.params["answers"] == "Pizza\nSoup" and job.params["several"] is True
    await world.admin.slash(world.channel, "schedule run", job=job.id)

    async def posted() -> discord.Message | None:
        found = [m for m in world.channel.history() if m.poll is not None and m.id != asked.id]
        return found[0] if found else None

    again = await until(posted)
    assert again.poll.question == "Lunch on {date}?" and again.poll.duration == timedelta(hours=3)


async def test_files_in_embeds_are_named_without_what_ends(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    file = "https://cdn.discordapp.com/attachments/1/2/party.png"
    elsewhere = "https://example.com/party.png?size=64"
    embed = discord.Embed(title="Party", description="Tonight")
    embed.set_image(url=f"{file}?ex=1&is=2&hm=3").set_thumbnail(url=elsewhere)
    for text in (None, "Look:"):
        message = await channel.send(text, embed=embed)
        draft_id = await _draft_of(world, message)
        kept = str((await world.bot.memory.draft(draft_id)).values)  # type: ignore[union-attr]
        assert file in kept and "hm=3" not in kept and elsewhere in kept


async def _draft_of(world: World, message: discord.Message) -> str:
    shown = await world.admin.context_menu(world.channel, "Schedule this message", message)
    assert "Its files aren't copied" in said(shown)
    return custom_id(shown.response, ".when").rsplit(":", 1)[1].partition(".")[0]
