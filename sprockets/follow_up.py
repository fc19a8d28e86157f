"""A second job that a job schedules for later, such as taking back a role that it gave for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from schedulezero import instants
from schedulezero.errors import ClientError, Conflict, JobFailed, NotFound
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Trigger
from schedulezero.run_context import current_run
from schedulezero.steps import step

_PATIENCE = timedelta(days=7)  # as long as the server lets a run wait
_AGAIN_SECONDS = 5.0


async def follow_up(
    bot: Any, key: str, method: str, params: Mapping[str, Any], after: timedelta, name: str
) -> dict[str, Any]:
    """Schedules a job for later, once in the current run, whatever dies meanwhile.

    Schedule the undoing before doing: then nothing that is done for a while can stay for ever.

    Parameters:
        bot: the bot.
        key: names this follow-up within the run.
        method, params: what is to be done.
        after: how long from now.
        name: what the job is called in lists.

    Returns ``{"job_id": …, "at": …}``. Raises JobFailed when it cannot be saved now.
    """
    run, services = current_run(), bot.services
    digest = hashlib.sha256(f"{run.run_id}\n{key}\n{run.round}".encode()).hexdigest()[:24]
    plan = {"id": f"after-{digest}" if run.run_id else "", "at": to_iso(instants.now() + after)}

    async def save(plan: dict[str, Any]) -> dict[str, Any]:
        job = Job(
            id=plan["id"],
            handler_id=services.handler_id,
            method=method,
            params=params,
            trigger=Trigger("date", {"run_date": plan["at"]}),
            name=name[:100],
            guild_id=run.guild_id,
            creator_id=run.creator_id,
            timezone=run.timezone,
            grace=_PATIENCE,
        )
        try:
            saved = await services.client.create(job)
        except Conflict:
            return {"job_id": plan["id"], "at": plan["at"]}  # an earlier try saved it
        except ClientError as error:
            raise JobFailed(
                f"What is to follow could not be scheduled: {error.message}", retry_after=_AGAIN_SECONDS
            ) from error
        return {"job_id": saved.id, "at": plan["at"]}

    return await step(key, save, plan=plan)


async def call_off(bot: Any, job_id: str) -> None:
    """Cancels what was to follow, because something else follows in its place; one that ran is left alone.

    Raises JobFailed when the server cannot be asked now.
    """
    client, guild_id = bot.services.client, current_run().guild_id
    try:
        job = await client.job(job_id, guild_id)
        if job.state is JobState.ACTIVE:
            await client.cancel(job)
    except (NotFound, Conflict):
        return
    except ClientError as error:
        raise JobFailed(
            f"What was to follow could not be called off: {error.message}", retry_after=_AGAIN_SECONDS
        ) from error
