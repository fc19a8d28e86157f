"""The bot's commands on Discord: sent when they change, and what happens when Discord refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.config import Settings
from cogs import command_refusals
from cogs.command_refusals import Cause, refusal_of
from tests.support.command_lists import Lists, Refused, command_lists, leaf
from tests.support.world import World, a_world, said


@pytest.fixture
def lists() -> Iterator[Lists]:
    with command_lists() as noted:
        yield noted


@app_commands.command(name="wave", description="Wave")
async def wave(interaction: discord.Interaction, hand: str) -> None:
    """Wave."""


def names(world: World) -> set[str]:
    return {name for name, _ in world.env.backend.commands[None]}


async def status(world: World) -> str:
    return said(await world.admin.slash(world.channel, "schedule status"))


async def test_an_unchanged_list_is_not_sent_again(lists: Lists, settings: Settings) -> None:
    async with a_world(settings) as world:
        assert len(lists.sent) == 1
        assert "**Commands:** Up to date on Discord" in await status(world)
        await world.restart_bot()
        await world.env.settle()
        assert len(lists.sent) == 1

        world.bot.tree.add_command(wave)
        assert (await world.bot.services.commands.offered(world.bot)).refusal is None
        assert len(lists.sent) == 2 and "wave" in names(world)

        # Another program with the same token sent a list of its own.
        del world.env.backend.commands[None]["wave", 1]
        await world.bot.services.commands.offered(world.bot)
        assert len(lists.sent) == 3 and "wave" in names(world)


async def test_every_command_says_where_it_can_be_used(lists: Lists, settings: Settings) -> None:
    async with a_world(settings) as world:
        world.bot.tree.add_command(wave)  # as a sprocket does that doesn't say it
        await world.bot.services.commands.offered(world.bot)
    found = {item["name"]: (item["integration_types"], item["contexts"]) for item in lists.sent[-1]}
    assert found.pop("remind") == ([0, 1], [0, 1, 2])
    assert {"schedule", "sprockets", "question", "wave"} <= set(found)
    assert set(map(str, found.values())) == {"([0], [0])"}
    assert not [item for item in lists.sent[-1] if "dm_permission" in item]


async def test_a_refused_list_keeps_the_old_one_and_everything_runs(lists: Lists, settings: Settings) -> None:
    def judge(sent: list[dict[str, Any]]) -> None:
        places = [place for place, item in enumerate(sent) if item["name"] == "wave"]
        for place in places:
            tree = {str(place): {"options": {"0": {"description": leaf("Must be 100 or fewer in length.")}}}}
            raise Refused(400, 50035, "Invalid Form Body", tree)

    lists.judge = judge
    async with a_world(settings) as world:
        before = names(world)
        world.bot.tree.add_command(wave)
        offered = await world.bot.services.commands.offered(world.bot)
        assert offered.refusal is not None and offered.again_at is None
        assert names(world) == before
        told = await status(world)
        assert "“wave”" in told and "`options.hand.description`: Must be 100 or fewer" in told
        world.bot.tree.remove_command("wave")
        await world.bot.services.commands.offered(world.bot)
        assert "Up to date on Discord" in await status(world)


async def test_an_app_without_user_install_gets_remind_in_servers(lists: Lists, settings: Settings) -> None:
    def judge(sent: list[dict[str, Any]]) -> None:
        for place, item in enumerate(sent):
            if 1 in item["integration_types"]:
                tree = {str(place): {"integration_types": {"1": leaf("Not supported.")}}}
                raise Refused(400, 50035, "Invalid Form Body", tree)

    lists.judge = judge
    async with a_world(settings) as world:
        remind = world.env.backend.commands[None]["remind", 1]
        assert (remind["integration_types"], remind["contexts"]) == ([0], [0, 1])
        assert "*User Install* isn't enabled" in await status(world)

        lists.judge = lambda sent: None  # it was switched on
        await world.restart_bot()
        await world.env.settle()
        assert world.env.backend.commands[None]["remind", 1]["integration_types"] == [0, 1]
        assert "User Install" not in await status(world)


async def test_an_outage_is_waited_for(
    lists: Lists, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_refusals, "_FIRST_PAUSE_SECONDS", 0.001)
    answers = [Refused(503, 0, "Service Unavailable"), Refused(429, 0, "Too Many Requests")]

    def judge(sent: list[dict[str, Any]]) -> None:
        if answers:
            raise answers.pop(0)

    lists.judge = judge
    async with a_world(settings) as world:
        while len(lists.sent) < 3:
            await world.env.settle()
        assert "schedule" in names(world)
        assert "Up to date on Discord" in await status(world)


async def test_the_daily_limit_is_told_with_the_next_attempt(lists: Lists, world: World) -> None:
    def judge(sent: list[dict[str, Any]]) -> None:
        raise Refused(400, 30034, "Max number of daily application command creates has been reached (200)")

    lists.judge = judge
    world.bot.tree.add_command(wave)
    offered = await world.bot.services.commands.offered(world.bot)
    assert offered.again_at is not None
    assert "any more new commands today. I'll try again <t:" in await status(world)


def test_what_waiting_mends_is_tried_again_in_growing_pauses() -> None:
    limited = refusal_of(discord.RateLimited(300.0), [], 0)
    assert (limited.cause, limited.retry_after) == (Cause.RATE_LIMIT, 300.0)
    pauses = [refusal_of(OSError(), [], attempt).retry_after for attempt in (0, 1, 2, 1000)]
    assert pauses == [10.0, 20.0, 40.0, 3600.0]
    assert refusal_of(KeyError("x"), [], 0).retry_after is None


async def test_a_server_that_the_bot_is_not_in_is_asked_to_invite_it(world: World) -> None:
    # As with the app of a person: Discord sends the command with what it tells of the server, which no
    # GUILD_CREATE brought (https://discord.com/developers/docs/interactions/receiving-and-responding).
    world.bot._connection._guilds.pop(world.guild.id)
    refused = said(await world.admin.slash(world.channel, "schedule list"))
    assert "I'm not in this server. Invite me first: https://discord.com/oauth2/authorize?" in refused
