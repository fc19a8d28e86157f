"""`require_keys` in the real bot: embedded, with an external server, in clusters, in the demo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app import create_bot
from bot.clusters import Cluster
from bot.config import Settings
from schedulezero.wire.greeting import Wire, wire_at
from schedulezero.wire.keys import load_keys
from tests.support.command_line import end, line, start
from tests.support.speaking import speak
from tests.support.world import a_world

pytestmark = pytest.mark.long

PING = {"method": "ping", "params": {}}


async def test_the_embedded_server_and_the_bot_use_their_keys(settings: Settings, tmp_path: Path) -> None:
    left_over = load_keys(tmp_path / "elsewhere").public  # of a server that it used before
    keyed = settings.model_copy(
        update={"require_keys": True, "keys": str(tmp_path / "keys"), "server_key": left_over}
    )
    async with a_world(keyed) as world:
        await world.ready()
        addresses = (keyed.server_address, world.handler.address)
        for address in addresses:
            assert await asyncio.to_thread(wire_at, address) is Wire.CURVE
            assert await asyncio.to_thread(speak, address, PING, None, None) is None
        answer = await world.run("send_announcement", {"channel_id": world.channel.id, "message": "hi"})
        assert answer["success"] is True
        assert [(info.id, info.connected) for info in await world.bot.services.client.handlers()] == [
            (keyed.handler_id, True)
        ]


async def test_clusters_share_the_keys_of_their_folder(settings: Settings, tmp_path: Path) -> None:
    update = {"require_keys": True, "keys": str(tmp_path / "keys"), "server": "external", "shards": 2}
    bots = [create_bot(settings.model_copy(update=update), Cluster(number, 2)) for number in (1, 2)]
    rings = [bot.services.keys for bot in bots]
    assert rings[0] is not None and rings[0] == rings[1] and rings[0].everywhere
    assert rings[0].peer == rings[0].public


async def test_doctor_says_in_words_that_the_other_side_is_plain_or_has_other_keys(
    settings: Settings, tmp_path: Path
) -> None:
    own, other = str(tmp_path / "own"), str(tmp_path / "other")
    external = {"SCHEDULEZERO_SERVER": "external"}
    keyed = {"SCHEDULEZERO_REQUIRE_KEYS": "true", "SCHEDULEZERO_KEYS": own}
    process = await start(settings, "server")
    await line(process, settings.api_endpoint)
    found = await end(settings, "doctor", **external, **keyed)
    assert "FAIL  keys" in found.out and "Set `require_keys: true` there as well" in found.out
    assert "ok    keys: not needed" in (await end(settings, "doctor", **external)).out
    process.terminate()
    await process.communicate()

    process = await start(settings, "server", **keyed)
    await line(process, settings.api_endpoint)
    found = await end(settings, "doctor", **external)
    assert "FAIL  keys" in found.out and "Set `require_keys: true` here" in found.out
    assert "ok    keys: needed to register" in (await end(settings, "doctor", **external, **keyed)).out
    strange = {**keyed, "SCHEDULEZERO_KEYS": other, "SCHEDULEZERO_SERVER_KEY": load_keys(own).public}
    found = await end(settings, "doctor", **external, **strange)
    assert "FAIL  keys" in found.out and "let this side's key in there" in found.out
    load_keys(own).allow(load_keys(other).public, "the bot")
    assert "ok    keys" in (await end(settings, "doctor", **external, **strange)).out
    process.terminate()
    await process.communicate()


async def test_the_demo_works_with_keys(settings: Settings) -> None:
    process = await start(settings, "demo", "--no-browser", SCHEDULEZERO_REQUIRE_KEYS="true")
    await line(process, "http://127.0.0.1")  # its jobs are scheduled: the server knows the handler
    process.terminate()
    _, errors = await process.communicate()
    assert b"keys" not in errors and process.returncode == 0
