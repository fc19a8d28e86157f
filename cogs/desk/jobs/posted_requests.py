"""Where requests for approval were posted, so that each card says what became of its job.

A card is for everyone in its channel and stays there. Once its job is approved, sent back, changed, cancelled
or brought back, the card says so, without the buttons of a version that nobody waits for any more. The
server's audit tells it, whoever did it and however; a click on a card that missed it draws it again, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord import ui
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.layout import note_panel, panel_of, row_of
from cogs.desk.kit.wording import (
    ACTIONS,
    NEUTRAL,
    WAITING,
    bullets,
    cut,
    job_colour,
    job_state,
    plain,
    relative,
    sentence,
    title_of,
    titled,
)
from cogs.guild_language import locale_of
from cogs.language import speaking, t, tn
from cogs.services import services_of
from schedulezero.errors import ClientError
from schedulezero.model import Job, JobState, JobVersion

log = logging.getLogger(__name__)

ENDS = frozenset({"approved", "changes_asked", "changed", "cancelled", "restored"})
"""The actions that end a request for the approval of one version."""
LISTED = 25
"""The most options of a select, and so the most jobs that one card lists."""

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def _turn(job_id: str) -> asyncio.Lock:
    """Return the lock under which what is known of a job's card changes; one process serves its guild."""
    return _turns.setdefault(job_id, asyncio.Lock())


def _key(job_id: str) -> str:
    """Return the key of a job's card in memory, where keys of open panels are short."""
    return hashlib.sha256(f"approval/{job_id}".encode()).hexdigest()[:16]


async def remember(
    bot: commands.Bot, guild: discord.Guild, jobs: Sequence[Job], message: discord.Message
) -> None:
    """Note the card that asks for the approval of these versions; cards of earlier ones are over."""
    memory = services_of(bot).memory
    listed = jobs[:LISTED]
    state: dict[str, Any] = {"channel": message.channel.id, "message": message.id}
    state |= {"jobs": [job.id for job in listed], "more": len(jobs) - len(listed)}
    for job in listed:
        async with _turn(job.id):
            before = await memory.panel(_key(job.id), guild.id)
            await memory.save_panel(_key(job.id), guild.id, {**state, "version": job.version})
        if before is not None:
            await _draw(bot, guild, job, before)


async def settle(bot: commands.Bot, guild: discord.Guild, job_id: str) -> None:
    """Let the card of a job say what became of it, unless the version on it still waits."""
    services = services_of(bot)
    async with _turn(job_id):
        known = await services.memory.panel(_key(job_id), guild.id)
        if known is None:
            return
        try:
            job = await services.client.job(job_id, str(guild.id))
        except ClientError as error:
            log.info("what became of job %s is not known: %s", job_id, error)
            return
        if job.state is JobState.PENDING and job.version <= known["version"]:
            return
        await services.memory.take_panel(_key(job_id), guild.id)
    await _draw(bot, guild, job, known)


async def settle_clicked(bot: commands.Bot, guild: discord.Guild, job: Job, clicked: discord.Message) -> None:
    """Let a card that somebody clicked say what became of its job."""
    if not clicked.flags.ephemeral:
        await _draw(bot, guild, job, {"channel": clicked.channel.id, "message": clicked.id})


async def _draw(bot: commands.Bot, guild: discord.Guild, job: Job, card: Mapping[str, Any]) -> None:
    """Draw a card again for what became of a job on it."""
    services, channel = services_of(bot), guild.get_channel_or_thread(int(card["channel"]))
    if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
        return
    message = channel.get_partial_message(int(card["message"]))
    try:
        versions = await services.client.versions(job.id, 1)
        asked = card.get("jobs") or ()
        jobs = [await services.client.job(item, str(guild.id)) for item in asked if len(asked) > 1]
        with speaking(locale_of(guild, await services.memory.settings(guild.id))):
            panel = (
                _panel_of_many(jobs, card["more"]) if jobs else _panel(job, versions[0] if versions else None)
            )
        await message.edit(view=panel, attachments=[], allowed_mentions=discord.AllowedMentions.none())
    except (ClientError, *TROUBLES) as error:
        log.info("the request to approve job %s can't be drawn again: %s", job.id, error)


def jobs_menu(jobs: Sequence[Job]) -> ui.ActionRow[ui.LayoutView]:
    """Return a menu that opens one of a few jobs."""
    options = [
        discord.SelectOption(label=cut(title_of(job), 100), value=job.id, description=cut(sentence(job), 100))
        for job in jobs[:LISTED]
    ]
    return row_of(DeskSelect("alert", "look", "any", t("Open a job…"), options))


def _panel_of_many(jobs: Sequence[Job], more: int) -> ui.LayoutView:
    lines = [f"{job_state(job)} · {cut(plain(title_of(job)), 80)}" for job in jobs]
    lines += [tn("and {count} more", "and {count} more", more)] if more else []
    text = "\n".join([f"### {t('Jobs that need approval')}", *bullets(lines, len(lines))])
    colour = WAITING if any(job.state is JobState.PENDING for job in jobs) else NEUTRAL
    return panel_of(ui.TextDisplay(text), jobs_menu(jobs), colour=colour)


def _panel(job: Job, newest: JobVersion | None) -> ui.LayoutView:
    said = f"**{job_state(job)}**"
    if newest is not None:
        told = t(
            "{action} by {person} {when}",
            action=t(ACTIONS.get(newest.action, newest.action)),
            person=f"<@{newest.actor_id}>" if newest.actor_id else t("someone"),
            when=relative(newest.changed_at),
        )
        said += f" · {told}"
    buttons = [DeskButton("job", "show", job.id, t("Open the job"))]
    if job.state is JobState.PENDING:
        buttons.insert(0, DeskButton("job", "approve", job.id, t("Read and approve…")))
    return note_panel(f"### {titled(job, 150)}\n{said}", *buttons, colour=job_colour(job))
