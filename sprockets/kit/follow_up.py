"""Follow-up jobs: a job schedules a second job for later, such as removing a temporary role.

Such an *ending* is the bot's debt (`schedulezero.methods.debts`): it needs the bot's rights only, and neither
quiet hours nor limits hold it back.
"""

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
    RequestRefused,
)
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.debts import NOTE as DEBT
from schedulezero.methods.debts import Debt, debt_of, owe
from schedulezero.methods.host import host_of
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.authorship import FOLLOWS
from schedulezero.model.job_names import name_meta
from schedulezero.model.limits import new_ending_id
from schedulezero.sentences import Sentence

_PATIENCE = timedelta(days=7)  # as long as the server lets a run wait
_AGAIN_SECONDS = 5.0
# A weekly job that gives something for a week renews it at the instant when it ends. The delay lets the
# renewal run first and cancel the ending.
_RENEWAL = timedelta(seconds=5)
_NOTE = "follow-up"


async def follow_up(
    bot: object,
    about: str,
    method: str,
    params: Mapping[str, Any],
    after: timedelta | datetime,
    name: str,
    left: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Schedule another job for later, once in the current run, and return ``{"job_id": …, "at": …}``.

    Schedule the undo job before you make the change, so that a temporary change can't become permanent. This
    cancels an earlier follow-up about the same thing that still waits. Raises JobFailed if the job can't be
    saved.

    The follow-up runs with the bot's own rights, at its exact time, whoever has left by then. Write it
    so that it undoes only what is still as ``left`` says (see `owed`), and succeeds if nothing is left.

    Parameters:
        bot: The bot.
        about: What the job is about, with its id, such as ``slowmode:123``.
        method: The job method to run.
        params: Its parameters.
        after: How long from now, or the instant. After a length of time, the follow-up waits five seconds
            more, so that the same change can be renewed for as long again. At an instant it is exact, and
            must do nothing if it was `replaced` meanwhile.
        name: The job's name in lists; a `Sentence` is shown in each reader's language.
        left: The state in which the change leaves things, for the follow-up to compare.
    """
    run, services = current_run(), host_of(bot).services
    digest = hashlib.sha256(f"{run.run_id}\n{about}\n{run.round}".encode()).hexdigest()[:24]
    plan = {
        "id": new_ending_id(digest if run.run_id else secrets.token_hex(12)),
        "at": to_iso(after if isinstance(after, datetime) else instants.now() + after),
    }
    delay = timedelta() if isinstance(after, datetime) else _RENEWAL

    async def save(plan: dict[str, Any]) -> dict[str, Any]:
        at = from_iso(plan["at"])
        since = to_iso(instants.now())
        debt = Debt(plan["id"], run.guild_id, method, params, about, since, dict(left or {}))
        await owe(host_of(bot).memory, debt)
        job = Job(
            id=plan["id"],
            handler_id=services.handler_id,
            method=method,
            params=params,
            trigger=Trigger("date", {"run_date": to_iso(at + delay)}),
            name=str(name)[:100],
            guild_id=run.guild_id,
            creator_id=run.creator_id,
            timezone=run.timezone,
            grace=_PATIENCE,
            meta={FOLLOWS: run.job_id or "", **name_meta(name)},
        )
        try:
            saved = await services.client.create(job)
        except RequestRefused as error:
            if isinstance(error, Conflict) and await _saved(bot, plan["id"]):
                return {"job_id": plan["id"], "at": to_iso(at)}  # by an earlier attempt
            raise JobFailed(
                Sentence(
                    "The follow-up couldn't be scheduled, so nothing was started. {message}",
                    "follow_up_not_scheduled_nothing_begun",
                    message=error.message,
                ),
                retry=False,
            ) from error
        except ClientError as error:
            raise JobFailed(
                Sentence(
                    "The follow-up couldn't be scheduled. {message}",
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
    await host_of(bot).memory.put(_NOTE, about, {"job_id": result["job_id"], "guild_id": run.guild_id})
    return result


async def waiting(bot: object, about: str) -> Job | None:
    """Return the waiting follow-up job about something, or None.

    Raises JobFailed if the server can't be reached.
    """
    note = await host_of(bot).memory.kept(_NOTE, about)
    job = await _saved(bot, note["job_id"]) if note is not None else None
    return job if job and job.state is JobState.ACTIVE and job.next_run_at is not None else None


async def owed(bot: object) -> Debt | None:
    """Return the debt that the current run settles; None if it is a run of a person's job."""
    return await debt_of(host_of(bot).memory, current_run().job_id)


async def replaced(bot: object, about: str) -> bool:
    """Return whether the run settles an earlier debt about something than the one that was made last."""
    note, job_id = await host_of(bot).memory.kept(_NOTE, about), current_run().job_id
    return note is not None and await owed(bot) is not None and note["job_id"] != job_id


async def debt_about(bot: object, about: str) -> Debt | None:
    """Return the debt about something that a waiting follow-up will settle, or None."""
    job = await waiting(bot, about)
    return await debt_of(host_of(bot).memory, job.id) if job is not None else None


async def call_off(bot: object, about: str) -> bool:
    """Cancel the waiting follow-up about something, and return whether there was one.

    Call it when a later change makes the undo job wrong, such as a role that is now given for good. The
    follow-up that is running doesn't call off itself.
    """
    job = await waiting(bot, about)
    if job is None or job.id == current_run().job_id:
        return False
    await _call_off(bot, job)
    return True


async def _saved(bot: object, job_id: str) -> Job | None:
    """Return the job with that id, or None."""
    try:
        return await host_of(bot).services.client.job(job_id, current_run().guild_id)
    except NotFound:
        return None
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "The follow-up couldn't be worked out. {message}",
                "follow_up_unknown",
                message=error.message,
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error


async def _call_off(bot: object, job: Job) -> None:
    try:
        await host_of(bot).services.client.cancel(job)
    except (NotFound, Conflict):
        return  # it ran, or was changed, a moment ago
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "The follow-up couldn't be cancelled. {message}",
                "follow_up_not_called_off",
                message=error.message,
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error
    await host_of(bot).memory.forget(DEBT, job.id)
