"""Services shared by the cogs: the REST client, the bot's memory, and how to find them.

The bot holds one `Services` object. Buttons that survive a restart have only their custom id; they find the
services through the interaction's client.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import discord
from discord.ext import commands

from cogs.attachments import Downloads
from cogs.background.direct_messages import DirectMessageBudget
from cogs.background.double_taps import DoubleTaps
from cogs.background.invalid_requests import InvalidRequests
from cogs.background.live_cards import LiveCards
from cogs.background.supervisor import Supervisor
from cogs.background.waiting import Waiting
from cogs.command_sync import CommandSync
from cogs.guild_language import locale_of
from cogs.language import speaking, translated
from cogs.memory import Memory
from schedulezero.client.client import Client
from schedulezero.errors import ScheduleZeroError
from schedulezero.exchange.limited_reading import FileReaders
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.methods.kinds import Group, group_of
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec, spec_of
from schedulezero.model.habits import Habits
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
        commands: offers the bot's commands on Discord.
        journal: the handler's journal of its work.
        handler_id: the name under which the handler registers.
        handler_address: the address on which the handler listens.
        server_address: the address at which it registers.
        timezone: the zone of people who chose none and whose guild chose none.
        keys: the handler's keys, for connections that leave this machine.
        shards: the guilds of this process, if others serve the rest; None if it serves all.
        cluster: the number of this process among them, such as 2/8; empty if it is the only one.
        leads: whether this process does the work that one process does for all.
        owner_guild: a guild where the owner's commands are offered, in addition to the owner's own guilds.
        private_calls: whether jobs may call addresses within this machine's network.
        forget_after_days: after how many days a guild that the bot left is forgotten; 0 for never.
        calendar_url: the public address of the server's calendar feeds; None if they can't be reached.
        limits: the owner's limits as set here; this process enforces those of imports, the server the rest.
        double_taps: recent clicks.
        live_cards: the cards of jobs that are kept true while Discord lets us edit them.
        files: the readers of uploaded files.
        downloads: how attachments arrive that are kept (`cogs.attachments`).
        supervisor: keeps the background work alive.
        guilds_with_feeds: the guilds whose calendar feeds this process keeps in step.
        invalid_requests: the requests that Discord refused lately, which it counts towards a ban.
        direct_messages: counts what people get from jobs that others created.
    """

    client: Client
    memory: Memory
    commands: CommandSync
    supervisor: Supervisor
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
    forget_after_days: float = 30.0
    calendar_url: str | None = None
    limits: Limits = field(default_factory=Limits)
    double_taps: DoubleTaps = field(default_factory=DoubleTaps)
    live_cards: LiveCards = field(default_factory=LiveCards)
    files: FileReaders = field(default_factory=FileReaders)
    downloads: Downloads = field(default_factory=Downloads)
    guilds_with_feeds: set[str] = field(default_factory=set[str])
    invalid_requests: InvalidRequests = field(default_factory=InvalidRequests)
    direct_messages: DirectMessageBudget = field(default_factory=DirectMessageBudget)

    @property
    def waiting(self) -> Waiting:
        """How to await long waits."""
        return self.supervisor.waiting

    def allows_direct_message(self, person_id: int) -> bool:
        """Count a direct message to a person; return False if it would exceed the owner's limit."""
        most = self.limits.direct_messages_per_minute
        return self.direct_messages.take(person_id, most, time.monotonic())

    @property
    def place(self) -> str:
        """The key of this process's cursors at the server; each process reads for its own guilds."""
        return f"{self.client.endpoint} {self.cluster}".strip()

    async def timezone_of(self, user_id: int, guild_id: int | None) -> str:
        """Return the zone in which to read a person's times."""
        return await self.memory.timezone(user_id, guild_id) or self.timezone

    async def said_in(self, guild: discord.Guild, said: str) -> str:
        """Return a sentence in the language of what the bot posts in a guild for everyone."""
        with speaking(locale_of(guild, await self.memory.settings(guild.id))):
            return translated(said)

    async def habits_of(self, guild_id: int | None) -> Habits:
        """Return what words without an hour mean in a guild; outside of guilds, what they usually mean."""
        return (await self.memory.settings(guild_id)).habits if guild_id is not None else Habits()

    async def alert_channel(self, guild: discord.Guild) -> discord.abc.Messageable | None:
        """Return where a guild's alerts go; None if it chose no channel, or the bot can't post there."""
        settings = await self.memory.settings(guild.id)
        channel = guild.get_channel_or_thread(int(settings.alert_channel_id or 0))
        if not isinstance(channel, discord.abc.Messageable):
            return None
        in_thread = isinstance(channel, discord.Thread)
        allowed = channel.permissions_for(guild.me)
        return channel if (allowed.send_messages_in_threads if in_thread else allowed.send_messages) else None

    async def read_on(
        self, cursor: str, ask: Callable[[int | None, int], Awaitable[tuple[T, int]]]
    ) -> tuple[T, int, bool]:
        """Read on from this process's cursor at the server; wait a while for news.

        Parameters:
            cursor: the name of the cursor.
            ask: asks the server for what follows a number, with the seconds to wait.

        Returns the answer, the cursor that follows it, and whether that cursor is new.
        """
        kept = await self.memory.kept(cursor, self.place)
        after: int | None = kept["after"] if kept is not None else None
        told, following = await self.waiting.idle(ask(after, 0 if after is None else _WAIT_SECONDS))
        return told, following, following != after

    async def note_read(self, cursor: str, following: int) -> None:
        """Save this process's cursor."""
        await self.memory.put(cursor, self.place, {"after": following})


class Refused(ScheduleZeroError):
    """The person may not do this, or it cannot be done; the message is for them."""


def services_of(bot: discord.Client) -> Services:
    """Return a bot's services; the bot may be this project's or another that loads its cogs."""
    services = getattr(bot, "services", None)
    if not isinstance(services, Services):  # called on every run; a class check costs next to nothing
        raise TypeError("the bot has no `services`: set them before its cogs are loaded")
    return services


def handler_of(bot: commands.Bot) -> Handler:
    """Return the bot's handler; raise Refused if its cog is not loaded."""
    handler = getattr(bot.get_cog("ScheduleZeroCog"), "handler", None)
    if not isinstance(handler, Handler):
        raise Refused(
            "My ScheduleZero handler isn't loaded. The bot's owner can restart me.",
            code="handler_not_loaded",
        )
    return handler


def spec_for(bot: commands.Bot, method: str) -> MethodSpec | None:
    """Return the spec of the loaded job method of that name; None if it is not loaded."""
    function = handler_of(bot).sprockets.get(method)
    return spec_of(method, function) if function is not None else None


def pickable_specs(bot: commands.Bot) -> list[MethodSpec]:
    """Return the specs that a person picks from for a new job, in their groups: posts first.

    A method that another one replaces is left out while the other one is loaded, and one that only the bot
    plans always.
    """
    specs = offered_specs(bot)
    names = {spec.name for spec in specs}
    found = [spec for spec in specs if spec.instead not in names and not spec.internal]
    groups = list(Group)

    def place(spec: MethodSpec) -> tuple[bool, int]:
        return all(item.kind is not Kind.EMBEDS for item in spec.parameters), groups.index(group_of(spec))

    return sorted(found, key=place)


def specs_of(bot: commands.Bot) -> Callable[[str], MethodSpec | None]:
    """Return `spec_for` of a bot."""
    return lambda method: spec_for(bot, method)


def offered_specs(bot: commands.Bot) -> list[MethodSpec]:
    """Return the specs of the loaded job methods that a guild may schedule, sorted by name."""
    found = [spec_of(name, function) for name, function in sorted(handler_of(bot).sprockets.items())]
    return [spec for spec in found if not spec.personal]
