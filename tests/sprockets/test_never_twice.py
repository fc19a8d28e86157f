"""Posts, threads and events are found again after a crash, as Discord has stored or hidden them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schedulezero import faults
from tests.support.resuming import call, texts
from tests.support.rules.applying import applied
from tests.support.rules.hidden_content import hidden_content
from tests.support.rules.trimmed_texts import TrimmedTexts
from tests.support.world import World


class Interrupted(Exception):
    """The process dies here, so to speak."""


@pytest.fixture
def interrupted_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the process die once, after an effect and before it is noted."""

    def arm() -> None:
        left = [1]

        def trouble(passed: str) -> None:
            if passed == "step.done" and left:
                left.pop()
                raise Interrupted

        monkeypatch.setattr(faults, "trouble_maker", trouble)

    return arm


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("send_announcement", {"message": " Hello\r\nthere\n"}),
        ("send_as", {"message": " Hello\r\nthere\n", "name": "Captain"}),
        ("send_embed_announcement", {"title": "News ", "description": "All is well\n"}),
        ("create_thread", {"title": "This  week "}),
        ("create_forum_post", {"title": "This  week ", "message": "Hello"}),
        ("create_event", {"title": "Game  night ", "starts_in": "2 days", "place": "Attic"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_discord_stores_in_its_own_way_is_found_again(
    world: World, interrupted_once: Callable[[], None], method: str, params: dict[str, Any]
) -> None:
    where = world.guild.create_forum_channel("ideas") if "forum" in method else world.channel
    await world.env.settle()
    place = {"guild_id": str(world.guild.id)} if method == "create_event" else {"channel_id": str(where.id)}
    with applied(TrimmedTexts()):
        interrupted_once()
        assert (await call(world, method, {**place, **params}))["success"] is False
        answer = await call(world, method, {**place, **params})
    assert answer["success"] is True, answer
    made = [
        request
        for request in world.env.http_requests
        if request.method == "POST"
        and (request.path.endswith(("/messages", "/threads", "/scheduled-events")) or _executes(request.path))
    ]
    assert len(made) == 1


def _executes(path: str) -> bool:
    return path.startswith("/webhooks/") and path.count("/") == 3


async def test_a_post_under_another_name_is_found_where_its_content_is_hidden(
    world: World, interrupted_once: Callable[[], None]
) -> None:
    params = {"channel_id": str(world.channel.id), "name": "Captain", "message": "Ahoy"}
    with hidden_content(world):
        assert (await call(world, "send_as", {**params, "message": "Before"}, "job@0"))["success"] is True
        interrupted_once()
        await call(world, "send_as", params)
        answer = await call(world, "send_as", params)
    assert answer["success"] is True, answer
    assert texts(world.channel) == ["Before", "Ahoy"]


async def test_the_same_words_of_another_run_are_not_taken_for_it(
    world: World, interrupted_once: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"channel_id": str(world.channel.id), "name": "Captain", "message": "Standup!"}
    await call(world, "send_as", params, "job@1")

    def before_it(passed: str) -> None:
        if passed == "step.begun":
            monkeypatch.setattr(faults, "trouble_maker", lambda _: None)
            raise Interrupted

    monkeypatch.setattr(faults, "trouble_maker", before_it)
    await call(world, "send_as", params, "job@2")
    assert (await call(world, "send_as", params, "job@2"))["success"] is True
    assert texts(world.channel) == ["Standup!", "Standup!"]


async def test_a_post_under_another_name_that_cannot_be_read_is_uncertain(
    world: World, interrupted_once: Callable[[], None]
) -> None:
    params = {"channel_id": str(world.channel.id), "name": "Captain", "message": "Ahoy"}
    with hidden_content(world):
        interrupted_once()
        await call(world, "send_as", params)
        world.env.inject_error("GET", "/webhooks/*/messages/*", status=403, code=50027, times=None)
        answer = await call(world, "send_as", params)
    assert answer["success"] is False and answer["uncertain"] is True, answer
    assert texts(world.channel) == ["Ahoy"]
