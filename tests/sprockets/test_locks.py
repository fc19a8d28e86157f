"""Locks: who can still write afterwards, of what, for how long, and what they say."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord

from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.model import JobState
from sprockets.kit.lock_words import lock_outcome
from sprockets.kit.locks import Locked
from tests.conftest import until
from tests.support.for_a_while import by_hand, endings, is_locked
from tests.support.granting import give_the_bot
from tests.support.world import World

CLOSED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")


async def locked(world: World, channel: Any, **params: Any) -> dict[str, Any]:
    await world.env.settle()
    answer = await world.run("lockdown_channel", {"channel_id": str(channel.id), **params})
    assert answer["success"] is True, answer
    return answer


def may(world: World, channel: Any, who: simcord.MemberActor) -> discord.Permissions:
    """Return a person's permissions as simcord, not the bot, computes them."""
    return discord.Permissions(world.env.backend.compute_permissions(world.guild.id, who.id, channel.id))


def overwrites(world: World, channel: Any) -> dict[int, tuple[int, int]]:
    kept = world.env.backend.channels[channel.id].overwrites
    return {item.target_id: (item.allow, item.deny) for item in kept if item.allow or item.deny}


# Read as: who writes on in a channel that only denies @everyone, and through which overwrite.
WAYS_IN = (
    "a role that the bot bears as well",
    "a person with an overwrite of their own",
    "a role that may only write in threads",
    "a role that may only open threads",
)


@pytest.mark.parametrize("way", WAYS_IN)
async def test_nobody_writes_in_a_locked_channel(world: World, way: str) -> None:
    role = world.guild.create_role("Crew")
    people = discord.PermissionOverwrite
    allowed: dict[str, dict[Any, discord.PermissionOverwrite]] = {
        WAYS_IN[0]: {role: people(send_messages=True)},
        WAYS_IN[1]: {world.plain: people(send_messages=True, embed_links=True)},
        WAYS_IN[2]: {role: people(send_messages=False, send_messages_in_threads=True)},
        WAYS_IN[3]: {role: people(create_public_threads=True, create_private_threads=True)},
    }
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    if way == WAYS_IN[0]:
        world.env.backend.add_member_role(world.guild.id, world.env.backend.bot_user.id, role.id)
    channel = world.guild.create_text_channel("deck", overwrites=allowed[way])
    before = overwrites(world, channel)
    answer = await locked(world, channel)
    mine = may(world, channel, world.plain)
    assert not any(getattr(mine, name) for name in CLOSED), answer
    assert "partial" not in answer and answer["message"].startswith("#deck is locked.")
    assert (await world.run("unlock_channel", {"channel_id": str(channel.id)}))["success"] is True
    assert overwrites(world, channel) == before


async def test_moderators_whom_the_channel_lets_write_keep_writing(world: World) -> None:
    role = world.guild.create_role("Watch", permissions=discord.Permissions(manage_messages=True))
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    grants: dict[Any, discord.PermissionOverwrite] = {role: discord.PermissionOverwrite(send_messages=True)}
    channel = world.guild.create_text_channel("deck", overwrites=grants)
    await locked(world, channel)
    assert may(world, channel, world.plain).send_messages


@pytest.mark.parametrize("permission", ["manage_messages", "manage_channels"])
async def test_moderators_by_their_role_and_the_bot_write_on(world: World, permission: str) -> None:
    role = world.guild.create_role("Watch", permissions=discord.Permissions(**{permission: True}))
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    channel = world.guild.create_text_channel("deck")
    before = overwrites(world, channel)
    answer = await locked(world, channel)
    assert f"these moderators can write there: <@&{role.id}>" in answer["message"], answer
    bot: Any = world.env.backend.bot_user
    for who in (world.plain, bot):
        assert may(world, channel, who).send_messages and may(world, channel, who).send_messages_in_threads
    sent = await world.run("send_announcement", {"channel_id": str(channel.id), "message": "Back soon"})
    assert sent["success"] is True, sent
    await world.run("unlock_channel", {"channel_id": str(channel.id)})
    assert overwrites(world, channel) == before


async def test_moderators_who_could_not_write_before_cannot_write_in_a_locked_channel(world: World) -> None:
    role = world.guild.create_role("Watch", permissions=discord.Permissions(manage_messages=True))
    world.env.backend.add_member_role(world.guild.id, world.plain.id, role.id)
    channel = world.guild.create_text_channel("news")
    everyone: Any = discord.Object(world.guild.id)
    await by_hand(world, channel.id, everyone, send_messages=False)
    await locked(world, channel)
    assert not may(world, channel, world.plain).send_messages


async def test_a_lock_that_begins_when_the_one_before_ends_holds(world: World) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    params = {"channel_id": str(world.channel.id), "lasts": "until 22"}
    job = await world.schedule("lockdown_channel", params, "every day at 22")

    async def all_over(locks: int) -> bool:
        runs = (await client.runs(guild_id)).runs
        over = [run for run in runs if run.finished_at is not None]
        assert all(run.error is None for run in over), over
        # The second lock calls the first one's ending off, or that ran at the same moment.
        return sum(run.job_id == job.id for run in over) == locks and len(over) == len(runs)

    await world.advance(hours=24)
    await until(lambda: all_over(1))
    (ending,) = await endings(world, "unlock_channel")
    at = ending.next_run_at
    assert at is not None and (at.hour, at.minute, at.second, at.microsecond) == (22, 0, 0, 0)
    await world.advance(hours=24)
    await until(lambda: all_over(2))
    assert is_locked(world, world.channel.id)
    (following,) = await endings(world, "unlock_channel")
    assert following.next_run_at == at + timedelta(days=1)


async def test_a_lock_tells_who_it_could_not_stop(world: World) -> None:
    role = world.guild.create_role("Crew")
    grants: dict[Any, discord.PermissionOverwrite] = {role: discord.PermissionOverwrite(send_messages=True)}
    channel = world.guild.create_text_channel("deck", overwrites=grants)
    await world.env.settle()
    backend, real = world.env.backend, world.env.backend.set_overwrite

    def stubborn(channel_id: int, overwrite: Any) -> None:
        """Another bot, which grants the role its right again at the same moment."""
        real(channel_id, overwrite)
        if overwrite.target_id == role.id and overwrite.deny:
            allow = discord.Permissions(send_messages=True).value
            real(channel_id, type(overwrite)(role.id, overwrite.type, allow, 0))

    backend.set_overwrite = stubborn  # type: ignore[method-assign]
    answer = await locked(world, channel)
    assert answer["partial"] is True
    assert answer["message"].startswith(f"#deck is only partly locked. #deck: <@&{role.id}> can still write.")


@pytest.mark.parametrize("kind", ["voice", "stage", "forum", "thread"])
async def test_a_lock_of_each_kind_of_channel_closes_and_opens_it(world: World, kind: str) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    if kind == "thread":
        parent: Any = world.bot.get_channel(world.channel.id)
        channel: Any = await parent.create_thread(name="Talk", type=discord.ChannelType.public_thread)
        metadata = world.env.backend.channels[channel.id].thread_metadata
        assert metadata is not None
        await locked(world, channel)
        assert metadata.locked and not metadata.archived
        await world.run("unlock_channel", {"channel_id": str(channel.id)})
        assert not metadata.locked
        return
    make = {
        "voice": world.guild.create_voice_channel,
        "stage": world.guild.create_stage_channel,
        "forum": world.guild.create_forum_channel,
    }[kind]
    channel = make("place")
    closed = ("send_messages", "send_messages_in_threads") if kind == "forum" else ("connect", "speak")
    before = overwrites(world, channel)
    await locked(world, channel)
    assert not any(getattr(may(world, channel, world.plain), name) for name in closed)
    await world.run("unlock_channel", {"channel_id": str(channel.id)})
    assert overwrites(world, channel) == before


async def test_the_people_in_a_channel_are_told_in_the_servers_language(world: World) -> None:
    memory = world.bot.memory
    settings = await memory.settings(world.guild.id)
    await memory.save_settings(world.guild.id, replace(settings, language="de"))
    await locked(world, world.channel, reason="Umbau")
    params = {"channel_id": str(world.channel.id), "reason": "fertig"}
    assert (await world.run("unlock_channel", params))["success"] is True
    said = [message.content for message in world.posted()]
    assert said == ["🔒 Gesperrt: Umbau", "🔓 Wieder offen: fertig"]


async def test_people_who_are_already_talking_are_told_of(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    channel = world.guild.create_voice_channel("Talk")
    await world.plain.join_voice(channel)
    answer = await locked(world, channel)
    # Which people are connected takes an intent that the bot doesn't ask for by itself.
    assert answer["message"].startswith("#Talk is locked. Anyone already connected can keep talking.")


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((0, 0), "Apart from me, only"),
        ((1, 2), "Still connected and able to talk: 3."),
        ((0, None), "Anyone already connected can keep talking."),
    ],
)
def test_how_many_may_talk_on_is_told_if_the_bot_knows(counts: tuple[int | None, ...], wanted: str) -> None:
    done = [{**asdict(Locked(new=True, connected=count)), "name": "Talk"} for count in counts]
    said = lock_outcome("The server Deck", None, done, [], []).said
    assert said.startswith(f"The server Deck is locked. Channels locked: 2 of 2. {wanted}")


async def test_what_the_bot_cannot_deny_is_told(world: World) -> None:
    channel = world.guild.create_voice_channel("Talk")
    me = world.env.backend.get_guild(world.guild.id).members[world.env.backend.bot_user.id].role_ids[0]
    held = discord.Permissions(world.env.backend.get_role(world.guild.id, me).permissions)
    held.speak = False
    give_the_bot(world, held)
    world.env.backend.edit_role(
        world.guild.id, world.guild.id, {"permissions": discord.Permissions(connect=True).value}
    )
    answer = await locked(world, channel)
    assert answer["partial"] is True and "that I don't have myself: *Speak*" in answer["message"]


@pytest.mark.long
@pytest.mark.parametrize("scope", ["category", "server"])
async def test_a_lock_reaches_every_channel_and_ends_everywhere(world: World, scope: str) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    group = world.guild.create_category("Decks")
    crew = world.guild.create_role("Crew")
    world.env.backend.add_member_role(world.guild.id, world.plain.id, crew.id)
    grants: dict[Any, discord.PermissionOverwrite] = {crew: discord.PermissionOverwrite(send_messages=True)}
    inside = world.guild.create_text_channel("inside", category=group, overwrites=grants)
    outside = world.guild.create_text_channel("outside", overwrites=grants)
    await world.env.settle()
    before = [overwrites(world, item) for item in (group, inside, outside)]
    params = {"channel_id": str(group.id), "lasts": "2 hours", "whole_server": scope == "server"}
    job = await world.schedule("lockdown_channel", params, "in 3 days")
    client = world.bot.services.client
    await client.run(job)
    await until(lambda: not may(world, inside, world.plain).send_messages)
    if scope == "server":
        await until(lambda: not may(world, outside, world.plain).send_messages)
    else:
        assert may(world, outside, world.plain).send_messages

    async def over() -> bool:
        return all(
            run.finished_at is not None
            for run in (await client.runs(str(world.guild.id), job_id=job.id)).runs
        )

    await until(over)
    # A channel that leaves its category, and a category that is deleted, change nothing about the end.
    world.env.backend.edit_channel(inside.id, {"parent_id": None})
    await world.env.settle()
    await world.advance(hours=3)
    await until(lambda: [overwrites(world, item) for item in (group, inside, outside)] == before)


@pytest.mark.long
async def test_two_locks_of_one_channel_end_with_the_later(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    client, channel = world.bot.services.client, {"channel_id": str(world.channel.id)}

    async def lock(**params: Any) -> None:
        job = await world.schedule("lockdown_channel", {**channel, **params}, "in 3 days")
        await client.run(job)

        async def over() -> bool:
            found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
            return bool(found) and found[0].finished_at is not None

        await until(over)

    await lock(lasts="4 hours")
    await lock(lasts="1 hour", whole_server=True)
    await world.advance(hours=2)

    async def one_left() -> bool:
        query = JobQuery(method="unlock_channel", state=JobState.ACTIVE)
        return len((await client.jobs(str(world.guild.id), query)).jobs) == 1

    await until(one_left)
    await world.env.settle()
    assert not may(world, world.channel, world.plain).send_messages
    await world.advance(hours=3)
    await until(lambda: may(world, world.channel, world.plain).send_messages)


@pytest.mark.long
async def test_a_lock_until_an_hour_ends_at_that_hour_in_the_jobs_zone(world: World) -> None:
    values = {"channel_id": [world.channel], "lasts": "until 7", "reason": "Night"}
    job_id = await world.create(world.admin, "lockdown_channel", values, "every day at 22:00")
    client = world.bot.services.client
    job = await client.job(job_id, str(world.guild.id))
    await client.run(job)

    async def ending() -> Any:
        query = JobQuery(method="unlock_channel", state=JobState.ACTIVE)
        found = (await client.jobs(str(world.guild.id), query)).jobs
        return found[0] if found else None

    ends = (await until(ending)).next_run_at
    assert (ends.hour, ends.minute, ends.second, ends.microsecond) == (7, 0, 0, 0)
    assert timedelta() < ends - instants.now() <= timedelta(days=1)


@pytest.mark.parametrize("lasts", ["forever", "until every day", "until", "8 hours long"])
async def test_a_time_that_says_no_end_is_refused(world: World, lasts: str) -> None:
    answer = await world.run("lockdown_channel", {"channel_id": str(world.channel.id), "lasts": lasts})
    assert answer["success"] is False and "nor an end such as “until 7”" in answer["error"]


async def test_a_lock_of_ten_years_is_refused(world: World) -> None:
    answer = await world.run("lockdown_channel", {"channel_id": str(world.channel.id), "lasts": "520 weeks"})
    assert "isn't a valid length for a lock" in answer["error"]
