"""Clean-ups that meet what can't be deleted, and those that take hours, at Discord's pace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero.model import Run, RunState
from schedulezero.sentences import code_of
from tests.conftest import until
from tests.support.deletions import UNKNOWN_SYSTEM_MESSAGE, Deletions, deletions, fill, first_message_of
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World


@pytest.fixture
def rules(world: World) -> Any:
    give_the_bot(world, discord.Permissions(administrator=True))
    with deletions(world.clock) as found:
        yield found


async def clean(world: World, **params: Any) -> dict[str, Any]:
    return await world.run("cleanup_messages", {"channel_id": str(world.channel.id), **params})


def contents(world: World, channel: Any = None) -> list[str]:
    return [message.content for message in (channel or world.channel).history()]


async def newest_run(world: World) -> Run | None:
    page = await world.bot.services.client.runs(str(world.guild.id))
    return page.runs[0] if page.runs else None


@pytest.mark.long
async def test_a_long_clean_up_goes_on_and_shows_how_far_it_is(world: World, rules: Deletions) -> None:
    """`tests.journeys.test_killed_clean_up` does it with five times as many, and real processes."""
    fill(world, world.channel.id, 1000, 30)
    rules.die_after = 517
    params = {"channel_id": str(world.channel.id), "limit": 1000}
    job = await world.schedule("cleanup_messages", params, "in 1 minute")
    await world.advance(minutes=2)
    began_at, shown, died = world.clock(), "", False

    async def over() -> Run | None:
        """Let time pass, look at the job's card on the way, and bring the process back after it died."""
        nonlocal died, shown
        await world.advance(seconds=61)
        if rules.die_after is None and not died:
            died = True
            await world.restart_bot()
        run = await newest_run(world)
        if run is None or run.state is not RunState.QUEUED:
            return run
        if not shown and code_of(run.error) == "clean_up_goes_on":
            card = await world.admin.slash(world.channel, "schedule show", job=job.id)
            said = text_of(card.response)
            shown = said if "deleted so far" in said else ""  # the card follows its job, which goes on
        return None

    run = await until(over, 300)
    assert died and run.state is RunState.SUCCEEDED, run
    assert run.result is not None and run.result["message"] == "1000 messages deleted."
    assert not [text for text in contents(world) if text.startswith("old")]
    assert len(rules.asked) == 1000 and set(rules.asked.values()) == {1}
    assert (world.clock() - began_at).total_seconds() > 3600
    assert "Messages deleted so far:" in shown


async def test_what_nobody_can_delete_does_not_end_the_rest(world: World, rules: Deletions) -> None:
    fill(world, world.channel.id, 3, 20)
    fill(world, world.channel.id, 1, 19, kind=discord.MessageType.channel_name_change.value)
    fill(world, world.channel.id, 4, 2)
    fill(world, world.channel.id, 1, 1, kind=discord.MessageType.channel_name_change.value)
    answer = await clean(world)
    assert answer["success"] is True and answer["deleted"] == 7, answer
    assert len(contents(world)) == 2


async def test_messages_that_turn_out_undeletable_are_counted(world: World, rules: Deletions) -> None:
    fill(world, world.channel.id, 3, 2)
    fill(world, world.channel.id, 1, 1, kind=UNKNOWN_SYSTEM_MESSAGE)
    fill(world, world.channel.id, 2, 0.5)
    answer = await clean(world)
    assert answer["message"] == "5 messages deleted. 1 couldn't be deleted.", answer


async def test_messages_that_others_delete_first(world: World, rules: Deletions) -> None:
    fill(world, world.channel.id, 3, 20)
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=404, code=10008, message="gone")
    answer = await clean(world)
    assert answer["success"] is True and answer["deleted"] == 3


async def test_a_forum_posts_first_message_stays(world: World, rules: Deletions) -> None:
    forum = world.guild.create_forum_channel("ideas")
    await world.env.settle()
    made = await world.run("create_forum_post", {"channel_id": forum.id, "title": "T", "message": "The post"})
    first_message_of(world, int(made["channel_id"]))
    await world.run("send_announcement", {"channel_id": made["channel_id"], "message": "An answer"})
    answer = await clean(world, channel_id=made["channel_id"])
    assert answer["success"] is True and answer["deleted"] == 1, answer
    thread: Any = world.bot.get_channel(int(made["channel_id"]))
    assert [message.content async for message in thread.history()] == ["The post"]


async def test_whom_to_leave_out(world: World, rules: Deletions) -> None:
    role = world.guild.create_role("Regulars")
    await world.run(
        "add_role_scheduled",
        {"guild_id": world.guild.id, "user_ids": [world.moderator.id], "role_id": role.id},
    )
    await world.plain.send(world.channel, "plain")
    await world.moderator.send(world.channel, "regular")
    await world.admin.send(world.channel, "admin")
    await world.run("send_announcement", {"channel_id": world.channel.id, "message": "bot"})
    params = {"keep_role_id": role.id, "keep_user_ids": [world.admin.id], "keep_bots": True}
    assert (await clean(world, **params))["deleted"] == 1
    assert contents(world) == ["regular", "admin", "bot"]


async def test_threads_archived_ones_too_and_one_bad_thread_does_not_end_the_rest(
    world: World, rules: Deletions
) -> None:
    threads: list[int] = []
    for number in range(3):
        made = await world.run(
            "create_thread",
            {"channel_id": world.channel.id, "title": f"T{number}", "message": f"in {number}"},
        )
        threads.append(int(made["channel_id"]))
    await world.run("set_thread", {"thread_id": threads[2], "state": "archived"})
    world.env.inject_error(
        "*", f"/channels/{threads[0]}/messages*", status=403, code=160005, message="locked", times=None
    )
    answer = await clean(world, threads=True)
    assert answer["success"] is True and answer["partial"] is True, answer
    assert [item["channel_id"] for item in answer["failed"]] == [str(threads[0])]
    assert "The thread is locked" in answer["failed"][0]["error"]
    left = [[m.content for m in world.env.backend.messages[thread].values()] for thread in threads]
    assert "in 0" in left[0] and "in 1" not in left[1] and "in 2" not in left[2]
    archived: Any = await world.bot.fetch_channel(threads[2])
    assert archived.archived


async def test_a_call_that_names_no_run_waits_for_discord_as_well(
    world: World, rules: Deletions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A published server names no run, so the handler itself goes on."""
    fill(world, world.channel.id, 32, 20)
    monkeypatch.setattr("tests.support.deletions._WINDOW", timedelta(seconds=1))
    answer = await clean(world)
    assert answer["success"] is True and answer["deleted"] == 32, answer
    assert rules.refused >= 1 and set(rules.asked.values()) == {1}
