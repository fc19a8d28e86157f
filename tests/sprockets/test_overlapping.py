"""Changes for a while that overlap: the latest end counts, for roles, slow modes, locks and threads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero import instants
from schedulezero.model import Job, Run
from tests.conftest import until
from tests.support.acting import scheduler
from tests.support.for_a_while import (
    a_keeper,
    a_role_for_a_while,
    bears,
    by_hand,
    endings,
    is_locked,
    note_in_the_audit_log,
    over,
    result,
    scheduled,
)
from tests.support.granting import give_the_bot
from tests.support.refusing import an_outage, refusing
from tests.support.world import World

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("asked_each_time")]
EVERYTHING = discord.Permissions(administrator=True)


def hours_left(job: Job) -> float:
    assert job.next_run_at is not None
    return (job.next_run_at - instants.now()) / timedelta(hours=1)


async def lock(world: World, who: Any = None, **params: Any) -> Run:
    run = await result(world, await scheduled(world, who or world.admin, "lockdown_channel", params))
    assert run.error is None, run
    return run


@pytest.mark.parametrize(("first", "second"), [("8h", "2h"), ("2h", "8h")])
async def test_of_two_loans_of_a_role_the_later_end_counts(world: World, first: str, second: str) -> None:
    give_the_bot(world, EVERYTHING)
    role = world.guild.create_role("Guests")
    world.env.backend.reorder_roles(world.guild.id, [{"id": str(role.id), "position": 1}])
    for lasts in (first, second):
        params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
        job = await world.schedule("give_role_for", {**params, "lasts": lasts}, "in 3 days")
        assert (await result(world, job)).error is None
    (ending,) = await endings(world, "remove_role_scheduled")
    assert 7.9 < hours_left(ending) < 8.1
    await world.advance(hours=3)
    assert bears(world, world.plain, role)
    await world.advance(hours=6)
    assert (await over(world, ending)).error is None
    assert not bears(world, world.plain, role)


async def test_a_loan_after_the_role_was_taken_by_hand_has_its_own_end(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role = world.guild.create_role("Guests")
    world.env.backend.reorder_roles(world.guild.id, [{"id": str(role.id), "position": 1}])
    params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    for lasts in ("8h", "2h"):
        job = await world.schedule("give_role_for", {**params, "lasts": lasts}, "in 3 days")
        assert (await result(world, job)).error is None
        if lasts == "8h":
            world.env.backend.remove_member_role(world.guild.id, world.plain.id, role.id)
            await world.env.settle()
    (ending,) = await endings(world, "remove_role_scheduled")
    assert hours_left(ending) < 2.1


@pytest.mark.parametrize(("first", "second"), [("8h", "2h"), ("2h", "8h")])
async def test_of_two_locks_the_later_end_counts(world: World, first: str, second: str) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await a_keeper(world)
    await lock(world, lasts=first)
    run = await lock(world, keeper, lasts=second)
    (ending,) = await endings(world, "unlock_channel")
    assert 7.9 < hours_left(ending) < 8.1
    noted = await world.bot.memory.kept("debt", ending.id)
    assert noted is not None and noted["due"] in (run.result or {})["message"], "it names the true end"


async def test_a_lock_for_a_while_does_not_end_one_for_good(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    await lock(world)
    run = await lock(world, lasts="2h")
    assert await endings(world, "unlock_channel") == [] and is_locked(world, world.channel.id)
    assert "until someone unlocks it" in (run.result or {})["message"]


async def test_a_lock_after_the_first_was_lifted_has_its_own_end(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    await lock(world, lasts="8h")
    await by_hand(world, world.channel.id, world.guild.default_role)
    await lock(world, lasts="2h")
    (ending,) = await endings(world, "unlock_channel")
    assert hours_left(ending) < 2.1


@pytest.mark.parametrize(("category", "channel"), [("2h", "8h"), ("8h", "2h")])
async def test_a_channel_stays_locked_until_the_later_of_its_own_and_its_categorys_end(
    world: World, category: str, channel: str
) -> None:
    give_the_bot(world, EVERYTHING)
    group = world.guild.create_category("cat")
    inner = world.guild.create_text_channel("inner", category=group)
    await world.env.settle()
    await lock(world, channel_id=str(group.id), lasts=category)
    await lock(world, channel_id=str(inner.id), lasts=channel)
    first, last = sorted(await endings(world, "unlock_channel"), key=hours_left)
    await world.advance(hours=3)
    assert (await over(world, first)).error is None
    assert is_locked(world, inner.id)
    await world.advance(hours=6)
    assert (await over(world, last)).error is None
    assert not is_locked(world, inner.id)


# ------------------------------------------------------------------ undone and done again by hand


async def test_a_slow_mode_that_was_changed_and_set_again_by_hand_stays(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"}))
    (ending,) = await endings(world, "set_slowmode")
    for seconds in (0, 30):
        world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": seconds})
        await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    channel: Any = world.bot.get_channel(world.channel.id)
    assert channel.slowmode_delay == 30


async def test_a_slow_mode_that_was_lifted_while_discord_had_trouble_and_set_again_by_hand_stays(
    world: World,
) -> None:
    give_the_bot(world, EVERYTHING)
    await result(world, await scheduled(world, world.admin, "set_slowmode", {"seconds": 30, "lasts": "2h"}))
    (ending,) = await endings(world, "set_slowmode")
    with refusing(world, "GET", rf"/channels/{world.channel.id}", an_outage) as asked:
        world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": 0})
        await until(lambda: asked)
        await world.env.settle()
    world.env.backend.edit_channel(world.channel.id, {"rate_limit_per_user": 30})
    await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    channel: Any = world.bot.get_channel(world.channel.id)
    assert channel.slowmode_delay == 30


async def test_a_role_that_was_given_by_hand_between_two_loans_stays(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    role, ending = await a_role_for_a_while(world, world.admin)
    world.env.backend.remove_member_role(world.guild.id, world.plain.id, role.id)
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    change = {"key": "$add", "new_value": [{"id": str(role.id), "name": role.name}]}
    note_in_the_audit_log(world, world.moderator.id, world.plain.id, change)
    await world.env.settle()
    params = {"guild_id": str(world.guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    job = await world.schedule("give_role_for", {**params, "lasts": "4h"}, "in 3 days")
    run = await result(world, job)
    assert run.error is None and "permanently" in (run.result or {})["message"], run
    await world.advance(hours=6)
    assert (await over(world, ending)).error is None
    assert bears(world, world.plain, role)


async def a_thread(world: World, kind: str, state: str) -> Any:
    give_the_bot(world, EVERYTHING)
    if kind == "thread":
        parent: Any = world.bot.get_channel(world.channel.id)
        thread = await parent.create_thread(name="Talk", type=discord.ChannelType.public_thread)
    else:
        guild: Any = world.bot.get_guild(world.guild.id)
        place = await guild.create_forum("forum")
        thread = (await place.create_thread(name="Talk", content="Hi")).thread
    if state != "open":
        await thread.edit(archived=True, locked=state == "closed")
    await world.env.settle()
    return thread


def change_by_hand(world: World, thread: Any, *, archived: bool, locked: bool) -> None:
    flags = {"archived": archived, "locked": locked}
    world.env.backend.edit_channel(thread.id, {}, thread_metadata=flags)


# Read as: the state before, the job's, what a moderator does by hand (archived, locked), and what is left.
_BY_HAND = [
    ("open", "closed", [(False, False), (True, True)], (True, True)),
    ("open", "closed", [(False, True)], (False, False)),
    ("open", "archived", [(True, True)], (True, True)),
    ("open", "archived", [(False, False), (True, False)], (True, False)),
    ("open", "closed", [], (False, False)),
    ("closed", "open", [(True, True), (False, False)], (False, False)),
    ("closed", "open", [(True, False)], (True, True)),
    ("closed", "archived", [(False, True)], (False, True)),
    ("archived", "open", [], (True, False)),
]


@pytest.mark.parametrize("kind", ["thread", "post"])
@pytest.mark.parametrize(("before", "state", "by_hand", "wanted"), _BY_HAND)
async def test_the_end_of_a_thread_s_state_leaves_what_a_moderator_did(
    world: World,
    kind: str,
    before: str,
    state: str,
    by_hand: list[tuple[bool, bool]],
    wanted: tuple[bool, bool],
) -> None:
    thread = await a_thread(world, kind, before)
    params = {"thread_id": str(thread.id), "state": state, "lasts": "2h"}
    job = await world.schedule("set_thread", params, "in 3 days")
    assert (await result(world, job)).error is None
    (ending,) = await endings(world, "set_thread")
    for archived, locked in by_hand:
        change_by_hand(world, thread, archived=archived, locked=locked)
        await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    flags = world.env.backend.channels[thread.id].thread_metadata
    assert flags is not None and (flags.archived, flags.locked) == wanted


async def test_the_end_of_a_deleted_thread_is_success(world: World) -> None:
    thread = await a_thread(world, "thread", "open")
    params = {"thread_id": str(thread.id), "state": "closed", "lasts": "2h"}
    assert (await result(world, await world.schedule("set_thread", params, "in 3 days"))).error is None
    (ending,) = await endings(world, "set_thread")
    world.env.backend.delete_channel(thread.id)
    await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None


async def test_a_thread_s_lock_that_was_lifted_and_set_again_by_hand_stays(world: World) -> None:
    thread = await a_thread(world, "thread", "open")
    await lock(world, channel_id=str(thread.id), lasts="2h")
    (ending,) = await endings(world, "unlock_channel")
    for locked in (False, True):
        change_by_hand(world, thread, archived=False, locked=locked)
        await world.env.settle()
    await world.advance(hours=3)
    assert (await over(world, ending)).error is None
    flags = world.env.backend.channels[thread.id].thread_metadata
    assert flags is not None and flags.locked


# ------------------------------------------------------------------ whose lock an unlock ends


async def test_a_planned_unlock_has_the_bots_rights_only_while_nobody_else_locked(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    keeper = await a_keeper(world)
    opening = await scheduled(world, keeper, "unlock_channel", {})
    await lock(world, keeper)
    await lock(world)  # the administrator, for reasons of their own
    world.guild.remove_member(keeper)
    run = await result(world, opening)
    assert run.error is not None and is_locked(world, world.channel.id)


async def test_somebody_without_a_moderators_rights_cannot_unlock_with_the_bots(world: World) -> None:
    give_the_bot(world, EVERYTHING)
    weak = await scheduler(world)
    await by_hand(world, world.channel.id, world.guild.default_role, send_messages=False)
    run = await result(world, await scheduled(world, weak, "unlock_channel", {}))
    assert run.error is not None
    overwrites = world.env.backend.channels[world.channel.id].overwrites
    assert any(discord.Permissions(item.deny).send_messages for item in overwrites)
