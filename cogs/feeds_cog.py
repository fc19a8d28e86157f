"""FeedsCog: keeps what calendar feeds show in step with Discord.

Which channels every member can see changes on Discord, and the server that serves the feeds doesn't hear of
it. The cog tells it at once when a channel, the role of everyone, or the guild changes, and otherwise looks
every ten minutes, which also covers what changed while the bot was away. A guild that the bot left has no
feeds any more.
"""

from __future__ import annotations

import asyncio
import logging

import discord
from discord.ext import commands

from cogs.background.supervisor import Kept
from cogs.forgetting import LEFT
from cogs.rights.feed_content import shown_in
from cogs.services import offered_specs, services_of
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError, NotFound
from schedulezero.model.feed import Shown

log = logging.getLogger(__name__)

_LOOK_SECONDS = 600.0
_AGAIN_SECONDS = 30.0
_PART = "keeping calendar feeds in step"


class FeedsCog(commands.Cog):
    """Follow what members can see while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._keeping: Kept | None = None
        self._changed = asyncio.Event()
        self._sent: dict[str, Shown] = {}

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._keeping is None:
            self._keeping = self._services.supervisor.keep(_PART, self._keep_in_step)

    async def cog_unload(self) -> None:
        if self._keeping is not None:
            await self._keeping.close()

    # ---------------------------------------------------------------- what may change

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._look(guild)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        self._look(after)

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        self._look(channel.guild)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self._look(channel.guild)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        self._look(after.guild)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if after.is_default():
            self._look(after.guild)

    @commands.Cog.listener()
    async def on_thread_create(self, thread: discord.Thread) -> None:
        self._look(thread.guild)

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        self._look(after.guild)

    def _look(self, guild: discord.Guild) -> None:
        """Look soon, if the guild has feeds."""
        if str(guild.id) in self._services.guilds_with_feeds:
            self._changed.set()

    # ---------------------------------------------------------------- in step

    async def _keep_in_step(self) -> None:
        while True:
            self._changed.clear()
            wait = _LOOK_SECONDS
            try:
                await self.look()
            except ClientError as error:
                log.info("calendar feeds are brought in step later: %s", error)
                wait = _AGAIN_SECONDS
            await self._services.waiting.at_most(wait, self._changed)

    async def look(self) -> None:
        """Tell the server what the feeds of each guild show now, where that has changed."""
        client, services = self._services.client, self._services
        if Feature.FEEDS in await client.lacks():
            return
        try:
            found = set(await client.guilds_with_feeds())
        except NotFound:
            return  # an older server
        mine = {str(guild.id): guild for guild in self.bot.guilds if str(guild.id) in found}
        # Only guilds that were this bot's: other bots may use the same server.
        was_mine = services.guilds_with_feeds | (await services.memory.notes(LEFT)).keys()
        services.guilds_with_feeds.update(mine)
        for guild_id, guild in mine.items():
            if guild.unavailable:  # in an outage of Discord's, its channels aren't known
                continue
            shown = shown_in(guild, offered_specs(self.bot), await services.timezone_of(0, guild.id))
            if self._sent.get(guild_id) != shown:
                await client.show_in_feeds(guild_id, shown)
                self._sent[guild_id] = shown
        for guild_id in (was_mine & found) - mine.keys():
            if services.shards is None or services.shards.hold(guild_id):
                await self._revoke_all(guild_id)

    async def _revoke_all(self, guild_id: str) -> None:
        """Revoke the feeds of a guild that the bot isn't in."""
        client = self._services.client
        for feed in await client.feeds(guild_id):
            try:
                await client.revoke_feed(guild_id, feed.id)
            except NotFound:
                continue  # a person has just revoked it
            log.info("guild %s, which I left, has no calendar address any more", guild_id)
        self._services.guilds_with_feeds.discard(guild_id)
        self._sent.pop(guild_id, None)
