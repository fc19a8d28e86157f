"""The demo: the real bot, handler and server on a simulated Discord, shown as a web page.

None of our code is replaced. simcord simulates Discord, and its clock follows the wall clock here, so jobs
run while you watch. A page shows one channel or one person's direct messages; forms default to that channel.
New messages appear on the page by themselves. Around simcord's page stands what it lacks: the menus of right
clicks, people and their languages, Discord's events, and times that go on.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import webbrowser
from collections.abc import AsyncGenerator, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import simcord

from bot.app import ScheduleZeroBot, create_bot
from bot.config import Settings
from bot.demo import command_permissions as _routes  # noqa: F401 - adds a route
from bot.demo.demo_api import DemoApi
from bot.demo.demo_guild import furnish, greet, schedule_examples
from bot.demo.demo_languages import Languages
from bot.demo.demo_pages import DemoPages
from bot.demo.front_door import front_door
from bot.demo.guild_events import GuildEvents
from bot.demo.patient_env import PatientEnv
from bot.demo.simulated_waiting import SimulatedWaiting
from bot.run import Beside
from cogs.attachments import Downloads
from cogs.services import handler_of
from schedulezero.background import run_in_background
from schedulezero.web.download import PIECE
from schedulezero.web.outgoing import OutgoingFailed
from schedulezero.when.language.parse import warm_up
from schedulezero.wire.addresses import free_ports

_EPHEMERAL = 1 << 6


class WallClock:
    """A clock for the simulator that shows the present instant and can't be moved."""

    def __init__(self) -> None:
        self._epoch = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def elapsed(self) -> float:
        """Return the seconds since the simulator's epoch."""
        return time.time() - self._epoch.timestamp()

    def now(self) -> datetime:
        return self._epoch + timedelta(seconds=self.elapsed)

    def advance(self, seconds: float) -> None:
        """Do nothing: real time passes by itself."""


class SimulatedDownloads(Downloads):
    """Takes files from the simulator, which has them at no real address."""

    async def pieces(self, bot: discord.Client, url: str) -> AsyncGenerator[bytes]:
        try:
            content = await bot.http.get_from_cdn(url)
        except discord.HTTPException as error:
            raise OutgoingFailed("The simulator has no such file.", refused=True, sent=True) from error
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]


def simulated(bot: ScheduleZeroBot, env: simcord.Env) -> None:
    """Prepare a bot for a simulated Discord that runs in real time."""
    bot.services = replace(bot.services, downloads=SimulatedDownloads())
    bot.services.supervisor.waiting = SimulatedWaiting(env)


async def demo(
    settings: Settings, stop: asyncio.Event, *, port: int, browser: bool, beside: Beside | None = None
) -> int:
    """Run the demo until ``stop`` is set or somebody closes the page with its button.

    Parameters:
        settings: Supplies the sprockets and the time zone; the demo picks its own ports and database.
        stop: Ends the demo.
        port: The page's port; 0 picks a free one.
        browser: Whether to open the page.
        beside: Runs alongside the bot.
    """
    # Loaded first, so that the bot starts within the simulator's time limit.
    await asyncio.to_thread(warm_up)
    with tempfile.TemporaryDirectory(prefix="schedulezero-demo-", ignore_cleanup_errors=True) as folder:
        bot = create_bot(_demo_settings(settings, folder))
        env = PatientEnv(bot, shard_count=bot.shard_count or 1, check_errors=False)
        simulated(bot, env)
        env.backend.clock = WallClock()  # type: ignore[assignment]
        env.backend.bot_user.name = "ScheduleZero"
        try:
            await env.start()
            with env.time_context():
                besides = (
                    [run_in_background(beside(bot, stop), "what runs beside the demo")]
                    if beside is not None
                    else []
                )
                try:
                    await _serve(env, bot, stop, port=port, browser=browser)
                finally:
                    for task in besides:
                        task.cancel()
                    await asyncio.gather(*besides, return_exceptions=True)
        finally:
            await bot.close()
            await env.shutdown()
    return 0


async def _serve(
    env: simcord.Env, bot: ScheduleZeroBot, stop: asyncio.Event, *, port: int, browser: bool
) -> None:
    guild, places = furnish(env, bot)
    pages = DemoPages(env, places, Languages(env), timezone=bot.settings.timezone)
    events = GuildEvents(env, guild)
    await schedule_examples(bot, places[0])
    changed = asyncio.Event()

    def watch(event: str, payload: Any) -> None:
        if event.startswith("MESSAGE_") and not int(payload.get("flags") or 0) & _EPHEMERAL:
            changed.set()

    api = DemoApi(pages, guild, events)
    with events.kept_whole():
        async with front_door(pages, api, port) as door:
            await greet(places)
            env.backend.subscribers.append(watch)
            _welcome(door, handler_of(bot).sprockets)
            if browser:
                webbrowser.open(door)
            fresh = run_in_background(pages.keep_fresh(changed), "refreshing the demo's page")
            ends = [
                run_in_background(stop.wait(), "the wait for a signal"),
                run_in_background(pages.wait_ended(), "the wait for the page's end"),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in (fresh, *ends):
                task.cancel()
            await asyncio.wait((fresh, *ends))


def _welcome(door: str, jobs: Collection[str]) -> None:
    """Tell where the demo is, and what the loaded sprockets' jobs let people try."""
    if "send_post" in jobs:
        first = (
            "Type /schedule create in the message box, pick “Post something”, and enter in 1 minute\n"
            "for when."
        )
    elif jobs:
        first = "Type /schedule create in the message box, and pick a job."
    else:
        first = "No sprocket is loaded, so there are no jobs: type /load_sprocket in the message box."
    second = ""
    if "send_announcement" in jobs:
        second = "One message is posted automatically after two minutes. "
    print(
        f"""
ScheduleZero's demo is at

    {door}

{first}
At the top, switch the person that you are and the language; on the left are the channels, the
direct messages and Discord's events. Right-click a message or a member for the bot's menus.
{second}Press Ctrl+C to end the demo.
""",
        flush=True,
    )


def _demo_settings(settings: Settings, folder: str) -> Settings:
    handler_port, registration_port, rest_port = free_ports(3)
    return settings.model_copy(
        update={
            "server": "embedded",
            "database": f"{folder}/demo.db",
            "handler_port": handler_port,
            "server_address": f"tcp://127.0.0.1:{registration_port}",
            "handler_host": "127.0.0.1",
            "keys": f"{folder}/keys",
            "server_key": None,
            "api_endpoint": f"http://127.0.0.1:{rest_port}",
            "calendar_url": f"http://127.0.0.1:{rest_port}",  # for calendar programs on this machine
        }
    )
