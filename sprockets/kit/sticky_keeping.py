"""A cog that moves sticky posts below what others write, while it is loaded.

With the ``guild_messages`` intent, Discord tells of each message; its content isn't needed. Without it, the
bot asks for each such channel's last message once a minute. It asks that at the start, too, as nobody tells
what was written while the bot was away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import aiohttp
import discord
from discord.ext import commands

from schedulezero.errors import JobFailed
from schedulezero.handler.journal import Journal
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import STICKY
from sprockets.kit.cog import RegisteringCog
from sprockets.kit.sticky import move_down
from sprockets.kit.sticky_pace import StickyPace

log = logging.getLogger(__name__)

TICK_SECONDS = 2.0
"""How often what is due is looked for; one post moves each time at most."""
ASK_SECONDS = 60.0
"""How often the last messages of all channels are asked for, where no events tell of them."""
_ASKED_AT_ONCE = 20
"""The most channels that are asked about in a tick; the others' turn comes later."""
_AGAIN_SECONDS = 600.0
"""How long a move that Discord refused, such as for a missing right, waits for its next attempt."""
_PART = "moving sticky posts"


class _Kept(Protocol):
    @property
    def done(self) -> bool: ...
    async def close(self) -> None: ...


class _Supervisor(Protocol):
    def keep(self, part: str, work: Callable[[], Awaitable[None]]) -> _Kept: ...


class _Waiting(Protocol):
    async def sleep(self, seconds: float) -> None: ...


class _Services(Protocol):
    @property
    def supervisor(self) -> _Supervisor: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def waiting(self) -> _Waiting: ...


class KeepsStickies(RegisteringCog):
    """The base class of a cog whose jobs make sticky posts."""

    def __init__(self, bot: commands.Bot) -> None:
        super().__init__(bot)
        self.pace = StickyPace()
        self._kept: _Kept | None = None
        self._unknown: list[int] = []
        self._resting: dict[int, float] = {}
        self._is_read = False

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        await super().on_ready()
        self._unknown = self.pace.channels  # what was written before a reconnect, nobody told
        self._start()

    async def cog_unload(self) -> None:
        if self._kept is not None:
            await self._kept.close()
        await super().cog_unload()

    @property
    def _services(self) -> _Services:
        return cast("_Services", host_of(self.bot).services)

    @commands.Cog.listener()
    async def on_sticky_post(self, channel_id: int) -> None:
        """Look after a channel that has got a sticky post."""
        self.pace.watch(channel_id)
        self._start()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Note that somebody wrote. Other bots don't count: two that want to be last would never rest."""
        if not message.author.bot or message.author == self.bot.user:
            self.pace.wrote(message.channel.id, message.id, _now())

    def _start(self) -> None:
        """Move posts, unless that is going on."""
        if self._kept is None or self._kept.done:
            self._kept = self._services.supervisor.keep(_PART, self._keep_moving)

    async def _keep_moving(self) -> None:
        """Move posts until no channel has any."""
        if not self._is_read:
            memory: Any = host_of(self.bot).memory
            for key, note in (await memory.notes(STICKY)).items():
                if self.bot.get_guild(int(note["guild_id"])) is not None:  # else another process has it
                    self.pace.watch(int(key))
            self._unknown, self._is_read = self.pace.channels, True
        asked_at = _now()
        while self.pace.channels:
            if not self.bot.intents.guild_messages and _now() - asked_at >= ASK_SECONDS:
                self._unknown, asked_at = self.pace.channels, _now()
            await self.look()
            await self._services.waiting.sleep(TICK_SECONDS)

    async def look(self) -> None:
        """Ask about some of the channels that are to be asked about, and move one post if it is time."""
        asked, self._unknown = self._unknown[:_ASKED_AT_ONCE], self._unknown[_ASKED_AT_ONCE:]
        for channel_id in asked:
            await self._ask(channel_id)
        channel_id = self.pace.due(_now())
        if channel_id is None:
            return
        last_id = self.pace.take(channel_id, _now())
        try:
            if await move_down(self.bot, channel_id, last_id, self._services.journal) is None:
                self.pace.drop(channel_id)
        except JobFailed as error:
            log.info("the sticky post of channel %s is moved later: %s", channel_id, error)
            seconds = error.retry_after if error.retry_after is not None else _AGAIN_SECONDS
            self.pace.failed(channel_id, last_id, _now() + seconds)

    async def _ask(self, channel_id: int) -> None:
        """Ask for a channel's last message, after a while again if Discord refuses that."""
        if self._resting.get(channel_id, 0.0) > _now():
            return
        try:
            channel: Any = await self.bot.fetch_channel(channel_id)
        except discord.NotFound:
            await host_of(self.bot).memory.forget(STICKY, str(channel_id))
            self.pace.drop(channel_id)
            return
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("Discord can't be asked about channel %s: %s", channel_id, error)
            self._resting[channel_id] = _now() + _AGAIN_SECONDS
            return
        if (last_id := getattr(channel, "last_message_id", None)) is not None:
            self.pace.wrote(channel_id, last_id, _now() - self.pace.pause)


def _now() -> float:
    return asyncio.get_running_loop().time()
