"""A post is tried out before it is scheduled: the message itself, a test to oneself, at once."""

from __future__ import annotations

import discord
import pytest
import pytest_asyncio

from tests.conftest import until
from tests.support.composing import PNG, composed, form, newest_draft, with_posts
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


@pytest_asyncio.fixture
async def desk(world: World) -> World:
    """The world with the job that posts."""
    return await with_posts(world)


async def test_the_preview_is_the_message_itself(desk: World) -> None:
    card = await composed(desk, text="Hello {server}", files=[("a.png", PNG)], role_ids=[])
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "Run {run}", "image": "a.png"})
    await press(desk.admin, card, "embeds:back")
    await pick(desk.admin, card, "draft:more", ["buttons"])
    await form(desk, card, "links:add", {"label": "Site", "url": "https://example.org"})
    await press(desk.admin, card, "links:back")
    shown = await press(desk.admin, card, "trial:show")
    (message,) = shown.followups
    assert message.flags.ephemeral and message.content == f"Hello {desk.guild.name}"
    assert message.embeds[0].title == "Run 1"
    assert labels(message) == ["Site"]
    assert "Confirm" in labels(card)  # the card stays


async def test_the_card_names_a_picture_once_if_an_embed_shows_it(desk: World) -> None:
    card = await composed(desk, text="Hello", files=[("a.png", PNG), ("b.png", PNG)])
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "One", "image": "a.png"})
    await press(desk.admin, card, "embeds:back")
    preview = text_of(card).partition("This is how it will look:")[2]
    assert preview.count("a.png") == 1 and "🖼 a.png" in preview and "📎 b.png" in preview


async def test_a_poll_is_told_in_words_where_discord_shows_none(desk: World) -> None:
    card = await composed(desk, text="")
    assert "Write some text, or add an embed, a file or a poll." in text_of(card)
    assert "Show exact preview" not in labels(card)
    modal = await pick(desk.admin, card, "draft:more", ["poll"])
    await desk.admin.submit_modal(
        modal, {"question": "Who?", "answers": "I\nYou", "hours": "24", "several": False}
    )
    shown = await press(desk.admin, card, "trial:show")
    assert "“Who?” · I · You · 1 day" in said(shown) and "Discord doesn't show polls" in said(shown)


async def test_a_test_goes_to_oneself_with_everything(desk: World) -> None:
    card = await composed(desk, text="Hello", files=[("a.png", PNG)])
    answer = await press(desk.admin, card, "trial:test")
    assert "Check your direct messages" in said(answer)
    (message,) = [item for item in desk.admin.user.dm_channel.history() if item.content == "Hello"]
    assert [item.filename for item in message.attachments] == ["a.png"]
    assert await newest_draft(desk)


async def test_whoever_pings_many_at_once_is_asked_first(desk: World) -> None:
    card = await composed(desk, text="Hello")
    modal = await pick(desk.admin, card, "draft:more", ["appearance"])
    await desk.admin.submit_modal(modal, {"p:ping": ["everyone"]})
    await press(desk.admin, card, "trial:now")
    assert "This pings @everyone." in text_of(card) and labels(card) == ["Post now", "Back to the post"]
    await press(desk.admin, card, "trial:back")
    assert "Confirm" in labels(card)


async def test_post_now_names_the_roles_and_people_that_a_text_pings(desk: World) -> None:
    closed = desk.guild.create_role("Heralds")
    card = await composed(desk, text=f"Hello <@&{closed.id}> and <@{desk.admin.id}>")
    await press(desk.admin, card, "trial:now")
    assert f"This pings <@&{closed.id}>, <@{desk.admin.id}>." in text_of(card)
    crowd = " ".join(f"<@{900000000000000000 + number}>" for number in range(11))
    card = await composed(desk, text=f"Hello {crowd}")
    await press(desk.admin, card, "trial:now")
    assert "This pings 11 people." in text_of(card)


async def posted(desk: World) -> list[str]:
    """Return the texts of the bot's posts, once the one job has run."""
    client, guild_id = desk.bot.services.client, str(desk.guild.id)

    async def over() -> bool:
        runs = (await client.runs(guild_id)).runs
        return bool(runs) and all(run.finished_at is not None for run in runs)

    assert await until(over)
    return [item.content for item in desk.channel.history() if item.author.bot]


async def test_post_now_keeps_a_draft_with_a_schedule_which_can_still_be_confirmed(desk: World) -> None:
    give_the_bot(desk, discord.Permissions(administrator=True))
    card = await composed(desk, text="Hello now", when="every monday at 18:00")
    await press(desk.admin, card, "trial:now")
    (job,) = (await desk.bot.services.client.jobs(str(desk.guild.id))).jobs
    assert job.trigger.type == "date" and job.params["text"] == "Hello now"
    assert "This draft is kept; *Confirm* schedules it." in text_of(card)
    assert (await newest_draft(desk)).when == "every monday at 18:00"
    assert "Hello now" in await posted(desk)
    await press(desk.admin, card, "draft:confirm")
    jobs = (await desk.bot.services.client.jobs(str(desk.guild.id))).jobs
    assert "cron" in {item.trigger.type for item in jobs}


async def test_post_now_uses_up_a_draft_without_a_time_and_says_that_it_posted(desk: World) -> None:
    give_the_bot(desk, discord.Permissions(administrator=True))
    card = await composed(desk, text="Hello now", when="")
    await press(desk.admin, card, "trial:now")
    assert await desk.bot.memory.drafts_of(desk.admin.id, desk.guild.id, 1) == []
    assert "Just posted" in text_of(card)


@pytest.mark.parametrize("when", ["", "every monday at 18:00"])
async def test_post_now_says_that_nothing_was_posted_and_why(desk: World, when: str) -> None:
    card = await composed(desk, text="Hello now", when=when)
    desk.env.inject_error(
        "POST", f"/channels/{desk.channel.id}/messages", status=400, code=50035, message="Odd"
    )
    await press(desk.admin, card, "trial:now")
    assert "Not posted" in text_of(card) and "Just posted" not in text_of(card)
    assert "Odd" in text_of(card)
