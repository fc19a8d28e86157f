"""AuditCog: post each change of a guild's jobs and settings in its log channel, if it has set one.

It also lets the cards that ask for approval say what became of their jobs.

It reads the server's audit from the last entry it posted, so that changes made over REST or while the bot
was offline are posted too, each at most once.
"""

from __future__ import annotations

import logging
from collections import defaultdict

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES, may_pass
from cogs.background.outbox import OutboxReader
from cogs.desk.jobs import posted_requests
from cogs.desk.kit.wording import cut
from cogs.desk.settings.audit_panel import entry_text
from cogs.guild_language import locale_of
from cogs.language import speaking
from cogs.services import services_of
from schedulezero.model.audit import AuditEntry

log = logging.getLogger(__name__)

_CURSOR = "audit-told"
_MOST_TEXT = 2000

_Told = tuple[tuple[AuditEntry, ...], int]


class AuditCog(commands.Cog):
    """Post audit entries in log channels while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._reader = OutboxReader(self._services.supervisor, "the audit", self._read, self._tell)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._reader.start()

    async def cog_unload(self) -> None:
        await self._reader.close()

    async def _read(self) -> list[_Told]:
        """Wait for entries; return them with the cursor that follows them."""
        services = self._services
        entries, following, new = await services.read_on(_CURSOR, services.client.audit_after)
        return [(entries, following)] if new else []

    async def _tell(self, told: _Told) -> None:
        """Save the cursor, then post each guild's entries."""
        entries, following = told
        by_guild: defaultdict[str, list[AuditEntry]] = defaultdict(list)
        for entry in entries:
            if entry.guild_id is not None:
                by_guild[entry.guild_id].append(entry)
        # Save first: a lost post is still in the audit, but a repeated post annoys.
        await self._services.note_read(_CURSOR, following)
        for guild_id, found in by_guild.items():
            await self._post(int(guild_id), found)
            await self._settle_requests(int(guild_id), found)

    async def _settle_requests(self, guild_id: int, entries: list[AuditEntry]) -> None:
        """Let the cards that asked for approval say what became of their jobs."""
        guild = self.bot.get_guild(guild_id)
        if guild is None:
            return
        ended = [entry.job_id for entry in entries if entry.action in posted_requests.ENDS and entry.job_id]
        for job_id in dict.fromkeys(ended):
            await posted_requests.settle(self.bot, guild, job_id)

    async def _post(self, guild_id: int, entries: list[AuditEntry]) -> None:
        guild = self.bot.get_guild(guild_id)
        settings = await self._services.memory.settings(guild_id)
        if guild is None or settings.log_channel_id is None:
            return
        channel = guild.get_channel_or_thread(int(settings.log_channel_id))
        if not isinstance(channel, discord.abc.Messageable):
            return
        with speaking(locale_of(guild, settings)):
            texts = [cut(entry_text(entry), 900) for entry in entries]
        try:
            for text in _joined(texts):
                await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
        except TROUBLES as error:
            log.warning("the log channel of guild %s cannot be written to: %s", guild_id, error)
            if may_pass(error):
                self._services.supervisor.note("posting the audit", error)


def _joined(texts: list[str]) -> list[str]:
    """Join texts into as few messages as possible."""
    messages: list[str] = []
    for text in texts:
        if messages and len(messages[-1]) + len(text) + 1 <= _MOST_TEXT:
            messages[-1] += f"\n{text}"
        else:
            messages.append(text)
    return messages
