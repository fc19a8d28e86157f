"""``/remind forget``: what is kept of a person, as a file, and a button that deletes it."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.context import Caller
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import OVER, WAITING
from cogs.desk.reminders import own_feed
from cogs.desk.reminders.controls import ReminderButton
from cogs.desk.reminders.listing import said_lost
from cogs.forgetting import forget_person
from cogs.language import t, tn
from cogs.sprocket_state import states_of_person
from cogs.undelivered import undelivered_to
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.model import Job, JobState

_MOST_LISTED = 5000
"""Reminders, runs and audit entries in the file, which has to be small enough to send."""
_A_PAGE = 200


async def show_own_data(caller: Caller) -> None:
    """Show what is kept of the person, with all of it as a file, and offer to delete it."""
    await caller.acknowledge()
    memory, person = caller.memory, caller.interaction.user.id
    jobs = [job async for job in caller.client.all_jobs(caller.actor_id)]
    lost = await undelivered_to(memory, caller.actor_id)
    drafts = await memory.all_drafts_of(person)
    files = await memory.files.of(caller.actor_id)
    zone = await memory.timezone(person, None)
    states = await states_of_person(memory, person)
    feeds = await own_feed.feeds_or_none(caller)
    over = [await _in_state(caller, state) for state in (JobState.CANCELLED, JobState.FINISHED)]
    every = list({job.id: job for job in (*jobs, *itertools.chain(*over))}.values())
    kept: dict[str, Any] = {
        "user_id": caller.actor_id,
        "timezone": zone,
        "reminders": [await _reminder(caller, job) for job in every[:_MOST_LISTED]],
        "history": await _history(caller),
        "audit": await _audit(caller),
        "undelivered": [item.to_json() for item in lost],
        "drafts": [{"method": item.method, "values": item.values, "when": item.when} for item in drafts],
        "files": [asdict(item) for item in files],
        "sprockets": states,
        "calendar_addresses": [feed.to_json() for feed in feeds],
        "templates": [
            {"guild_id": item.guild_id, "name": item.name}
            for item in await memory.templates.saved_by(caller.actor_id)
        ],
        # The channel of the direct messages, what could not be sent even if it was seen, and the like.
        "notes": await memory.notes_about(caller.actor_id),
    }
    lines = [
        f"### {t('What I store about you')}",
        f"- {tn('{count} reminder, with its history', '{count} reminders, with their history', len(jobs))}",
        f"- {said_lost(len(lost))}",
        f"- {tn('{count} job draft', '{count} job drafts', len(drafts))}",
        *([f"- {tn('{count} attached file', '{count} attached files', len(files))}"] if files else []),
        *([f"- {tn('{count} calendar address', '{count} calendar addresses', len(feeds))}"] if feeds else []),
        f"- {t('Your time zone: {zone}', zone=zone or t('not set'))}",
        t(
            "Jobs you created for a server belong to that server. Cancel them there, or ask its "
            "administrators to do so."
        ),
    ]
    button = ReminderButton("forget", "me", t("Delete everything"), style=discord.ButtonStyle.danger)
    await caller.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(button), colour=WAITING))
    data = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    await caller.interaction.followup.send(
        file=discord.File(io.BytesIO(data), "what-i-keep.json"), ephemeral=True
    )


async def _in_state(caller: Caller, state: JobState) -> list[Job]:
    return [job async for job in caller.client.all_jobs(caller.actor_id, JobQuery(state=state))]


async def _reminder(caller: Caller, job: Job) -> dict[str, Any]:
    """Return a reminder with its earlier versions, if it has any and the server keeps them."""
    if job.version == 1 or Feature.UNDO in await caller.client.lacks():
        return job.to_json()
    return {**job.to_json(), "versions": [item.to_json() for item in await caller.client.versions(job.id)]}


async def _history(caller: Caller) -> list[dict[str, Any]]:
    """Return the runs of the person's reminders, newest first."""

    async def page(cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        found = await caller.client.runs(caller.actor_id, cursor=cursor, limit=_A_PAGE)
        return [run.to_json() for run in found.runs], found.next_cursor

    return await _listed(page)


async def _audit(caller: Caller) -> list[dict[str, Any]]:
    """Return who changed the person's reminders, newest first; nothing if the server keeps no audit."""
    if Feature.AUDIT in await caller.client.lacks():
        return []

    async def page(cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        found = await caller.client.audit(caller.actor_id, cursor=cursor, limit=_A_PAGE)
        return [entry.to_json() for entry in found.entries], found.next_cursor

    return await _listed(page)


async def _listed(
    page_after: Callable[[str | None], Awaitable[tuple[list[dict[str, Any]], str | None]]],
) -> list[dict[str, Any]]:
    """Return what the pages after each cursor hold, up to the limit of the file."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < _MOST_LISTED:
        items, cursor = await page_after(cursor)
        found += items
        if cursor is None:
            break
    return found


async def forget_me(caller: Caller, _target: str) -> None:
    """Delete what is kept of the person."""
    await caller.acknowledge()
    await forget_person(caller.services, caller.interaction.user.id)
    said = t(
        "Deleted: your reminders and their history, your drafts, files, calendar addresses and time "
        "zone, and what sprockets remember about you."
    )
    await caller.show(panel_of(ui.TextDisplay(said), colour=OVER))
