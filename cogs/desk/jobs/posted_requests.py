"""Where requests for approval were posted, so that each card says what became of its job.

A card is for everyone in its channel and stays there. Once its job is approved, sent back, changed, cancelled
or brought back, the card says so, without the buttons of a version that nobody waits for any more. The
server's audit tells it, whoever did it and however; a click on a card that missed it draws it again, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any
from weakref import WeakValueDictionary

import discord
from discord import ui
from discord.ext import commands

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.wording import ACTIONS, job_colour, job_state, relative, titled
from cogs.guild_language import locale_of
from cogs.language import speaking, t
from cogs.services import services_of
from schedulezero.errors import ClientError
from schedulezero.model import Job, JobState, JobVersion

log = logging.getLogger(__name__)

ENDS = frozenset({"approved", "changes_asked", "changed", "cancelled", "restored"})
"""The actions that end a request for the approval of one version."""

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def _turn(job_id: str) -> asyncio.Lock:
    """Return the lock under which what is known of a job's card changes; one process serves its guild."""
    return _turns.setdefault(job_id, asyncio.Lock())


def _key(job_id: str) -> str:
    """Return the key of a job's card in memory, where keys of open panels are short."""
    return hashlib.sha256(f"approval/{job_id}".encode()).hexdigest()[:16]


async def remember(bot: commands.Bot, guild: discord.Guild, job: Job, message: discord.Message) -> None:
    """Note the card that asks for the approval of a job's version; the card before it, if any, is over."""
    memory = services_of(bot).memory
    state = {"channel": message.channel.id, "message": message.id, "version": job.version}
    async with _turn(job.id):
        before = await memory.panel(_key(job.id), guild.id)
        await memory.save_panel(_key(job.id), guild.id, state)
    if before is not None:
        await _draw(bot, guild, job, _message(guild, before))


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
    await _draw(bot, guild, job, _message(guild, known))


async def settle_clicked(bot: commands.Bot, guild: discord.Guild, job: Job, clicked: discord.Message) -> None:
    """Let a card that somebody clicked say what became of its job."""
    if not clicked.flags.ephemeral:
        await _draw(bot, guild, job, clicked)


def _message(guild: discord.Guild, state: dict[str, Any]) -> discord.PartialMessage | None:
    channel = guild.get_channel_or_thread(int(state["channel"]))
    if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
        return None
    return channel.get_partial_message(int(state["message"]))


async def _draw(
    bot: commands.Bot,
    guild: discord.Guild,
    job: Job,
    message: discord.Message | discord.PartialMessage | None,
) -> None:
    if message is None:
        return
    services = services_of(bot)
    try:
        versions = await services.client.versions(job.id, 1)
        with speaking(locale_of(guild, await services.memory.settings(guild.id))):
            panel = _panel(job, versions[0] if versions else None)
        await message.edit(view=panel, attachments=[], allowed_mentions=discord.AllowedMentions.none())
    except (ClientError, *TROUBLES) as error:
        log.info("the request to approve job %s can't be drawn again: %s", job.id, error)


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
