"""What is known when a job is saved is said then, on its card, and not only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
import pytest
import simcord

from tests.support.acting import scheduler
from tests.support.granting import give_the_bot
from tests.support.private_threads import imported_by
from tests.support.text import text_of
from tests.support.world import World, labels, said

Values = Callable[[World], dict[str, Any]]


def here(**more: Any) -> Values:
    return lambda world: {"channel_id": [world.channel], **more}


def gone(world: World) -> str:
    return f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{world.channel.id + 1}"


def forum_of(world: World, name: str = "ideas", **flags: Any) -> simcord.ChannelHandle:
    return world.guild.create_forum_channel(name, **flags)


# Read as: the situation, the job, its values, and what its card says.
SITUATIONS: list[tuple[str, str, Values, str]] = [
    ("a ping before 1,995 characters", "send_announcement", here(message="x" * 1995, everyone=True),
     "has 2005 characters; Discord allows 2000"),
    ("a second text that is too long", "send_to_multiple_channels",
     lambda w: {"channel_ids": [w.channel], "message": f"short\n---\n{'x' * 2001}"}, "has 2001 characters"),
    ("a long direct message", "send_dm", lambda w: {"user_id": [w.admin], "message": "x" * 2001}, "2001"),
    ("an answer of 56 characters", "send_poll", here(question="Q", answers="x" * 56, lasts="1 day"),
     "has 56 characters; Discord allows 55"),
    ("eleven answers", "send_poll",
     here(question="Q", answers="\n".join("abcdefghijk"), lasts="1 day"), "1 to 10 answers"),
    ("a question that grows", "send_poll", here(question="{date} " * 30, answers="a", lasts="1 day"),
     "characters; Discord allows 300"),
    ("an embed's title that grows", "send_embed_announcement",
     here(title="{date} " * 30, description="y"), "characters; Discord allows 256"),
    ("a bad address in an embed", "send_to_multiple_channels",
     lambda w: {"channel_ids": [w.channel], "message": "x",
                "embed": '{"title": "T", "image": {"url": "ftp://x"}}'},
     "isn't an address that Discord accepts"),
    ("a webhook's name", "send_as", here(name="My Discord friend", message="x"), "doesn't accept the name"),
    ("a blank name", "send_as", here(name=" ", message="x"), "doesn't accept the name"),
    ("a blank channel name", "set_channel_text", here(text="  ", where=["name"]), "is empty"),
    ("a long channel name", "set_channel_text", here(text="x" * 101, where=["name"]), "has 101 characters"),
    ("an event without a place", "create_event", lambda w: {"title": "Quiz", "starts_in": "2 days"},
     "either a place or a voice channel"),
    ("a post that is gone", "edit_post", lambda w: {"message_url": gone(w), "text": "x"},
     "no longer exists"),
    ("a post that is gone already", "delete_post", lambda w: {"message_url": gone(w)}, "no longer exists"),
    ("a tag that is not there", "create_forum_post",
     lambda w: {"channel_id": [forum_of(w)], "title": "T", "message": "m", "tags": "none"},
     "has no tag “none”"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "values", "expected"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
async def test_it_is_said_on_the_card(world: World, job: str, values: Values, expected: str) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    given = values(world)
    await world.env.settle()
    preview = await world.draft(world.admin, job, given, "every monday at 9")
    text = text_of(preview.response)
    assert expected in text and "Fix these first" in text, text
    assert preview.response is not None
    if "Confirm" in labels(preview.response):
        await world.admin.click(preview.response, label="Confirm")
        assert "Scheduled" not in text_of(preview.response)


async def test_a_good_job_is_not_stopped(world: World) -> None:
    await world.create(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "x" * 1990},
        "every monday at 9",
    )
    event = {"title": "Quiz", "starts_in": "2 days", "place": "Attic"}
    preview = await world.draft(world.admin, "create_event", event, "every monday at 9")
    assert "lasts 1 hour" in text_of(preview.response), "the length that the job has by default"


async def test_everyone_picked_as_a_role_is_everyone(world: World) -> None:
    """Discord's menu of roles offers @everyone, too."""
    everyone = world.guild.default_role
    values = {"channel_id": [world.channel], "message": "Hi", "role_id": [everyone]}
    preview = await world.draft(world.moderator, "send_announcement", values, "every monday at 9")
    assert "Mention @everyone" in text_of(preview.response)
    preview = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    assert "@everyone Hi" in text_of(preview.response)
    params = {"channel_id": world.channel.id, "message": "Hi", "role_id": world.guild.id}
    answer = await world.run("send_announcement", params)
    assert answer["success"] is True, answer
    message = world.posted()[-1]
    assert message.content == "@everyone Hi" and message.mention_everyone


# Read as: the situation, the job, its values, and why its entry can't be imported.
ENTRIES: list[tuple[str, str, Values, str]] = [
    ("a long answer", "send_poll",
     lambda w: {"channel_id": str(w.channel.id), "question": "Q", "answers": "x" * 56},
     "has 56 characters; Discord allows 55"),
    ("many fields", "send_embed_announcement",
     lambda w: {"channel_id": str(w.channel.id), "title": "T", "description": "y",
                "fields": [{"name": "a", "value": "b"} for _ in range(26)]},
     "has 26 fields; Discord allows 25"),
    ("a field of blanks", "send_embed_announcement",
     lambda w: {"channel_id": str(w.channel.id), "title": "T", "description": "y",
                "fields": [{"name": "a", "value": " "}]},
     'needs a `name` and a `value`'),
    ("more than 6,000 characters", "send_embed_announcement",
     lambda w: {"channel_id": str(w.channel.id), "title": "T", "description": "y" * 4000,
                "footer": "x" * 2001},
     "has 6002 characters; Discord allows 6000"),
    ("a thread in a voice channel", "create_thread",
     lambda w: {"channel_id": str(w.guild.create_voice_channel("Talk").id), "title": "T"},
     "the wrong kind of channel"),
    ("a forum post in a text channel", "create_forum_post",
     lambda w: {"channel_id": str(w.channel.id), "title": "T", "message": "m"}, "the wrong kind of channel"),
    ("a topic of a voice channel", "set_channel_text",
     lambda w: {"channel_id": str(w.guild.create_voice_channel("Talk").id), "text": "T"}, "have a topic"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "values", "expected"), [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES]
)
async def test_an_import_is_checked_by_the_job_too(
    world: World, job: str, values: Values, expected: str
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    given = values(world)
    await world.env.settle()
    entry = {"name": "x", "do": job, "when": "every monday at 9", "with": given}
    shown = await imported_by(world.admin, world, [entry])
    assert "1 entry can't be imported" in said(shown) and expected in said(shown), said(shown)


async def test_a_tag_of_moderators_takes_manage_threads(world: World) -> None:
    """https://discord.com/developers/docs/resources/channel#forum-tag-object"""
    give_the_bot(world, discord.Permissions(administrator=True))
    forum = forum_of(world)
    await world.env.settle()
    known = world.bot.get_channel(forum.id)
    assert isinstance(known, discord.ForumChannel)
    await known.create_tag(name="News", moderated=True)
    await world.env.settle()
    values = {"channel_id": [forum], "title": "T", "message": "m", "tags": "news"}
    sam = await scheduler(world)
    preview = await world.draft(sam, "create_forum_post", values, "every monday at 9")
    assert "Only moderators may set the tag “News”" in text_of(preview.response)
    preview = await world.draft(world.admin, "create_forum_post", values, "every monday at 9")
    assert "Only moderators" not in text_of(preview.response)


async def test_a_locked_thread_needs_the_bot_to_manage_threads(world: World) -> None:
    opened = await world.run("create_thread", {"channel_id": world.channel.id, "title": "Old"})
    thread_id = int(opened["channel_id"])
    thread = world.bot.get_channel(thread_id)
    assert isinstance(thread, discord.Thread)
    await thread.edit(locked=True)
    rights = discord.Permissions(view_channel=True, send_messages=True, send_messages_in_threads=True)
    give_the_bot(world, rights)
    await world.env.settle()
    entry = {
        "name": "x", "do": "send_announcement", "when": "every monday at 9",
        "with": {"channel_id": str(thread_id), "message": "x"},
    }  # fmt: skip
    shown = await imported_by(world.admin, world, [entry])
    assert "it is locked. Unlock it" in said(shown), said(shown)


async def test_a_thread_of_an_announcement_channel_is_of_its_own_type(world: World) -> None:
    """https://discord.com/developers/docs/topics/threads: an announcement channel takes no other type."""
    news = world.guild.create_text_channel("news")
    backend: Any = world.env.backend
    backend.channels[news.id].type = discord.ChannelType.news.value
    await world.restart_bot()
    await world.run("create_thread", {"channel_id": news.id, "title": "This week"})
    asked = [
        r for r in world.env.http_requests if r.method == "POST" and r.path.endswith(f"{news.id}/threads")
    ]
    assert [request.json and request.json["type"] for request in asked] == [
        discord.ChannelType.news_thread.value
    ]


async def test_a_server_that_asks_for_two_factors_is_named_as_the_cause(world: World) -> None:
    """60003 counts for the account of the app's owner."""
    world.env.inject_error("PATCH", f"/channels/{world.channel.id}", status=403, code=60003)
    answer = await world.run("set_slowmode", {"channel_id": world.channel.id, "seconds": 5})
    assert answer["success"] is False and "two-factor authentication" in answer["error"]


# Read as: the values, and whether the card says that a typed ping pings nobody.
TYPED_PINGS: list[tuple[dict[str, Any], bool]] = [
    ({"message": "Hello @everyone"}, True),
    ({"message": "Hello @here!"}, True),
    ({"message": "Hello <@&123>"}, True),
    ({"message": "Hello @everyone", "everyone": True}, False),
    ({"message": "Mail me@everyonehere.example"}, False),
    ({"message": "Hello <@123>"}, False),
]


@pytest.mark.parametrize(("values", "warned"), TYPED_PINGS)
async def test_a_typed_ping_that_pings_nobody_is_said(
    world: World, values: dict[str, Any], warned: bool
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    preview = await world.draft(world.admin, "send_announcement", here(**values)(world), "every monday at 9")
    assert ("doesn't ping anyone" in text_of(preview.response)) is warned
    assert preview.response is not None and "Confirm" in labels(preview.response)
