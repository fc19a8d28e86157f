"""What follows a post under another name, and in several channels; what is refused before it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero.errors import JobFailed
from schedulezero.methods.note_kinds import STICKY
from sprockets.composer_sprocket import send_post
from sprockets.kit import sticky_keeping
from sprockets.kit.sticky import move_down
from tests.support.failing import failing, refusal
from tests.support.for_a_while import by_hand, result
from tests.support.resuming import call
from tests.support.rules.applying import applied
from tests.support.rules.hidden_content import hidden_content
from tests.support.rules.pins import Pins
from tests.support.rules.reacting import Reacting
from tests.support.world import World


@pytest.fixture(autouse=True)
def resting_stickies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests say when a post moves: whatever settles would wait for the next look, again and again."""
    monkeypatch.setattr(sticky_keeping, "TICK_SECONDS", 3600.0)


async def run(world: World, run_id: str, *channels: Any, **params: Any) -> dict[str, Any]:
    places = [str(channel.id) for channel in channels or (world.channel,)]
    return await call(world, "send_post", {"channel_ids": places, "text": run_id, **params}, run_id)


def texts(channel: Any) -> list[str]:
    return [message.content for message in channel.history() if not message.is_system()]


async def test_posts_under_another_name_are_pinned_and_replaced_alike(world: World) -> None:
    # Deleted with the webhook's token: without the right to delete other people's messages.
    await by_hand(world, world.channel.id, world.guild.default_role, manage_messages=False)
    for run_id in ("job@1", "job@2"):
        with applied(Pins(), Reacting()):
            answer = await run(
                world, run_id, name="Captain", replace=True, pin=True, reactions="👍", thread="Talk"
            )
        assert answer["success"] is True and "failed_afterwards" not in answer, answer
    (message,) = [item for item in world.channel.history() if not item.is_system()]
    assert message.content == "job@2" and message.pinned and message.webhook_id
    assert [str(item.emoji) for item in message.reactions] == ["👍"]
    assert not [item for item in world.env.http_requests if _deletes_by_right(item)]


def _deletes_by_right(item: Any) -> bool:
    return item.method == "DELETE" and item.path.startswith("/channels/") and "/pins/" not in item.path


async def test_a_sticky_post_under_another_name_keeps_name_and_words(world: World) -> None:
    params = {
        "channel_ids": [str(world.channel.id)],
        "text": "Read the rules",
        "name": "Captain",
        "sticky": True,
    }
    with hidden_content(world):
        job = await world.schedule("send_post", params, "every day at 9")
        assert (await result(world, job)).error is None
        await world.plain.send(world.channel, "Hi")
        await world.env.settle()
        last = world.channel.history()[-1].id
        assert await move_down(world.bot, world.channel.id, last, world.bot.services.journal) is not None
    assert texts(world.channel) == ["Hi", "Read the rules"]
    assert world.channel.history()[-1].author.display_name == "Captain"


async def test_each_of_several_channels_has_its_own_one_before(world: World) -> None:
    other = world.guild.create_text_channel("other")
    await world.env.settle()
    world.invite()
    for run_id in ("job@1", "job@2"):
        answer = await run(world, run_id, world.channel, other, replace=True, sticky=True)
        assert answer["success"] is True and "partial" not in answer, answer
    assert texts(world.channel) == texts(other) == ["job@2"]
    assert len(await world.bot.memory.notes(STICKY)) == 2


async def test_what_a_part_of_a_job_posts_replaces_only_its_own(world: World) -> None:
    for run_id, part in (("job@1", "b1"), ("job@2", None), ("job@3", "b1")):
        params = {"channel_ids": [str(world.channel.id)], "text": run_id, "replace": True}
        of = {"of": "2026-01-01T09:00:00Z", "part": part} if part is not None else {}
        assert (await call(world, "send_post", params, run_id, of))["success"] is True
    assert texts(world.channel) == ["job@2", "job@3"]


async def test_what_fails_afterwards_is_told_beside_the_post(world: World) -> None:
    with failing(world, "POST", r".*/threads", {1}, refusal):
        answer = await run(world, "job@1", thread="Talk")
    assert answer["success"] is True and answer["partial"] is True
    assert answer["message"].startswith("The post went out. "), answer
    assert "permission" in answer["message"] and texts(world.channel) == ["job@1"]


async def test_a_channel_that_is_not_quiet_is_left_out_and_told(world: World) -> None:
    other = world.guild.create_text_channel("other")
    await world.env.settle()
    world.invite()
    await world.plain.send(world.channel, "Hi")
    await world.env.settle()
    answer = await run(world, "job@1", world.channel, other, quiet_for="1h")
    assert texts(world.channel) == ["Hi"] and texts(other) == ["job@1"]
    assert "Nothing was posted in #general" in answer["message"], answer
    answer = await run(world, "job@2", quiet_for="1h")
    assert answer["success"] is True and answer["message_code"] == "not_quiet", answer


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        ("text", {"publish": True}, "nothing_to_publish"),
        ("voice", {"thread": "Talk"}, "no_thread_there"),
        ("text", {"thread": "{nonsense}"}, "variable_unknown"),
        ("text", {"thread": "x" * 101}, "text_too_long"),
        ("text", {"reactions": "hello"}, "not_an_emoji"),
        ("text", {"reactions": "".join(chr(0x1F600 + number) for number in range(21))}, "reactions_too_many"),
        ("text", {"sticky": True, "pin": True}, "sticky_moves"),
        ("text", {"sticky": True, "poll": {"question": "?", "answers": ["a"]}, "text": ""}, "sticky_moves"),
        ("forum", {"replace": True, "title": "News"}, "not_in_forum"),
        ("forum", {"delete_after": "1h", "title": "News"}, "not_in_forum"),
    ],
)
async def test_what_would_fail_each_time_is_refused(
    world: World, kind: str, params: dict[str, Any], code: str
) -> None:
    make = {
        "text": lambda: world.channel,
        "voice": lambda: world.guild.create_voice_channel("lounge"),
        "forum": lambda: world.guild.create_forum_channel("ideas"),
    }
    place = make[kind]()
    await world.env.settle()
    world.invite()
    check = send_post.spec.check
    assert check is not None
    with pytest.raises(JobFailed) as refused:
        await check(world.bot, {"channel_ids": [str(place.id)], "text": "Hello", **params})
    assert refused.value.code == code


async def test_announcements_among_others_are_published(world: World) -> None:
    news = world.guild.create_news_channel("news")
    await world.env.settle()
    world.invite()
    answer = await run(world, "job@1", world.channel, news, publish=True)
    assert answer["success"] is True and [item.get("published") for item in answer["done"]] == [None, True]
