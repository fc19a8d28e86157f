"""The owner's limits in a guild or for a person: what is used up, their wording, what a job would exceed.

The server enforces them. The published ScheduleZero server has none; with it, only the desk applies the bot's
own limits.
"""

from __future__ import annotations

from datetime import datetime

from cogs import formats
from cogs.language import grouped, mebibytes, shown_locale, t, tn, translated
from cogs.services import Services
from schedulezero.client.dialect import Feature
from schedulezero.errors import NotFound
from schedulezero.model import Job, JobState
from schedulezero.model.limits import (
    Allowance,
    Limits,
    check_jobs,
    check_persons_jobs,
    check_reminders,
    is_personal,
    too_often,
)
from schedulezero.when.calendar.gaps import gap_below
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of

_LIVE = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)


async def allowance_of(services: Services, person: str, place: str) -> Allowance:
    """Return the limits of a guild, or of a person's reminders, and what is used up.

    Parameters:
        services: the bot's services.
        person: the id of the person who asks.
        place: the guild's id, or the person's own.
    """
    if Feature.RULES not in await services.client.lacks():
        try:
            return await services.client.allowance(place, person)
        except NotFound:
            pass  # an older server
    jobs = [job async for job in services.client.all_jobs(place) if job.state in _LIVE]
    limits = services.limits
    return Allowance(
        limits=limits,
        jobs=len(jobs),
        most_jobs=limits.reminders_per_person if place == person else limits.jobs_per_guild,
        mine=sum(job.creator_id == person for job in jobs),
    )


def without_room(allowance: Allowance, *, person: str | None = None) -> str | None:
    """Return why a guild has no room for one more job, in the reader's language; None if it has.

    Parameters:
        allowance: the guild's limits.
        person: the job's creator, if they may schedule but do not manage the guild.
    """
    limits = allowance.limits
    excess = check_jobs(allowance.jobs, limits.jobs_per_guild, allowance.most_jobs)
    if excess is None and person is not None:
        excess = check_persons_jobs(allowance.mine or 0, limits, person)
    return translated(excess.message) if excess is not None else None


def no_more_reminders(allowance: Allowance) -> str | None:
    """Return why a person can have no more reminders, in the reader's language; None if they can."""
    excess = check_reminders(allowance.jobs, allowance.limits)
    return translated(excess.message) if excess is not None else None


def runs_too_often(
    schedule: Schedule, now: datetime, limits: Limits, *, personal: bool = False
) -> str | None:
    """Return why a schedule's runs are too close together, in the reader's language; None if they are not."""
    shortest = limits.shortest(personal)
    gap = gap_below(schedule, now, shortest) if shortest is not None else None
    return translated(too_often(gap, limits, personal=personal).message) if gap is not None else None


def closer_than_allowed(job: Job, limits: Limits, now: datetime) -> str | None:
    """Return a warning for a job saved before its interval became too short; it keeps running."""
    personal = is_personal(job.guild_id, job.creator_id)
    shortest = limits.shortest(personal)
    if shortest is None or job.state not in _LIVE or job.trigger.type == "unknown":
        return None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or now, zone=job.timezone)
    gap = gap_below(schedule, now, shortest)
    if gap is None:
        return None
    most = limits.runs_a_minute(personal)
    said = t(
        "Some of this job's runs are only {gap} apart, but the shortest interval allowed is now {least}. "
        "The job keeps running.",
        gap=formats.span(gap, shown_locale()),
        least=formats.span(shortest, shown_locale()),
    )
    waits = tn(
        "This server can have {count} run a minute; further runs wait.",
        "This server can have {count} runs a minute; further runs wait.",
        most or 0,
    )
    return f"{said} {waits}" if most is not None else said


def used_up(allowance: Allowance, *, member: bool, held: bool = True) -> str:
    """Describe a guild's limits on one line.

    Parameters:
        allowance: the guild's limits.
        member: whether to include the limit of a person who may schedule but does not manage the guild.
        held: whether the server counts a guild's runs and holds them to a number a minute.
    """
    limits = allowance.limits
    used, most = allowance.jobs, allowance.most_jobs
    if most is None:
        parts = [tn("{count} job", "{count} jobs", used)]
    else:
        parts = [tn("{used} of {count} job", "{used} of {count} jobs", most, used=grouped(used))]
    runs, most = allowance.runs, limits.runs_per_minute
    if held and most is not None:
        parts.append(
            tn(
                "{used} of {count} run in the last minute",
                "{used} of {count} runs in the last minute",
                most,
                used=grouped(runs),
            )
        )
    elif held:
        parts.append(tn("{count} run in the last minute", "{count} runs in the last minute", runs))
    if member and limits.jobs_per_person is not None:
        parts.append(t("your jobs: {used}", used=_of(allowance.mine or 0, limits.jobs_per_person)))
    return " · ".join([*parts, *_distance(limits, personal=False)])


def reminders_used_up(allowance: Allowance) -> str:
    """Describe the limits of a person's reminders on one line."""
    limits = allowance.limits
    used, most = allowance.jobs, allowance.most_jobs
    if most is None:
        parts = [tn("{count} reminder", "{count} reminders", used)]
    else:
        parts = [tn("{used} of {count} reminder", "{used} of {count} reminders", most, used=grouped(used))]
    if limits.reminder_runs_per_minute is not None:
        parts.append(t("at most {count} sent a minute", count=limits.reminder_runs_per_minute))
    return " · ".join([*parts, *_distance(limits, personal=True)])


def imports(limits: Limits) -> str:
    """Describe how large an imported file may be."""
    return t(
        "imports of up to {count} jobs and {size} KiB",
        count=grouped(limits.entries),
        size=grouped(limits.file_bytes // 1024),
    )


def files_used(used: int, most: int | None) -> str:
    """Describe how much of its room for files a guild uses; ``used`` is in bytes, ``most`` in MiB."""
    if most is None:
        return t("files: {used} MiB", used=mebibytes(used))
    return t("files: {used} of {most} MiB", used=mebibytes(used), most=grouped(most))


def _distance(limits: Limits, *, personal: bool) -> list[str]:
    shortest = limits.shortest(personal)
    if shortest is None:
        return []
    return [t("shortest interval {time}", time=formats.span(shortest, shown_locale()))]


def _of(used: int, most: int | None) -> str:
    return grouped(used) if most is None else t("{used} of {most}", used=grouped(used), most=grouped(most))
