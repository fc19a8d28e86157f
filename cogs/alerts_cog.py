"""AlertsCog: alert guilds about runs that failed, were missed or will fail.

It reads the server's outbox of troubles from the last one it posted, so that a restart of either side
neither loses nor repeats an alert. It checks upcoming runs a day ahead and again an hour ahead, and after
every Discord event about a changed channel, role or permission. It posts one card for each cause
(`cogs.desk.runs.alert_card`), in the guild's alert channel or to the job's creator.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp
import discord
from discord.ext import commands

from cogs.background.outbox import OutboxReader
from cogs.desk.kit.layout import fit
from cogs.desk.runs.alert_card import Alert, Item, alert_panel
from cogs.desk.runs.history import run_target
from cogs.language import speaking
from cogs.rights.channels import SeenChannels
from cogs.rights.rights import problems
from cogs.services import services_of, spec_for
from cogs.undelivered import note_unsent
from schedulezero import instants
from schedulezero.background import run_in_background
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError, NotFound
from schedulezero.methods.debts import debt_of
from schedulezero.model import Job, JobState, Run, Trouble, TroubleKind
from schedulezero.model.limits import is_personal
from schedulezero.model.run import LIMIT_REACHED, PASSED_OVER
from schedulezero.sentences import Sentence, parts_of

log = logging.getLogger(__name__)

_LOOK_SECONDS = 600.0
_STAGES = (("an hour", timedelta(hours=1)), ("a day", timedelta(days=1)))
_NEW_CARD_AFTER = timedelta(days=1)
_CURSOR = "alerts-told"


class AlertsCog(commands.Cog):
    """Post alerts while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._reader = OutboxReader("troubles", self._read, self._tell_and_note)
        self._looking_ahead: asyncio.Task[None] | None = None
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._changed: set[int] = set()
        self._lock = asyncio.Lock()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._reader.start()
        if self._looking_ahead is None:  # otherwise this is a reconnect
            self._looking_ahead = run_in_background(self._look_ahead(), "looking ahead for alerts")

    async def cog_unload(self) -> None:
        await self._reader.close()
        tasks = [*self._looking.values(), *([self._looking_ahead] if self._looking_ahead else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------- what happened

    async def _read(self) -> Sequence[Trouble]:
        """Wait for troubles."""
        services = self._services
        troubles, following, new = await services.read_on(_CURSOR, services.client.troubles)
        if not troubles and new:
            # The first read, or a server with a new database.
            await services.note_read(_CURSOR, following)
        return troubles

    async def _tell_and_note(self, trouble: Trouble) -> None:
        try:
            await self._tell(trouble)
        except ClientError:
            raise  # the server is gone: this alert is posted when it is back
        except Exception:
            # A fault in one alert must not hold up the others.
            log.exception("the trouble of run %s could not be told", trouble.run.id)
        await self._services.note_read(_CURSOR, trouble.sequence)

    async def _tell(self, trouble: Trouble) -> None:
        run = trouble.run
        guild = self.bot.get_guild(int(run.guild_id or 0))
        if _expected(trouble):
            return
        if guild is None:
            if trouble.kind is not TroubleKind.PASSED_OVER:
                await self._note_reminder(run)
            return
        try:
            job = await self._services.client.job(run.job_id, str(guild.id))
        except NotFound:
            return
        reason, count = _reason(trouble)
        paused = job.state is JobState.PAUSED
        item = Item(job.id, job.title, run_target(run), count, run.scheduled_at, paused, trouble.sequence)
        await self._alert(guild, job, trouble.kind.value, reason, item)

    async def _note_reminder(self, run: Run) -> None:
        """Note a reminder that its person didn't get; a run that belongs to a guild is none."""
        since = instants.now()
        try:
            job = await self._services.client.job(run.job_id, run.guild_id or "")
        except NotFound:
            return
        if is_personal(job.guild_id, job.creator_id):
            await note_unsent(self._services.memory, run, since)

    # ---------------------------------------------------------------- what will happen

    async def _look_ahead(self) -> None:
        while True:
            try:
                found: defaultdict[str, list[Job]] = defaultdict(list)
                async for job in self._services.client.due_before(instants.now() + _STAGES[-1][1]):
                    if job.guild_id:
                        found[job.guild_id].append(job)
                for guild_id, jobs in found.items():
                    guild = self.bot.get_guild(int(guild_id))
                    if guild is not None:
                        await self._warn(guild, jobs)
            except ClientError as error:
                log.info("the jobs to come cannot be looked at: %s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look_at(self, guild: discord.Guild) -> None:
        """Check all of a guild's jobs, and repeat if another check is requested in the meantime."""
        while guild.id in self._changed:
            self._changed.discard(guild.id)
            try:
                jobs = self._services.client.all_jobs(str(guild.id), JobQuery(state=JobState.ACTIVE))
                await self._warn(guild, [job async for job in jobs], soon_only=False)
            except ClientError as error:
                log.info("the jobs of guild %s cannot be looked at: %s", guild.id, error)

    async def _warn(self, guild: discord.Guild, jobs: Iterable[Job], *, soon_only: bool = True) -> None:
        now, seen = instants.now(), SeenChannels(self.bot, guild)
        for job in jobs:
            spec = spec_for(self.bot, job.method)
            if spec is None or job.next_run_at is None:
                continue
            try:
                known = await seen.of(spec, job.params)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("Discord cannot be asked about the channels of job %s: %s", job.id, error)
                continue
            against = problems(spec, job.params, guild, None, known=known)
            stage = next((name for name, span in _STAGES if job.next_run_at - now <= span), None)
            if not against or (stage is None and soon_only):
                continue
            item = Item(job.id, job.title, f"{job.id}:0", 0, job.next_run_at)
            await self._alert(guild, job, "ahead", against[0], item, stage=stage or "later")

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self._look_soon(channel.guild)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if before.overwrites != after.overwrites:
            self._look_soon(after.guild)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        # This event also covers archived threads, which are not in the cache.
        if (guild := self.bot.get_guild(payload.guild_id)) is not None:
            self._look_soon(guild)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        self._look_soon(role.guild)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if (before.permissions, before.position) != (after.permissions, after.position):
            self._look_soon(after.guild)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        changed = before.roles != after.roles or before.timed_out_until != after.timed_out_until
        if after == after.guild.me and changed:
            self._look_soon(after.guild)

    def _look_soon(self, guild: discord.Guild) -> None:
        self._changed.add(guild.id)
        known = self._looking.get(guild.id)
        if known is None or known.done():
            what = f"looking at the jobs of guild {guild.id}"
            self._looking[guild.id] = run_in_background(self._look_at(guild), what)

    # ---------------------------------------------------------------- cards

    async def _alert(
        self, guild: discord.Guild, job: Job, kind: str, reason: str, item: Item, *, stage: str = ""
    ) -> None:
        """Add a job to the card of its cause, or post a new card; log an error from Discord."""
        where = job.meta.get("alert") or "guild"
        if where == "off":
            return
        owed = await debt_of(self._services.memory, job.id) is not None
        movable = kind in ("failed", "ahead") and "channel_id" in job.params and not owed
        fresh = Alert(str(guild.id), kind, reason, (item,), instants.now(), movable=movable, owed=owed)
        key = fresh.key(stage)
        memory = self._services.memory
        async with self._lock:
            kept = await memory.panel(key, guild.id)
            known = Alert.from_json(kept) if kept is not None else None
            if known is not None and instants.now() - _told_at(known) > _NEW_CARD_AFTER:
                known = None
            if known is not None and kind == "ahead" and any(i.job_id == job.id for i in known.items):
                return  # already posted
            if known is not None and known.tells_of(item):
                return  # the cog was interrupted before it saved the cursor
            alert = known.with_item(item) if known is not None else fresh
            try:
                with speaking(guild.preferred_locale):
                    posted = await self._post(guild, job, alert, private=where == "creator")
            except discord.HTTPException as error:
                log.warning("an alert about job %s could not be sent: %s", job.id, error)
                return
            if posted is not None:
                await memory.save_panel(key, guild.id, posted.to_json())

    async def _post(self, guild: discord.Guild, job: Job, alert: Alert, *, private: bool) -> Alert | None:
        """Update the card of an alert, or send it; return None if there is no one to send it to."""
        quiet = discord.AllowedMentions.none()
        if alert.message_id is not None and alert.channel_id is not None:
            panel = alert_panel(alert, private=alert.private)
            fit(panel)
            channel = self.bot.get_partial_messageable(int(alert.channel_id))
            try:
                await channel.get_partial_message(int(alert.message_id)).edit(
                    view=panel, allowed_mentions=quiet
                )
                return alert
            except discord.NotFound:
                log.debug("the card about %s was deleted; it is sent again", alert.reason)
        target = None if private else await self._channel(guild)
        private = target is None
        if target is None:
            target = await self._creator(job)
        if target is None:
            return None
        panel = alert_panel(alert, private=private)
        fit(panel)
        message = await target.send(view=panel, allowed_mentions=quiet)
        return replace(alert, channel_id=str(message.channel.id), message_id=str(message.id), private=private)

    async def _channel(self, guild: discord.Guild) -> discord.abc.Messageable | None:
        settings = await self._services.memory.settings(guild.id)
        channel = guild.get_channel_or_thread(int(settings.alert_channel_id or 0))
        if not isinstance(channel, discord.abc.Messageable):
            return None
        return channel if channel.permissions_for(guild.me).send_messages else None

    async def _creator(self, job: Job) -> discord.abc.Messageable | None:
        if not job.creator_id:
            return None
        try:
            return self.bot.get_user(int(job.creator_id)) or await self.bot.fetch_user(int(job.creator_id))
        except discord.NotFound:
            return None


def _expected(trouble: Trouble) -> bool:
    """Return whether the job's settings asked for the skip: quiet hours, free days, an overlap policy."""
    limited = any(part.code in LIMIT_REACHED for part in parts_of(trouble.run.note))
    return trouble.kind is TroubleKind.SKIPPED and not limited


def _reason(trouble: Trouble) -> tuple[str, int]:
    """Return the reason, the same sentence for the same cause, and the number of runs it covers."""
    run = trouble.run
    if trouble.kind is TroubleKind.PASSED_OVER:
        said = Sentence(
            "Runs were skipped while the server was not running; only the latest one was done.",
            "runs_passed_over",
        )
        passed = [part.values.get("count") for part in parts_of(run.note) if part.code in PASSED_OVER]
        return said, next((count for count in passed if isinstance(count, int)), 1)
    if run.error:
        return run.error, 1
    if trouble.kind is TroubleKind.MISSED:
        return Sentence(
            "The server was not running at that time, and the job is set to skip missed runs.",
            "no_server_was_running",
        ), 1
    return run.note or Sentence("The handler didn't give a reason.", "no_reason_in_answer"), 1


def _told_at(alert: Alert) -> datetime:
    return max(alert.first_at, alert.last_at) if alert.kind != "ahead" else alert.first_at
