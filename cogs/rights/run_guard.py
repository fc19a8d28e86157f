"""Check before each run that the job's creator still has the rights to it, within the job's own guild.

A job acts with the lesser of its creator's rights and the bot's. Both were checked when it was saved; each
run checks again, because people leave, are demoted or lose access to channels. If the creator lacks a right,
the run fails and the job is paused until someone looks at it (the alert says why).

A job without a guild was created over REST; it acts with the bot's rights.

An *ending*, which undoes what a job did for a while, is the bot's debt (`schedulezero.methods.debts`): it
needs the bot's rights only. It runs also if its channel or role is gone: then nothing is left to undo.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.background.success_pings import ping_of
from cogs.forgetting import note_left
from cogs.rights.channels import SeenChannels, unknown_channels
from cogs.rights.member_counts import count_members
from cogs.rights.rights import (
    Channel,
    Of,
    addressee_of,
    channels_of,
    findings,
    may_ping_any_role,
    may_schedule,
    pinged_roles,
    problems,
    strangers,
)
from cogs.rights.timeouts import said_timed_out
from cogs.services import services_of
from schedulezero.background import run_in_background
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import RunContext, running
from schedulezero.methods.debts import debt_of, is_closed
from schedulezero.methods.members import cached_member, member_of
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.values import read_params
from schedulezero.model.limits import too_many_direct_messages
from schedulezero.sentences import Sentence

_KNOWN_SECONDS = 15.0
"""How long Discord's answer about a member is reused, so that a burst of runs asks once."""
_MOST_KNOWN = 10_000
_AGAIN_SECONDS = 10.0


class RunGuard:
    """Check each run before its function is called."""

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot
        self._members: dict[tuple[int, int], tuple[float, asyncio.Task[discord.Member | None]]] = {}

    async def __call__(self, run: RunContext, spec: MethodSpec, params: Mapping[str, Any]) -> None:
        """Raise JobFailed if the run may not start; ``params`` are unconverted."""
        memory = services_of(self._bot).memory
        if await is_closed(memory, run.job_id):
            raise JobFailed(
                "What this job was meant to end is already over, so there is nothing to undo.",
                retry=False,
                code="debt_closed",
            )
        if run.guild_id is None:
            return
        if run.guild_id == run.creator_id or spec.personal:
            # A personal job has its creator's id in place of a guild's: Discord never assigns a number twice.
            if run.guild_id != run.creator_id or not spec.personal:
                raise JobFailed(
                    "Personal jobs can only be reminders, and reminders can only be personal.",
                    retry=False,
                    pause=True,
                    code="personal_jobs_are_reminders",
                )
            if ping_of(spec, params) is not None:
                raise JobFailed(
                    "A reminder can't call an address after it runs.",
                    retry=False,
                    pause=True,
                    code="reminder_cannot_call",
                )
            return
        debt = await debt_of(memory, run.job_id)
        owed = debt is not None and debt.is_settled_by(run.guild_id, spec.name, params)
        guild = self._bot.get_guild(int(run.guild_id))
        if guild is None:
            await note_left(memory, run.guild_id)
            raise JobFailed(
                "I'm no longer in the server {guild_id}.",
                retry=False,
                pause=not owed,  # a debt is tried again when the bot is back
                code="bot_left_guild",
                guild_id=run.guild_id,
            )
        if guild.unavailable:
            raise JobFailed(
                "Discord says this server is unavailable.",
                retry_after=_AGAIN_SECONDS,
                code="guild_unavailable",
            )
        if owed or await self._is_planned_end(run, spec, params):
            await self._check_own_rights(guild, spec, params)
            return
        known = await self._channels(guild, spec, params)
        if foreign := strangers(spec, params, guild, known):
            raise JobFailed(foreign[0], retry=False, pause=True)
        await count_members(self._bot, guild, params.values())
        if run.creator_id is not None:
            creator = await self._check_creator(guild, int(run.creator_id), spec, params, known)
            if pinged_roles(spec, params, guild):
                named = channels_of(spec, params, guild, known)
                run.pings.update(item.id for item in named if may_ping_any_role(item, creator))
        if mine := problems(spec, params, guild, None, known=known):
            raise JobFailed(mine[0], retry=False)
        self._count_direct_message(run, spec, params)

    async def _is_planned_end(self, run: RunContext, spec: MethodSpec, params: Mapping[str, Any]) -> bool:
        """Return whether a run undoes what its creator did, as an unlock that they planned."""
        if spec.settles is None or read_params(spec, params).errors:
            return False
        with running(run):
            return await spec.settles(self._bot, dict(params))

    async def _check_own_rights(
        self, guild: discord.Guild, spec: MethodSpec, params: Mapping[str, Any]
    ) -> None:
        """Raise JobFailed if the bot lacks a right to what is still there."""
        known: dict[int, Channel] = {}
        for channel_id in unknown_channels(guild, spec, params):
            try:
                known |= await self._channels_among(guild, [channel_id])
            except JobFailed as error:
                if error.retry_after is not None:
                    raise
        if lacking := [
            item.text for item in findings(spec, params, guild, None, known=known) if item.of is Of.BOT
        ]:
            raise JobFailed(lacking[0], retry=False)

    def _count_direct_message(self, run: RunContext, spec: MethodSpec, params: Mapping[str, Any]) -> None:
        """Raise JobFailed if a direct message would exceed its recipient's limit."""
        person, services = addressee_of(spec, params), services_of(self._bot)
        if person is None or str(person) == run.creator_id:
            return
        if not services.allows_direct_message(person):
            raise JobFailed(too_many_direct_messages(person, services.limits), retry=False)

    async def _check_creator(
        self,
        guild: discord.Guild,
        creator_id: int,
        spec: MethodSpec,
        params: Mapping[str, Any],
        known: Mapping[int, Channel],
    ) -> discord.Member:
        """Return the creator; raise JobFailed if they lack a right."""
        creator = await self._member(guild, creator_id)
        who = f"<@{creator_id}>"
        if creator is None:
            text = Sentence(
                "{who}, who created this job, is no longer in this server.", "creator_left", who=who
            )
            raise JobFailed(text, retry=False, pause=True)
        settings = await services_of(self._bot).memory.settings(guild.id)
        if not may_schedule(creator, settings):
            if creator.is_timed_out():
                raise JobFailed(said_timed_out(creator, absent=True), retry=False, pause=True)
            text = Sentence(
                "{who}, who created this job, can no longer schedule here.",
                "creator_may_not_schedule",
                who=who,
            )
            raise JobFailed(text, retry=False, pause=True)
        try:
            joined = await SeenChannels(self._bot, guild, known=known).joined(creator, spec, params)
        except TROUBLES as error:
            raise _unreachable(error) from error
        found = findings(spec, params, guild, creator, absent=True, known=known, joined=joined)
        if against := [item.text for item in found if item.of is Of.PERSON]:
            raise JobFailed(against[0], retry=False, pause=True)
        return creator

    async def _member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        """Return the member in their current state; None if they left."""
        if (cached := cached_member(guild, user_id)) is not None:
            return cached
        key, now = (guild.id, user_id), time.monotonic()
        known = self._members.get(key)
        if known is None or now - known[0] > _KNOWN_SECONDS:
            if len(self._members) >= _MOST_KNOWN:
                self._members.clear()
            known = (
                now,
                run_in_background(_fetch(guild, user_id), "asking for a member", passed_on=(JobFailed,)),
            )
            self._members[key] = known
        try:
            return await asyncio.shield(known[1])
        except JobFailed:
            self._members.pop(key, None)  # ask again next time
            raise

    async def _channels(
        self, guild: discord.Guild, spec: MethodSpec, params: Mapping[str, Any]
    ) -> dict[int, Channel]:
        """Return the named channels that are not in the cache."""
        return await self._channels_among(guild, unknown_channels(guild, spec, params))

    async def _channels_among(self, guild: discord.Guild, wanted: Sequence[int]) -> dict[int, Channel]:
        found: dict[int, Channel] = {}
        for channel_id in wanted:
            try:
                channel: Any = await self._bot.fetch_channel(channel_id)
            except discord.NotFound as error:
                raise JobFailed(
                    "The channel {channel_id} no longer exists.",
                    retry=False,
                    pause=True,  # the alert's card offers another channel
                    code="channel_missing",
                    channel_id=channel_id,
                ) from error
            except discord.Forbidden as error:
                raise JobFailed(
                    "I can't see the channel {channel_id}.",
                    retry=False,
                    code="channel_unseen",
                    channel_id=channel_id,
                ) from error
            except TROUBLES as error:
                raise _unreachable(error) from error
            if getattr(channel, "guild", None) == guild:
                found[channel_id] = channel
        return found


async def _fetch(guild: discord.Guild, user_id: int) -> discord.Member | None:
    try:
        return await member_of(guild, user_id)
    except discord.NotFound:
        return None
    except TROUBLES as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> JobFailed:
    """Return the failure of a run whose rights Discord can't be asked about now; it is tried again."""
    limited = isinstance(error, discord.RateLimited)
    return JobFailed(
        "I can't check this job's permissions with Discord right now.",
        retry_after=max(error.retry_after, 1.0) if limited else _AGAIN_SECONDS,
        limited=limited,
        code="rights_cannot_be_asked",
    )
