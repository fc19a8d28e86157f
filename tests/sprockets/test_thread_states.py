"""A thread's state for a while, when requests fail: what the bot did itself isn't anybody's hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
import pytest

from schedulezero.model import Job
from tests.conftest import until
from tests.support.failing import failing, limit, outage, refusal
from tests.support.for_a_while import endings, over, result, scheduled
from tests.support.granting import give_the_bot
from tests.support.world import World

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)


async def a_thread(world: World, *, archived: bool = False, locked: bool = False) -> Any:
    give_the_bot(world, EVERYTHING)
    parent: Any = world.bot.get_channel(world.channel.id)
    thread = await parent.create_thread(name="Talk", type=discord.ChannelType.public_thread)
    if archived or locked:
        await thread.edit(archived=archived, locked=locked)
    await world.env.settle()
    return thread


def flags(world: World, thread: Any) -> tuple[bool, bool]:
    """Return whether a thread is archived, and whether it is locked."""
    metadata = world.env.backend.channels[thread.id].thread_metadata
    assert metadata is not None
    return metadata.archived, metadata.locked


def change_by_hand(world: World, thread: Any, *, archived: bool, locked: bool) -> None:
    changed = {"archived": archived, "locked": locked}
    world.env.backend.edit_channel(thread.id, {}, thread_metadata=changed)


async def for_two_hours(world: World, thread: Any, state: str) -> Job:
    params = {"thread_id": str(thread.id), "state": state, "lasts": "2h"}
    return await world.schedule("set_thread", params, "in 3 days")


@pytest.mark.parametrize("error", [outage, limit, refusal])
async def test_an_ending_whose_second_request_fails_is_finished_later(
    world: World, error: Callable[[], discord.DiscordException]
) -> None:
    thread = await a_thread(world, archived=True, locked=True)
    assert (await result(world, await for_two_hours(world, thread, "archived"))).error is None
    (ending,) = await endings(world, "set_thread")
    with failing(world, "PATCH", rf"/channels/{thread.id}", {2}, error) as sent:
        await world.advance(hours=3)
        await until(lambda: len(sent) >= 2)
        await world.env.settle()
        await world.advance(minutes=5)
        run = await over(world, ending)
    if run.error is not None:
        run = await result(world, ending)
    assert run.error is None and flags(world, thread) == (True, True)


async def test_what_half_a_change_left_is_undone_by_its_ending(world: World) -> None:
    thread = await a_thread(world, archived=True, locked=True)
    job = await for_two_hours(world, thread, "archived")
    with failing(world, "PATCH", rf"/channels/{thread.id}", {2}):
        assert (await result(world, job)).error is not None
    assert not flags(world, thread)[0]
    (ending,) = await endings(world, "set_thread")
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert flags(world, thread) == (True, True)


async def test_half_a_change_that_is_made_again_ends_as_it_was_before_both(world: World) -> None:
    thread = await a_thread(world, archived=True, locked=True)
    job = await for_two_hours(world, thread, "archived")
    with failing(world, "PATCH", rf"/channels/{thread.id}", {2}):
        assert (await result(world, job)).error is not None
    assert (await result(world, job)).error is None
    assert flags(world, thread) == (True, False)
    (ending,) = await endings(world, "set_thread")
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert flags(world, thread) == (True, True)


async def test_a_refused_change_that_a_moderator_makes_instead_stays(world: World) -> None:
    thread = await a_thread(world)
    job = await for_two_hours(world, thread, "closed")
    with failing(world, "PATCH", rf"/channels/{thread.id}", {1}):
        assert (await result(world, job)).error is not None
    (ending,) = await endings(world, "set_thread")
    change_by_hand(world, thread, archived=True, locked=True)
    await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert flags(world, thread) == (True, True)


async def test_a_thread_that_was_locked_but_not_archived_is_so_again(world: World) -> None:
    thread = await a_thread(world, locked=True)
    assert (await result(world, await for_two_hours(world, thread, "closed"))).error is None
    assert flags(world, thread) == (True, True)
    (ending,) = await endings(world, "set_thread")
    assert ending.name == "Lock “Talk” again"
    await world.advance(hours=3)
    run = await over(world, ending)
    assert run.result is not None and run.result["message"] == "“Talk” is locked."
    assert flags(world, thread) == (False, True)


async def locked_for(world: World, thread: Any, lasts: str, reason: str = "") -> Job:
    """Lock a thread, and return the job that unlocks it."""
    params = {"channel_id": str(thread.id), "lasts": lasts, "reason": reason}
    run = await result(world, await scheduled(world, world.admin, "lockdown_channel", params))
    assert run.error is None and flags(world, thread)[1]
    await world.env.settle()
    (ending,) = await endings(world, "unlock_channel")
    return ending


@pytest.mark.parametrize("reason", ["", "raid"])
async def test_an_archived_thread_that_was_locked_is_archived_again(world: World, reason: str) -> None:
    thread = await a_thread(world, archived=True)
    ending = await locked_for(world, thread, "2h", reason)
    assert flags(world, thread) == (False, True)
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert flags(world, thread) == (True, False)


async def test_a_locked_thread_that_discord_archived_is_open_after_the_lock(world: World) -> None:
    thread = await a_thread(world)
    ending = await locked_for(world, thread, "2h")
    change_by_hand(world, thread, archived=True, locked=True)
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    assert flags(world, thread) == (False, False)


# Read as: the state before, the job's state for two hours, and what holds under a lock that goes on.
_UNDER = [((False, False), "closed"), ((False, False), "archived"), ((True, True), "open")]


@pytest.mark.parametrize(("found", "state"), _UNDER)
@pytest.mark.parametrize("lasts", ["1h", "8h"])
async def test_a_lock_over_a_state_for_a_while_ends_in_what_holds_then(
    world: World, found: tuple[bool, bool], state: str, lasts: str
) -> None:
    thread = await a_thread(world, archived=found[0], locked=found[1])
    assert (await result(world, await for_two_hours(world, thread, state))).error is None
    (restores,) = await endings(world, "set_thread")
    there = flags(world, thread)
    unlocks = await locked_for(world, thread, lasts)
    first, second = (unlocks, restores) if lasts == "1h" else (restores, unlocks)
    await world.advance(hours=1.5 if lasts == "1h" else 3)
    assert (await over(world, first)).error is None
    assert flags(world, thread) == there if lasts == "1h" else flags(world, thread)[1]
    await world.advance(hours=8)
    assert (await over(world, second)).error is None
    assert flags(world, thread) == found


@pytest.mark.parametrize("state", ["open", "archived", "closed"])
@pytest.mark.parametrize("lasts", ["3h", "8h"])
async def test_a_state_for_a_while_over_a_lock_ends_in_what_holds_then(
    world: World, state: str, lasts: str
) -> None:
    thread = await a_thread(world)
    unlocks = await locked_for(world, thread, "1h" if lasts == "3h" else lasts)
    assert (await result(world, await for_two_hours(world, thread, state))).error is None
    await world.env.settle()
    (restores,) = await endings(world, "set_thread")
    there = flags(world, thread)
    first, second = (unlocks, restores) if lasts == "3h" else (restores, unlocks)
    await world.advance(hours=1.5 if lasts == "3h" else 3)
    assert (await over(world, first)).error is None
    assert flags(world, thread) == (there if lasts == "3h" else (False, True))
    await world.advance(hours=8)
    assert (await over(world, second)).error is None
    assert flags(world, thread) == (False, False)


async def test_a_thread_closed_for_good_during_a_lock_stays_closed(world: World) -> None:
    thread = await a_thread(world)
    unlocks = await locked_for(world, thread, "2h")
    params = {"thread_id": str(thread.id), "state": "closed"}
    assert (await result(world, await world.schedule("set_thread", params, "in 3 days"))).error is None
    await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, unlocks)).error is None
    assert flags(world, thread) == (True, True)


async def test_a_lock_ends_although_a_change_during_it_was_refused(world: World) -> None:
    thread = await a_thread(world)
    unlocks = await locked_for(world, thread, "2h")
    params = {"thread_id": str(thread.id), "state": "open"}
    job = await world.schedule("set_thread", params, "in 3 days")
    with failing(world, "PATCH", rf"/channels/{thread.id}", {1}):
        assert (await result(world, job)).error is not None
    await world.advance(hours=3)
    assert (await over(world, unlocks)).error is None
    assert flags(world, thread) == (False, False)


async def test_a_moderator_s_lock_while_a_job_opened_a_locked_thread_stays(world: World) -> None:
    thread = await a_thread(world)
    unlocks = await locked_for(world, thread, "8h")
    assert (await result(world, await for_two_hours(world, thread, "open"))).error is None
    await world.env.settle()
    (restores,) = await endings(world, "set_thread")
    change_by_hand(world, thread, archived=False, locked=True)
    await world.env.settle()
    for ending in (restores, unlocks):
        await world.advance(hours=5)
        assert (await over(world, ending)).error is None
    assert flags(world, thread) == (False, True)
