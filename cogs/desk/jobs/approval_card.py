"""The card for a second person's approval: one version of a job in full, or a list of pending jobs.

The card is posted in the guild's alert channel, if it has one; its button names the version that it shows.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import discord
from discord import ui

from cogs.background.discord_troubles import TROUBLES
from cogs.command_mentions import with_mentions
from cogs.desk.drafts.draft import label_of, typed
from cogs.desk.drafts.draft_card import default_line, shown
from cogs.desk.drafts.parts import SpecOf, unknown, when_said
from cogs.desk.drafts.post_preview import is_composed
from cogs.desk.drafts.secrecy import veiled, with_veiled_parts
from cogs.desk.jobs import posted_requests
from cogs.desk.jobs.posted_requests import LISTED, jobs_menu
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.in_words import part_lines
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.layout import fit, panel_of, row_of
from cogs.desk.kit.wording import (
    MISSED,
    OVERLAP,
    WAITING,
    bullets,
    cut,
    full,
    plain,
    readable,
    sentence,
    title_of,
    titled,
)
from cogs.guild_language import locale_of
from cogs.language import speaking, t, with_colon
from cogs.services import spec_for, specs_of
from schedulezero import instants
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job
from schedulezero.model.job_parts import as_job
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

log = logging.getLogger(__name__)

_LONGEST = 3000
"""Longer texts are attached to the card as a file, in full."""
_NEXT_RUNS = 3
_IN_WORDS = (
    Kind.CHANNEL, Kind.CHANNELS, Kind.ROLE, Kind.ROLES, Kind.USER, Kind.USERS, Kind.BOOLEAN, Kind.CHOICE,
    Kind.DATE, Kind.TIME, Kind.DURATION, Kind.INTEGER, Kind.NUMBER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A panel for a second person, with a file if the text is too long for the panel."""

    panel: ui.LayoutView
    files: tuple[tuple[str, bytes], ...]

    def attached(self) -> list[discord.File]:
        """Return the files as new attachments, to be sent once."""
        return [discord.File(BytesIO(data), name) for name, data in self.files]


def approval_card(
    job: Job,
    spec: MethodSpec | None,
    *,
    heading: str,
    reader: discord.Member | None = None,
    spec_of: SpecOf = unknown,
    needed: bool = True,
) -> Card:
    """Return everything that a pending job would do, with a button that approves this version.

    Parameters:
        job: its current version.
        spec: what its method declares; None if it is not loaded.
        heading: the first line.
        reader: the person who reads it; None for everyone in a channel, who may not read all of every job. If
            something is hidden, the button first shows everything to a person who may approve it.
        spec_of: what the methods of its parts declare.
        needed: whether the guild still wants the approval of a second person.
    """
    whole = job
    job = with_veiled_parts(veiled(spec, whole, reader), whole, reader, spec_of)
    lines = [
        f"**{t('Job:')}** {titled(job)} · {plain(said_kind(spec, job.method))} · "
        f"{t('version {number}', number=job.version)}",
        f"**{t('When:')}** {plain(sentence(job))} ({plain(job.timezone)})",
        *_next_runs(job),
        f"-# {t('Missed runs: {policy}', policy=t(MISSED[job.missed]))} · "
        f"{t('Overlapping runs: {policy}', policy=t(OVERLAP[job.overlap]))}"
        + (f" · {t('Also runs in quiet hours')}" if job.in_quiet_hours else ""),
    ]
    if job.creator_id:
        lines.append(f"**{t('By:')}** <@{job.creator_id}>")
    lines += _params_in_full(job, spec)
    for part in job.parts:
        lines.append(f"**{when_said(part)}** · {plain(said_kind(spec_of(part.method), part.method))}")
        lines += _params_in_full(as_job(job, part), spec_of(part.method))
    text = "\n".join(lines)
    files: tuple[tuple[str, bytes], ...] = ()
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {heading}")]
    if len(text) <= _LONGEST:
        items.append(ui.TextDisplay(text))
    else:
        name = f"job-v{job.version}.json"
        files = ((name, json.dumps(_all_of(job), ensure_ascii=False, indent=2).encode()),)
        items.append(ui.TextDisplay(cut(text, _LONGEST)))
        items.append(
            ui.TextDisplay(
                f"**{t('This is only the beginning. The file has the whole text; read it first.')}**"
            )
        )
        items.append(ui.File(f"attachment://{name}"))
    style = discord.ButtonStyle.success
    if job is whole:
        label = t("Approve") if needed else t("Let it run")
        approve = DeskButton("job", "approve", f"{job.id}:v{job.version}", label, style=style)
    else:
        approve = DeskButton("job", "approve", job.id, t("Read and approve…"), style=style)
    items.append(
        row_of(
            approve,
            DeskButton("job", "objections", f"{job.id}:v{job.version}", t("Request changes…")),
            *(
                [DeskButton("trial", "job", job.id, t("Show exact preview"))]
                if spec is not None and is_composed(spec)
                else []
            ),
            DeskButton("job", "show", job.id, t("Open the job")),
        )
    )
    return Card(panel_of(*items, colour=WAITING), files)


def _next_runs(job: Job) -> list[str]:
    """Return the lines of the next runs that a job would have."""
    now = instants.now()
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or job.created_at or now, zone=job.timezone)
    runs = [full(run) for run in upcoming(schedule, now, _NEXT_RUNS)]
    return runs if len(runs) == 1 else [f"**{t('Next runs:')}**", *bullets(runs, _NEXT_RUNS)] if runs else []


def _params_in_full(job: Job, spec: MethodSpec | None) -> list[str]:
    """List every parameter in full, and the defaults; formatting that could hide any of it is escaped."""
    found: list[str] = []
    values = typed(spec, job.params) if spec is not None else {}
    for name, value in job.params.items():
        parameter = spec.parameter(name) if spec is not None else None
        if parameter is not None and parameter.kind is Kind.GUILD:
            continue  # the server in which the card is
        if parameter is not None and parameter.kind in _IN_WORDS and values.get(name) not in (None, "", []):
            found.append(shown(parameter, values[name], _LONGEST))
            continue
        label = label_of(parameter) if parameter is not None else plain(name)
        parts = part_lines(parameter.kind, value) if parameter is not None else None
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines = [readable(line) for line in parts] if parts is not None else readable(text).splitlines()
        found.append(
            f"**{with_colon(label)}** {lines[0] if lines else '–'}"
            if len(lines) < 2 and parts is None
            else "\n".join([f"**{with_colon(label)}**", *(f"> {line}" for line in lines)])
        )
    defaults = (default_line(item, job.params.get(item.name)) for item in (spec.parameters if spec else ()))
    return [*found, *(line for line in defaults if line is not None)]


def _all_of(job: Job) -> dict[str, Any]:
    kept = (
        "job_id", "version", "name", "method", "params", "trigger", "timezone", "missed", "overlap",
        "in_quiet_hours",        "grace_seconds", "creator_id", "meta", "parts",
    )  # fmt: skip
    found = job.to_json()
    return {name: found[name] for name in kept}


async def ask_for_approval(desk: Desk, *jobs: Job) -> None:
    """Post one card in the guild's alert channel that asks a second person to approve the pending jobs."""
    if not jobs:
        return
    guild = desk.guild
    settings = await desk.memory.settings(guild.id)
    channel = guild.get_channel_or_thread(int(settings.alert_channel_id or 0))
    if not isinstance(channel, discord.abc.Messageable):
        return  # the job's card says that it is pending, and the list shows it
    with speaking(locale_of(guild, settings)):
        if len(jobs) == 1:
            heading = t("{person} is asking for approval", person=desk.member.mention)
            card = approval_card(
                jobs[0], spec_for(desk.bot, jobs[0].method), heading=heading, spec_of=specs_of(desk.bot)
            )
        else:
            card = _card_of_many(desk, jobs)
    fit(card.panel)
    try:
        posted = await channel.send(
            view=card.panel, files=card.attached(), allowed_mentions=discord.AllowedMentions.none()
        )
    except TROUBLES as error:
        log.warning("approval of job %s could not be asked for in %s: %s", jobs[0].id, channel, error)
        return
    await posted_requests.remember(desk.bot, guild, jobs, posted)


def _card_of_many(desk: Desk, jobs: Sequence[Job]) -> Card:
    """Return one card for many jobs; each is read and approved separately."""
    heading = t(
        "{person} is asking for approval of {count} jobs", person=desk.member.mention, count=len(jobs)
    )
    lines = [f"### {heading}", *bullets([cut(plain(title_of(job)), 80) for job in jobs], LISTED)]
    if len(jobs) > LISTED:
        said = with_mentions(t("`/schedule list` with the state *waiting for approval* shows them all."))
        lines.append(f"-# {said}")
    return Card(panel_of(ui.TextDisplay("\n".join(lines)), jobs_menu(jobs), colour=WAITING), ())
