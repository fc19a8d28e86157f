"""A bot on a published server: `doctor`, and a server without keys on another machine.

0.0.0.0 stands for another machine here: it is not loopback, and leads to this one all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import create_bot
from bot.config import Settings
from schedulezero.wire.greeting import Wire, mismatch
from tests.conftest import until
from tests.support.command_line import end
from tests.support.peers import RawHandler
from tests.support.published_server import PublishedServer
from tests.support.world import World, a_world


@dataclass
class Elsewhere:
    """A published server on another machine, and the settings of a bot that uses it."""

    server: PublishedServer
    settings: Settings


@pytest_asyncio.fixture
async def elsewhere(settings: Settings, tmp_path: Path) -> AsyncIterator[Elsewhere]:
    address = settings.server_address.replace("127.0.0.1", "0.0.0.0")
    server = PublishedServer(settings.api_endpoint, address, tmp_path)
    await asyncio.to_thread(server.start)
    update = {"server": "external", "server_address": address, "plain_zeromq": True}
    yield Elsewhere(server, settings.model_copy(update=update))
    await asyncio.to_thread(server.stop)


async def test_plain_zeromq_works_and_the_log_says_what_it_means(
    elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with a_world(elsewhere.settings) as world:
            await world.ready()
            job = await world.schedule("send_announcement", announcement(world), "every day at 9")
            await world.bot.services.client.run(job)
            await until(lambda: world.posted())
            assert elsewhere.settings.handler_id in elsewhere.server.handlers
    assert any("read and forge" in record.getMessage() for record in caplog.records)


def announcement(world: World) -> dict[str, object]:
    return {"channel_id": str(world.channel.id), "message": "Hi"}


async def test_without_it_the_bot_registers_with_keys_only_and_says_how_to_go_on(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    update = {"plain_zeromq": False, "server_key": "a" * 40, "keys": str(tmp_path / "keys")}
    bot = create_bot(elsewhere.settings.model_copy(update=update))
    assert bot.services.keys is not None and bot.services.keys.cover(elsewhere.server.server_address)
    said = mismatch(elsewhere.server.server_address, encrypted=True, found=Wire.PLAIN)
    assert said is not None and "plain_zeromq: true" in said and "forge" in said
    await bot.close()


async def test_on_loopback_no_warning_is_needed(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = PublishedServer(settings.api_endpoint, settings.server_address, tmp_path)
    await asyncio.to_thread(server.start)
    with caplog.at_level(logging.WARNING):
        async with a_world(settings.model_copy(update={"server": "external"})) as world:
            await world.ready()
    assert "forge" not in caplog.text
    await asyncio.to_thread(server.stop)


@pytest.mark.long
async def test_doctor_judges_by_the_handler_and_not_by_the_servers_flag(
    elsewhere: Elsewhere, settings: Settings
) -> None:
    """The published server calls every handler disconnected."""
    variables = {
        "SCHEDULEZERO_SERVER": "external",
        "SCHEDULEZERO_SERVER_ADDRESS": elsewhere.settings.server_address,
        "SCHEDULEZERO_PLAIN_ZEROMQ": "true",
        "SCHEDULEZERO_PORT": "8888",
        "SCHEDULEZERO_TIMEZNOE": "UTC",
    }
    found = await end(settings, "doctor", **variables)
    assert f"FAIL  handler: '{settings.handler_id}' is not registered" in found.out
    assert "ok    server: a published ScheduleZero server" in found.out
    assert (
        "did you mean SCHEDULEZERO_TIMEZONE?" in found.out and "SCHEDULEZERO_PORT sets nothing" in found.out
    )
    assert "ok    exposure: warning: open, and unguarded by `plain_zeromq`" in found.out
    assert "ok    keys: none, by `plain_zeromq`: anybody on the network path can read and forge" in found.out

    handler = RawHandler(
        settings.handler_port, elsewhere.server.server_address.replace("0.0.0.0", "127.0.0.1"),
        settings.handler_id,
    )  # fmt: skip
    await asyncio.to_thread(handler.start, "send", "fail")
    elsewhere.server.records.appendleft({"status": "error", "job_id": "x", "handler_id": "y"})
    elsewhere.server.records[0]["duration_ms"] = 1
    found = await end(settings, "doctor", **variables)
    assert f"ok    handler: '{settings.handler_id}' is registered with 2 jobs" in found.out
    assert "ok    runs: 1 failed in the history" in found.out
    await asyncio.to_thread(handler.stop)
    found = await end(settings, "doctor", **variables)
    assert (
        f"FAIL  handler: '{settings.handler_id}' is registered, and no bot is running on this database"
        "\n      → Start the bot with `run`." in found.out
    )
