"""DebtsCog: keep trying what the bot owes until it is settled.

A debt is the end of what a job did for a while (`schedulezero.methods.debts`). Its job runs at its time. If
that run fails, because the bot isn't in the server, lacks a right, or Discord refuses, this cog runs the job
again: when the bot starts or is invited back, when its rights change, and otherwise with growing pauses. The
alert about the failed run says what is lacking.

It reads the server's outbox of troubles from the last one that it noted. A debt of which nothing was heard
long after its time, such as one whose run ended while the bot did, is looked up at the server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.background.outbox import OutboxReader
from cogs.background.supervisor import Kept
from cogs.rights.changed_rights import channel_changes_rights, member_changes_rights, role_changes_rights
from cogs.rights.channels import SeenChannels
from cogs.rights.rights import Of, findings
from cogs.services import services_of, spec_for
from schedulezero import instants
from schedulezero.errors import ClientError, NotFound, ScheduleZeroError
from schedulezero.methods.debts import (
    Debt,
    Standing,
    close,
    debt_of,
    job_for,
    note_tried,
    read_debt,
    standing,
    tried,
)
from schedulezero.methods.note_kinds import DEBT
from schedulezero.model import Trouble, TroubleKind

log = logging.getLogger(__name__)

_LOOK_SECONDS = 60.0
_CURSOR = "debts-told"
_LOOKING = "looking after debts"
_CHANGES = "looking after the debts of a server that changed"
_SOON = timedelta(seconds=10)
"""How far from now a job is due that replaces one that the server doesn't have any more."""


class DebtsCog(commands.Cog):
    """Try open debts again while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._reader = OutboxReader(self._services.supervisor, "troubles of debts", self._read, self._note)
        self._looking: Kept | None = None
        self._changed: dict[int, Kept] = {}
        self._again: set[int] = set()
        self._turn = asyncio.Lock()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._reader.start()
        if self._looking is None:
            self._looking = self._services.supervisor.keep(_LOOKING, self._keep_looking)
        for guild in self.bot.guilds:
            self._look_soon(guild)

    async def cog_unload(self) -> None:
        await self._reader.close()
        for kept in (*self._changed.values(), *([self._looking] if self._looking else [])):
            await kept.close()

    # ---------------------------------------------------------------- what failed

    async def _read(self) -> Sequence[Trouble]:
        services = self._services
        troubles, following, new = await services.read_on(_CURSOR, services.client.troubles)
        if not troubles and new:
            await services.note_read(_CURSOR, following)
        return troubles

    async def _note(self, trouble: Trouble) -> None:
        memory = self._services.memory
        debt = await debt_of(memory, trouble.run.job_id)
        if debt is not None and trouble.kind is not TroubleKind.PASSED_OVER:
            await note_tried(memory, debt, trouble.sequence)
        await self._services.note_read(_CURSOR, trouble.sequence)

    # ---------------------------------------------------------------- when to try again

    async def _keep_looking(self) -> None:
        while True:
            await self._services.waiting.sleep(_LOOK_SECONDS)
            await self.look()

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._look_soon(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._look_soon(guild)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if channel_changes_rights(before, after):
            self._look_soon(after.guild)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if role_changes_rights(before, after):
            self._look_soon(after.guild)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if member_changes_rights(before, after):
            self._look_soon(after.guild)

    def _look_soon(self, guild: discord.Guild) -> None:
        """Try a guild's debts at once, as the bot may be able to do more now; again if asked in between."""
        self._again.add(guild.id)
        known = self._changed.get(guild.id)
        if known is None or known.done:
            self._changed = {key: kept for key, kept in self._changed.items() if not kept.done}
            keep = self._services.supervisor.keep
            self._changed[guild.id] = keep(_CHANGES, lambda: self._look_at(guild))

    async def _look_at(self, guild: discord.Guild) -> None:
        while guild.id in self._again:
            self._again.discard(guild.id)
            try:
                await self.look(guild)
            except Exception:
                self._again.add(guild.id)  # it is begun again
                raise

    async def look(self, changed: discord.Guild | None = None) -> None:
        """Try the open debts again whose time it is.

        Parameters:
            changed: a guild where the bot may be able to do more than before; only its debts are looked at,
                and all that failed before are tried. None for all guilds of this process.
        """
        try:
            async with self._turn:
                for job_id, value in (await self._services.memory.notes(DEBT)).items():
                    debt = read_debt(job_id, value)
                    guild = self._guild_of(debt)
                    # The debt of a job over REST may name nothing that is known: then only time decides.
                    away = guild.unavailable if guild is not None else debt.guild_id is not None
                    if away or (changed is not None and guild != changed):
                        continue
                    if await self._is_time(debt, guild, changed=changed is not None):
                        await self._try(debt)
        except ScheduleZeroError as error:
            log.info("what I owe is tried again later: %s", error)

    def _guild_of(self, debt: Debt) -> discord.Guild | None:
        """Return where a debt is; a job over REST has no guild, so what it names tells."""
        named = debt.guild_id or debt.params.get("guild_id")
        if named is not None:
            return self.bot.get_guild(int(named))
        for name in ("channel_id", "thread_id"):
            channel = self.bot.get_channel(int(debt.params.get(name) or 0))
            if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
                return channel.guild
        return None

    async def _is_time(self, debt: Debt, guild: discord.Guild | None, *, changed: bool) -> bool:
        now, failed = instants.now(), await tried(self._services.memory, debt.job_id)
        if failed is None:
            return debt.is_overdue(now)
        if not changed or guild is None:
            return failed.again_at <= now
        spec = spec_for(self.bot, debt.method)
        if spec is None:
            return False
        try:
            known = await SeenChannels(self.bot, guild).of(spec, debt.params)
        except TROUBLES as error:
            log.info("Discord cannot be asked about the channels of job %s: %s", debt.job_id, error)
            return False
        found = findings(spec, debt.params, guild, None, known=known)
        return all(item.of is not Of.BOT for item in found)

    async def _try(self, debt: Debt) -> None:
        client, memory, place = self._services.client, self._services.memory, debt.guild_id
        try:
            job = await client.job(debt.job_id, place)
        except NotFound:
            job = None
        try:
            stands = standing(debt, job, (await client.runs(place, job_id=debt.job_id)).runs)
            if stands is Standing.SETTLED:
                await close(memory, debt)
            elif stands is Standing.OPEN and job is not None:
                await client.run(job)
            elif stands is Standing.LOST:
                soon = instants.now() + _SOON
                await client.create(job_for(debt, self._services.handler_id, soon))
        except ClientError as error:
            log.info("job %s, which settles a debt, is run again later: %s", debt.job_id, error)
