"""A published server's calls in the real bot: rights, guild and zone come from the job's ``_meta``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio

from cogs.services import handler_of
from schedulezero import instants
from schedulezero.handler.run_context import current_run
from schedulezero.model import JsonObject
from tests.conftest import until
from tests.support.acting import scheduler
from tests.support.foreign_guild import Foreign
from tests.support.granting import give_the_bot
from tests.support.published_calls import Clock, PublishedCaller, answer_of
from tests.support.published_calls import clock as clock
from tests.support.world import World


@pytest_asyncio.fixture
async def server(world: World) -> AsyncIterator[PublishedCaller]:
    made = PublishedCaller(world.bot.services.handler_address)
    yield made
    made.close()


def announced(world: World, meta: Any = None, **params: Any) -> JsonObject:
    found = {"channel_id": str(world.channel.id), "message": "Hi", **params}
    return found if meta is None else {**found, "_meta": meta}


def meta_of(world: World, creator_id: int, **more: Any) -> JsonObject:
    """What our client sends, see `schedulezero.client.published_dialect`."""
    return {
        "name": "Hello", "guild_id": str(world.guild.id), "creator_id": str(creator_id), "meta": {},
        "timezone": "UTC", "trigger": {"type": "interval", "args": {"hours": 1}},
        "created_at": "2026-11-27T00:00:00Z", **more,
    }  # fmt: skip


async def test_a_run_of_a_creator_who_left_is_refused(world: World, server: PublishedCaller) -> None:
    sam = await scheduler(world)
    params = announced(world, meta_of(world, sam.id))
    world.guild.remove_member(sam)
    await world.env.settle()
    theirs = announced(world, meta_of(world, world.admin.id))
    assert (await server.call("send_announcement", theirs))["success"] is True
    answer = await server.call("send_announcement", params)
    assert (answer["error_code"], answer["retry"]) == ("creator_left", False)
    assert len(world.channel.history()) == 1


async def test_a_run_beyond_its_creators_rights_is_refused(world: World, server: PublishedCaller) -> None:
    sam = await scheduler(world)
    give_the_bot(world, discord.Permissions(administrator=True))
    loud = announced(world, meta_of(world, sam.id), everyone=True)
    answer = await server.call("send_announcement", loud)
    assert answer["success"] is False and "Mention @everyone" in answer["error"]
    assert world.channel.history() == []
    loud["_meta"] = meta_of(world, world.admin.id)
    assert (await server.call("send_announcement", loud))["success"] is True


@pytest.mark.long
async def test_a_run_stays_in_its_guild(world: World, server: PublishedCaller) -> None:
    foreign = Foreign(world)
    give_the_bot(world, discord.Permissions(administrator=True))
    meta = meta_of(world, foreign.eve.id, guild_id=str(foreign.guild.id))
    answer = await server.call("send_announcement", announced(world, meta))
    assert answer["success"] is False and "isn't in this server" in answer["error"]
    assert world.channel.history() == []


async def test_variables_use_the_jobs_zone(world: World, server: PublishedCaller) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # more than a day apart
        meta = meta_of(world, world.admin.id, timezone=zone)
        await server.call("send_announcement", announced(world, meta, message="{date}"))
    texts = [message.content for message in world.channel.history()]
    assert len(set(texts)) == 2, texts


async def test_the_function_sees_no_metadata_and_the_run_has_it(
    world: World, server: PublishedCaller
) -> None:
    seen: list[Any] = []

    async def look(bot: Any, params: dict[str, Any]) -> None:
        """Look.

        Params:
            word: str - Any word
        """
        seen.append((params, current_run()))

    cog: Any = world.bot.get_cog("ScheduleZeroCog")
    cog.register_sprocket("look", look)
    before = instants.now()
    meta = meta_of(world, world.admin.id, timezone="Europe/Berlin")
    assert (await server.call("look", {"word": "x", "_meta": meta}))["success"] is True
    params, run = seen[0]
    assert params == {"word": "x"}
    assert (run.guild_id, run.creator_id) == (str(world.guild.id), str(world.admin.id))
    assert run.timezone == "Europe/Berlin" and run.scheduled_at >= before
    assert (await server.call("look", {"word": "x"}))["success"] is True
    assert (seen[1][1].guild_id, seen[1][1].creator_id, seen[1][1].timezone) == (None, None, "UTC")


# Read as: a malformed `_meta`, and a word of the refusal.
MALFORMED: list[tuple[Any, str]] = [
    (1, "must be an object"), ("{}", "must be an object"), ([{}], "must be an object"),
    (False, "must be an object"), (None, "must be an object"),
    ({"guild_id": 5}, "'guild_id'"), ({"guild_id": ""}, "'guild_id'"), ({"guild_id": "٣"}, "'guild_id'"),
    ({"guild_id": "1" * 21}, "'guild_id'"), ({"guild_id": ["1"]}, "'guild_id'"),
    ({"guild_id": "-1"}, "'guild_id'"), ({"guild_id": "1", "creator_id": 2}, "'creator_id'"),
    ({"guild_id": "1", "creator_id": " 2"}, "'creator_id'"),
    ({"guild_id": "1", "creator_id": True}, "'creator_id'"), ({"creator_id": "2"}, "no `guild_id`"),
    ({"timezone": "Mars/Base"}, "'timezone'"), ({"timezone": 1}, "'timezone'"),
    ({"timezone": "../x"}, "'timezone'"),
    ({"meta": []}, "'meta'"), ({"trigger": "daily"}, "'trigger'"), ({"name": {}}, "'name'"),
    ({"created_at": 5}, "'created_at'"), ({"meta": {"x": "y" * 40_000}}, "at most 32768"),
]  # fmt: skip


@pytest.mark.long
async def test_malformed_metadata_is_refused_in_words(world: World, server: PublishedCaller) -> None:
    for meta, word in MALFORMED:
        params = {"channel_id": str(world.channel.id), "message": "Hi", "_meta": meta}
        answer = await server.call("send_announcement", params)
        assert answer["success"] is False and word in answer["error"], (meta, answer)
        assert answer["retry"] is False
    assert world.channel.history() == []


async def test_metadata_beside_a_context_changes_nothing(world: World, server: PublishedCaller) -> None:
    """Our own server says itself whose a run is; params can't."""
    sam = await scheduler(world)
    give_the_bot(world, discord.Permissions(administrator=True))
    call = {
        "method": "send_announcement", "run_id": "job@1", "job_id": "job",
        "params": announced(world, meta_of(world, world.admin.id), everyone=True),
        "context": {"guild_id": str(world.guild.id), "creator_id": str(sam.id)},
    }  # fmt: skip
    socket = await server.send("ping")
    await answer_of(socket)
    await socket.send(json.dumps(call).encode())
    answer = await answer_of(socket)
    assert answer["success"] is False and "Mention @everyone" in answer["error"]
    assert world.channel.history() == []


async def test_forged_metadata_makes_nothing_personal(world: World, server: PublishedCaller) -> None:
    """A guild that is a person's own id stands for that person's reminders, and for nothing else."""
    sam = await scheduler(world)
    give_the_bot(world, discord.Permissions(administrator=True))
    own = meta_of(world, sam.id, guild_id=str(sam.id))
    answer = await server.call("send_announcement", announced(world, own, everyone=True))
    assert answer["error_code"] == "personal_jobs_are_reminders" and world.channel.history() == []
    other = {"user_id": str(world.admin.id), "message": "Hi", "_meta": own}
    assert (await server.call("remind", other))["error_code"] == "reminder_for_somebody_else"
    theirs = {**other, "user_id": str(sam.id)}
    assert (await server.call("remind", theirs))["success"] is True


async def test_without_metadata_it_acts_with_the_bots_rights(world: World, server: PublishedCaller) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    params = announced(world, everyone=True)
    assert (await server.call("send_announcement", params))["success"] is True
    assert len(world.channel.history()) == 1


async def test_twelve_channels_get_one_message_each(
    world: World, server: PublishedCaller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = [world.guild.create_text_channel(f"room-{number}") for number in range(12)]
    await world.env.settle()
    params = {
        "channel_ids": [str(channel.id) for channel in channels], "message": "Hi",
        "_meta": meta_of(world, world.admin.id),
    }  # fmt: skip
    told = asyncio.Event()
    send = discord.TextChannel.send

    async def slow(self: Any, *args: Any, **options: Any) -> Any:
        if any(channel.history() for channel in channels):
            await told.wait()  # the job is half done for as long as its server calls again
        return await send(self, *args, **options)

    monkeypatch.setattr(discord.TextChannel, "send", slow)
    session = handler_of(world.bot)._session
    assert session is not None
    sockets: list[Any] = []
    for number, seconds in enumerate((0, 11, 12), 1):
        clock.now += seconds
        sockets.append(await server.send("send_to_multiple_channels", params))
        await until(lambda wanted=number: session._calls_under_way == wanted)
        if number == 1:
            await until(lambda: any(channel.history() for channel in channels))
    told.set()
    answers = [await answer_of(socket) for socket in sockets]
    assert all(answer["success"] is True for answer in answers)
    assert [len(channel.history()) for channel in channels] == [1] * 12
