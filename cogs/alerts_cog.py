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
from datetime import datetime, timedelta

import discord
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.background.outbox import OutboxReader
from cogs.background.supervisor import Kept
from cogs.desk.runs.alert_card import Item
from cogs.desk.runs.alert_posting import AlertCards
from cogs.desk.runs.history import run_target
from cogs.rights.changed_rights import channel_changes_rights, member_changes_rights, role_changes_rights
from cogs.rights.channels import SeenChannels
from cogs.rights.rights import problems
from cogs.services import services_of, spec_for
from cogs.undelivered import note_unsent
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError, DatabaseUnavailable, NotFound
from schedulezero.model import Job, JobState, Run, Trouble, TroubleKind
from schedulezero.model.limits import is_personal
from schedulezero.model.part import MAIN
from schedulezero.model.run import LIMIT_REACHED, PASSED_OVER
from schedulezero.sentences import Sentence, code_of, parts_of

log = logging.getLogger(__name__)

_LOOK_SECONDS = 600.0
_STAGES = (("an hour", timedelta(hours=1)), ("a day", timedelta(days=1)))
_LOOK_AGAIN_SECONDS = 30.0
_PLACES_AT_ONCE = 20
_PATIENCE = timedelta(minutes=5)
_PATIENCE_IN_OUTAGES = timedelta(hours=1)
"""How long a trouble that can't be told is tried again; longer if nothing can be told anywhere."""
_CURSOR = "alerts-told"
_TELLING, _AHEAD, _CHANGES = "telling troubles", "looking ahead", "looking at changes"


class AlertsCog(commands.Cog):
    """Post alerts while the cog is loaded."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._cards = AlertCards(bot)
        self._reader = OutboxReader(self._services.supervisor, "troubles", self._read, self._tell_all)
        self._looking_ahead: Kept | None = None
        self._looking: dict[int, Kept] = {}
        self._changed: set[int] = set()
        self._told: set[int] = set()
        """The sequences of troubles that were told before all earlier ones were."""
        self._held_since: dict[int, datetime] = {}

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._reader.start()
        if self._looking_ahead is None:  # otherwise this is a reconnect
            self._looking_ahead = self._services.supervisor.keep(_AHEAD, self._look_ahead)

    async def cog_unload(self) -> None:
        await self._reader.close()
        for kept in (*self._looking.values(), *([self._looking_ahead] if self._looking_ahead else [])):
            await kept.close()

    # ---------------------------------------------------------------- what happened

    async def _read(self) -> Sequence[Sequence[Trouble]]:
        """Wait for troubles."""
        services = self._services
        troubles, following, new = await services.read_on(_CURSOR, services.client.troubles)
        if not troubles and new:
            # The first read, or a server with a new database.
            await services.note_read(_CURSOR, following)
        return [troubles] if troubles else []

    async def _tell_all(self, troubles: Sequence[Trouble]) -> None:
        """Tell troubles, of several guilds at the same time, and save how far all of them were told.

        Raises the first error if a trouble has to be told later.
        """
        by_place: defaultdict[str | None, list[Trouble]] = defaultdict(list)
        for trouble in troubles:
            by_place[trouble.run.guild_id].append(trouble)
        turns = asyncio.Semaphore(_PLACES_AT_ONCE)
        held = [found for found in await asyncio.gather(
            *(self._tell_place(each, turns) for each in by_place.values())
        ) if found is not None]  # fmt: skip
        others_work = len(held) < len(by_place)
        for trouble, error in held:
            if not isinstance(error, ClientError) and self._patience_is_over(trouble, others_work):
                log.error(
                    "the trouble of run %s is not told: %s",
                    trouble.run.id,
                    error,
                    extra={"run_id": trouble.run.id},
                )
                self._told.add(trouble.sequence)
        waiting = [trouble.sequence for trouble, _ in held]
        read = min(waiting) - 1 if waiting else troubles[-1].sequence
        await self._services.note_read(_CURSOR, read)
        self._told = {sequence for sequence in self._told if sequence > read}
        self._held_since = {key: at for key, at in self._held_since.items() if key in waiting}
        if held:
            raise held[0][1]

    def _patience_is_over(self, trouble: Trouble, others_work: bool) -> bool:
        since = self._held_since.setdefault(trouble.sequence, instants.now())
        return instants.now() - since > (_PATIENCE if others_work else _PATIENCE_IN_OUTAGES)

    async def _tell_place(
        self, troubles: Sequence[Trouble], turns: asyncio.Semaphore
    ) -> tuple[Trouble, Exception] | None:
        """Tell the troubles of one guild in order; return the first that has to be told later, and why."""
        async with turns:
            for trouble in troubles:
                if trouble.sequence in self._told:
                    continue
                try:
                    await self._tell(trouble)
                except (ClientError, DatabaseUnavailable, *TROUBLES) as error:
                    return trouble, error  # told when the server, the database or Discord is back
                except Exception as error:  # noqa: BLE001 - noted
                    # A fault in one alert must not hold up the others.
                    self._services.supervisor.note(_TELLING, error)
                self._told.add(trouble.sequence)
        return None

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
        of_part = trouble.run.part not in (None, MAIN)
        await self._cards.add(guild, job, trouble.kind.value, reason, item, of_part=of_part)

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
                await self._look_once()
                await self._cards.catch_up()
            except ClientError as error:
                log.info("the jobs to come cannot be looked at: %s", error)
            except Exception as error:  # noqa: BLE001 - noted, and looked at again
                self._services.supervisor.note(_AHEAD, error)
            await self._services.waiting.sleep(_LOOK_SECONDS)

    async def _look_once(self) -> None:
        """Look at all jobs that are due within a day."""
        found: defaultdict[str, list[Job]] = defaultdict(list)
        async for job in self._services.client.due_before(instants.now() + _STAGES[-1][1]):
            if job.guild_id:
                found[job.guild_id].append(job)
        for guild_id, jobs in found.items():
            guild = self.bot.get_guild(int(guild_id))
            if guild is not None:
                await self._warn(guild, jobs)

    async def _look_at(self, guild: discord.Guild) -> None:
        """Check all of a guild's jobs, and repeat if another check is requested in the meantime."""
        while guild.id in self._changed:
            self._changed.discard(guild.id)
            try:
                jobs = self._services.client.all_jobs(str(guild.id), JobQuery(state=JobState.ACTIVE))
                again = not await self._warn(guild, [job async for job in jobs], soon_only=False)
            except ClientError as error:
                log.info("the jobs of guild %s cannot be looked at: %s", guild.id, error)
                return
            if again:
                self._changed.add(guild.id)
                await self._services.waiting.sleep(_LOOK_AGAIN_SECONDS)

    async def _warn(self, guild: discord.Guild, jobs: Iterable[Job], *, soon_only: bool = True) -> bool:
        """Warn of jobs that will fail; return whether Discord answered all that it was asked."""
        well, part = True, _AHEAD if soon_only else _CHANGES
        now, seen = instants.now(), SeenChannels(self.bot, guild)
        for job in jobs:
            spec = spec_for(self.bot, job.method)
            if spec is None or job.next_run_at is None:
                continue
            try:
                known = await seen.of(spec, job.params)
            except TROUBLES as error:
                log.info("Discord cannot be asked about the channels of job %s: %s", job.id, error)
                self._services.supervisor.note(part, error)
                well = False
                continue
            against = problems(spec, job.params, guild, None, known=known)
            stage = next((name for name, span in _STAGES if job.next_run_at - now <= span), None)
            if not against or (stage is None and soon_only):
                continue
            item = Item(job.id, job.title, f"{job.id}:0", 0, job.next_run_at)
            try:
                await self._cards.add(guild, job, "ahead", against[0], item, stage=stage or "later")
            except TROUBLES as error:
                self._services.supervisor.note(part, error)
                well = False
        return well

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self._look_soon(channel.guild)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if channel_changes_rights(before, after):
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
        if role_changes_rights(before, after):
            self._look_soon(after.guild)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if member_changes_rights(before, after):
            self._look_soon(after.guild)

    def _look_soon(self, guild: discord.Guild) -> None:
        self._changed.add(guild.id)
        known = self._looking.get(guild.id)
        if known is None or known.done:
            self._looking = {key: kept for key, kept in self._looking.items() if not kept.done}
            keep = self._services.supervisor.keep
            self._looking[guild.id] = keep(_CHANGES, lambda: self._look_at(guild))


def _expected(trouble: Trouble) -> bool:
    """Return whether nobody needs to know.

    The job's settings asked for the skip (quiet hours, free days, an overlap policy), or what the job ends
    was over already.
    """
    if code_of(trouble.run.error) == "debt_closed":
        return True
    limited = any(part.code in LIMIT_REACHED for part in parts_of(trouble.run.note))
    return trouble.kind is TroubleKind.SKIPPED and not limited


def _reason(trouble: Trouble) -> tuple[str, int]:
    """Return the reason, the same sentence for the same cause, and the number of runs it covers."""
    run = trouble.run
    if trouble.kind is TroubleKind.PASSED_OVER:
        said = Sentence(
            "Runs were skipped while the scheduler was not running; only the latest one was carried out.",
            "runs_passed_over",
        )
        passed = [part.values.get("count") for part in parts_of(run.note) if part.code in PASSED_OVER]
        return said, next((count for count in passed if isinstance(count, int)), 1)
    if run.error:
        return run.error, 1
    if trouble.kind is TroubleKind.MISSED:
        return Sentence(
            "The scheduler was not running at that time, and the job is set to skip missed runs.",
            "no_server_was_running",
        ), 1
    return run.note or Sentence("The handler didn't give a reason.", "no_reason_in_answer"), 1
