"""What happens with a post: published, pinned, reactions, a thread; the one before unpinned and deleted."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from schedulezero import instants
from tests.support.failing import failing, outage, refusal
from tests.support.granting import give_the_bot
from tests.support.posting_with import composing, posting
from tests.support.resuming import texts
from tests.support.rules.applying import applied
from tests.support.rules.pins import Pins
from tests.support.rules.publishing import Publishing
from tests.support.rules.reacting import Reacting
from tests.support.world import World


@pytest.fixture(autouse=True)
async def composed(world: World) -> None:
    await composing(world)


def pinned(world: World) -> list[str]:
    return [message.content for message in world.channel.history() if message.pinned]


async def test_a_post_is_pinned_and_the_one_before_unpinned(world: World) -> None:
    with applied(Pins()):
        first = await posting(world, "job@1", pin=True)
        assert first["pinned"] is True and pinned(world) == ["job@1"]
        await posting(world, "job@2", pin=True)
    assert pinned(world) == ["job@2"]


async def test_only_what_the_bot_pinned_itself_is_unpinned(world: World) -> None:
    with applied(Pins()) as _:
        sent = await posting(world, "job@1")
        world.env.backend.set_pinned(world.channel.id, int(sent["message_id"]), True)
        await posting(world, "job@2", pin=True)
    assert pinned(world) == ["job@1", "job@2"]


@pytest.mark.parametrize("by_hand", ["unpinned", "deleted"])
async def test_a_pin_that_somebody_took_away_is_fine(world: World, by_hand: str) -> None:
    rules = Pins()
    with applied(rules):
        sent = await posting(world, "job@1", pin=True)
        backend, number = world.env.backend, int(sent["message_id"])
        if by_hand == "unpinned":
            backend.set_pinned(world.channel.id, number, False)
        else:
            backend.delete_message(world.channel.id, number)
        answer = await posting(world, "job@2", pin=True)
    assert "failed_afterwards" not in answer and pinned(world) == ["job@2"]
    assert ("DELETE", number) not in rules.asked


async def test_the_one_before_makes_room_among_250_pins(world: World) -> None:
    with applied(Pins(most=1)):
        await posting(world, "job@1", pin=True)
        answer = await posting(world, "job@2", pin=True)
    assert "failed_afterwards" not in answer and pinned(world) == ["job@2"]


async def test_a_full_channel_is_told_and_the_post_stays(world: World) -> None:
    with applied(Pins(most=0)):
        answer = await posting(world, "job@1", pin=True)
    assert answer["success"] is True and texts(world.channel) == ["job@1"]
    (failed,) = answer["failed_afterwards"]
    assert failed["error_code"] == "discord_refused_because", failed
    assert "250 pinned messages" in failed["error"]


async def test_a_missing_right_fails_one_part_only(world: World) -> None:
    give_the_bot(world, discord.Permissions(73728 | 1024 | 64))
    with applied(Pins()):
        answer = await posting(world, "job@1", pin=True, reactions="👍")
    assert len(answer["failed_afterwards"]) == 1 and "pinned" not in answer
    assert [str(item.emoji) for item in world.channel.history()[0].reactions] == ["👍"]


async def test_a_post_replaces_the_one_before_once_it_is_there(world: World) -> None:
    await posting(world, "job@1", replace=True)
    with failing(world, "POST", r"/channels/\d+/messages", {1}, refusal):
        assert (await posting(world, "job@2", replace=True))["success"] is False
    assert texts(world.channel) == ["job@1"]
    await posting(world, "job@3", replace=True)
    assert texts(world.channel) == ["job@3"]


async def test_one_that_is_gone_is_replaced_all_the_same(world: World) -> None:
    sent = await posting(world, "job@1", replace=True)
    world.env.backend.delete_message(world.channel.id, int(sent["message_id"]))
    answer = await posting(world, "job@2", replace=True)
    assert "failed_afterwards" not in answer and texts(world.channel) == ["job@2"]


async def test_one_that_could_not_be_deleted_is_deleted_next_time(world: World) -> None:
    await posting(world, "job@1", replace=True)
    with failing(world, "DELETE", r"/channels/\d+/messages/\d+", {1}, refusal):
        answer = await posting(world, "job@2", replace=True)
    assert len(answer["failed_afterwards"]) == 1 and texts(world.channel) == ["job@1", "job@2"]
    await posting(world, "job@3", replace=True)
    assert texts(world.channel) == ["job@3"]


async def test_a_late_run_leaves_a_newer_post_alone(world: World) -> None:
    with failing(world, "PUT", r".*/pins/\d+", {1}, outage):
        assert (await posting(world, "job@1", replace=True, pin=True))["success"] is False
    with applied(Pins()):
        await posting(world, "job@2", replace=True, pin=True)
        await posting(world, "job@1", replace=True, pin=True)
        assert [item.content for item in world.posted()] == ["job@2"]
        await posting(world, "job@3", replace=True, pin=True)
    assert pinned(world) == ["job@3"] and [item.content for item in world.posted()] == ["job@3"]


async def test_each_channel_has_its_own_one_before(world: World) -> None:
    other = world.guild.create_text_channel("other")
    await world.env.settle()
    world.invite()
    await posting(world, "job@1", replace=True)
    await posting(world, "job@2", replace=True, channel=other)
    assert texts(world.channel) == ["job@1"] and texts(other) == ["job@2"]


async def test_reactions_come_in_their_order_and_once(world: World) -> None:
    party = world.guild.create_emoji("party")
    rules = Reacting()
    with applied(rules):
        answer = await posting(world, "job@1", reactions=f"👍 :party: 👩🏽‍🚀🇩🇪 <:party:{party.id}> 1️⃣")
    assert "failed_afterwards" not in answer, answer
    assert rules.asked == ["👍", f"party:{party.id}", "👩🏽‍🚀", "🇩🇪", "1️⃣"]


async def test_an_emoji_that_discord_lacks_keeps_no_other_away(world: World) -> None:
    rules = Reacting("🫨")
    with applied(rules):
        answer = await posting(world, "job@1", reactions="🫨 👍")
    assert rules.asked == ["👍"] and len(answer["failed_afterwards"]) == 1


@pytest.mark.parametrize(
    ("wrong", "code"), [("hello", "not_an_emoji"), ("<:x:123456789012345678>", "not_an_emoji")]
)
async def test_what_is_no_emoji_of_ours_is_told(world: World, wrong: str, code: str) -> None:
    answer = await posting(world, "job@1", reactions=f"👍 {wrong}")
    assert [item["error_code"] for item in answer["failed_afterwards"]] == [code]


async def test_a_thread_opens_under_the_post(world: World) -> None:
    answer = await posting(world, "job@1", thread="Talk in {server}")
    assert answer["thread_id"] == answer["message_id"]
    thread: Any = world.bot.get_channel(int(answer["thread_id"]))
    assert thread.name.startswith("Talk in")


async def test_a_thread_that_is_there_already_is_taken(world: World) -> None:
    with failing(world, "POST", r".*/threads", {1}, refusal):
        first = await posting(world, "job@1", thread="Talk")
    assert len(first["failed_afterwards"]) == 1
    channel: Any = world.bot.get_channel(world.channel.id)
    await channel.get_partial_message(int(first["message_id"])).create_thread(name="By hand")
    await world.bot.services.journal.forget("job@1")
    answer = await posting(world, "job@1", thread="Talk")
    assert answer["thread_id"] == first["message_id"] and texts(world.channel)[0] == "job@1"


async def test_a_post_is_published_and_the_eleventh_told(world: World) -> None:
    news = world.guild.create_news_channel("news")
    await world.env.settle()
    world.invite()
    rules = Publishing(instants.now, most=1)
    with applied(rules):
        assert (await posting(world, "job@1", publish=True, channel=news))["published"] is True
        answer = await posting(world, "job@2", publish=True, channel=news)
    assert answer["failed_afterwards"][0]["error_code"] == "published_too_often"
    assert texts(news) == ["job@1", "job@2"] and len(rules.asked) == 1


async def test_an_outage_is_waited_for_and_nothing_repeated(world: World) -> None:
    rules = Pins()
    with applied(rules), failing(world, "POST", r".*/threads", {1}, outage):
        answer = await posting(world, "job@1", thread="Talk", pin=True)
        assert answer["success"] is False and answer["retry_after"] > 0, answer
        answer = await posting(world, "job@1", thread="Talk", pin=True)
    assert answer["success"] is True and "thread_id" in answer
    assert texts(world.channel).count("job@1") == 1 and len(rules.asked) == 1
