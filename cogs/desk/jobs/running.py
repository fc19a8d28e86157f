"""Run a job by hand: *Run now* on its card, `/schedule run`, and the first look of what watches something."""

from __future__ import annotations

import asyncio
import logging
import time

import discord

from cogs.desk.jobs.by_hand import rules_by_hand
from cogs.desk.jobs.card import kind_of
from cogs.desk.jobs.job_card import show_job
from cogs.desk.jobs.lookup import changed_meanwhile, job_for, telling_of_conflicts
from cogs.desk.jobs.pinged import asks_first, whom_it_pings
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import WAITING, titled
from cogs.language import t, translated
from cogs.rights.deciding import Act
from cogs.services import Refused, spec_for
from schedulezero.errors import ClientError
from schedulezero.model import Job, JobState, Run
from schedulezero.model.job_parts import parts_as_jobs

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS = 3.0
"""How long a person waits for what a first look finds; the click is acknowledged by then."""
_LOOKS_AGAIN = 0.1
"""Seconds between two looks at whether a run that somebody started is over."""
_LOOKED_AT = 20
"""How many of a job's newest runs are looked at: others may begin beside it."""


async def run_now(desk: Desk, job_id: str) -> None:
    """Run a job once, now; ask first if it pings many, deletes, kicks or bans."""
    job = await job_for(desk, Act.RUN, job_id)
    said = _worth_asking(desk, job) if job.state is not JobState.PENDING else None
    if said is None:
        await _run(desk, job)
        return
    style = discord.ButtonStyle.success
    panel = note_panel(
        f"### {t('Run {job} now?', job=titled(job, 150))}\n{said}",
        DeskButton("job", "sure", f"{job.id}:v{job.version}", t("Run it now"), style=style),
        DeskButton("job", "show", job.id, t("Back to the job")),
        colour=WAITING,
    )
    await desk.show(panel)


async def run_surely(desk: Desk, target: str) -> None:
    """Run a job that the person was asked about; the target is ``<job>:v<version>``."""
    job_id, _, version = target.rpartition(":v")
    job = await job_for(desk, Act.RUN, job_id)
    if str(job.version) != version:
        raise await changed_meanwhile(desk, job.id)
    await _run(desk, job)


def _worth_asking(desk: Desk, job: Job) -> str | None:
    """Return what a person should know before a job runs at once; None if that takes no question."""
    for each in (job, *parts_as_jobs(job)):
        spec = spec_for(desk.bot, each.method)
        if spec is None or not asks_first(spec, each.params, desk.guild):
            continue
        if whom := whom_it_pings(spec, each.params, desk.guild, job.run_count + 1):
            return t("This pings {whom}.", whom=whom)
        return t("This takes effect immediately: {what}.", what=kind_of(each, spec))
    return None


async def _run(desk: Desk, job: Job) -> None:
    taps, message = desk.services.double_taps, desk.interaction.message
    click = (desk.member.id, message.id, message.edited_at, job.id) if message is not None else None
    if click is not None and not taps.is_first(click, time.monotonic()):
        raise Refused(t("This has already been done."))
    try:
        async with telling_of_conflicts(desk, job.id):
            run = await desk.client.run(job, desk.actor_id)
    except BaseException:
        taps.forget(click)
        raise
    log.info("%s runs job %s on demand", desk.member.id, job.id, extra={"run_id": run.id})
    await soon(_over(desk, job, run))  # most runs are, and the card then shows what this one came to
    await show_job(desk, job, run_id=run.id, heading=t("Started"), hint=await rules_by_hand(desk))


async def look_at_once(desk: Desk, job: Job) -> str | None:
    """Let a job that watches something look now; return what to say if it can't, or None.

    Until its next run it would know nothing of what was asked for.
    """
    try:
        run = await desk.client.run(job, desk.actor_id)
    except ClientError as error:
        return t("The job couldn't check the calendar right away: {reason}", reason=translated(error.message))
    await soon(_over(desk, job, run), FIRST_LOOK_SECONDS)
    return None


async def _over(desk: Desk, job: Job, run: Run) -> None:
    """Return when a run is over, or isn't among the newest ones."""
    while True:
        page = await desk.client.runs(desk.guild_id, job_id=job.id, limit=_LOOKED_AT)
        present = next((item for item in page.runs if item.id == run.id), None)
        if present is None or present.finished_at is not None:
            return
        await asyncio.sleep(_LOOKS_AGAIN)


PANELS = (Panel("job", clicks={"run": run_now, "sure": run_surely}),)
