"""Everybody who is interested in an event is reminded once for each lead, whatever moves or dies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from bot.config import Settings
from cogs.background.direct_messages import MINUTE
from cogs.config.limit_settings import LimitSettings
from schedulezero import faults, instants
from schedulezero.errors import JobFailed
from schedulezero.instants import to_iso
from sprockets.kit.event_leads import due_lead, leads_of, mention_chunks
from tests.support.dying import Dying
from tests.support.resuming import call
from tests.support.rules.applying import applied
from tests.support.rules.event_users import EventUsers
from tests.support.world import World, a_world

START = datetime(2026, 12, 1, 20, tzinfo=UTC)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)


def test_leads_are_read_in_words() -> None:
    assert leads_of("1 day, 15 minutes; 2h") == (DAY, timedelta(hours=2), QUARTER)
    for text in ("", "soon", "30 seconds", "40 days", "1m,2m,3m,4m,5m,6m"):
        with pytest.raises(JobFailed):
            leads_of(text)


@pytest.mark.parametrize(
    ("minutes", "sent", "due"),
    [
        (25 * 60, {}, None),
        (24 * 60, {}, DAY),
        (10, {}, QUARTER),  # only the shortest that has come
        (0, {}, None),
        (-5, {}, None),
        (60, {86_400: START - DAY}, None),
        (60, {86_400: START - DAY - timedelta(minutes=5)}, DAY),  # it moved later since
        (10, {900: START - QUARTER}, None),
    ],
)
def test_which_lead_is_due(minutes: int, sent: dict[int, datetime], due: timedelta | None) -> None:
    assert due_lead(START, (DAY, QUARTER), START - timedelta(minutes=minutes), sent) == due


def test_mentions_fit_in_messages() -> None:
    people = list(range(10**18, 10**18 + 250))
    chunks = mention_chunks(people, 1900)
    assert [person for chunk in chunks for person in chunk] == people
    assert all(len(" ".join(f"<@{person}>" for person in chunk)) <= 1900 for chunk in chunks)
    assert max(map(len, mention_chunks([1] * 250, 1900))) == 100


@pytest_asyncio.fixture
async def party(settings: Settings) -> AsyncIterator[tuple[World, dict[str, Any], list[Any]]]:
    """A world with an event in an hour in which three people are interested."""
    limits = LimitSettings(direct_messages_per_minute=6)
    async with a_world(settings.model_copy(update={"limits": limits})) as world:
        with applied(EventUsers()):
            asked = {"guild_id": str(world.guild.id), "title": "Games", "place": "Attic", "starts_in": "1h"}
            made = await world.run("create_event", asked)
            people = [world.guild.add_member(world.env.create_user(f"p{number}")) for number in range(3)]
            for person in people:
                await person.subscribe_event(int(made["event_id"]))
            yield (
                world,
                {"guild_id": str(world.guild.id), "before": "2 hours", "event_id": made["event_id"]},
                people,
            )


async def remind(world: World, about: dict[str, Any], run_id: str = "job@1", **more: Any) -> dict[str, Any]:
    params = {key: value for key, value in about.items() if key != "event_id"}
    return await call(world, "remind_interested", {**params, **more}, run_id)


def move(world: World, about: dict[str, Any], **span: float) -> None:
    start = to_iso(instants.now() + timedelta(**span))
    world.env.backend.edit_scheduled_event(
        world.guild.id, int(about["event_id"]), {"scheduled_start_time": start}
    )


async def test_each_is_written_to_once_for_each_lead(party: Any) -> None:
    world, about, people = party
    first = await remind(world, about, direct=True)
    assert first["success"] is True and first["reminded"] == 3, first
    again = await remind(world, about, "job@2", direct=True)
    assert again["reminded"] == 0 and "No event is due" in again["message"]
    move(world, about, days=3)
    assert (await remind(world, about, "job@3", direct=True))["reminded"] == 0
    await people[0].unsubscribe_event(int(about["event_id"]))
    move(world, about, minutes=5)
    shorter = await remind(world, about, "job@4", direct=True, before="2 hours, 10 minutes")
    assert shorter["reminded"] == 2, "who took back their interest gets none"
    world.env.backend.delete_scheduled_event(world.guild.id, int(about["event_id"]))
    assert (await remind(world, about, "job@5", direct=True, before="3 hours"))["reminded"] == 0


async def test_a_channel_is_pinged_in_chunks(party: Any) -> None:
    world, about, people = party
    for number in range(120):
        member = world.guild.add_member(world.env.create_user(f"q{number}"))
        world.env.backend.set_scheduled_event_subscription(
            world.guild.id, int(about["event_id"]), member.id, True
        )
    answer = await remind(world, about, channel_id=str(world.channel.id), message="Bring dice")
    assert answer["success"] is True and answer["reminded"] == 123, answer
    posted = world.posted()
    pinged = [person.id for message in posted for person in message.mentions]
    assert len(pinged) == len(set(pinged)) == 123 and {person.id for person in people} <= set(pinged)
    assert all(len(message.content) <= 2000 and len(message.mentions) <= 100 for message in posted)
    assert "**Games** starts <t:" in posted[0].content and "Bring dice" in posted[0].content
    pages = [item for item in world.env.http_requests if item.path.endswith("/users")]
    assert len(pages) == 2


@pytest.mark.parametrize("same_run", [True, False])
@pytest.mark.parametrize("point", ["step.begun", "step.done"])
async def test_nobody_is_missed_or_reminded_twice(
    party: Any, point: str, same_run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, about, people = party
    dying = Dying(point, 2)
    monkeypatch.setattr(faults, "trouble_maker", dying)
    died = await remind(world, about, direct=True)
    assert dying.left == 0 and died["success"] is False
    if not same_run:  # another run takes over, and the first one is repeated after it
        assert (await remind(world, about, "job@2", direct=True))["success"] is True
    answer = await remind(world, about, direct=True)
    assert answer["success"] is True
    asked = [
        item for item in world.env.http_requests if item.method == "POST" and item.path.endswith("/messages")
    ]
    assert len({item.path for item in asked}) == 3
    assert [len(person.user.dm_channel.history()) for person in people] == [1, 1, 1]


async def test_who_refuses_is_counted(party: Any) -> None:
    world, about, people = party
    channel = world.env.backend.get_dm_channel(people[1].id)
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50007, times=None)
    answer = await remind(world, about, direct=True)
    assert (answer["reminded"], answer["refused"]) == (2, 1), answer
    assert "Direct messages refused: 1" in answer["message"]


async def test_who_got_many_messages_lately_is_left_for_the_next_run(
    party: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, about, people = party
    clock = [0.0]
    monkeypatch.setattr("cogs.services.time", SimpleNamespace(monotonic=lambda: clock[0]))
    while world.bot.services.allows_direct_message(people[1].id):
        pass
    answer = await remind(world, about, direct=True)
    assert (answer["reminded"], answer["waiting"]) == (2, 1), answer
    assert "People to be reminded in the next run" in answer["message"]
    clock[0] += MINUTE
    answer = await remind(world, about, "job@2", direct=True)
    assert answer["reminded"] == 1, answer
    assert [len(person.user.dm_channel.history()) for person in people] == [1, 1, 1]


async def test_it_goes_one_way_and_says_so(party: Any) -> None:
    world, about, _ = party
    both = await remind(world, about, direct=True, channel_id=str(world.channel.id))
    neither = await remind(world, about)
    assert "either direct messages" in both["error"] and "either direct messages" in neither["error"]
