"""Jobs that are called again for a run that was interrupted after an effect and before it was noted.

The simulated Discord here enforces no nonce, so what is found must have been found in the channel.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero import faults
from sprockets.kit import posting
from tests.support.granting import give_the_bot
from tests.support.resuming import call, texts
from tests.support.world import World


class Interrupted(Exception):
    """The process dies here, so to speak."""


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Lets the process die at a point of `schedulezero.faults`, at the n-th time from now."""

    def at(point: str, count: int = 1) -> None:
        left = [count]

        def trouble(passed: str) -> None:
            if passed == point:
                left[0] -= 1
                if left[0] == 0:
                    raise Interrupted

        monkeypatch.setattr(faults, "trouble_maker", trouble)

    return at


@pytest.mark.parametrize("point", ["step.begun", "step.done"])
async def test_a_post(world: World, interrupt: Callable[[str, int], None], point: str) -> None:
    params = {"channel_id": str(world.channel.id), "message": "Hello {run}"}
    interrupt(point, 1)
    assert (await call(world, "send_announcement", params))["success"] is False
    before = [message.id for message in world.channel.history()]
    answer = await call(world, "send_announcement", params)
    assert answer["success"] is True and texts(world.channel) == ["Hello 1"]
    assert before in ([], [int(answer["message_id"])])


async def test_the_same_text_of_another_run_is_not_taken_for_it(
    world: World, interrupt: Callable[[str, int], None]
) -> None:
    params = {"channel_id": str(world.channel.id), "message": "Standup!"}
    await call(world, "send_announcement", params, "job@1")
    interrupt("step.begun", 1)
    await call(world, "send_announcement", params, "job@2")
    answer = await call(world, "send_announcement", params, "job@2")
    assert answer["success"] is True and texts(world.channel) == ["Standup!", "Standup!"]


async def test_an_embed(world: World, interrupt: Callable[[str, int], None]) -> None:
    params = {"channel_id": str(world.channel.id), "title": "News", "description": "All is well"}
    interrupt("step.done", 1)
    await call(world, "send_embed_announcement", params)
    assert (await call(world, "send_embed_announcement", params))["success"] is True
    assert len(world.channel.history()) == 1


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_several_channels(world: World, interrupt: Callable[[str, int], None], count: int) -> None:
    rooms = [world.guild.create_text_channel(f"room-{number}") for number in range(3)]
    await world.env.settle()
    params = {"channel_ids": [str(room.id) for room in rooms], "message": "Everywhere"}
    interrupt("step.done", count)
    await call(world, "send_to_multiple_channels", params)
    answer = await call(world, "send_to_multiple_channels", params)
    assert answer["message"] == "Done for 3 of 3 channels."
    assert [texts(room) for room in rooms] == [["Everywhere"]] * 3


@pytest.mark.long
async def test_a_clean_up_deletes_no_more_than_it_chose(
    world: World, interrupt: Callable[[str, int], None]
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    for number in range(5):
        await world.admin.send(world.channel, f"message {number}")
    await world.env.settle()
    params = {"channel_id": str(world.channel.id), "limit": 2}
    interrupt("step.done", 2)  # chosen and deleted, and not noted
    assert (await call(world, "cleanup_messages", params))["success"] is False
    answer = await call(world, "cleanup_messages", params)
    assert answer["deleted"] == 2
    assert texts(world.channel) == ["message 0", "message 1", "message 2"]


async def test_roles(world: World, interrupt: Callable[[str, int], None]) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    role = world.guild.create_role("Guests")
    people = [world.plain, world.moderator]
    params = {
        "guild_id": str(world.guild.id),
        "user_ids": [str(person.id) for person in people],
        "role_id": str(role.id),
    }
    interrupt("step.done", 1)
    await call(world, "add_role_scheduled", params)
    assert (await call(world, "add_role_scheduled", params))["message"] == "Done for 2 of 2 people."
    members = world.env.backend.get_guild(world.guild.id).members
    assert all(role.id in members[person.id].role_ids for person in people)


async def test_a_lock_tells_once_and_an_unlock_opens_no_more_than_was_open(
    world: World, interrupt: Callable[[str, int], None]
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    guild: Any = world.bot.get_guild(world.guild.id)
    channel: Any = world.bot.get_channel(world.channel.id)
    await channel.set_permissions(guild.default_role, send_messages=False)
    await world.env.settle()
    params = {"channel_id": str(channel.id), "reason": "maintenance"}
    interrupt("step.done", 1)
    await call(world, "lockdown_channel", params, "lock@1")
    assert (await call(world, "lockdown_channel", params, "lock@1"))["success"] is True
    assert len([text for text in texts(world.channel) if "🔒 Locked" in text]) == 1

    interrupt("handler.done", 1)  # all is done and the note is forgotten, but nobody was told
    await call(world, "unlock_channel", params, "unlock@1")
    assert (await call(world, "unlock_channel", params, "unlock@1"))["success"] is True
    assert len([text for text in texts(world.channel) if "Open again" in text]) == 1
    # It was closed to everybody before the lock, and is so again.
    overwrite = world.bot.get_channel(channel.id).overwrites_for(guild.default_role)  # type: ignore[union-attr]
    assert overwrite.send_messages is False


@pytest.mark.parametrize("method", ["send_announcement", "send_as"])
async def test_where_the_bot_may_not_look_back_a_post_is_uncertain_and_not_repeated(
    world: World,
    interrupt: Callable[[str, int], None],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    monkeypatch.setattr(posting, "_NONCE_HOLDS", timedelta())
    channel: Any = world.bot.get_channel(world.channel.id)
    await channel.set_permissions(channel.guild.default_role, read_message_history=False)
    await world.env.settle()
    give_the_bot(world, discord.Permissions(view_channel=True, send_messages=True, manage_webhooks=True))
    params = {"channel_id": str(world.channel.id), "message": "Hello"}
    if method == "send_as":
        params["name"] = "Captain"
    interrupt("step.done", 1)
    await call(world, method, params)
    answer = await call(world, method, params)
    assert answer["success"] is False and "I was stopped while posting" in answer["error"]
    assert texts(world.channel) == ["Hello"]
