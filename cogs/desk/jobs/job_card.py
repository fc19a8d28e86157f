"""The card of one job, and the actions of its buttons: run, hold, skip, cancel; changes come with Undo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import discord

from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.card import run_number, run_to_skip
from cogs.desk.jobs.endings import what_stays
from cogs.desk.jobs.live import Said, drawn_now, show_live
from cogs.desk.jobs.lookup import (
    MOST_VERSIONS,
    changed_meanwhile,
    check,
    expect_uncancelled,
    job_for,
    job_here,
    rules_here,
    telling_of_conflicts,
)
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import offer_correction, typed_before
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import expect
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import (
    BAD,
    NEUTRAL,
    is_held,
    its_time_has_passed,
    plain,
    relative,
    skipped_runs,
    titled,
)
from cogs.language import example, locale, t, tc, translated
from cogs.own_schedules import another_is_on, taking_turns
from cogs.rights.deciding import Act
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import NotFound, WhenError
from schedulezero.methods.lasting import end_of, names_an_end
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import before_waiting, unchanged_since
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand

_RUN = re.compile(r"(?P<job>.+):(?P<at>\d{10})", re.ASCII)


async def show_card(desk: Desk, job_id: str, headline: str | None = None) -> None:
    """Show a job's card, with a headline above its name if there is one."""
    said = Said(headline=headline)
    drawn = await drawn_now(desk, job_id, said)
    await expect_uncancelled(desk, drawn.job)
    await show_live(desk, drawn, said)


async def show_job(
    desk: Desk,
    job: Job,
    *,
    heading: str | None = None,
    undo: int | None = None,
    warning: str | None = None,
    hint: str = "",
    run_id: str | None = None,
    headline: str | None = None,
) -> None:
    """Show the card of a job with its last run, and keep it true for as long as Discord lets us.

    Parameters:
        desk: where it is shown.
        job: the job, in its current version.
        heading: what just happened to it.
        undo: the version that an Undo button restores; None for no button.
        warning: what the person should know about it.
        hint: a line below the facts.
        run_id: the run that the person started; the heading says what becomes of it.
        headline: in place of the heading, where the job's name is no part of the sentence.
    """
    said = Said(heading, undo, warning, hint, run_id, job.version, headline)
    desk.leaves_message()
    desk.services.live_cards.moved(job.id)  # other people's cards of it
    await show_live(desk, await drawn_now(desk, job.id, said), said)


async def pause(desk: Desk, job_id: str) -> None:
    """Pause a job until someone resumes it."""
    job = await job_for(desk, Act.PAUSE, job_id)
    if job.state is JobState.PAUSED:
        raise await changed_meanwhile(desk, job.id)
    paused = await desk.client.pause(job.id, by=desk.actor_id)
    await _show_changed(desk, job, paused, t("Paused"))


async def resume(desk: Desk, job_id: str) -> None:
    """Let a paused or held job run again."""
    await expect(desk, Feature.PAUSE)
    job = await job_for(desk, Act.RESUME, job_id)
    if job.state is JobState.ACTIVE and not is_held(job):
        raise await changed_meanwhile(desk, job.id)
    async with telling_of_conflicts(desk, job.id):
        resumed = await desk.client.resume(job.id, desk.actor_id, version=job.version)
    heading = t("No longer skipped") if skipped_runs(job) else t("Resumed")
    warning = its_time_has_passed() if resumed.state is JobState.FINISHED else None
    await _show_changed(desk, job, resumed, heading, warning=warning)


async def skip(desk: Desk, target: str) -> None:
    """Skip the next run that the guild's rules leave, if it is the one that the button names.

    The target is ``<job>:<seconds>``; cards of earlier versions of the bot name only the job.
    """
    match = _RUN.fullmatch(target)
    job = await job_for(desk, Act.SKIP, match["job"] if match is not None else target)
    left = run_to_skip(job, await rules_here(desk))
    if match is not None:
        _expect_next(job, int(match["at"]), left)
    if left is not None and left != job.next_run_at:
        # The run before it doesn't happen anyway. A hold that ends with a run is a skip of that run.
        skipped = await desk.client.pause(job.id, left, desk.actor_id)
    else:
        skipped = await desk.client.skip(job.id, desk.actor_id, at=left)
    when = discord.utils.format_dt(left, "F") if left is not None else ""
    await _show_changed(desk, job, skipped, headline=t("Skipped: {when}", when=when))


def _expect_next(job: Job, named: int, following: datetime | None) -> None:
    """Raise Refused if the run that a button names isn't the one to skip."""
    if following is not None and run_number(following) == named:
        return
    when = discord.utils.format_dt(datetime.fromtimestamp(named, UTC), "F")
    if job.held_until is not None and named <= run_number(job.held_until):
        raise Refused(t("The run on {when} is already skipped. *Refresh* shows the next one.", when=when))
    raise Refused(
        t(
            "{when} is no longer the next run, so nothing was skipped. *Refresh* shows the next one.",
            when=when,
        )
    )


async def ask_until(desk: Desk, job_id: str) -> None:
    """Ask until when to hold the job."""
    await _ask_until(desk, job_id)


async def correct_until(desk: Desk, panel_id: str) -> None:
    """Ask again until when to hold the job, with what was typed."""
    job_id, typed = await typed_before(desk, panel_id)
    await _ask_until(desk, job_id, typed.get("until"))


async def _ask_until(desk: Desk, job_id: str, typed: str | None = None) -> None:
    await expect(desk, Feature.HOLD)
    await soon(job_for(desk, Act.PAUSE, job_id))  # else the same is checked once it is written
    field = text_field(
        "until",
        t("Until when?"),
        value=typed,
        description=t("The job will resume by itself at that time"),
        placeholder=example("next Monday at 9 · in 2 weeks · 7 January"),
        required=True,
    )
    await ask(desk, "job", "until", job_id, t("Pause until…"), [field])


async def hold_until(desk: Desk, job_id: str, fields: Mapping[str, Any]) -> None:
    """Hold a job until an instant."""
    job = await job_for(desk, Act.PAUSE, job_id)
    zone = await desk.zone()
    now = instants.now()
    typed = str(fields.get("until") or "")
    try:
        until = await _instant(desk, typed, zone, now)
    except Refused as error:
        said = f"{error.message}\n-# {t('You wrote:')} {plain(typed)}"
        await offer_correction(desk, said, "job", "untilfix", job_id, fields)
        return
    if job.held_until is not None and is_held(job) and until < job.held_until:
        await check(desk, Act.RESUME, job)  # it runs sooner than others wanted
    async with telling_of_conflicts(desk, job.id):
        held = await desk.client.pause(job.id, until, desk.actor_id, version=job.version)
    await _show_changed(desk, job, held, t("On hold"))


async def _instant(desk: Desk, typed: str, zone: str, now: datetime) -> datetime:
    """Return the one instant that a text means, with or without *until*; raise Refused for any other."""
    if names_an_end(typed) and (end := end_of(typed, now, zone)) is not None:
        return end
    once = t("Enter a single point in time, such as `next Monday at 9`.")
    try:
        found = understand(typed, zone=zone, locale=locale(), now=now, habits=await desk.habits())
    except WhenError as error:
        # What repeats isn't wanted here, so neither is the question how often, nor an example of it.
        why = error.message.values.get("message") if isinstance(error.message, Sentence) else None
        if error.code != "with_examples" or not isinstance(why, Sentence):
            raise Refused(translated(error.message)) from error
        said = [] if why.code == "how_often" else [translated(why)]
        raise Refused(" ".join([*said, once])) from error
    if found.trigger.type != "date":
        raise Refused(once)
    until = schedule_of(found.trigger, anchor=now, zone=zone).next_after(now)
    assert until is not None, "what is over is not understood"
    return until


async def ask_cancel(desk: Desk, job_id: str) -> None:
    """Ask for confirmation before cancelling a job."""
    job = await job_for(desk, Act.CANCEL, job_id)
    undo = Feature.UNDO not in await desk.client.lacks()
    said = [f"### {t('Cancel {job}?', job=titled(job, 150))}"]
    if job.next_run_at:
        said.append(t("The next run is due {when}.", when=relative(job.next_run_at)))
    if (stays := await what_stays(desk, job)) is not None:
        said.append(f"⚠ {stays}")
    said.append(t("You can undo it afterwards.") if undo else t("The scheduler can't undo that."))
    panel = note_panel(
        "\n".join(said),
        DeskButton("job", "end", job.id, t("Cancel the job"), style=discord.ButtonStyle.danger),
        DeskButton("job", "show", job.id, tc("a job", "Keep it")),
        colour=BAD,
    )
    await desk.show(panel)


async def cancel(desk: Desk, job_id: str) -> None:
    """Cancel a job and offer an Undo button."""
    client = desk.client
    job = await job_for(desk, Act.CANCEL, job_id)
    try:
        cancelled = await client.cancel(job, desk.actor_id)
    except NotFound:
        raise await changed_meanwhile(desk, job_id) from None
    buttons: list[DeskButton] = []
    if Feature.UNDO not in await client.lacks():
        target = f"{job.id}:{job.version}.{cancelled.version}"
        buttons.append(DeskButton("job", "back", target, t("Undo"), style=discord.ButtonStyle.primary))
    said = t("{job} will no longer run.", job=titled(job, 150))
    desk.services.live_cards.moved(job.id)
    await desk.show(note_panel(f"### {t('Cancelled')}\n{said}", *buttons, colour=NEUTRAL))


async def go_back(desk: Desk, target: str) -> None:
    """Restore a version of a job; the target is ``<job>:<version>.<expected>``."""
    job_id, _, numbers = target.rpartition(":")
    version, _, expected = numbers.partition(".")
    client = desk.client
    job = await job_here(desk, job_id, cancelled=True)
    number = _number(version)
    versions = await client.versions(job.id, MOST_VERSIONS)
    wanted = next((item.job for item in versions if item.job.version == number), None)
    if number is None or wanted is None:
        raise Refused(t("This version of {job} is no longer stored.", job=titled(job)))
    cleared = (
        wanted.state is JobState.PENDING
        or unchanged_since(number, versions)
        or number == before_waiting(versions)  # it ran until the change that waits was made
    )
    await check(desk, Act.RESTORE, job, version=wanted, cleared=cleared)
    present = _number(expected)
    async with taking_turns(desk.guild_id), telling_of_conflicts(desk, job.id):
        if await another_is_on(client, job):
            raise Refused(t("This schedule is already switched on."))
        restored = await client.restore(
            job.id, number, expected=job.version if present is None else present, by=desk.actor_id
        )
    heading, warning = t("Job restored"), None
    if restored.state is JobState.FINISHED and job.state is not JobState.FINISHED:
        warning = its_time_has_passed()
    if restored.state is JobState.PENDING and job.state is not JobState.PENDING:
        heading = t("Waiting for approval")
        await ask_for_approval(desk, restored)
    await show_job(desk, restored, heading=heading, warning=warning)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


async def _show_changed(
    desk: Desk,
    before: Job,
    after: Job,
    heading: str | None = None,
    *,
    headline: str | None = None,
    warning: str | None = None,
) -> None:
    """Show the card after a change, with an Undo button if there is a new version."""
    undo = before.version if after.version != before.version else None
    await show_job(desk, after, heading=heading, headline=headline, undo=undo, warning=warning)


async def close(desk: Desk, _job_id: str) -> None:
    """Close a job's card."""
    desk.leaves_message()
    await desk.interaction.delete_original_response()


PANELS = (
    Panel(
        "job",
        clicks={
            "show": show_card,
            "pause": pause,
            "resume": resume,
            "skip": skip,
            "cancel": ask_cancel,
            "end": cancel,
            "back": go_back,
            "close": close,
        },
        opens={"until": ask_until, "untilfix": correct_until},
        forms={"until": hold_until},
    ),
)
