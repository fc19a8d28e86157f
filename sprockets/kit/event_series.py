"""One repeating event in place of an event for each run of a job.

The event is noted under the job. A later run leaves it alone while it stands; if it is gone, or the job makes
another one now, the run makes it again.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import discord
from discord.ext import commands

from schedulezero.handler.run_context import current_run
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import EVENT_SERIES
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import schedule_of
from sprockets.kit.asking import asking_discord
from sprockets.kit.event_recurrence import Recurrence, recurrence_of

NO_JOB = Sentence("Only a job that repeats can create a repeating event.", "event_series_no_job")
_STANDS = (discord.EventStatus.scheduled, discord.EventStatus.active)


async def series_of(
    bot: commands.Bot, guild_id: int, starts_in: timedelta, soonest: datetime
) -> Recurrence | Sentence:
    """Return the rule by which the events of the current run's job repeat, or why there is none.

    Parameters:
        bot: The bot.
        guild_id: The job's guild.
        starts_in: How long after each run its event begins.
        soonest: The earliest possible beginning of an event.
    """
    run = current_run()
    if run.job_id is None or run.run_id is None:
        return NO_JOB
    job = await host_of(bot).services.client.job(run.job_id, str(guild_id))
    if job.trigger.type == "date" or job.anchor_at is None:
        return NO_JOB
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    first = schedule.next_after(max(run.scheduled_at, soonest - starts_in) - timedelta(microseconds=1))
    if first is None:
        return NO_JOB
    zone = job.trigger.zone_or(job.timezone)
    return await asyncio.to_thread(recurrence_of, schedule, first, starts_in, zone)


async def standing(guild: discord.Guild, bot: commands.Bot, like: str) -> discord.ScheduledEvent | None:
    """Return the repeating event that the current run's job made before, if it stands and is the same.

    Parameters:
        guild: The guild.
        bot: The bot.
        like: What the job makes now; see `note_series`.
    """
    run = current_run()
    known = await host_of(bot).memory.kept(EVENT_SERIES, run.job_id or "")
    if known is None or known.get("like") != like:
        return None
    async with asking_discord(Sentence("look up the server's events", "doing_see_events")):
        listed = await guild.fetch_scheduled_events()
    wanted = int(known["event_id"])
    return next((event for event in listed if event.id == wanted and event.status in _STANDS), None)


async def note_series(bot: commands.Bot, guild_id: int, event_id: str, like: str) -> None:
    """Note the repeating event that the current run's job made.

    Parameters:
        bot: The bot.
        guild_id: The job's guild.
        event_id: The event.
        like: A text that is the same as long as the job makes the same event.
    """
    run = current_run()
    if run.job_id is not None:
        note = {"guild_id": str(guild_id), "event_id": event_id, "like": like}
        await host_of(bot).memory.put(EVENT_SERIES, run.job_id, note)
