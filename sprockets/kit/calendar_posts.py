"""Posts about the events of a calendar that is followed: a job of its own for each, saved ahead of time.

See `schedulezero.following.announcements` for why. What is planned is remembered before a job is saved or
cancelled, and what became of it afterwards; whatever dies in between, the next look goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import discord
from discord.ext import commands

from schedulezero import faults
from schedulezero.errors import ClientError, Conflict, JobFailed, NotFound, RequestRefused
from schedulezero.exchange.occurrences import Occurrence
from schedulezero.following.announcements import LATE, SOON, Planned, Stage, plan
from schedulezero.following.followed import Followed
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.methods.host import host_of
from schedulezero.model import Job, JobState, JsonObject, Trigger
from schedulezero.model.authorship import FOLLOWS
from schedulezero.said_values import said_span
from schedulezero.sentences import Sentence
from sprockets.kit.calendar_feeds import keep, present

METHOD = "announce_event"
_AGAIN_SECONDS = 5.0
_SHORTEST_GRACE = timedelta(minutes=5)


async def plan_posts(
    bot: commands.Bot,
    guild: discord.Guild,
    known: Followed,
    leads: Sequence[timedelta],
    what: str,
    params: JsonObject,
) -> tuple[Followed, list[str]]:
    """Save a job for each post that comes soon, and cancel those that the calendar no longer has.

    Returns what is known then, and why posts couldn't be planned. Raises JobFailed if the server is away.

    Parameters:
        bot: The bot.
        guild: Where the posts come.
        known: What is known of the calendar.
        leads: How long before each event; empty for no posts at all.
        what: What distinguishes these posts from those of the job's earlier versions.
        params: The params of each post, without the event.
    """
    job_id, now = current_run().job_id or "", present()
    items = known.agenda.occurrences
    planned = plan(
        known.planned, job_id=job_id, what=what, items=items, leads=leads, now=now, since=known.looked_at
    )
    known = replace(known, planned=tuple(planned))
    await keep(bot, job_id, known)
    faults.point("posts.planned")
    by_key = {item.key: item for item in items}
    refused: list[str] = []
    done: list[Planned] = []
    for each in planned:
        if each.stage is Stage.OFF:
            ran = await _cancel(bot, each)
            done.append(replace(each, stage=Stage.RAN if ran else Stage.CANCELLED))
        elif each.stage is Stage.BEGUN and each.at > now - LATE and (item := by_key.get(each.key)):
            why = await _save(bot, each, item, params, await _name(bot, guild, each, item))
            faults.point("post.saved")
            done.append(replace(each, stage=Stage.SAVED) if why is None else each)
            refused += [why] if why is not None else []
        else:
            done.append(each)
    known = replace(known, planned=tuple(done), looked_at=now)
    await keep(bot, job_id, known)
    return known, list(dict.fromkeys(refused))


async def _name(bot: object, guild: discord.Guild, each: Planned, item: Occurrence) -> str:
    """Return the name of a post's job, which tells the posts about one event apart."""
    if not each.lead:
        return f"{item.title[:90]} 📅".strip()
    before = Sentence("{lead} before", "event_lead", lead=said_span(each.lead))
    said = await host_of(bot).services.said_in(guild, before)
    return f"{item.title[: 95 - len(said)].strip()} · {said} 📅"


async def _save(bot: object, each: Planned, item: Occurrence, params: JsonObject, name: str) -> str | None:
    """Save the job of a post; return why the server refuses it, or None if it is there."""
    run, services = current_run(), host_of(bot).services
    job = Job(
        id=each.job_id,
        handler_id=services.handler_id,
        method=METHOD,
        params={**params, "calendar": run.job_id or "", "event": each.key},
        trigger=Trigger("date", {"run_date": to_iso(max(each.at, present() + SOON))}),
        name=name[:100],
        guild_id=run.guild_id,
        creator_id=run.creator_id,
        timezone=run.timezone,
        grace=max(each.lead, _SHORTEST_GRACE),
        meta={FOLLOWS: run.job_id or ""},
    )
    try:
        await services.client.create(job)
    except Conflict as error:
        try:
            await services.client.job(each.job_id, run.guild_id)
        except NotFound:
            return error.message
        except ClientError as away:
            raise _away(away) from away
    except RequestRefused as error:
        return error.message
    except ClientError as error:
        raise _away(error) from error
    return None


async def _cancel(bot: object, each: Planned) -> bool:
    """Cancel the job of a post; return whether it has run, or may have, as somebody let it run early."""
    services, guild_id = host_of(bot).services, current_run().guild_id
    try:
        job = await services.client.job(each.job_id, guild_id)
        if job.state in (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING):
            await services.client.cancel(job)
        return bool((await services.client.runs(guild_id, job_id=each.job_id)).runs)
    except NotFound:
        return False  # it was never saved
    except Conflict:
        return True  # somebody changed it a moment ago; its run looks for itself
    except ClientError as error:
        raise _away(error) from error


def _away(error: ClientError) -> JobFailed:
    said = Sentence("The posts couldn't be planned. {message}", "posts_not_planned", message=error.message)
    return JobFailed(said, retry_after=_AGAIN_SECONDS)
