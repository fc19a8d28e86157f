"""Posts only if a channel was quiet for so long, or had so many messages since the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero import faults
from tests.support.for_a_while import by_hand
from tests.support.granting import give_the_bot
from tests.support.posting_with import composing, posting
from tests.support.world import World


@pytest.fixture(autouse=True)
async def composed(world: World) -> None:
    await composing(world)


def said(world: World) -> list[str]:
    return [message.content for message in world.posted()]


async def writes(world: World, *words: str) -> None:
    for word in words:
        await world.plain.send(world.channel, word)
    await world.env.settle()


async def test_nothing_is_posted_while_people_write(world: World) -> None:
    await writes(world, "Hi")
    answer = await posting(world, "job@1", quiet_for="1h")
    assert answer["success"] is True and answer["message_code"] == "not_quiet", answer
    assert said(world) == []


async def test_the_bots_own_posts_do_not_count_as_writing(world: World) -> None:
    await posting(world, "job@1")
    await posting(world, "job@2", quiet_for="1h")
    assert said(world) == ["job@1", "job@2"]


async def test_old_messages_do_not_count(world: World) -> None:
    await writes(world, "Hi")
    for message in list(world.env.backend.messages[world.channel.id].values()):
        known = world.env.backend.messages[world.channel.id]
        old = discord.utils.time_snowflake(discord.utils.snowflake_time(message.id) - timedelta(hours=2))
        known[old] = known.pop(message.id)
        message.id = old
    await posting(world, "job@1", quiet_for="1h")
    assert said(world) == ["job@1"]


async def test_enough_messages_have_to_come_since_the_one_before(world: World) -> None:
    await posting(world, "job@1", messages_since=3)
    await writes(world, "a", "b")
    answer = await posting(world, "job@2", messages_since=3)
    assert answer["message_code"] == "too_few_messages", answer
    assert answer["message_values"] == {"channel": "general", "count": 2, "wanted": 3}
    await writes(world, "c")
    await posting(world, "job@3", messages_since=3)
    assert said(world) == ["job@1", "job@3"]


async def test_the_first_answer_counts_for_a_run_that_was_killed_after_its_post(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Any] = [1, 1]

    def trouble(passed: str) -> None:
        if passed == "step.done" and left:
            left.pop()
            if not left:
                raise RuntimeError("the process dies here, so to speak")

    monkeypatch.setattr(faults, "trouble_maker", trouble)
    assert (await posting(world, "job@1", quiet_for="1h"))["success"] is False
    await writes(world, "An answer")
    answer = await posting(world, "job@1", quiet_for="1h")
    assert answer["success"] is True and "message_id" in answer and said(world) == ["job@1"]


async def test_without_the_history_nobody_can_tell(world: World) -> None:
    await by_hand(world, world.channel.id, world.guild.default_role, read_message_history=False)
    give_the_bot(world, discord.Permissions(view_channel=True, send_messages=True))
    answer = await posting(world, "job@1", quiet_for="1h")
    assert answer["success"] is False and answer["error_code"] == "history_hidden"
