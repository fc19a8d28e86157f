"""Approval by a second person: requested in the alert channel, given to one version, read in full.

A card shows everything that a version does, and its button names that version, so later changes are not
approved with it. A person who had a part in what the job does (`authorship.writers`) cannot approve it, nor
can one who lacks the rights to do the same by hand.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import discord
from discord import ui

from cogs.desk.jobs import job_card, posted_requests
from cogs.desk.jobs.approval_card import approval_card
from cogs.desk.jobs.card import runs_once
from cogs.desk.jobs.lookup import changed_meanwhile, check, job_here
from cogs.desk.jobs.running import look_at_once
from cogs.desk.jobs.waiting import Waits, waits_of
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.wording import WAITING, full, titled
from cogs.language import t
from cogs.rights.deciding import Act
from cogs.services import Refused, spec_for, specs_of
from schedulezero.errors import Conflict, NotFound, RequestRefused
from schedulezero.model import Job, JobState
from schedulezero.when.calendar.triggers import schedule_of

_TARGET = re.compile(r"(?P<job>.+):v(?P<version>\d{1,9})", re.ASCII)
_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)


async def approve(desk: Desk, target: str, *, past_at_once: bool = False) -> None:
    """Let one version of a pending job run, unless the person had a part in it.

    The target is ``<job>:v<version>``. Without a version, or with an outdated one, show the current version
    to read first. If its time has passed while it waited, say so, and what to do.

    Parameters:
        desk: who approves.
        target: see above.
        past_at_once: whether a job that runs once runs now if its time has passed.
    """
    client = desk.client
    match = _TARGET.fullmatch(target)
    job_id = match["job"] if match is not None else target
    job = await job_here(desk, job_id)
    if job.state is not JobState.PENDING or (match is not None and int(match["version"]) != job.version):
        await _settle_card(desk, job)
    if job.state is not JobState.PENDING:
        raise await changed_meanwhile(desk, job_id)
    waits = await current_wait(desk, job)
    if not waits.may_release:
        raise Refused(waits.refusal)
    await check(desk, Act.APPROVE, job)
    if match is None or int(match["version"]) != job.version:
        first = t("Read the whole job before you let it run")
        said = (
            (t("Read the whole job before you approve it") if waits.needed else first)
            if match is None
            else t("The job has changed since that card was posted. This is what it would do now:")
        )
        reader = desk.member
        card = approval_card(
            job,
            spec_for(desk.bot, job.method),
            heading=said,
            reader=reader,
            spec_of=specs_of(desk.bot),
            needed=waits.needed,
        )
        await desk.show(card.panel, card.attached())
        return
    try:
        approved = await client.approve(job.id, desk.actor_id, version=job.version, past_at_once=past_at_once)
    except (Conflict, NotFound):
        raise await changed_meanwhile(desk, job_id) from None
    except RequestRefused as error:
        if error.code != "bad_trigger":
            raise
        await desk.show(_too_late(job))
        return
    spec = spec_for(desk.bot, approved.method)
    looks = spec is not None and spec.watches and approved.state is JobState.ACTIVE
    warning = await look_at_once(desk, approved) if looks else None
    await job_card.show_job(
        desk, approved, heading=t("Approved") if waits.needed else t("Allowed to run"), warning=warning
    )


def _too_late(job: Job) -> ui.LayoutView:
    """Return what to do about a job that has no run left, because it waited for too long."""
    target, buttons = f"{job.id}:v{job.version}", list[DeskButton]()
    if runs_once(job):
        schedule = schedule_of(job.trigger, anchor=job.anchor_at or _LONG_AGO, zone=job.timezone)
        due_at = schedule.next_after(_LONG_AGO)
        assert due_at is not None, "what runs once has a run"
        said = t(
            "It was due on {when}, but nobody had approved it by then. Approve it and run it now, or let "
            "its author choose another time.",
            when=full(due_at),
        )
        style = discord.ButtonStyle.success
        buttons.append(DeskButton("job", "atonce", target, t("Approve and run now"), style=style))
    else:
        said = t(
            "The time of its last run passed before anyone approved it. Ask its author to choose "
            "another time."
        )
    buttons += [
        DeskButton("job", "objections", target, t("Request changes…")),
        DeskButton("job", "show", job.id, t("Open the job")),
    ]
    heading = t("The time for {job} has passed", job=titled(job, 150))
    return note_panel(f"### {heading}\n{said}", *buttons, colour=WAITING)


async def _settle_card(desk: Desk, job: Job) -> None:
    """Let the clicked card, which asks for what nobody waits for any more, say what became of the job."""
    if (clicked := desk.interaction.message) is not None:
        await posted_requests.settle_clicked(desk.bot, desk.guild, job, clicked)


async def current_wait(desk: Desk, job: Job) -> Waits:
    """Return what the person may do about a waiting job; refuse a job that has changed since it was read."""
    waits = await waits_of(desk, job)
    if waits is None or waits.version != job.version:
        raise await changed_meanwhile(desk, job.id)
    return waits


PANELS = (Panel("job", clicks={"approve": approve, "atonce": partial(approve, past_at_once=True)}),)
