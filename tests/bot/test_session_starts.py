"""Logins at Discord: how many are left, and that a bot never uses them up."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

import discord
import pytest

from bot.app import create_bot, intents_of
from bot.clusters import Cluster
from bot.config import ConfigError, Settings, load_settings
from bot.health.doctor_discord import _sessions, _shards
from bot.pace.session_starts import RESERVE, SessionStarts, read_starts
from tests.support.command_line import ROOT, environment
from tests.support.discord_server import DiscordServer


def starts(remaining: int, total: int = 1000, shards: int = 1) -> SessionStarts:
    return SessionStarts(shards, total, remaining, timedelta(hours=1))


@pytest.mark.parametrize(
    ("remaining", "total", "wanted", "spare"),
    [
        (1000, 1000, 1, True),
        (RESERVE + 1, 1000, 1, True),
        (RESERVE, 1000, 1, False),
        (0, 1000, 1, False),
        (RESERVE + 15, 1000, 16, False),
        (RESERVE + 16, 1000, 16, True),
        (1000, 1000, 980, True),  # all of them are left, so nobody uses them up
        (999, 1000, 980, False),
    ],
)
def test_the_reserve_stays_untouched(remaining: int, total: int, wanted: int, spare: bool) -> None:
    assert starts(remaining, total).spare(wanted) is spare


def test_discords_answer_is_read() -> None:
    # The example of https://discord.com/developers/docs/events/gateway#get-gateway-bot-example-response.
    limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
    told = read_starts({"url": "wss://gateway.discord.gg/", "shards": 9, "session_start_limit": limit})
    assert told == SessionStarts(9, 1000, 999, timedelta(hours=4))


def test_doctor_tells_how_many_are_left(settings: Settings) -> None:
    check = _sessions(settings, starts(RESERVE))
    assert not check.well and check.finding == f"{RESERVE} of 1000 are left today"
    assert _sessions(settings, starts(RESERVE + 1)).well
    assert not _sessions(settings.model_copy(update={"shards": 8}), starts(RESERVE + 1)).well


def test_doctor_compares_the_shards_that_are_set(settings: Settings) -> None:
    assert _shards(settings, starts(1000, shards=9)).well
    assert not _shards(settings.model_copy(update={"shards": 3}), starts(1000, shards=9)).well


async def test_clusters_count_the_logins_of_all(settings: Settings) -> None:
    external = settings.model_copy(update={"server": "external", "shards": 6})
    assert create_bot(external, Cluster(2, 3))._sessions(starts(1000, shards=9)) == 6
    assert create_bot(settings)._sessions(starts(1000, shards=9)) == 9


def test_only_what_is_set_is_asked_for_beyond_guilds(settings: Settings) -> None:
    guilds = discord.Intents(guilds=True)
    # The portal's switch is enough to read messages over HTTP.
    for plain in (settings, settings.model_copy(update={"message_content": True})):
        assert intents_of(plain) == guilds
    asked = intents_of(Settings(intents="members, guild_reactions"))  # type: ignore[arg-type]
    assert asked == discord.Intents(guilds=True, members=True, guild_reactions=True)


def test_an_intent_that_there_is_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_INTENTS", "members,mambers")
    with pytest.raises(ConfigError, match=r"SCHEDULEZERO_INTENTS is 'mambers': it must be .*'members'"):
        load_settings()


@pytest.mark.long
async def test_a_bot_with_few_logins_left_waits_and_then_opens_what_discord_recommends(
    settings: Settings,
) -> None:
    async with DiscordServer(shards=2, remaining=RESERVE + 1) as simulated:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.bot_process", simulated.address, "run",
            cwd=ROOT, env=environment(settings, DISCORD_TOKEN="simulated"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        try:
            async with asyncio.timeout(30):
                while b"Discord lets the bot start 51 of 1000" not in await process.stderr.readline():
                    assert not process.stderr.at_eof()
                assert simulated.identified == []
                simulated.remaining = 1000
                while not simulated.identified:
                    await asyncio.sleep(0.02)
            assert simulated.identified == [(0, 2)] and simulated.asked_for == {1}
        finally:
            process.kill()
            await process.wait()
