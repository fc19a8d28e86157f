"""Starting and ending events takes what Discord says, by their kind and by who made them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
import pytest

from tests.support.granting import give_the_bot
from tests.support.private_threads import ended
from tests.support.rules.applying import applied
from tests.support.rules.event_rights import EventRights
from tests.support.world import World

STAGE = {"manage_channels": True, "mute_members": True, "move_members": True}


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with applied(EventRights()):
        yield


async def announced(world: World, kind: str) -> dict[str, Any]:
    """Let the bot announce an event of a kind, and return the params that name it."""
    give_the_bot(world, discord.Permissions.all())
    where: dict[str, Any] = {"place": "Attic"}
    if kind != "external":
        place: Any = world.guild.create_voice_channel(kind)
        if kind == "stage":
            world.env.backend.channels[place.id].type = discord.ChannelType.stage_voice.value
            await world.restart_bot()
        where = {"voice_channel_id": str(place.id)}
    await world.env.settle()
    named = {"guild_id": str(world.guild.id), "title": "Games"}
    answer = await world.run("create_event", {**named, "starts_in": "1 hour", **where})
    assert answer["success"] is True, answer
    return {**named, "event_id": answer["event_id"]}


# Read as: an event's kind, whether the bot made it, what the bot has beyond seeing channels, what it lacks.
ROWS: list[tuple[str, bool, dict[str, bool], str | None]] = [
    ("external", True, {"create_events": True}, None),
    ("external", False, {"create_events": True}, "Manage Events"),
    ("external", False, {"create_events": True, "manage_events": True}, None),
    ("voice", True, {"create_events": True, "connect": True}, None),
    ("voice", True, {"create_events": True}, "Connect"),
    ("stage", True, {"create_events": True, "connect": True, **STAGE}, None),
    ("stage", True, {"create_events": True, "connect": True, **STAGE, "mute_members": False}, "Mute Members"),
]


@pytest.mark.parametrize(("kind", "own", "held", "lacks"), ROWS)
async def test_what_changing_an_event_takes(
    world: World, kind: str, own: bool, held: dict[str, bool], lacks: str | None
) -> None:
    named = await announced(world, kind)
    event = world.env.backend.get_scheduled_event(world.guild.id, int(named["event_id"]))
    event.creator_id = world.env.backend.bot_user.id if own else world.admin.id
    everyone = discord.Permissions(view_channel=True)
    world.env.backend.edit_role(world.guild.id, world.guild.id, {"permissions": everyone.value})
    give_the_bot(world, discord.Permissions(view_channel=True, **held))
    await world.env.settle()
    for method in ("start_event", "end_event"):
        answer = await world.run(method, named)
        if lacks is None:
            assert answer["success"] is True, answer
        else:
            assert f"*{lacks}*" in answer["error"] and "Games" in answer["error"], answer
            break
    asked = [item for item in world.env.http_requests if item.method == "PATCH" and item.json]
    assert bool(asked) is (lacks is None)


async def test_the_rule_bites(world: World) -> None:
    named = await announced(world, "external")
    give_the_bot(world, discord.Permissions(view_channel=True))
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    event = await guild.fetch_scheduled_event(int(named["event_id"]))
    with pytest.raises(discord.Forbidden):
        await event.start()


async def test_whoever_may_not_connect_may_not_manage_and_is_told_so(world: World) -> None:
    lounge = world.guild.create_voice_channel("Lounge")
    give_the_bot(world, discord.Permissions(view_channel=True, manage_channels=True))
    everyone = discord.Permissions(view_channel=True)
    world.env.backend.edit_role(world.guild.id, world.guild.id, {"permissions": everyone.value})
    await world.env.settle()
    job = await world.schedule("set_slowmode", {"channel_id": str(lounge.id), "seconds": 5}, "in 1 hour")
    await world.advance(hours=1, minutes=1)
    assert "*Connect*" in str((await ended(world, job)).error)
