"""What the cogs need in a bot that isn't ours: services made of the settings, and room for their commands.

The setting `server` isn't read here: the server of a bot of one's own is always a process of its own, such as
``schedulezero-bot server``. Nor is `sprockets`: such a bot loads its sprockets itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.background.supervisor import Supervisor
from cogs.command_sync import CommandSync
from cogs.config.config import Settings, load_settings, source_of
from cogs.memory import Memory
from cogs.services import Services
from schedulezero.client.client import Client
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.storage import sqlite_lock
from schedulezero.storage.database import is_postgres_setting, sqlite_path
from schedulezero.storage.sqlite_errors import explained
from schedulezero.storage.sqlite_file import journal_beside, look
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.keys import KeyRing, load_keys

log = logging.getLogger(__name__)

Answer = Callable[[discord.Interaction, app_commands.AppCommandError], Coroutine[Any, Any, None]]
_PARTS = ("services", "memory")


class Hosted:
    """The parts of one bot that isn't ours, from `open` to `close`; the bot has them as attributes.

    Parameters:
        bot: the bot.
        settings: its settings; by default those in ``config/schedulezero.yaml`` of the current folder.
    """

    def __init__(self, bot: commands.Bot, settings: Settings | None = None) -> None:
        taken = [name for name in _PARTS if getattr(bot, name, None) is not None]
        if taken:
            raise TypeError(f"the bot has an attribute `{taken[0]}`, where ScheduleZero keeps its own")
        if settings is None:
            settings = load_settings()
            log.info("settings from %s", source_of())
        self.settings = settings.model_copy(update={"server": "external"})
        self._bot = bot
        self._claim: sqlite_lock.Claim | None = None
        self._cogs: list[commands.Cog] = []
        self._on_error: Answer | None = None
        token = settings.api_token.get_secret_value() if settings.api_token is not None else None
        self.memory = memory_of(settings)
        supervisor = Supervisor()
        self.services = Services(
            client=Client(settings.api_endpoint, token, settings.tls_authority),
            memory=self.memory,
            commands=CommandSync(self.memory, supervisor),
            supervisor=supervisor,
            journal=Journal(journal_of(settings.database)),
            handler_id=settings.handler_id,
            handler_address=settings.handler_address,
            server_address=settings.server_address,
            timezone=settings.timezone,
            keys=keys_of(self.settings),
            owner_guild=settings.owner_guild,
            private_calls=settings.private_calls,
            forget_after_days=settings.forget_after_days,
            calendar_url=settings.calendar_url,
            limits=settings.limits.limits(),
        )

    async def open(self) -> None:
        """Claim the database, open it, and give the parts to the bot."""
        try:
            if not is_postgres_setting(self.settings.database):
                self._claim = await asyncio.to_thread(claim_file, sqlite_path(self.settings.database))
            await asyncio.gather(self.memory.open(), self.services.journal.open())
        except BaseException:
            await self.close()
            raise
        for name in _PARTS:
            setattr(self._bot, name, getattr(self, name))

    async def close(self) -> None:
        """Take the parts back and close them."""
        for name in _PARTS:
            if name in vars(self._bot):
                delattr(self._bot, name)
        await self.services.client.close()
        await self.services.journal.close()
        await self.memory.close()
        if self._claim is not None:
            self._claim.release()

    async def add_cog(self, cog: commands.Cog) -> None:
        """Add one of our cogs; where the bot has a command of the same name, that one stays."""
        tree = self._bot.tree
        theirs = [item for item in map(tree.get_command, _names(cog)) if item is not None]
        for command in theirs:
            tree.remove_command(command.name)
        self._cogs.append(cog)
        try:
            await self._bot.add_cog(cog)
        except app_commands.CommandLimitReached as error:
            # Discord allows five menus for messages and for people each, and 100 commands.
            log.warning("%s is left out: %s", cog.qualified_name, error)
            await self._take_back(cog)
        finally:
            for command in theirs:
                tree.add_command(command, override=True)
        for command in theirs:
            log.warning("the bot has a command /%s of its own, which stays; ours is left out", command.name)

    async def _take_back(self, cog: commands.Cog) -> None:
        """Remove what the bot has of a cog that discord.py began to add, in no particular order."""
        for event, listener in cog.get_listeners():
            self._bot.remove_listener(listener, event)
        for command in cog.get_app_commands():
            if self._bot.tree.get_command(command.name) is command:
                self._bot.tree.remove_command(command.name)
        await discord.utils.maybe_coroutine(cog.cog_unload)

    async def remove_cogs(self) -> None:
        """Remove our cogs, and none of the bot's own commands."""
        tree = self._bot.tree
        for cog in reversed(self._cogs):
            if self._bot.get_cog(cog.qualified_name) is not cog:
                continue
            ours = cog.get_app_commands()
            present = [item for item in map(tree.get_command, _names(cog)) if item is not None]
            await self._bot.remove_cog(cog.qualified_name)
            for command in present:
                if command not in ours:
                    tree.add_command(command, override=True)
        if self._on_error is not None:
            tree.error(self._on_error)

    def answer_errors(self, answer: Answer) -> None:
        """Answer errors of our cogs' commands in our words; the bot's own commands keep their handler."""
        before: Answer = self._bot.tree.on_error  # type: ignore[assignment] - generic over the kind of bot
        self._on_error = before

        async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
            ours = getattr(interaction.command, "binding", None) in self._cogs
            await (answer if ours else before)(interaction, error)

        self._bot.tree.error(on_error)


def _names(cog: commands.Cog) -> list[str]:
    return [item.name for item in cog.get_app_commands()]


def data_folder(settings: Settings) -> Path:
    """Return the folder of the bot's own files: the database's, or with PostgreSQL that of the keys."""
    if is_postgres_setting(settings.database):
        return Path(settings.keys).absolute().parent
    return sqlite_path(settings.database).parent


def memory_of(settings: Settings) -> Memory:
    """Return the bot's memory, not opened yet."""
    given = settings.secrets_key.get_secret_value() if settings.secrets_key is not None else None
    return Memory(settings.database, settings.limits.limits(), data_folder(settings), given)


def keys_of(settings: Settings) -> KeyRing | None:
    """Return the handler's keys; None if all traffic stays on this machine, or is plain by `plain_zeromq`."""
    local = is_loopback(settings.server_address) and is_loopback(settings.handler_address)
    if settings.plain_zeromq or (local and not settings.require_keys):
        return None
    elsewhere = settings.server_key if settings.server == "external" else None
    ring = load_keys(settings.keys, elsewhere, everywhere=settings.require_keys)
    # The embedded server is this process, and a server on this machine shares the folder: same key for both.
    return ring if elsewhere else replace(ring, peer=ring.public)


def claim_file(path: Path, cluster: int | None = None) -> sqlite_lock.Claim:
    """Claim a SQLite file for this bot; raise DatabaseInUse or DatabaseUnusable if it can't be used.

    Parameters:
        path: the file.
        cluster: the number of this process, if several are one bot.
    """
    with explained(path):
        claim = sqlite_lock.run_bot(path, cluster)
    try:
        look(path)
        look(journal_beside(path))
    except BaseException:
        claim.release()
        raise
    return claim
