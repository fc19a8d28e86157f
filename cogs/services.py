"""What the cogs share: the REST client, the bot's memory, and how they find them.

The bot carries one `Services` object. Buttons that outlive a restart know nothing but their
custom id; they find it through the interaction's client.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, TypeVar

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


class Waiting:
    """Awaits what may take long and is no work in progress, such as a long poll.

    A simulated Discord, which goes on when all work has settled, puts its own in the place of `idle`.
    """

    async def idle(self, awaitable: Awaitable[T]) -> T:
        """The awaitable's result."""
        return await awaitable


class Refused(ScheduleZeroError):
    """The person may not do this, or it cannot be done; the message is for them."""


def services_of(bot: Any) -> Services:
    """The services that a bot carries."""
    return bot.services


def handler_of(bot: Any) -> Handler:
    """The bot's handler; Refused while its cog is not loaded."""
    cog: Any = bot.get_cog("ScheduleZeroCog")
    if cog is None:
        raise Refused(
            "My ScheduleZero handler is not loaded. The bot's owner can restart me.",
            code="handler_not_loaded",
        )
    return cog.handler


def spec_for(bot: commands.Bot | discord.Client, method: str) -> MethodSpec | None:
    """What the loaded job method of that name declares, None when it is not loaded."""
    function = handler_of(bot).sprockets.get(method)
    return spec_of(method, function) if function is not None else None


def offered_specs(bot: Any) -> list[MethodSpec]:
    """What the loaded job methods declare that a guild may schedule, by name."""
    found = [spec_of(name, function) for name, function in sorted(handler_of(bot).sprockets.items())]
    return [spec for spec in found if not spec.personal]


async def timezone_of(services: Services, user_id: int, guild_id: int | None) -> str:
    """The zone in which a person means their times."""
    return await services.memory.timezone(user_id, guild_id) or services.timezone
