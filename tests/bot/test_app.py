"""The bot's own life: up and down, with what it finds on the way."""

from __future__ import annotations

import socket

import discord
import pytest
import simcord

from bot.app import create_bot, expect_free
from bot.config import Settings
from bot.demo import simulated
from bot.doctor import discord_checks
from schedulezero.errors import PortTaken
from tests.world import World, a_world, said


async def test_a_broken_sprocket_keeps_no_other_from_running(settings: Settings) -> None:
    broken = settings.model_copy(update={"sprockets": ("nowhere", "announcement")})
    async with a_world(broken) as world:
        assert "send_announcement" in world.handler.sprockets
        assert "question_of_the_day" not in world.handler.sprockets


async def test_a_taken_handler_port_keeps_it_from_starting(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.handler_port))
        taken.listen()
        bot = create_bot(settings)
        with pytest.raises(PortTaken, match="another `handler_port`"):
            await bot.setup_hook()
        await bot.close()


async def test_closing_twice_is_no_harm(settings: Settings) -> None:
    bot = create_bot(settings)
    env = simcord.Env(bot)
    simulated(bot, env)
    await env.start()
    await bot.close()
    await bot.close()
    await env.shutdown()
    expect_free(settings.handler_port)


async def test_an_external_server_may_be_away_at_the_start(settings: Settings) -> None:
    external = settings.model_copy(update={"server": "external"})
    bot = create_bot(external)
    env = simcord.Env(bot)
    simulated(bot, env)
    await env.start()
    guild = env.create_guild()
    admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    channel = guild.create_text_channel("general")
    admin = guild.add_member(env.create_user("ada"), roles=[admins])
    text = said(await admin.slash(channel, "schedule list"))
    assert "cannot be reached. Is it running?" in text
    status = said(await admin.slash(channel, "schedule status"))
    assert "❌ **Server:**" in status
    assert await admin.autocomplete(channel, "schedule show", "job", "x") == []
    await bot.close()
    await env.shutdown()


async def test_doctor_looks_at_intents_and_permissions(world: World) -> None:
    checks = [check async for check in discord_checks(world.settings, world.bot)]
    assert [check.subject for check in checks] == ["intents", "permissions in Moonbase"]
    assert all(check.remedy for check in checks)
