"""What the cogs share: the REST client, the bot's memory, and how they find them.

The bot carries one `Services` object. Buttons that outlive a restart know nothing but their
custom id; they find it through the interaction's client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import discord
from discord.ext import commands

from cogs.background.double_taps import DoubleTaps
from cogs.memory import Memory
from schedulezero.client.client import Client
from schedulezero.errors import ScheduleZeroError
from schedulezero.exchange.limited_reading import FileReaders
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.methods.spec import MethodSpec, spec_of
from schedulezero.model.limits import Limits
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.shards import Shards

T = TypeVar("T")
_WAIT_SECONDS = 25


@dataclass(frozen=True, slots=True)
class Services:
    """The shared parts of one bot.

    Attributes:
        client: the REST client of the server.
        memory: the bot's own tables.
        journal: where the handler notes what it does.
        handler_id: the name under which our handler registers.
        handler_address: where our handler listens.
        server_address: where it registers.
        timezone: the zone of whoever chose none, and whose guild chose none.
        keys: the handler's keys, where a wire leaves this machine.
        shards: the guilds of this process, when others of the bot serve the rest; None when it serves all.
        cluster: names this process among them, such as 2/8; empty when it is the only one.
        leads: whether this process does what one does for all.
        owner_guild: the guild where the owner's commands are offered beside their own ones.
        private_calls: whether jobs may call addresses within this machine's network.
        limits: the owner's, as this process knows them: those of imports hold here, the others at the server.
        waiting: how to wait for long.
        double_taps: the clicks of the last seconds.
        files: where files that people upload are read.
    """

    client: Client
    memory: Memory
    journal: Journal
    handler_id: str
    handler_address: str
    server_address: str
    timezone: str
    keys: KeyRing | None = None
    shards: Shards | None = None
    cluster: str = ""
    leads: bool = True
    owner_guild: int | None = None
    private_calls: bool = False
    limits: Limits = field(default_factory=Limits)
    waiting: Waiting = field(default_factory=lambda: Waiting())
    double_taps: DoubleTaps = field(default_factory=DoubleTaps)
    files: FileReaders = field(default_factory=FileReaders)

    @property
    def place(self) -> str:
        """Under which key this process notes how far it has read at the server; each reads for its guilds."""
        return f"{self.client.endpoint} {self.cluster}".strip()

    async def timezone_of(self, user_id: int, guild_id: int | None) -> str:
        """The zone in which a person means their times."""
        return await self.memory.timezone(user_id, guild_id) or self.timezone

    async def read_on(
        self, cursor: str, ask: Callable[[int | None, int], Awaitable[tuple[T, int]]]
    ) -> tuple[T, int, bool]:
        """What the server tells from where this process stopped to read; waits a while for something.

        Parameters:
            cursor: under which the place is kept.
            ask: the server, for what follows a number, with how many seconds to wait.

        Returns what it told, the number that this goes up to, and whether that is a new one.
        """
        kept = await self.memory.kept(cursor, self.place)
        after: int | None = kept["after"] if kept is not None else None
        told, following = await self.waiting.idle(ask(after, 0 if after is None else _WAIT_SECONDS))
        return told, following, following != after

    async def note_read(self, cursor: str, following: int) -> None:
        """Keeps how far this process has read."""
        await self.memory.put(cursor, self.place, {"after": following})


class Waiting:
    """Awaits what may take long and is no work in progress, such as a long poll.

    A simulated Discord, which goes on when all work has settled, puts its own in the place of `idle`.
    """

    async def idle(self, awaitable: Awaitable[T]) -> T:
        """The awaitable's result."""
        return await awaitable


class Refused(ScheduleZeroError):
    """The person may not do this, or it cannot be done; the message is for them."""


def services_of(bot: discord.Client) -> Services:
    """The services that a bot carries: ours, or somebody else's that loads our cogs."""
    services = getattr(bot, "services", None)
    if not isinstance(services, Services):  # each run asks: a check of the class costs next to nothing
        raise TypeError("the bot has no `services`: set them before its cogs are loaded")
    return services


def handler_of(bot: commands.Bot) -> Handler:
    """The bot's handler; Refused while its cog is not loaded."""
    handler = getattr(bot.get_cog("ScheduleZeroCog"), "handler", None)
    if not isinstance(handler, Handler):
        raise Refused(
            "My ScheduleZero handler isn't loaded. The bot's owner can restart me.",
            code="handler_not_loaded",
        )
    return handler


def spec_for(bot: commands.Bot, method: str) -> MethodSpec | None:
    """What the loaded job method of that name declares, None when it is not loaded."""
    function = handler_of(bot).sprockets.get(method)
    return spec_of(method, function) if function is not None else None


def offered_specs(bot: commands.Bot) -> list[MethodSpec]:
    """What the loaded job methods declare that a guild may schedule, by name."""
    found = [spec_of(name, function) for name, function in sorted(handler_of(bot).sprockets.items())]
    return [spec for spec in found if not spec.personal]
