"""Posts alert cards and keeps them current: one for each cause, in the guild's alert channel or to a creator.

Discord lets a bot edit messages older than an hour only a few times in a while, and answers 30046 beyond that
(https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes). So a card that
gets old is edited seldom; what came in between stands on it with the next edit. A card that can't be edited
any more is replaced by a new one.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES, may_pass
from cogs.desk.kit.layout import fit
from cogs.desk.runs.alert_card import Alert, Item, alert_panel
from cogs.guild_language import locale_of
from cogs.language import speaking
from cogs.services import services_of
from schedulezero import instants
from schedulezero.methods.debts import debt_of
from schedulezero.model import Job

log = logging.getLogger(__name__)

_OF_AN_ADDRESS = ("host_", "feed_", "address_")
"""How the codes of what went wrong with an address begin."""
_NEW_CARD_AFTER = timedelta(days=1)
_OLD_AFTER = timedelta(minutes=50)
_OLD_AGAIN_AFTER = timedelta(minutes=10)
_TOO_MANY_OLD_EDITS = 30046
_QUIET = discord.AllowedMentions.none()


class AlertCards:
    """The alert cards of all guilds of this process."""

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot
        self._memory = services_of(bot).memory
        # One lock for each card: a guild whose channel is slow doesn't hold up the others.
        self._locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
        self._behind: dict[tuple[int, str], Job] = {}
        """Old cards that don't say everything yet, with the job of the last item."""

    async def add(
        self,
        guild: discord.Guild,
        job: Job,
        kind: str,
        reason: str,
        item: Item,
        *,
        stage: str = "",
        of_part: bool = False,
    ) -> None:
        """Add a job to the card of its cause, or post a new card.

        A refusal is logged. Raises one of `TROUBLES` if Discord may take it later; nothing is noted then.

        Parameters:
            guild: where the job is.
            job: the job.
            kind: a kind of trouble; see `cogs.desk.runs.alert_card`.
            reason: the cause.
            item: the job's part of the card.
            stage: when the check ahead found it.
            of_part: whether it happened to a part of the job, which no other channel for the job mends.
        """
        where = job.meta.get("alert") or "guild"
        if where == "off":
            return
        owed = await debt_of(self._memory, job.id) is not None
        # What an address outside of Discord answers has nothing to do with the channel.
        outside = str(getattr(reason, "code", "")).startswith(_OF_AN_ADDRESS)
        movable = kind in ("failed", "ahead") and "channel_id" in job.params
        movable = movable and not (owed or of_part or outside)
        fresh = Alert(str(guild.id), kind, reason, (item,), instants.now(), movable=movable, owed=owed)
        key = fresh.key(stage)
        async with self._lock(guild, key):
            known = await self._known(guild, key)
            if known is not None and instants.now() - _told_at(known) > _NEW_CARD_AFTER:
                known = None
            if known is not None and kind == "ahead" and any(i.job_id == job.id for i in known.items):
                return  # already posted
            if known is not None and known.tells_of(item):
                return  # the cog was interrupted before it saved the cursor
            alert = known.with_item(item) if known is not None else fresh
            if _edited_lately(alert):
                self._behind[guild.id, key] = job
                await self._memory.save_panel(key, guild.id, alert.to_json())
                return
            await self._bring_up_to_date(guild, job, key, alert, private=where == "creator")

    async def catch_up(self) -> None:
        """Edit the old cards that don't say everything yet and may be edited again."""
        for (guild_id, key), job in list(self._behind.items()):
            guild = self._bot.get_guild(guild_id)
            if guild is None:
                self._behind.pop((guild_id, key), None)
                continue
            async with self._lock(guild, key):
                alert = await self._known(guild, key)
                if alert is not None and _edited_lately(alert):
                    continue
                self._behind.pop((guild_id, key), None)
                if alert is not None:
                    await self._bring_up_to_date(guild, job, key, alert, private=alert.private)

    def _lock(self, guild: discord.Guild, key: str) -> asyncio.Lock:
        return self._locks.setdefault((guild.id, key), asyncio.Lock())

    async def _known(self, guild: discord.Guild, key: str) -> Alert | None:
        kept = await self._memory.panel(key, guild.id)
        return Alert.from_json(kept) if kept is not None else None

    async def _bring_up_to_date(
        self, guild: discord.Guild, job: Job, key: str, alert: Alert, *, private: bool
    ) -> None:
        """Edit or post a card and save what it says."""
        try:
            with speaking(locale_of(guild, await self._memory.settings(guild.id))):
                posted = await self._post(guild, job, alert, private=private)
        except TROUBLES as error:
            if may_pass(error):
                raise
            log.warning("an alert about job %s could not be sent: %s", job.id, error)
            return
        if posted is not None:
            self._behind.pop((guild.id, key), None)
            await self._memory.save_panel(key, guild.id, posted.to_json())

    async def _post(self, guild: discord.Guild, job: Job, alert: Alert, *, private: bool) -> Alert | None:
        """Update the card of an alert, or send it; return None if there is no one to send it to."""
        if alert.message_id is not None and (edited := await self._edited(alert)) is not None:
            return edited
        target = None if private else await services_of(self._bot).alert_channel(guild)
        private = target is None
        if target is None:
            target = await self._creator(job)
        if target is None:
            return None
        panel = alert_panel(alert, private=private)
        fit(panel)
        message = await target.send(view=panel, allowed_mentions=_QUIET)
        return replace(
            alert,
            channel_id=str(message.channel.id),
            message_id=str(message.id),
            private=private,
            edited_at=None,
        )

    async def _edited(self, alert: Alert) -> Alert | None:
        """Edit the card of an alert; return None if it takes a new one."""
        assert alert.message_id is not None
        if alert.channel_id is None:
            return None
        panel = alert_panel(alert, private=alert.private)
        fit(panel)
        channel = self._bot.get_partial_messageable(int(alert.channel_id))
        try:
            await channel.get_partial_message(int(alert.message_id)).edit(view=panel, allowed_mentions=_QUIET)
        except discord.NotFound:
            log.debug("the card about %s was deleted; it is sent again", alert.reason)
            return None
        except (discord.HTTPException, discord.RateLimited) as error:
            limited = isinstance(error, discord.RateLimited) or error.code == _TOO_MANY_OLD_EDITS
            if not (limited and _is_old(alert)):
                raise
            log.info("the card about %s may not be edited any more; it is sent again", alert.reason)
            return None
        return replace(alert, edited_at=instants.now())

    async def _creator(self, job: Job) -> discord.abc.Messageable | None:
        if not job.creator_id:
            return None
        try:
            return self._bot.get_user(int(job.creator_id)) or await self._bot.fetch_user(int(job.creator_id))
        except discord.NotFound:
            return None


def _is_old(alert: Alert) -> bool:
    """Return whether Discord lets the bot edit the card only seldom."""
    if alert.message_id is None:
        return False
    return instants.now() - discord.utils.snowflake_time(int(alert.message_id)) > _OLD_AFTER


def _edited_lately(alert: Alert) -> bool:
    """Return whether a card is old and was edited a short while ago."""
    if alert.edited_at is None or not _is_old(alert):
        return False
    return instants.now() - alert.edited_at < _OLD_AGAIN_AFTER


def _told_at(alert: Alert) -> datetime:
    return max(alert.first_at, alert.last_at) if alert.kind != "ahead" else alert.first_at
