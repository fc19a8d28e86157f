"""A second job that a job schedules for later, such as taking back a role that it gave for a while."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schedulezero import instants
from schedulezero.errors import (
    ClientError,
    Conflict,
    JobFailed,
    NotFound,
    NotSupported,
    RequestRefused,
)
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.authorship import FOLLOWS
from schedulezero.model.limits import new_ending_id
from schedulezero.model.quiet_hours import allowed_from
from schedulezero.sentences import Sentence

_PATIENCE = timedelta(days=7)  # as long as the server lets a run wait
_AGAIN_SECONDS = 5.0
# What is done for a week, each week, is renewed in the moment in which it ends: the renewal is to come first,
# and calls the ending off.
_RENEWAL = timedelta(seconds=5)
_NOTE = "follow-up"


async def follow_up(
    bot: Any, about: str, method: str, params: Mapping[str, Any], after: timedelta, name: str
) -> dict[str, Any]:
    """Schedules a job for later, once in the current run, whatever dies meanwhile.

    Schedule the undoing before doing: then nothing done for a while can stay for ever. One that still waits
    and is about the same is called off: the newest holds.

    Parameters:
        bot: the bot.
        about: what it is about, such as a channel's slow mode, with its id.
        method, params: what is to be done.
        after: how long from now; longer where the guild would have it skipped then.
        name: what the job is called in lists.

    Returns ``{"job_id": …, "at": …}``. Raises JobFailed when it cannot be saved, now or at all.
    """
    run, services = current_run(), bot.services
    digest = hashlib.sha256(f"{run.run_id}\n{about}\n{run.round}".encode()).hexdigest()[:24]
    plan = {
        "id": new_ending_id(digest if run.run_id else secrets.token_hex(12)),
        "at": to_iso(instants.now() + after),
    }

    async def save(plan: dict[str, Any]) -> dict[str, Any]:
        at = await _allowed_from(bot, from_iso(plan["at"]))
        job = Job(
            id=plan["id"],
            handler_id=services.handler_id,
            method=method,
            params=params,
            trigger=Trigger("date", {"run_date": to_iso(at + _RENEWAL)}),
            name=name[:100],
            guild_id=run.guild_id,
            creator_id=run.creator_id,
            timezone=run.timezone,
            grace=_PATIENCE,
            meta={FOLLOWS: run.job_id or ""},
        )
        try:
            saved = await services.client.create(job)
        except RequestRefused as error:
            if isinstance(error, Conflict) and await _saved(bot, plan["id"]):
                return {"job_id": plan["id"], "at": to_iso(at)}  # by an earlier try
            raise JobFailed(
                Sentence(
                    "What is to follow could not be scheduled, so nothing was begun. {message}",
                    "follow_up_not_scheduled_nothing_begun",
                    message=error.message,
                ),
                retry=False,
            ) from error
        except ClientError as error:
            raise JobFailed(
                Sentence(
                    "What is to follow could not be scheduled. {message}",
                    "follow_up_not_scheduled",
                    message=error.message,
                ),
                retry_after=_AGAIN_SECONDS,
            ) from error
        return {"job_id": saved.id, "at": to_iso(at)}

    earlier = await waiting(bot, about)
    result = await step(f"after:{about}", save, plan=plan)
    if earlier is not None and earlier.id != result["job_id"]:
        await _call_off(bot, earlier)
    await bot.memory.put(_NOTE, about, {"job_id": result["job_id"]})
    return result


async def waiting(bot: Any, about: str) -> Job | None:
    """What is still to follow about something, None when nothing is.

    Raises JobFailed when the server cannot be asked now.
    """
    note = await bot.memory.kept(_NOTE, about)
    job = await _saved(bot, note["job_id"]) if note is not None else None
    return job if job and job.state is JobState.ACTIVE and job.next_run_at is not None else None


async def _allowed_from(bot: Any, at: datetime) -> datetime:
    """The first instant from that one on that the guild's quiet hours and dark days leave free."""
    guild_id = current_run().guild_id
    if guild_id is None:
        return at
    try:
        return allowed_from(await bot.services.client.rules(guild_id), at)
    except NotSupported:
        return at
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "It could not be told when it may end. {message}", "undo_end_unknown", message=error.message
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error


async def _saved(bot: Any, job_id: str) -> Job | None:
    """The job of that id, None when there is none."""
    try:
        return await bot.services.client.job(job_id, current_run().guild_id)
    except NotFound:
        return None
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "It could not be told what is to follow. {message}",
                "follow_up_unknown",
                message=error.message,
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error


async def _call_off(bot: Any, job: Job) -> None:
    try:
        await bot.services.client.cancel(job)
    except (NotFound, Conflict):
        return  # it ran, or was changed, a moment ago
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "What was to follow could not be called off. {message}",
                "follow_up_not_called_off",
                message=error.message,
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error
