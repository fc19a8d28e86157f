"""Draw a job's card, and keep it true while its message can be edited.

Discord lets a bot edit an answer for 15 minutes after the click or command
(https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages). For that long,
a task draws the card again when the handler begins or ends a run of the job, or somebody changes the job
(`cogs.background.live_cards`). The card's *Refresh* button does the same at any time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import discord
from discord import ui

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.drafts.parts import part_lines
from cogs.desk.drafts.secrecy import veiled
from cogs.desk.jobs.card import card, kind_of
from cogs.desk.jobs.card_details import details_of, post_shown
from cogs.desk.jobs.endings import endings_of
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.jobs.waiting import waits_of
from cogs.desk.kit.context import Desk
from cogs.language import mark, t
from cogs.rights.allowance import closer_than_allowed
from cogs.rights.rights import may_schedule
from cogs.services import handler_of, spec_for
from schedulezero import instants
from schedulezero.errors import ClientError, DatabaseUnavailable
from schedulezero.methods.members import member_of
from schedulezero.model import Job, JobState, Run, RunState

log = logging.getLogger(__name__)

_SPARE = timedelta(seconds=15)
"""How long before Discord stops taking edits a card is no longer followed."""
_LOOKS_AFTER = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each look after something happened, until the server tells of a run's end."""
_LOOKS_AGAIN = 15.0
"""Seconds between two looks while a run is under way somewhere, or due, of which nobody tells us."""

_BELIEVED = timedelta(seconds=30)
"""How long a check of a person's rights counts for showing runs of the version on their card.

Before a newer version of the job is shown, they are checked each time.
"""

_AT_ONCE = 10
_BETWEEN = 5.0
"""After so many changes, the seconds between two of them: some jobs run every few seconds."""

# Read as: the state of a run that the person started, and the heading of its card.
_CAME_TO = {
    RunState.SUCCEEDED: mark("Ran"),
    RunState.FAILED: mark("Failed"),
    RunState.MISSED: mark("Missed"),
    RunState.SKIPPED: mark("Skipped"),
    RunState.CANCELLED: mark("Cancelled"),
    RunState.UNCERTAIN: mark("May have run"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a card says in addition to its job; see `job_card.show_job`.

    Attributes:
        heading: what just happened to the job.
        undo: the version that an Undo button restores.
        warning: what the person should know about it.
        hint: a line below the facts.
        run_id: the run that the person started.
        version: the job's version to which heading and undo belong; None for any.
        headline: a heading of its own, above the job's name.
    """

    heading: str | None = None
    undo: int | None = None
    warning: str | None = None
    hint: str = ""
    run_id: str | None = None
    version: int | None = None
    headline: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as it was drawn.

    Attributes:
        job: the job on it.
        last_run: its newest run.
        running: whether we carry that run out.
        panel: the card.
    """

    job: Job
    last_run: Run | None
    running: bool
    panel: ui.LayoutView

    @property
    def waits(self) -> bool:
        """Whether its newest run is not over."""
        return self.last_run is not None and self.last_run.state is RunState.QUEUED


async def drawn_now(desk: Desk, job_id: str, said: Said) -> Drawn:
    """Draw the card of a job of this guild as it is now; raises NotFound if there is none."""
    job, last_run = await desk.client.job_and_last_run(job_id, desk.guild_id)
    return await _drawn(desk, job, last_run, said)


async def _drawn(desk: Desk, job: Job, last_run: Run | None, said: Said) -> Drawn:
    running = last_run is not None and last_run.id in handler_of(desk.bot).under_way
    if said.version is not None and job.version != said.version:
        said = replace(said, heading=None, undo=None, headline=None)
    spec = spec_for(desk.bot, job.method)
    readable = veiled(spec, job, desk.member)
    warnings = (said.warning, closer_than_allowed(job, desk.services.limits, instants.now()))
    panel = card(
        job,
        kind=kind_of(job, spec),
        details=await details_of(desk, readable),
        parts=part_lines(job.parts, lambda name: spec_for(desk.bot, name), job),
        post=await post_shown(desk, readable),
        last_run=last_run,
        endings=await endings_of(desk, job) if last_run is not None else (),
        heading=_heading(said, last_run, running),
        headline=said.headline,
        hint=said.hint,
        undo=said.undo,
        lacks=frozenset(await desk.client.lacks()),
        rules=await rules_here(desk),
        warnings=[warning for warning in warnings if warning is not None],
        running=running,
        waits=await waits_of(desk, job),
    )
    return Drawn(job, last_run, running, panel)


def _heading(said: Said, last_run: Run | None, running: bool) -> str | None:
    if said.run_id is None or last_run is None or last_run.id != said.run_id:
        return said.heading
    if last_run.state in _CAME_TO:
        return t(_CAME_TO[last_run.state])
    return t("Running") if running else said.heading


async def show_live(desk: Desk, drawn: Drawn, said: Said) -> None:
    """Show a card, and follow it until its message shows something else or can't be edited any more."""
    message = await desk.show(drawn.panel)

    async def work(woken: asyncio.Event) -> None:
        try:
            await _follow(desk, drawn, said, woken)
        except discord.NotFound:
            pass  # the person has closed the message, or left the guild
        except (ClientError, DatabaseUnavailable, *TROUBLES) as error:
            log.info("the card of job %s is no longer followed: %s", drawn.job.id, error)

    desk.services.live_cards.follow(message.id, drawn.job.id, work)


async def _follow(desk: Desk, drawn: Drawn, said: Said, woken: asyncio.Event) -> None:
    until, draws = desk.interaction.expires_at - _SPARE, 0
    checked_at = instants.now()  # the interaction told the person's roles
    while drawn.job.state is not JobState.CANCELLED:
        told = await _news(desk, drawn, until, woken)
        if told is None:
            return
        for pause in _LOOKS_AFTER if told else (0.0,):
            await asyncio.sleep(pause)
            job, last_run = await desk.client.job_and_last_run(drawn.job.id, desk.guild_id)
            if _is_news(desk, drawn, job, last_run):
                if job.version != drawn.job.version or instants.now() - checked_at >= _BELIEVED:
                    desk, checked_at = await _still_here(desk), instants.now()
                said = _still_said(said, drawn, job, last_run)
                drawn = await _drawn(desk, job, last_run, said)
                await desk.draw(drawn.panel)
                draws += 1
                if draws > _AT_ONCE:
                    await desk.services.waiting.sleep(_BETWEEN)
                break
            if not _is_being_recorded(desk, last_run):
                break


async def _news(desk: Desk, drawn: Drawn, until: datetime, woken: asyncio.Event) -> bool | None:
    """Wait for what may change a card; return whether something happened, or None if its time is over."""
    now = instants.now()
    if now >= until:
        return None
    again, due = until - now, drawn.job.next_run_at
    if drawn.waits:
        again = min(again, timedelta(seconds=_LOOKS_AGAIN))
    elif due is not None:
        again = min(again, max(due - now, timedelta()) + timedelta(seconds=_LOOKS_AGAIN))

    found = await desk.services.waiting.at_most(again.total_seconds(), woken)
    woken.clear()
    return found


def _is_news(desk: Desk, drawn: Drawn, job: Job, last_run: Run | None) -> bool:
    """Return whether a card should be drawn again.

    A run whose call has just ended, and of whose end the server hasn't told yet, still counts as running.
    """
    running = last_run is not None and last_run.id in handler_of(desk.bot).under_way
    if job != drawn.job or last_run != drawn.last_run:
        return True
    return running and not drawn.running


def _is_being_recorded(desk: Desk, last_run: Run | None) -> bool:
    """Return whether the server may soon tell of the end of a run, since nobody carries it out now."""
    if last_run is None or last_run.state is not RunState.QUEUED:
        return False
    return last_run.id not in handler_of(desk.bot).under_way


def _still_said(said: Said, drawn: Drawn, job: Job, last_run: Run | None) -> Said:
    """Return what still holds of what a card said, when something new happened."""
    if job.version != drawn.job.version:
        return Said(warning=said.warning, run_id=said.run_id)
    ran = [run.id for run in (drawn.last_run, last_run) if run is not None]
    if said.run_id is None and len(ran) > 0 and (len(ran) == 1 or ran[0] != ran[1]):
        return replace(said, heading=None, headline=None)
    return said


class _Gone(ClientError):
    """The person may no longer see the card."""


async def _still_here(desk: Desk) -> Desk:
    """Return the desk with the person's present roles; raise `_Gone` if they may no longer schedule here.

    Without the members intent nobody tells us when a person leaves or loses a role, so Discord is asked.
    Raises what `member_of` raises: `discord.NotFound` if they have left the guild.
    """
    member = await member_of(desk.guild, desk.member.id)
    manages = member.guild_permissions.manage_guild
    if not manages and not may_schedule(member, await desk.memory.settings(desk.guild.id)):
        raise _Gone("The person may no longer schedule here.")
    return replace(desk, member=member)
