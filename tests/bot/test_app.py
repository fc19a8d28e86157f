"""The bot's own life: up and down, with what it finds on the way."""

from __future__ import annotations

import json
import socket

import discord
import pytest
import simcord
from aiohttp import web
from discord.http import Route

from bot.app import create_bot, expect_free
from bot.config import Settings
from bot.demo.demo import simulated
from bot.health.doctor_discord import discord_checks
from cogs.health import Check
from schedulezero.errors import JobFailed, PortTaken
from sprockets.kit.asking import asking_discord
from tests.support.granting import give_the_bot
from tests.support.portal import portal
from tests.support.world import World, a_world, said


async def test_a_broken_sprocket_keeps_no_other_from_running(settings: Settings) -> None:
    broken = settings.model_copy(update={"sprockets": ("nowhere", "announcement")})
    async with a_world(broken) as world:
        assert "send_announcement" in world.handler.sprockets
        assert "question_of_the_day" not in world.handler.sprockets


async def test_a_sprocket_is_found_by_its_old_name(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before = settings.model_copy(update={"sprockets": ("announcement", "custom")})
    async with a_world(before) as world:
        assert "question_of_the_day" in world.handler.sprockets
    assert "the sprocket 'custom' is called 'example' now" in caplog.text


async def test_a_taken_handler_port_keeps_it_from_starting(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.handler_port))
        taken.listen()
        bot = create_bot(settings)
        with pytest.raises(PortTaken, match="another `handler_port`"):
            await bot.setup_hook()
        await bot.close()


async def test_a_long_limit_of_discords_is_a_wait_of_the_job_and_nothing_to_sit_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"id": "1", "username": "bot", "discriminator": "0", "avatar": None})
        told = {"message": "You are being rate limited.", "retry_after": 300.0, "global": False}
        headers = {"Via": "1.1 google", "Retry-After": "300"}
        # Without a charset: discord.py looks for the plain type.
        body = json.dumps(told).encode()
        return web.Response(body=body, status=429, headers=headers, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/api/v10/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10")
    bot = create_bot(settings)
    try:
        await bot.http.static_login("token")
        with pytest.raises(JobFailed, match="asked me to wait") as failed:
            async with asking_discord("write the name of #lounge"):
                await bot.http.edit_channel(1, name="T-minus 3")
        assert failed.value.retry_after == 300
    finally:
        await bot.close()
        await runner.cleanup()


async def test_closing_twice_is_no_harm(settings: Settings) -> None:
    bot = create_bot(settings)
    env = simcord.Env(bot, shard_count=1)
    simulated(bot, env)
    await env.start()
    await bot.close()
    await bot.close()
    await env.shutdown()
    expect_free(settings.handler_port)


@pytest.mark.long
async def test_an_external_server_may_be_away_at_the_start(settings: Settings) -> None:
    external = settings.model_copy(update={"server": "external"})
    bot = create_bot(external)
    env = simcord.Env(bot, shard_count=1)
    simulated(bot, env)
    await env.start()
    guild = env.create_guild()
    admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    channel = guild.create_text_channel("general")
    admin = guild.add_member(env.create_user("ada"), roles=[admins])
    text = said(await admin.slash(channel, "schedule list"))
    assert "can't be reached. Is it running?" in text
    status = said(await admin.slash(channel, "schedule status"))
    assert "❌ **Scheduling:** not working right now" in status and "127.0.0.1" not in status
    assert await admin.autocomplete(channel, "schedule show", "job", "x") == []
    await bot.close()
    await env.shutdown()


@pytest.mark.long
async def test_doctor_looks_at_intents_permissions_and_the_jobs(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    silent = discord.PermissionOverwrite(send_messages=False)
    room = world.guild.create_text_channel("room", overwrites={world.guild.default_role: silent})
    values = {"channel_id": [room], "message": "Hello"}
    await world.create(world.admin, "send_announcement", values, "every monday at 9")
    opened = {"channel_id": world.channel.id, "title": "Weekly"}
    assert (await world.run("create_thread", opened))["success"] is True
    (thread,) = world.channel.threads
    values = {"thread_id": [thread], "state": ["open"]}
    await world.create(world.admin, "set_thread", values, "every monday at 9")
    assert (await world.run("set_thread", {"thread_id": thread.id, "state": "archived"}))["success"] is True

    async def found() -> dict[str, Check]:
        checks = discord_checks(world.settings, world.bot, world.bot.services.client)
        return {check.subject: check async for check in checks}

    checks = await found()
    assert list(checks) == ["intents", "user install", "permissions in Moonbase", "jobs in Moonbase"]
    assert checks["user install"].finding.startswith("off: ")
    assert checks["jobs in Moonbase"].finding == "2 scheduled, all may run"

    with portal(integration_types_config={"0": {}, "1": {}}):
        assert (await found())["user install"].finding.startswith("on: ")

    give_the_bot(world, discord.Permissions(view_channel=True, manage_threads=True))
    jobs = (await found())["jobs in Moonbase"]
    assert not jobs.well and jobs.finding == "1 of 2 will fail"
    assert jobs.remedy == "“Hello”: I can't do this in #room. Give my role *Send Messages* there."
