"""Each moderation job over the wire: what it does, what it leaves, what it says when it cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from tests.support.portal import portal
from tests.support.world import World


async def contents(world: World) -> list[str]:
    return [message.content for message in world.channel.history()]


async def clean(world: World, **params: Any) -> dict[str, Any]:
    return await world.run("cleanup_messages", {"channel_id": world.channel.id, **params})


def age(world: World, message: discord.Message, days: float) -> None:
    """Makes a message older than it is: its id and its time of posting."""
    backend = world.env.backend
    stored = backend.get_message(message.channel.id, message.id)
    channel = backend.messages[message.channel.id]
    old = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(days=days)) + message.id % 4096
    del channel[stored.id]
    stored.id = old
    rest = dict(channel)
    channel.clear()
    channel.update({old: stored, **rest})


async def test_a_clean_up_deletes_in_bulk_and_keeps_what_is_pinned(world: World) -> None:
    kept = await world.admin.send(world.channel, "pinned")
    await world.admin.set_pinned(kept, True)
    for number in range(5):
        await world.plain.send(world.channel, f"spam {number}")
    answer = await clean(world)
    assert answer["success"] is True and answer["deleted"] >= 5
    assert "pinned" in await contents(world) and not any("spam" in text for text in await contents(world))
    assert any(entry.path.endswith("/bulk-delete") for entry in world.env.http_requests)


async def test_limit_and_author(world: World) -> None:
    for number in range(3):
        await world.plain.send(world.channel, f"plain {number}")
        await world.moderator.send(world.channel, f"mo {number}")
    assert (await clean(world, user_id=str(world.plain.id), limit="2"))["deleted"] == 2
    assert await contents(world) == ["plain 0", "mo 0", "mo 1", "mo 2"]


async def test_messages_beyond_two_weeks_are_deleted_one_by_one(world: World) -> None:
    age(world, await world.plain.send(world.channel, "ancient"), 30)
    age(world, await world.plain.send(world.channel, "old"), 20)
    await world.plain.send(world.channel, "fresh")
    assert (await clean(world, age_days=7))["deleted"] == 2
    assert await contents(world) == ["fresh"]
    singles = [entry for entry in world.env.http_requests if entry.method == "DELETE"]
    assert len(singles) == 2


async def test_looking_at_the_text_needs_the_intent(world: World) -> None:
    answer = await clean(world, contains="spam")
    assert "Message Content intent" in answer["error"] and answer["retry"] is False


async def test_with_content_granted_only_what_contains_the_text(world: World) -> None:
    granted = discord.ApplicationFlags(gateway_message_content_limited=True)
    with portal(flags=granted.value):
        await world.plain.send(world.channel, "Buy CHEAP things")
        await world.plain.send(world.channel, "good morning")
        assert (await clean(world, contains="cheap"))["deleted"] == 1
    assert await contents(world) == ["good morning"]


@pytest.mark.parametrize("limit", [0, -5, 10_001, "many"])
async def test_a_limit_out_of_bounds(world: World, limit: Any) -> None:
    answer = await clean(world, limit=limit)
    assert answer["success"] is False and "limit" in answer["error"]


async def test_a_clean_up_without_the_right(world: World) -> None:
    await world.plain.send(world.channel, "x")
    world.env.inject_error(
        "*", "/channels/*", status=403, code=50013, message="Missing Permissions", times=None
    )
    answer = await clean(world)
    assert (
        "I couldn't look for messages in #general. I'm missing a permission" in answer["error"]
        and answer["retry"] is False
    )


@pytest.mark.long
async def test_roles_are_given_and_taken_with_a_reason(world: World) -> None:
    role = world.guild.create_role("Guests")
    params = {
        "guild_id": str(world.guild.id),
        "user_ids": [str(world.plain.id), world.moderator.id, 77],
        "role_id": str(role.id),
    }
    answer = await world.run("add_role_scheduled", params)
    assert answer["message"].startswith("Done for 2 of 3 people. Failed: ") and answer["partial"] is True
    assert answer["failed"] == [{"user_id": "77", "error": "77 isn't in this server."}]
    assert role.id in members(world)[world.plain.id].role_ids
    one = await world.run("add_role_scheduled", {**params, "user_ids": [world.moderator.id]})
    assert one["message"] == "Done."
    none = await world.run("add_role_scheduled", {**params, "user_ids": [77]})
    assert none["error"] == "77 isn't in this server."
    reasons = [entry.reason for entry in world.guild.audit_log()]
    assert any(reason and reason.startswith("ScheduleZero") for reason in reasons)
    taken = await world.run("remove_role_scheduled", {**params, "user_ids": [world.plain.id]})
    assert taken["success"] is True and "partial" not in taken
    assert role.id not in members(world)[world.plain.id].role_ids


async def test_a_role_above_the_bots_own(world: World) -> None:
    backend, me = world.env.backend, world.env.backend.bot_user.id
    high = world.guild.create_role("High")
    bots = members(world)[me].role_ids[0]
    top = backend.get_role(world.guild.id, bots).position
    backend.reorder_roles(
        world.guild.id, [{"id": str(high.id), "position": top}, {"id": str(bots), "position": top - 1}]
    )
    params = {"guild_id": world.guild.id, "user_ids": [world.plain.id], "role_id": high.id}
    answer = await world.run("add_role_scheduled", params)
    assert "Move my own role above it" in answer["error"] and answer["retry"] is False
    missing = await world.run("add_role_scheduled", {**params, "role_id": 5})
    assert "The role 5 no longer exists" in missing["error"]
    nowhere = await world.run("add_role_scheduled", {**params, "guild_id": 5})
    assert "I'm no longer in the server 5" in nowhere["error"]


async def test_a_lockdown_is_lifted_to_what_it_found(world: World) -> None:
    regulars = world.guild.create_role("Regulars")
    before: dict[Any, discord.PermissionOverwrite] = {
        world.guild.default_role: discord.PermissionOverwrite(send_messages=None, add_reactions=False),
        regulars: discord.PermissionOverwrite(send_messages=True, embed_links=True),
    }
    channel = world.guild.create_text_channel("plaza", overwrites=before)
    found = overwrites(world, channel.id)

    answer = await world.run("lockdown_channel", {"channel_id": str(channel.id), "reason": "Raid"})
    assert answer["success"] is True, answer
    assert (await world.message_in(channel, "Locked: Raid")).content.startswith("🔒")
    locked = overwrites(world, channel.id)
    assert locked["@everyone"].send_messages is False and locked["@everyone"].add_reactions is False
    assert locked["Regulars"].send_messages is False and locked["Regulars"].embed_links is True

    # A second lock keeps what the first one found, and a restart forgets nothing.
    await world.run("lockdown_channel", {"channel_id": channel.id})
    await world.restart_bot()
    answer = await world.run("unlock_channel", {"channel_id": channel.id, "reason": "All clear"})
    assert answer["message"] == "#plaza is open again."
    assert overwrites(world, channel.id) == found
    assert (await world.message_in(channel, "Open again: All clear")).content.startswith("🔓")
    edits = [entry for entry in world.env.http_requests if "/permissions/" in entry.path]
    assert edits and all((entry.reason or "").startswith("ScheduleZero") for entry in edits)
    assert any("Raid" in (entry.reason or "") for entry in edits)


async def test_unlocking_what_it_had_not_locked(world: World) -> None:
    denied: dict[Any, discord.PermissionOverwrite] = {
        world.guild.default_role: discord.PermissionOverwrite(send_messages=False)
    }
    channel = world.guild.create_text_channel("by-hand", overwrites=denied)
    answer = await world.run("unlock_channel", {"channel_id": channel.id})
    assert "I hadn't locked it" in answer["message"]
    assert "@everyone" not in overwrites(world, channel.id)


def members(world: World) -> dict[int, Any]:
    return world.env.backend.get_guild(world.guild.id).members


def overwrites(world: World, channel_id: int) -> dict[str, discord.PermissionOverwrite]:
    """The overwrites of roles as they stand, empty ones left out."""
    channel: Any = world.bot.get_channel(channel_id)
    return {
        target.name: overwrite
        for target, overwrite in channel.overwrites.items()
        if isinstance(target, discord.Role) and not overwrite.is_empty()
    }
