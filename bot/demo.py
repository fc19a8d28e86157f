"""The demo: the real bot, handler and server on a simulated Discord, shown as a web page.

Nothing of ours is replaced. Discord is simcord's, whose clock follows the wall clock here, so that
what is scheduled happens while one watches. The page shows one channel; a form's channel is that
one unless one picks another. When something is posted by itself, the page is refreshed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import time
import webbrowser
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import discord
import simcord

from bot.app import ScheduleZeroBot, create_bot
from bot.config import Settings
from bot.run import Beside
from cogs.services import Waiting, handler_of
from schedulezero import instants
from schedulezero.errors import PortTaken
from schedulezero.model import Job
from schedulezero.when.parse import understand

log = logging.getLogger(__name__)

T = TypeVar("T")

_EPHEMERAL = 1 << 6


class WallClock:
    """The simulator's clock, at the present instant and not to be moved."""

    def __init__(self) -> None:
        self._epoch = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def elapsed(self) -> float:
        """Seconds since the simulator's epoch."""
        return time.time() - self._epoch.timestamp()

    def now(self) -> datetime:
        return self._epoch + timedelta(seconds=self.elapsed)

    def advance(self, seconds: float) -> None:
        """Does nothing: real time passes by itself."""


class SimulatedWaiting(Waiting):
    """Tells the simulator which waits are no work in progress, so that it goes on without them."""

    def __init__(self, env: simcord.Env) -> None:
        self._env = env

    async def idle(self, awaitable: Awaitable[T]) -> T:
        return await self._env.external_wait(awaitable, reason="the server's long poll")


def simulated(bot: ScheduleZeroBot, env: simcord.Env) -> None:
    """Makes a bot at home in a simulated Discord whose clock is the real one."""
    bot.services = replace(bot.services, waiting=SimulatedWaiting(env))


async def demo(
    settings: Settings, stop: asyncio.Event, *, port: int, browser: bool, beside: Beside | None = None
) -> int:
    """Runs the demo until ``stop`` is set or the page is closed by its own button.

    Parameters:
        settings: the sprockets and the zone are taken from it; ports and database are the demo's own.
        stop: ends the demo.
        port: of the page; 0 for a free one.
        browser: whether to open the page.
        beside: what runs beside the bot.
    """
    with tempfile.TemporaryDirectory(prefix="schedulezero-demo-", ignore_cleanup_errors=True) as folder:
        bot = create_bot(_demo_settings(settings, folder))
        env = simcord.Env(bot, check_errors=False)
        simulated(bot, env)
        env.backend.clock = WallClock()  # type: ignore[assignment]
        env.backend.bot_user.name = "ScheduleZero"
        try:
            await env.start()
            with env.time_context():
                besides = [asyncio.create_task(beside(bot, stop))] if beside is not None else []
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
    channel, people = _furnish(env, bot)
    await _schedule_examples(bot, channel, people[0])
    await people[0].send(channel, "Let's plan the week. `/schedule list` shows what is scheduled already.")
    changed = asyncio.Event()

    def watch(event: str, payload: Any) -> None:
        if event.startswith("MESSAGE_") and not int(payload.get("flags") or 0) & _EPHEMERAL:
            changed.set()

    env.backend.subscribers.append(watch)
    try:
        preview = env.preview(
            channel, viewers=people, layout="channel", timezone=bot.settings.timezone, port=port or None
        )
        async with preview:
            _welcome(preview.url)
            if browser:
                webbrowser.open(preview.url)
            tasks = [
                asyncio.create_task(_keep_fresh(preview, changed)),
                asyncio.create_task(stop.wait()),
                asyncio.create_task(preview.wait_closed()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    except simcord.SetupError as error:
        if "bind port" in str(error):
            raise PortTaken(
                f"Another program listens on port {port}; give another one with --port."
            ) from error
        raise


async def _keep_fresh(preview: simcord.Preview, changed: asyncio.Event) -> None:
    """Publishes the channel again whenever something was posted in it by itself."""
    while True:
        await changed.wait()
        changed.clear()
        while True:
            try:
                await preview.refresh()
                break
            except simcord.SetupError:
                await asyncio.sleep(0.1)  # a person's own action is under way; it comes first
            except TimeoutError:
                log.debug("the bot is busy; the page is refreshed with the next message")
                break


def _furnish(
    env: simcord.Env, bot: ScheduleZeroBot
) -> tuple[simcord.ChannelHandle, list[simcord.MemberActor]]:
    """A small guild: the channel to show, and the people whom one can act as."""
    ada_user = env.create_user("ada", global_name="Ada (administrator)")
    bot.owner_id = ada_user.id  # so that one can load sprockets, too
    guild = env.create_guild("Moonbase Club", owner=ada_user)
    permissions = discord.Permissions
    admins = guild.create_role("Admins", permissions=permissions(administrator=True))
    moderators = guild.create_role(
        "Moderators", permissions=permissions(manage_guild=True, manage_messages=True)
    )
    guild.create_role("Event guests")
    lounge = guild.create_text_channel("lounge", topic="Type /schedule create, and watch it happen here")
    guild.create_text_channel("announcements")
    guild.create_text_channel("mod-room")
    guild.create_forum_channel("ideas")
    guild.create_voice_channel("Hall")
    ada = guild.add_member(ada_user, roles=[admins])
    mo = guild.add_member(env.create_user("mo", global_name="Mo (moderator)"), roles=[moderators])
    pia = guild.add_member(env.create_user("pia", global_name="Pia (member)"))
    return lounge, [ada, mo, pia]


async def _schedule_examples(
    bot: ScheduleZeroBot, channel: simcord.ChannelHandle, creator: simcord.MemberActor
) -> None:
    """A few jobs that are there already, one of them due soon."""
    await handler_of(bot).refresh()  # the server knows our methods from here on
    client, guild_id = bot.services.client, str(creator.guild.id)
    announce, here, now = "send_announcement", {"channel_id": str(channel.id)}, instants.now()
    # Read as: name, method, params, when, whether it is paused.
    examples: tuple[tuple[str, str, dict[str, Any], str, bool], ...] = (
        (
            "Welcome aboard", announce, {**here, "message": "🚀 Welcome aboard! I was posted right on time."},
            "in 2 minutes", False,
        ),
        (
            "Game night", announce, {**here, "message": "🎲 Game night starts in an hour. Who is in?"},
            "every friday at 19:00", False,
        ),
        (
            "Book club", announce, {**here, "message": "📚 Book club is tonight."},
            "every other thursday at 18:00", False,
        ),
        (
            "Nightly clean-up", "cleanup_messages", {**here, "limit": 100, "age_days": 7},
            "daily at 3:30", False,
        ),
        ("Question of the day", "question_of_the_day", here, "weekdays at 9", True),
    )  # fmt: skip
    for name, method, params, when, paused in examples:
        understood = understand(when, zone=bot.settings.timezone, locale="en-GB", now=now)
        job = await client.create(
            Job(
                id="",
                handler_id=bot.settings.handler_id,
                method=method,
                params=params,
                trigger=understood.trigger,
                name=name,
                guild_id=guild_id,
                creator_id=str(creator.id),
                timezone=understood.zone,
            )
        )
        if paused:
            await client.pause(job.id)


def _welcome(url: str) -> None:
    print(
        f"""
ScheduleZero's demo is at

    {url}

Type /schedule create in the message box, pick send_announcement, and say when: in 1 minute.
“Viewing as” switches between an administrator, a moderator and a plain member.
One post comes by itself in two minutes. Ctrl-C ends the demo.
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
            "api_endpoint": f"http://127.0.0.1:{rest_port}",
        }
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [int(item.getsockname()[1]) for item in sockets]
    finally:
        for item in sockets:
            item.close()
