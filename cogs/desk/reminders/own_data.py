"""``/remind forget``: what is kept of a person, as a file, and a button that deletes it."""

from __future__ import annotations

import io
import json
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
from schedulezero.model import Job

_MOST_LISTED = 1000
_SHOWN = ("name", "params", "trigger", "timezone", "state", "created_at", "meta")


async def show_own_data(caller: Caller) -> None:
    """Show what is kept of the person, with all of it as a file, and offer to delete it."""
    await caller.acknowledge()
    memory, person = caller.memory, caller.interaction.user.id
    jobs = [job async for job in caller.client.all_jobs(caller.actor_id)][:_MOST_LISTED]
    lost = await undelivered_to(memory, caller.actor_id)
    drafts = await memory.all_drafts_of(person)
    files = await memory.files.of(caller.actor_id)
    zone = await memory.timezone(person, None)
    states = await states_of_person(memory, person)
    feeds = await own_feed.feeds_or_none(caller)
    kept: dict[str, Any] = {
        "user_id": caller.actor_id,
        "timezone": zone,
        "reminders": [_reminder(job) for job in jobs],
        "undelivered": [item.to_json() for item in lost],
        "drafts": [{"method": item.method, "values": item.values, "when": item.when} for item in drafts],
        "files": [asdict(item) for item in files],
        "sprockets": states,
        "calendar_addresses": [feed.to_json() for feed in feeds],
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
            "Jobs you created for a server belong to that server. Cancel them there, or "
            "ask its administrators."
        ),
    ]
    button = ReminderButton("forget", "me", t("Delete everything"), style=discord.ButtonStyle.danger)
    await caller.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(button), colour=WAITING))
    data = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    await caller.interaction.followup.send(
        file=discord.File(io.BytesIO(data), "what-i-keep.json"), ephemeral=True
    )


def _reminder(job: Job) -> dict[str, Any]:
    data = job.to_json()
    return {key: data[key] for key in _SHOWN}


async def forget_me(caller: Caller, _target: str) -> None:
    """Delete what is kept of the person."""
    await caller.acknowledge()
    await forget_person(caller.services, caller.interaction.user.id)
    said = t("Deleted: your reminders, their history, your drafts and your time zone.")
    await caller.show(panel_of(ui.TextDisplay(said), colour=OVER))
