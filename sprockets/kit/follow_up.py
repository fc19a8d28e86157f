"""Follow-up jobs: a job schedules a second job for later, such as removing a temporary role.

Such an *ending* is the bot's debt (`schedulezero.methods.debts`): it needs the bot's rights only, and neither
quiet hours nor limits hold it back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
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
from schedulezero.methods.debts import Debt, close, debt_of, job_for, owe
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import FOLLOW_UP
from schedulezero.model import Job, JobState
from schedulezero.model.limits import new_ending_id
from schedulezero.sentences import Sentence

DONE, LIFTED = "done", "lifted"
"""Keys of `Debt.left`: whether the change was made, so that what differs is other people's doing (False if it
was refused, None if that is unknown); somebody undid it by hand since, so that nothing is left to undo."""
_FORGOTTEN = Sentence(
    "The server's data was deleted while this was running, so nothing was started.",
    "place_forgotten_nothing_begun",
)
_AGAIN_SECONDS = 5.0
# A weekly job that gives something for a week renews it at the instant when it ends. The delay lets the
# renewal run first and cancel the ending.
_RENEWAL = timedelta(seconds=5)


async def follow_up(
    bot: object,
    about: str,
    method: str,
    params: Mapping[str, Any],
    after: timedelta | datetime,
    name: str,
    left: Mapping[str, Any] | None = None,
    *,
    stands: bool = True,
) -> dict[str, Any]:
    """Schedule another job for later, once in the current run, and return ``{"job_id": …, "at": …}``.

    Schedule the undo job before you make the change, so that a temporary change can't become permanent. There
    is one follow-up about a thing. If an earlier one still waits, does the same and comes later, it stays:
    the latest end counts. Otherwise the new one replaces it. Raises JobFailed if the job can't be saved.

    The follow-up runs with the bot's own rights, at its exact time, whoever has left by then. Write it
    so that it undoes only what is still as ``left`` says (see `owed`), and succeeds if nothing is left.

    Parameters:
        bot: The bot.
        about: What the job is about, with its id, such as ``slowmode:123``.
        method: The job method to run.
        params: Its parameters.
        after: How long from now, or the instant. After a length of time, the follow-up waits five seconds
            more, so that the same change can be renewed for as long again. At an instant it is exact, and
            must do nothing if `debt_about` returns no debt with its own ``job_id``, as it was replaced then.
        name: The job's name in lists; a `Sentence` is shown in each reader's language.
        left: The state in which the change leaves things, for the follow-up to compare.
        stands: Whether the change still stands that an earlier follow-up would undo; if not, that one doesn't
            count.
    """
    run, services = current_run(), host_of(bot).services
    digest = hashlib.sha256(f"{run.run_id}\n{about}\n{run.round}".encode()).hexdigest()[:24]
    exact = isinstance(after, datetime)
    at = after if isinstance(after, datetime) else instants.now() + after
    later = await _later(bot, about, method, params, at) if stands else None
    plan: dict[str, Any] = {
        "id": new_ending_id(digest if run.run_id else secrets.token_hex(12)),
        "at": to_iso(at),
        "kept": later.id if later is not None else None,
    }

    async def save(plan: dict[str, Any]) -> dict[str, Any]:
        memory = host_of(bot).memory
        kept = await debt_of(memory, plan.get("kept"))
        if kept is not None:
            due = kept.due or plan["at"]
            if not await owe(memory, replace(kept, left=dict(left or {}))):
                raise JobFailed(_FORGOTTEN, retry=False)
            return {"job_id": kept.job_id, "at": due}
        at = from_iso(plan["at"])
        since = to_iso(instants.now())
        debt = Debt(
            plan["id"],
            run.guild_id,
            method,
            params,
            about,
            since,
            dict(left or {}),
            due=plan["at"],
            name=name,
            creator_id=run.creator_id,
            timezone=run.timezone,
            follows=run.job_id or "",
        )
        if not await owe(memory, debt):
            raise JobFailed(_FORGOTTEN, retry=False)
        job = job_for(debt, services.handler_id, at if exact else at + _RENEWAL)
        try:
            saved = await services.client.create(job)
        except RequestRefused as error:
            if isinstance(error, Conflict) and await _saved(bot, plan["id"]):
                return {"job_id": plan["id"], "at": to_iso(at)}  # by an earlier attempt
            await close(memory, debt)
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

    earlier = await _noted(bot, about)
    result = await step(f"after:{about}", save, plan=plan)
    is_other = earlier is not None and earlier not in (result["job_id"], run.job_id)
    # An exact end that comes at this moment isn't called off, or its run would fail: it is `replaced`.
    if earlier is not None and is_other and not (exact and await _is_coming(bot, earlier)):
        await _call_off(bot, earlier)
    await host_of(bot).memory.put(FOLLOW_UP, about, {"job_id": result["job_id"], "guild_id": run.guild_id})
    return result


def end_after(lasts: timedelta) -> datetime:
    """Return when a change of the current run is over, to the second, counted from when the run was due.

    Parameters:
        lasts: How long the change lasts.
    """
    return current_run().scheduled_at.replace(microsecond=0) + lasts


def was_over(ends: datetime) -> Sentence:
    """Return what a run says that comes so late that its change would be over."""
    return Sentence(
        "Nothing was changed, because the end of this change has already passed ({until}).",
        "change_over",
        until=to_iso(ends),
    )


async def _is_coming(bot: object, job_id: str) -> bool:
    """Return whether a follow-up's time has come, and its run may be under way."""
    debt, now = await debt_of(host_of(bot).memory, job_id), instants.now()
    if debt is None or debt.due is None or from_iso(debt.due) > now or debt.is_overdue(now):
        return False
    job = await _saved(bot, job_id)
    return job is not None and job.state is not JobState.CANCELLED


async def _later(bot: object, about: str, method: str, params: Mapping[str, Any], at: datetime) -> Job | None:
    """Return the waiting follow-up that does the same as a new one, and later; None if there is none."""
    job = await waiting(bot, about)
    debt = await debt_of(host_of(bot).memory, job.id) if job is not None else None
    if job is None or debt is None or debt.due is None or job.id == current_run().job_id:
        return None
    same = debt.is_settled_by(current_run().guild_id, method, params)
    return job if same and from_iso(debt.due) > at else None


async def _noted(bot: object, about: str) -> str | None:
    """Return the id of the latest follow-up job about something."""
    note = await host_of(bot).memory.kept(FOLLOW_UP, about)
    return note["job_id"] if note is not None else None


async def waiting(bot: object, about: str) -> Job | None:
    """Return the waiting follow-up job about something, or None.

    Raises JobFailed if the server can't be reached.
    """
    job_id = await _noted(bot, about)
    job = await _saved(bot, job_id) if job_id is not None else None
    return job if job and job.state is JobState.ACTIVE and job.next_run_at is not None else None


async def owed(bot: object) -> Debt | None:
    """Return the debt that the current run settles; None if it is a run of a person's job."""
    return await debt_of(host_of(bot).memory, current_run().job_id)


async def replaced(bot: object, about: str) -> bool:
    """Return whether the debt that a run began to settle was replaced or called off since."""
    noted = await _noted(bot, about)
    return await owed(bot) is None or (noted is not None and noted != current_run().job_id)


async def debt_about(bot: object, about: str) -> Debt | None:
    """Return the open debt about something, or None.

    Its follow-up waits, or has come and couldn't settle it yet. Raises JobFailed if the server can't be
    reached.
    """
    debt = await debt_of(host_of(bot).memory, await _noted(bot, about))
    if debt is None:
        return None
    job = await _saved(bot, debt.job_id)
    return None if job is not None and job.state is JobState.CANCELLED else debt


async def note_left(bot: object, about: str, **left: Any) -> None:
    """Note more about the state in which a change left things, in the open debt about it, if there is one."""
    debt = await open_debt(bot, about)
    if debt is not None:
        await owe(host_of(bot).memory, replace(debt, left={**debt.left, **left}))


async def open_debt(bot: object, about: str) -> Debt | None:
    """Return the noted debt about something, or None. It asks the bot's memory only."""
    return await debt_of(host_of(bot).memory, await _noted(bot, about))


async def watched(bot: object, about: str) -> Debt | None:
    """Return the open debt about something that people may undo by hand from now on, or None.

    For listeners of Discord's events: it asks the bot's memory only.
    """
    debt = await open_debt(bot, about)
    return debt if debt is not None and debt.left.get(DONE) and not debt.left.get(LIFTED) else None


async def call_off(bot: object, about: str) -> bool:
    """Cancel the open follow-up about something, and return whether there was one.

    Call it when a later change makes the undo job wrong, such as a role that is now given for good. The
    follow-up that is running doesn't call off itself.
    """
    job_id = await _noted(bot, about)
    if job_id is None or job_id == current_run().job_id:
        return False
    is_open = await debt_about(bot, about) is not None or await waiting(bot, about) is not None
    await _call_off(bot, job_id)
    return is_open


async def _saved(bot: object, job_id: str) -> Job | None:
    """Return the job with that id, or None."""
    try:
        return await host_of(bot).services.client.job(job_id, current_run().guild_id)
    except NotFound:
        return None
    except ClientError as error:
        raise JobFailed(
            Sentence(
                "The follow-up couldn't be looked up. {message}",
                "follow_up_unknown",
                message=error.message,
            ),
            retry_after=_AGAIN_SECONDS,
        ) from error


async def _call_off(bot: object, job_id: str) -> None:
    """Cancel a follow-up job, and close its debt, so that not even a run under way can settle it."""
    debt = await debt_of(host_of(bot).memory, job_id)
    job = await _saved(bot, job_id)
    waits = job is not None and job.state is JobState.ACTIVE and job.next_run_at is not None
    if job is not None and (debt is not None or waits):
        try:
            await host_of(bot).services.client.cancel(job)
        except (NotFound, Conflict):
            pass  # it ran, or was changed, a moment ago; its debt is closed anyway
        except ClientError as error:
            raise JobFailed(
                Sentence(
                    "The follow-up couldn't be cancelled. {message}",
                    "follow_up_not_called_off",
                    message=error.message,
                ),
                retry_after=_AGAIN_SECONDS,
            ) from error
    if debt is not None:
        await close(host_of(bot).memory, debt)
