"""Read what a person typed for a reminder, and save it: the same for a new one, an edit and a new zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import discord

from cogs.desk.kit.context import Caller
from cogs.desk.kit.wording import cut, plain
from cogs.language import locale, t, translated
from cogs.rights.allowance import allowance_of, no_more_reminders, runs_too_often
from cogs.services import Refused
from schedulezero import instants
from schedulezero.errors import RequestRefused, ScheduleZeroError, WhenError
from schedulezero.model import Job, JobState, Trigger
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import Understood

METHOD = "remind"
WHEN = "when"
"""The key in a reminder's meta that holds the text of its time, to read it again in another zone."""
_OTHER_ZONES = ("Pacific/Kiritimati", "Pacific/Niue")


async def understood_by(caller: Caller, when: str, zone: str) -> Understood:
    """Read a reminder's time as the person means it here; raise WhenError if it isn't understood."""
    return understand(when, zone=zone, locale=locale(), now=instants.now(), habits=await caller.habits())


async def created(caller: Caller, what: str, when: str, understood: Understood) -> Job:
    """Save a new reminder from what was typed; raise Refused, with the typed text, if that can't be done."""
    try:
        return await save(
            caller, what, understood.trigger, understood.zone, made_at=place_of(caller), meta={WHEN: when}
        )
    except (Refused, RequestRefused) as error:
        raise Refused(with_typed(error, what, when)) from error


async def changed(caller: Caller, job: Job, what: str, when: str, zone: str) -> tuple[Job, Understood | None]:
    """Save a reminder with another text, another time, or both; an empty *when* keeps its time.

    Returns:
        The saved reminder, and how its new time was read.
    """
    what = what.strip() or str(job.params["message"])
    edited = replace(job, params={**job.params, "message": what}, name=_name(what))
    understood = None
    try:
        if when.strip():
            now = instants.now()
            understood = await understood_by(caller, when, zone)
            schedule = schedule_of(understood.trigger, anchor=now, zone=understood.zone)
            allowance = await allowance_of(caller.services, caller.actor_id, caller.actor_id)
            if exceeded := runs_too_often(schedule, now, allowance.limits, personal=True):
                raise Refused(exceeded)
            edited = replace(
                edited,
                trigger=understood.trigger,
                timezone=understood.zone,
                meta={**job.meta, WHEN: when},
            )
        saved = await caller.client.change(edited, job.version, caller.actor_id)
        if understood is not None and saved.state is JobState.PAUSED:
            # A reminder that gets a new time is wanted again; one that is over is active by now.
            saved = await caller.client.resume(saved.id, caller.actor_id, version=saved.version)
        return saved, understood
    except (WhenError, Refused, RequestRefused) as error:
        raise Refused(with_typed(error, what, when)) from error


async def save(
    caller: Caller,
    what: str,
    trigger: Trigger,
    zone: str,
    job_id: str = "",
    *,
    made_at: str | None = None,
    meta: dict[str, Any] | None = None,
) -> Job:
    """Save a new reminder."""
    services, person, now = caller.services, caller.actor_id, instants.now()
    allowance = await allowance_of(caller.services, caller.actor_id, person)
    schedule = schedule_of(trigger, anchor=now, zone=zone)
    exceeded = no_more_reminders(allowance) or runs_too_often(schedule, now, allowance.limits, personal=True)
    if exceeded is not None:
        raise Refused(exceeded)
    params = {"user_id": person, "message": what, **({"made_at": made_at} if made_at else {})}
    return await services.client.create(
        Job(
            id=job_id,
            handler_id=services.handler_id,
            method=METHOD,
            params=params,
            trigger=trigger,
            name=_name(what),
            guild_id=person,
            creator_id=person,
            timezone=zone,
            meta=meta or {},
        )
    )


def place_of(caller: Caller) -> str | None:
    """Return a link to where a person uses a command: the newest message there, or the channel."""
    interaction = caller.interaction
    if interaction.guild_id is None or interaction.channel_id is None:
        return None
    place = f"https://discord.com/channels/{interaction.guild_id}/{interaction.channel_id}"
    channel = interaction.channel
    newest = channel.last_message_id if isinstance(channel, discord.TextChannel | discord.Thread) else None
    return f"{place}/{newest}" if newest else place


async def depends_on_zone(caller: Caller, when: str) -> bool:
    """Return whether a text means different instants in different zones, as *at 9* does."""
    now = instants.now()
    nexts: list[datetime | None] = []
    for zone in _OTHER_ZONES:
        try:
            item = await understood_by(caller, when, zone)
        except WhenError:  # as a day that has begun there, and not here
            return True
        nexts.append(schedule_of(item.trigger, anchor=now, zone=item.zone).next_after(now))
    return nexts[0] != nexts[1]


def _name(what: str) -> str:
    return cut(" ".join(what.split()), 100)


def with_typed(error: ScheduleZeroError, what: str, when: str) -> str:
    """Return what was wrong, and what the person typed, so that nothing has to be typed again."""
    return f"{translated(error.message)}\n-# {t('You wrote:')} {plain(what)} · {plain(when)}"


def read_as(understood: Understood | None) -> list[str]:
    """Return what a person should know about how their text was read, as lines of a panel."""
    return [f"✏ {plain(translated(note))}" for note in (understood.notes if understood else ())]
