"""A post is tried out before it is scheduled: the message itself, a test to oneself, at once."""

from __future__ import annotations

import pytest_asyncio

from tests.support.composing import PNG, composed, form, newest_draft, with_posts
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


async def test_a_poll_is_told_in_words_where_discord_shows_none(desk: World) -> None:
    card = await composed(desk, text="")
    assert "Write a text, or add an embed, a file or a poll." in text_of(card)
    assert "Show it exactly" not in labels(card)
    modal = await pick(desk.admin, card, "draft:more", ["poll"])
    await desk.admin.submit_modal(
        modal, {"question": "Who?", "answers": "I\nYou", "hours": "24", "several": False}
    )
    shown = await press(desk.admin, card, "trial:show")
    assert "“Who?” · I · You · 1 day" in said(shown) and "Discord shows no polls" in said(shown)


async def test_a_test_goes_to_oneself_with_everything(desk: World) -> None:
    card = await composed(desk, text="Hello", files=[("a.png", PNG)])
    answer = await press(desk.admin, card, "trial:test")
    assert "Look at your direct messages" in said(answer)
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


async def test_post_now_uses_up_the_draft_and_makes_a_job_that_runs_once(desk: World) -> None:
    card = await composed(desk, text="Hello now", when="every friday at 18:00")
    await press(desk.admin, card, "trial:now")
    (job,) = (await desk.bot.services.client.jobs(str(desk.guild.id))).jobs
    assert job.trigger.type == "date" and job.params["text"] == "Hello now"
    assert await desk.bot.memory.drafts_of(desk.admin.id, desk.guild.id, 1) == []
    assert "Posted now" in text_of(card)
