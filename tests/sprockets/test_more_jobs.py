"""The further kinds of jobs, over the wire: what each does, what it says when it cannot, and done once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord
from aiohttp import web

from bot.config import Settings
from schedulezero.model import Job, Trigger
from schedulezero.web.outgoing import SIGNATURE, is_public, signature_of
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, a_world


def newest(world: World, channel: simcord.ChannelHandle | None = None) -> discord.Message:
    return (channel or world.channel).history()[-1]


async def test_a_poll(world: World) -> None:
    params = {
        "channel_id": world.channel.id, "question": "Lunch on {date}?", "answers": "Pizza\n\nSoup",
        "lasts": "3h", "several": True,
    }  # fmt: skip
    answer = await world.run("send_poll", params)
    assert answer["success"] is True, answer
    poll = newest(world).poll
    assert poll is not None and poll.question.startswith("Lunch on ") and "{" not in poll.question
    assert [item.text for item in poll.answers] == ["Pizza", "Soup"] and poll.multiple


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers": " "}, "1 to 10 answers, one per line; this one has 0"),
        (
            {"answers": "\n".join(str(n) for n in range(11))},
            "1 to 10 answers, one per line; this one has 11",
        ),
        ({"answers": "x" * 56}, "56 characters; Discord allows 55"),
        ({"lasts": "5 minutes"}, "'lasts' of send_poll must be"),
        ({"lasts": "for ever"}, "a duration such as `90 minutes`"),
        ({"question": "x" * 301}, "301 characters; the limit is 300"),
        ({"channel_id": 1}, "no longer exists"),
    ],
)
async def test_a_poll_that_cannot_be(world: World, change: dict[str, Any], said: str) -> None:
    params = {"channel_id": world.channel.id, "question": "Lunch?", "answers": "Pizza", **change}
    answer = await world.run("send_poll", params)
    assert answer["success"] is False and said in answer["error"], answer


async def test_a_post_under_another_name(world: World) -> None:
    for text in ("Ahoy", "Ahoy again"):
        params = {"channel_id": world.channel.id, "name": "Captain", "message": text}
        answer = await world.run("send_as", params)
        assert answer["success"] is True, answer
        assert str(newest(world).id) == answer["message_id"]
    assert [m.author.name for m in world.channel.history()[-2:]] == ["Captain", "Captain"]
    created = [r for r in world.env.http_requests if r.method == "POST" and r.path.endswith("/webhooks")]
    assert len(created) == 1, "one webhook serves for all posts of a channel"
    refused = await world.run("send_as", {**params, "name": "Clyde the discord"})
    assert refused["success"] is False and "doesn't accept" in refused["error"]


async def test_an_earlier_post_is_changed_and_deleted(world: World) -> None:
    await world.run("send_announcement", {"channel_id": world.channel.id, "message": "First"})
    link = newest(world).jump_url
    assert (await world.run("edit_post", {"message_url": link, "text": "Second"}))["success"] is True
    assert newest(world).content == "Second"
    foreign = await world.plain.send(world.channel, "mine")
    answer = await world.run("edit_post", {"message_url": foreign.jump_url, "text": "x"})
    assert answer["success"] is False and "by someone else" in answer["error"]
    for said in ("The post was deleted.", "The post was already gone."):
        answer = await world.run("delete_post", {"message_url": link})
        assert answer["success"] is True and answer["message"] == said
    answer = await world.run("delete_post", {"message_url": "https://evil.example/1/2/3"})
    assert "a message link" in answer["error"]


async def test_a_thread_is_opened_closed_and_opened(world: World) -> None:
    params = {
        "channel_id": world.channel.id,
        "title": "Week of {date}",
        "message": "Hello",
        "archive_after": "1 week",
    }
    answer = await world.run("create_thread", params)
    assert answer["success"] is True, answer
    thread_id = int(answer["channel_id"])
    thread = world.bot.get_channel(thread_id)
    assert isinstance(thread, discord.Thread) and thread.auto_archive_duration == 10080
    for state, archived, locked in (
        ("closed", True, True),
        ("open", False, False),
        ("archived", True, False),
    ):
        answer = await world.run("set_thread", {"thread_id": thread_id, "state": state})
        assert answer["success"] is True, answer
        fetched: Any = await world.bot.fetch_channel(thread_id)
        assert (fetched.archived, fetched.locked) == (archived, locked)
    answer = await world.run("set_thread", {"thread_id": thread_id, "state": "burnt"})
    assert "must be one of open, closed, archived" in answer["error"]


async def test_a_forum_post(world: World) -> None:
    forum = world.guild.create_forum_channel("ideas")
    await world.env.settle()
    params = {"channel_id": forum.id, "title": "Idea of the week", "message": "Let's hear it"}
    answer = await world.run("create_forum_post", params)
    assert answer["success"] is True, answer
    thread = world.bot.get_channel(int(answer["channel_id"]))
    assert isinstance(thread, discord.Thread) and thread.parent_id == forum.id
    answer = await world.run("create_forum_post", {**params, "tags": "none such"})
    assert "has no tag “none such”" in answer["error"]
    answer = await world.run("create_forum_post", {**params, "channel_id": world.channel.id})
    assert "isn't a forum" in answer["error"]


async def test_an_event_is_announced_started_and_ended(world: World) -> None:
    params = {
        "guild_id": world.guild.id,
        "title": "Game night",
        "starts_in": "6 hours",
        "lasts": "3h",
        "place": "Attic",
    }
    answer = await world.run("create_event", params)
    assert answer["success"] is True, answer
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    (event,) = await guild.fetch_scheduled_events()
    assert event.name == "Game night" and event.location == "Attic" and event.end_time is not None
    assert event.end_time - event.start_time == timedelta(hours=3)
    named = {"guild_id": world.guild.id, "title": "game night"}
    assert "no running event" in (await world.run("end_event", named))["error"]
    assert (await world.run("start_event", named))["success"] is True
    assert (await world.run("end_event", named))["success"] is True
    assert "no planned event" in (await world.run("start_event", named))["error"]
    answer = await world.run("create_event", {**params, "place": ""})
    assert "either a place or a voice channel" in answer["error"]


async def test_a_countdown_in_the_topic_and_in_the_name(world: World) -> None:
    params = {"channel_id": world.channel.id, "text": "{countdown:2099-01-01} until launch"}
    assert (await world.run("set_channel_text", params))["success"] is True
    channel = world.bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel) and channel.topic and "until launch" in channel.topic
    answer = await world.run("set_channel_text", {**params, "text": "launch-soon", "where": "name"})
    assert answer["success"] is True and channel.name == "launch-soon"
    answer = await world.run("set_channel_text", {**params, "text": "x" * 101, "where": "name"})
    assert "Discord allows 100" in answer["error"]


class Receiver:
    """Somebody's service on the web."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.hang_up = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, dict(request.headers), await request.read()))
        await self.may_answer.wait()
        if self.hang_up:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status, text="so it is", headers={"Location": "http://127.0.0.1:1/"})


@pytest.mark.long
async def test_calls_of_the_web_are_signed_and_kept_out_of_our_network(settings: Settings) -> None:
    (port,) = free_ports(1)
    receiver, url = Receiver(), f"http://localhost:{port}/hook"
    app = web.Application()
    app.router.add_route("*", "/hook", receiver.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    try:
        async with a_world(settings) as world:
            for inner in (
                url, f"http://127.0.0.1:{port}/hook", f"http://[::ffff:127.0.0.1]:{port}/hook",
                f"http://①②⑦.⓪.⓪.①:{port}/hook", f"http://[64:ff9b::7f00:1]:{port}/hook",
            ):  # fmt: skip
                answer = await world.run("call_web", {"url": inner, "body": "{}"})
                assert answer["success"] is False and "private network" in answer["error"], answer
            assert receiver.calls == []
            assert "can't be used" in (await world.run("call_web", {"url": "file:///etc/passwd"}))["error"]
        open_settings = settings.model_copy(update={"private_calls": True})
        async with a_world(open_settings) as world:
            shown = await world.admin.slash(world.channel, "sprockets")
            form = await world.admin.select(shown.response, ["web"])  # type: ignore[arg-type]
            await world.admin.submit_modal(form, {"p:secret": "s3cret"})
            job_id = await world.create(
                world.admin, "call_web", {"url": url, "method": ["PUT"], "body": '{"a": 1}'}, "in 2 hours"
            )
            await world.admin.slash(world.channel, "schedule run", job=job_id)
            await until(lambda: receiver.calls)
            method, headers, body = receiver.calls[0]
            at = int(headers[SIGNATURE].split(",")[0].removeprefix("t="))
            assert (method, body, headers["Content-Type"]) == ("PUT", b'{"a": 1}', "application/json")
            assert headers[SIGNATURE] == signature_of("s3cret", body, at)
            for status, again in ((302, False), (404, False), (503, None)):
                receiver.status = status
                answer = await world.run("call_web", {"url": url})
                assert answer["success"] is False and f"responded with {status}" in answer["error"]
                assert answer.get("retry") is again
            receiver.status = 200
            # What may have arrived is repeated only where that does no more.
            receiver.hang_up = True
            for method, uncertain in (("POST", True), ("PATCH", True), ("PUT", None), ("GET", None)):
                answer = await world.run("call_web", {"url": url, "method": method})
                assert answer["success"] is False and answer.get("uncertain") is uncertain, answer
                assert answer.get("retry") is (False if uncertain else None)
            receiver.hang_up = False
            nobody = f"http://localhost:{free_ports(1)[0]}/"
            answer = await world.run("call_web", {"url": nobody})
            assert answer["success"] is False and "retry" not in answer and "uncertain" not in answer
            # Our own API is not for web calls, even where private addresses may be called.
            for endpoint in (settings.api_endpoint, settings.api_endpoint.replace("127.0.0.1", "①②⑦.⓪.⓪.①")):
                for path in ("/api/jobs", "/api/schedule", "/api/health"):
                    answer = await world.run("call_web", {"url": endpoint + path, "body": "{}"})
                    assert answer["success"] is False and "responded with 403" in answer["error"], answer
            receiver.status, receiver.calls = 200, []
            # The dead man's switch of any job.
            params = {"channel_id": world.channel.id, "message": "Hi", "ping_url": url}
            job = await world.bot.services.client.create(_announcement(world, params))
            await world.admin.slash(world.channel, "schedule run", job=job.id)
            await until(lambda: receiver.calls)
            assert receiver.calls[0][0] == "GET"
            # The bot does not stop before the call under way is answered.
            receiver.may_answer.clear()
            await world.bot.services.client.run(job)
            await until(lambda: len(receiver.calls) == 2)
            stopping = asyncio.ensure_future(world.bot.remove_cog("ScheduleZeroCog"))
            done, _ = await asyncio.wait([stopping], timeout=0.05)
            assert not done
            receiver.may_answer.set()
            await stopping
    finally:
        await runner.cleanup()


def _announcement(world: World, params: dict[str, Any]) -> Job:
    return Job(
        id="", handler_id=world.handler.handler_id, method="send_announcement", params=params,
        trigger=Trigger("date", {"run_date": "2099-01-01T00:00:00Z"}), guild_id=str(world.guild.id),
        creator_id=str(world.admin.id),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("169.254.169.254", False), ("::1", False), ("fe80::1%eth0", False), ("::ffff:10.0.0.1", False),
        ("224.0.0.1", False), ("0.0.0.0", False), ("100.64.0.1", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_the_dry_run_of_a_clean_up_deletes_nothing(world: World) -> None:
    await world.plain.send(world.channel, "spam")
    preview = await world.draft(
        world.admin, "cleanup_messages", {"channel_id": [world.channel], "limit": "5"}, "tomorrow at 9"
    )
    await world.admin.click(preview.response, label="What would it do now?")  # type: ignore[arg-type]
    assert "would be deleted now" in text_of(preview.response)
    assert any(message.content == "spam" for message in world.channel.history())


LONG = "{server}" * 200  # 1,600 characters, and more once it is filled in


@pytest.mark.parametrize(
    ("method", "params", "part"),
    [
        ("send_announcement", {"message": LONG}, "message"),
        ("send_as", {"message": LONG, "name": "Captain"}, "message"),
        ("send_to_multiple_channels", {"message": LONG}, "message"),
        ("create_thread", {"message": LONG, "title": "Talk"}, "message"),
        ("create_forum_post", {"message": LONG, "title": "Talk"}, "message"),
        ("send_embed_announcement", {"title": LONG[:256], "description": "x"}, "title"),
        ("send_poll", {"question": LONG[:296], "answers": "Yes\nNo"}, "question"),
        (
            "create_event",
            {"title": "Games", "description": LONG[:1000], "starts_in": "2 days"},
            "description",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_text_that_grew_too_long_is_told_before_anything_is_done(
    world: World, method: str, params: dict[str, Any], part: str
) -> None:
    guild: Any = world.bot.get_guild(world.guild.id)
    guild.name = "The Moonbase of all Moonbases"
    where = world.guild.create_forum_channel("ideas") if "forum" in method else world.channel
    await world.env.settle()
    places = {
        "send_to_multiple_channels": {"channel_ids": [where.id]},
        "create_event": {"guild_id": guild.id, "place": "Attic"},
    }
    answer = await world.run(method, {**places.get(method, {"channel_id": where.id}), **params})
    assert f"The {part} has " in answer["error"] and "characters; Discord allows" in answer["error"]
    assert world.channel.history() == [] and not guild.threads


async def an_event(world: World, starts_in: str, title: str = "Game night") -> str:
    params = {"guild_id": world.guild.id, "title": title, "starts_in": starts_in, "lasts": "1h", "place": "X"}
    answer = await world.run("create_event", params)
    assert answer["success"] is True, answer
    return answer["event_id"]


async def states(world: World) -> dict[str, str]:
    guild: Any = world.bot.get_guild(world.guild.id)
    return {str(event.id): event.status.name for event in await guild.fetch_scheduled_events()}


async def test_this_weeks_event_is_started_and_not_next_weeks(world: World) -> None:
    this, following = await an_event(world, "1 hour"), await an_event(world, "7 days")
    named = {"guild_id": world.guild.id, "title": "Game night"}
    assert (await world.run("start_event", named))["event_id"] == this
    # A moderator, or an earlier attempt, has begun it already; next week's stays as it is.
    again = await world.run("start_event", {**named, "title": "game night"})
    assert again["success"] is True and "already" in again["message"] and again["event_id"] == this
    assert await states(world) == {this: "active", following: "scheduled"}


async def test_a_cancelled_event_does_not_start_next_weeks(world: World) -> None:
    this, following = await an_event(world, "1 hour"), await an_event(world, "7 days")
    world.env.backend.delete_scheduled_event(world.guild.id, int(this))
    answer = await world.run("start_event", {"guild_id": world.guild.id, "title": "Game night"})
    assert answer["success"] is False and "The next event called “Game night” starts 20" in answer["error"]
    assert await states(world) == {following: "scheduled"}


async def test_an_event_is_named_by_its_id_or_link(world: World) -> None:
    this, following = await an_event(world, "1 hour"), await an_event(world, "2 hours")
    named: dict[str, Any] = {"guild_id": world.guild.id, "title": "Game night"}
    link = f"https://discord.com/events/{world.guild.id}/{following}"
    assert (await world.run("start_event", {**named, "event_id": link}))["event_id"] == following
    assert await states(world) == {this: "scheduled", following: "active"}
    assert (await world.run("end_event", {**named, "event_id": following}))["success"] is True
    refused = await world.run("start_event", {**named, "event_id": "the second one"})
    assert refused["success"] is False and "event_id" in refused["error"]


async def test_a_post_under_another_name_is_edited(world: World) -> None:
    params = {"channel_id": world.channel.id, "name": "Captain", "message": "Ahoy"}
    await world.run("send_as", params)
    link = newest(world).jump_url
    answer = await world.run("edit_post", {"message_url": link, "text": "Land ho"})
    assert answer["success"] is True, answer
    assert [(m.author.name, m.content) for m in world.channel.history()] == [("Captain", "Land ho")]
    channel: Any = world.bot.get_channel(world.channel.id)
    foreign = await (await channel.create_webhook(name="Theirs")).send("x", wait=True)
    world.env.backend.messages[world.channel.id][foreign.id].webhook_id = 7
    answer = await world.run("edit_post", {"message_url": newest(world).jump_url, "text": "y"})
    assert "by someone else" in answer["error"]


async def test_an_edit_keeps_what_it_does_not_name(world: World) -> None:
    fields = [{"name": "Where", "value": "Here", "inline": False}]
    params = {
        "channel_id": world.channel.id, "title": "Party", "description": "Tonight", "color": "#123456",
        "footer": "Bring cake", "fields": fields,
    }  # fmt: skip
    await world.run("send_embed_announcement", params)
    link = newest(world).jump_url
    answer = await world.run("edit_post", {"message_url": link, "description": "Tomorrow"})
    assert answer["success"] is True, answer
    (embed,) = newest(world).embeds
    assert (embed.title, embed.description, embed.footer.text) == ("Party", "Tomorrow", "Bring cake")
    assert embed.colour == discord.Colour(0x123456) and embed.fields[0].value == "Here"
    await world.run("edit_post", {"message_url": link, "text": "Look:"})
    assert newest(world).content == "Look:" and newest(world).embeds[0].description == "Tomorrow"
    assert "nothing to change" in (await world.run("edit_post", {"message_url": link}))["error"]
    await world.run("send_announcement", {"channel_id": world.channel.id, "message": "Plain"})
    answer = await world.run("edit_post", {"message_url": newest(world).jump_url, "title": "x"})
    assert "has no embed" in answer["error"]


async def test_a_post_whose_channel_is_gone_is_deleted_already(world: World) -> None:
    room = world.guild.create_text_channel("room")
    await world.env.settle()
    await world.run("send_announcement", {"channel_id": room.id, "message": "First"})
    link = newest(world, room).jump_url
    world.env.backend.delete_channel(room.id)
    await world.env.settle()
    answer = await world.run("delete_post", {"message_url": link})
    assert answer["success"] is True and answer["message"] == "The post was already gone."
