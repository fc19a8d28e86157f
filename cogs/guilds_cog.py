"""GuildsCog: what happens when the bot leaves a server, when it is invited back, and when it forgets one.

A server that the bot left is forgotten after `forget_after_days`: its jobs and their history, its settings
and drafts. If the bot is invited back before, the jobs that were paused because it was away go on.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.background.supervisor import Kept
from cogs.command_mentions import mention_of
from cogs.forgetting import LEFT, forget_place, note_left
from cogs.guild_language import locale_of
from cogs.language import speaking, t, tn
from cogs.services import services_of
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError, RequestRefused
from schedulezero.instants import from_iso
from schedulezero.model import Job, JobState
from schedulezero.sentences import parts_of

log = logging.getLogger(__name__)

_LOOK_SECONDS = 6 * 3600.0
_AWAY = "bot_left_guild"
_FORGETTING, _BACK = "forgetting servers left", "going on in servers"


class GuildsCog(commands.Cog):
    """Follow the bot's servers while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._forgetting: Kept | None = None
        self._welcoming: dict[int, Kept] = {}

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._forgetting is None and self._services.leads:
            self._forgetting = self._services.supervisor.keep(_FORGETTING, self._keep_forgetting)
        for guild_id in await self._services.memory.notes(LEFT):
            if (guild := self.bot.get_guild(int(guild_id))) is not None:
                await self.on_guild_join(guild)  # invited back while it was offline

    async def cog_unload(self) -> None:
        for kept in (*self._welcoming.values(), *([self._forgetting] if self._forgetting else [])):
            await kept.close()

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note when the bot left; Discord doesn't send this for an outage."""
        await note_left(self._services.memory, str(guild.id))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Let the jobs of a server go on to which the bot is invited back, and say so there."""
        known = self._welcoming.get(guild.id)
        if known is None or known.done:
            self._welcoming = {key: kept for key, kept in self._welcoming.items() if not kept.done}
            keep = self._services.supervisor.keep
            self._welcoming[guild.id] = keep(_BACK, lambda: self._go_on(guild))

    async def _go_on(self, guild: discord.Guild) -> None:
        memory = self._services.memory
        if await memory.kept(LEFT, str(guild.id)) is None:
            return
        resumed, over = await self._resume(guild)
        await memory.forget(LEFT, str(guild.id))
        if resumed or over:
            await self._tell(guild, resumed, over)

    async def _resume(self, guild: discord.Guild) -> tuple[list[Job], list[Job]]:
        """Resume the jobs that a run paused because the bot was away; return those, and those now over."""
        client, place = self._services.client, str(guild.id)
        resumed: list[Job] = []
        over: list[Job] = []
        async for job in client.all_jobs(place, JobQuery(state=JobState.PAUSED)):
            runs = (await client.runs(place, job_id=job.id)).runs
            if not runs or _AWAY not in {part.code for part in parts_of(runs[0].error)}:
                continue
            try:
                resumed.append(await client.resume(job.id, version=job.version))
            except RequestRefused as error:
                log.info("job %s does not go on: %s", job.id, error)
                over.append(job)
        return resumed, over

    async def _tell(self, guild: discord.Guild, resumed: list[Job], over: list[Job]) -> None:
        settings = await self._services.memory.settings(guild.id)
        channels = (guild.get_channel_or_thread(int(settings.alert_channel_id or 0)), guild.system_channel)
        with speaking(locale_of(guild, settings)):
            lines = [t("I'm back in this server.")]
            if resumed:
                lines.append(tn("{count} job continues.", "{count} jobs continue.", len(resumed)))
            if over:
                lines.append(
                    tn("{count} job stays paused.", "{count} jobs stay paused.", len(over))
                    + f" {mention_of('schedule list')}"
                )
        for channel in channels:
            if (
                isinstance(channel, discord.abc.Messageable)
                and channel.permissions_for(guild.me).send_messages
            ):
                try:
                    await channel.send("\n".join(lines), allowed_mentions=discord.AllowedMentions.none())
                except TROUBLES as error:
                    log.warning("guild %s could not be told that its jobs go on: %s", guild.id, error)
                    self._services.supervisor.note(_BACK, error)
                return

    # ---------------------------------------------------------------- forgetting

    async def _keep_forgetting(self) -> None:
        while True:
            try:
                await self.forget_left()
            except ClientError as error:
                log.info("servers that I left are forgotten later: %s", error)
            except Exception as error:  # noqa: BLE001 - noted, and tried again
                self._services.supervisor.note(_FORGETTING, error)
            await self._services.waiting.sleep(_LOOK_SECONDS)

    async def _note_unseen(self) -> None:
        """Note the servers that the bot left while it was offline. A process of several sees only its own."""
        if self._services.shards is not None or not self.bot.is_ready():
            return
        memory = self._services.memory
        for guild_id in await memory.guild_ids():
            if self.bot.get_guild(int(guild_id)) is None:
                await note_left(memory, guild_id)

    async def _is_there(self, guild_id: int) -> bool | None:
        """Return whether the bot is in a guild; None if Discord doesn't answer.

        Forgetting can't be undone, and this process may not be the one that sees the guild, so Discord is
        asked.
        """
        if self.bot.get_guild(guild_id) is not None:
            return True
        try:
            await self.bot.fetch_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            return False
        except TROUBLES as error:
            log.info("whether I am still in guild %s can't be told: %s", guild_id, error)
            self._services.supervisor.note(_FORGETTING, error)
            return None
        return True

    async def forget_left(self) -> list[str]:
        """Forget the servers that the bot left long enough ago; return their ids."""
        days = self._services.forget_after_days
        if not days:
            return []
        memory, before = self._services.memory, instants.now() - timedelta(days=days)
        await self._note_unseen()
        forgotten: list[str] = []
        for guild_id, note in (await memory.notes(LEFT)).items():
            if from_iso(note["at"]) > before:
                continue
            is_there = await self._is_there(int(guild_id))
            if is_there is None:
                continue  # looked at again next time
            if is_there:
                await memory.forget(LEFT, guild_id)  # invited back while no cog listened
                continue
            await forget_place(self._services, guild_id)
            await memory.forget(LEFT, guild_id)
            forgotten.append(guild_id)
            log.info("guild %s, which I left, is forgotten", guild_id)
        return forgotten
