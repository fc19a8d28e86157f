"""The one kind of post, over the wire: what each part of it becomes, and where."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest

from schedulezero import faults
from tests.support.keeping import kept
from tests.support.resuming import call
from tests.support.rules.application_webhooks import application_webhooks
from tests.support.rules.applying import applied
from tests.support.rules.embedded_files import EmbeddedFiles
from tests.support.rules.webhook_places import WebhookPlaces
from tests.support.world import World


async def post(world: World, **params: Any) -> dict[str, Any]:
    answer = await world.run("send_post", {"channel_ids": [str(world.channel.id)], **params})
    assert answer["success"] is True, answer
    return answer


def newest(world: World) -> discord.Message:
    return world.channel.history()[-1]


def requests(world: World) -> list[Any]:
    """What was posted: the bodies of all requests that make a message or a forum post."""
    made = [item for item in world.env.http_requests if item.method == "POST"]
    return [
        item
        for item in made
        if item.path.endswith(("/messages", "/threads"))
        or (item.path.startswith("/webhooks/") and item.path.count("/") == 3)
    ]


async def test_a_text_with_its_variables(world: World) -> None:
    answer = await post(world, text="Run {run} of {server}", silent=True, no_previews=True)
    message = newest(world)
    assert message.content == f"Run 1 of {world.guild.name}" and answer["url"] == message.jump_url
    assert message.flags.suppress_notifications and message.flags.suppress_embeds


async def test_several_embeds_with_variables_in_all_their_texts(world: World) -> None:
    first = {
        "title": "{run}", "description": "Run {run}", "color": 0x5865F2, "timestamp": "now",
        "author": {"name": "By {run}"}, "footer": {"text": "Small {run}"},
        "fields": [{"name": "N{run}", "value": "V{run}", "inline": True}],
    }  # fmt: skip
    await post(world, embeds=[first, {"title": "Second", "image": {"url": "https://example.com/a.png"}}])
    one, two = newest(world).embeds
    assert (one.title, one.description, one.author.name, one.footer.text) == ("1", "Run 1", "By 1", "Small 1")
    assert (one.fields[0].name, one.fields[0].value, one.fields[0].inline) == ("N1", "V1", True)
    assert one.timestamp is not None and two.image.url == "https://example.com/a.png"


async def test_files_with_alt_text_and_a_spoiler(world: World) -> None:
    first = await kept(world, b"one", "Straße im Regen.png", alt="A street")
    second = await kept(world, b"two", "secret.png", spoiler=True)
    await post(world, files=[first, second])
    one, two = newest(world).attachments
    assert (one.filename, one.size, one.description) == ("Stra_e_im_Regen.png", 3, "A street")
    assert two.is_spoiler() and await two.read() == b"two"


async def test_two_files_of_one_name_are_both_there(world: World) -> None:
    await post(world, files=[await kept(world, b"one"), await kept(world, b"two")])
    assert [item.filename for item in newest(world).attachments] == ["poster.png", "poster-2.png"]


async def test_an_embed_shows_a_file_of_the_post(world: World) -> None:
    file = await kept(world, name="my poster.png", spoiler=True)
    embed = {"title": "Party", "image": {"url": "attachment://my poster.png".replace(" ", "_")}}
    await post(world, files=[file], embeds=[embed])
    body = requests(world)[-1].json
    assert body["embeds"][0]["image"]["url"] == "attachment://SPOILER_my_poster.png"


async def test_link_buttons(world: World) -> None:
    buttons = [{"label": f"B{number}", "url": f"https://example.com/{number}"} for number in range(24)]
    await post(world, text="x", buttons=[*buttons, {"url": "https://example.com", "emoji": "🎉"}])
    rows = requests(world)[-1].json["components"]
    assert [len(row["components"]) for row in rows] == [5] * 5
    assert rows[-1]["components"][-1]["emoji"]["name"] == "🎉"


async def test_a_poll(world: World) -> None:
    poll = {"question": "Lunch {run}?", "answers": ["Pizza", "Soup {run}"], "hours": 768, "several": True}
    await post(world, poll=poll, ping="everyone")
    message = newest(world)
    assert message.content == "@everyone" and message.mention_everyone and message.poll is not None
    assert message.poll.question == "Lunch 1?" and message.poll.multiple
    assert [answer.text for answer in message.poll.answers] == ["Pizza", "Soup 1"]


@pytest.mark.parametrize("what", ["text", "embeds", "poll", "files", "layout"])
async def test_pings_with_each_kind_of_post(world: World, what: str) -> None:
    one, two = world.guild.create_role("One"), world.guild.create_role("Two")
    parts: dict[str, Any] = {
        "text": "Hi", "embeds": [{"title": "Hi"}], "poll": {"question": "Hi", "answers": ["a"]},
        "files": [await kept(world)], "layout": [{"type": 10, "content": "Hi"}],
    }  # fmt: skip
    await post(world, **{what: parts[what]}, role_ids=[str(one.id), str(two.id)], ping="here")
    body = requests(world)[-1].json
    called = f"@here <@&{one.id}> <@&{two.id}>"
    text = body["components"][0]["content"] if what == "layout" else body["content"]
    assert text == (f"{called} Hi" if what == "text" else called)
    allowed = body["allowed_mentions"]
    assert allowed["parse"] == ["everyone"] and {int(item) for item in allowed["roles"]} == {one.id, two.id}


async def test_what_a_text_names_is_pinged_no_wider(world: World) -> None:
    role = world.guild.create_role("Fans")
    await post(world, text=f"@everyone @here <@&{role.id}> <@{world.plain.id}>")
    allowed = requests(world)[-1].json["allowed_mentions"]
    assert allowed["parse"] == [] and not allowed.get("roles")
    assert [int(item) for item in allowed["users"]] == [world.plain.id]


LAYOUT = [
    {
        "type": 17, "accent_color": 0x5865F2, "id": 1,
        "components": [
            {"type": 9, "components": [{"type": 10, "content": "# Run {run}"}],
             "accessory": {"type": 11, "media": {"url": "attachment://poster.png"}}},
            {"type": 14, "spacing": 2},
            {"type": 12, "items": [{"media": {"url": "https://example.com/a.png"}}]},
            {"type": 1, "components": [{"type": 2, "style": 5, "label": "More", "url": "https://example.com"}]},
        ],
    }
]  # fmt: skip


async def test_a_layout(world: World) -> None:
    files, buttons = [await kept(world)], [{"label": "B", "url": "https://example.com/b"}]
    await post(world, layout=LAYOUT, files=files, buttons=buttons)
    body = requests(world)[-1].json
    assert body["flags"] & 1 << 15 and not body.get("content") and "embeds" not in body
    container, row = body["components"]
    assert container["components"][0]["components"][0]["content"] == "# Run 1"
    assert row["components"][0]["url"] == "https://example.com/b"


async def test_several_channels_with_partial_success(world: World) -> None:
    other = world.guild.create_text_channel("other")
    answer = await post(world, channel_ids=[str(world.channel.id), other.id, 99], text="News")
    assert answer["partial"] is True and answer["message"].startswith("Done for 2 of 3 channels.")
    assert other.history()[-1].content == "News"


def forum_of(world: World, **more: Any) -> Any:
    return world.guild.create_forum_channel("ideas", **more)


async def test_a_forum_gets_a_post_with_tags(world: World) -> None:
    forum = forum_of(world)
    tag = {"id": str(world.env.backend.snowflake()), "name": "News", "moderated": False, "emoji_name": None}
    world.env.backend.edit_channel(forum.id, {"available_tags": [tag]})
    await world.env.settle()
    file = await kept(world)
    answer = await post(
        world, channel_ids=[forum.id], text="Hi", title="Week {run}", tags="news", files=[file]
    )
    thread = world.bot.get_channel(int(answer["channel_id"]))
    assert isinstance(thread, discord.Thread) and thread.name == "Week 1"
    assert [tag.name for tag in thread.applied_tags] == ["News"]


async def test_a_forum_gets_a_post_under_another_name(world: World) -> None:
    forum = forum_of(world)
    await world.env.settle()
    with applied(WebhookPlaces()), application_webhooks():
        answer = await post(
            world, channel_ids=[forum.id], embeds=[{"title": "Hi"}], title="T", name="Captain"
        )
    thread = world.env.backend.channels[int(answer["channel_id"])]
    assert thread.name == "T" and thread.parent_id == forum.id


@pytest.mark.parametrize("thread", [False, True])
async def test_another_name_and_face_with_everything(world: World, thread: bool) -> None:
    where = world.env.backend.create_thread(world.channel.id, "T", world.plain.id).id if thread else None
    await world.env.settle()
    with applied(WebhookPlaces()), application_webhooks():
        await post(
            world, channel_ids=[where or world.channel.id], name="Captain", avatar_url="https://example.com/a.png",
            text="Ahoy", embeds=[{"title": "E"}], files=[await kept(world)], silent=True,
            buttons=[{"label": "B", "url": "https://example.com"}],
        )  # fmt: skip
    (message,) = world.env.backend.messages[where or world.channel.id].values()
    assert message.content == "Ahoy" and message.embeds[0]["title"] == "E" and message.components
    assert message.author_name == "Captain" and message.attachments[0]["filename"] == "poster.png"


# ---------------------------------------------------------------- never twice


class Interrupted(Exception):
    """The process dies here, so to speak."""


def interrupt_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    left = [1]

    def trouble(passed: str) -> None:
        if passed == point and left:
            left.pop()
            raise Interrupted

    monkeypatch.setattr(faults, "trouble_maker", trouble)


PARTS: dict[str, dict[str, Any]] = {
    "text": {"text": "Hi"},
    "only files": {},
    "embed": {"embeds": [{"title": "One"}, {"title": "Two", "image": {"url": "attachment://poster.png"}}]},
    "poll": {"poll": {"question": "Lunch?", "answers": ["Pizza"]}},
    "layout": {"layout": LAYOUT},
}


@pytest.mark.parametrize("point", ["step.begun", "step.done"])
@pytest.mark.parametrize("where", ["channel", "forum", "webhook", "forum webhook"])
@pytest.mark.parametrize("what", PARTS)
async def test_a_post_is_there_once_after_a_kill(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str, where: str, point: str
) -> None:
    if what == "poll" and where == "forum":
        pytest.skip("a forum takes no polls")
    place = forum_of(world) if "forum" in where else world.channel
    await world.env.settle()
    params = {
        "channel_ids": [str(place.id)], "title": "T", "name": "Captain" if "webhook" in where else "",
        **PARTS[what], "files": [await kept(world, name="poster.png")] if what != "poll" else None,
    }  # fmt: skip
    with applied(WebhookPlaces(), EmbeddedFiles()), application_webhooks():
        before = await call(world, "send_post", params, "job@1")
        assert before["success"] is True, before
        interrupt_at(monkeypatch, point)
        assert (await call(world, "send_post", params, "job@2"))["success"] is False
        answer = await call(world, "send_post", params, "job@2")
    assert answer["success"] is True, answer
    assert answer["message_id"] != before["message_id"], "the run before posted the same"
    assert len(requests(world)) == 2


async def test_the_same_file_name_with_another_size_is_another_post(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's other job of the bot posted meanwhile, and its journal entry is lost."""
    bot: Any = world.bot
    interrupt_at(monkeypatch, "step.begun")
    params = {"channel_ids": [str(world.channel.id)], "files": [await kept(world, b"long content")]}
    await call(world, "send_post", params)
    channel = bot.get_channel(world.channel.id)
    await channel.send(file=discord.File(io.BytesIO(b"short"), "poster.png"))
    assert (await call(world, "send_post", params))["success"] is True
    assert [item.attachments[0].size for item in world.channel.history()] == [5, 12]


async def test_files_are_closed_and_sent_whole_again_after_an_outage(world: World) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=503, times=1)
    opened: list[Any] = []
    files: Any = getattr(world.bot, "memory").files  # noqa: B009
    real = files.open

    async def watched(digest: str, guild_id: str) -> Any:
        opened.append(await real(digest, guild_id))
        return opened[-1]

    params = {"channel_ids": [str(world.channel.id)], "files": [await kept(world, b"whole")]}
    files.open = watched
    assert (await call(world, "send_post", params))["success"] is False
    assert (await call(world, "send_post", params))["success"] is True
    files.open = real
    assert newest(world).attachments[0].size == 5 and len(opened) == 2
    assert all(handle.closed for handle in opened)


async def test_whom_each_of_many_texts_names_is_pinged(world: World) -> None:
    """Discord allows 100 people in a message; those whom the other texts name don't count."""
    people = [str(10**17 + number) for number in range(100)]
    many = " ".join(f"<@{user_id}>" for user_id in people)
    text = f"{many}\n---\n<@{world.admin.id}>"
    params = {"channel_ids": [str(world.channel.id)], "text": text}
    await call(world, "send_post", params, "job@2", {"number": 2})
    assert requests(world)[-1].json["allowed_mentions"]["users"] == [world.admin.id]
