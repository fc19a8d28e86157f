"""Try a post out before it is scheduled: see the message itself, send it to oneself, post it at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES, may_pass
from cogs.desk.compose.sending import sendable
from cogs.desk.creating.create import save_job
from cogs.desk.creating.draft_view import (
    kept_schedule,
    loaded,
    next_facts,
    own_draft,
    review_here,
    show_draft,
)
from cogs.desk.drafts.draft import END
from cogs.desk.drafts.secrecy import veiled
from cogs.desk.jobs import job_card
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.lookup import job_here
from cogs.desk.jobs.pinged import whom_it_pings
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import in_words
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import WAITING, cut, message_url, plain, reason
from cogs.desk.queue.adding import taken_out
from cogs.language import t, translated, with_colon
from cogs.memory import Draft
from cogs.rights.rights import is_risky
from cogs.services import Refused
from schedulezero import instants
from schedulezero.compose.rendering import Rendered, rendered_post
from schedulezero.errors import ParameterError
from schedulezero.methods.parameters import Kind
from schedulezero.methods.variables import Facts, facts_of
from schedulezero.model import Job, JobState, Run, RunState

_AT_ONCE = "now"
_LOOKS_AGAIN = 0.1
"""Seconds between two looks at whether the run is over."""
_MOST_SECONDS = 5.0
"""How long a person who posts at once waits for the outcome of the run; the click is acknowledged by then."""
_CANNOT_MESSAGE = 50007
"""Discord's code for a person who takes no direct messages from the bot
(https://discord.com/developers/docs/topics/opcodes-and-status-codes#json).
"""


async def show_exactly(desk: Desk, draft_id: str) -> None:
    """Answer with the message itself, which only the person sees."""
    draft = await own_draft(desk, draft_id)
    post, params = await _rendered(desk, draft)
    await _show(desk, post, params)


async def show_jobs(desk: Desk, job_id: str) -> None:
    """Answer with the message that a job would post next, which only the person sees."""
    job = await job_here(desk, job_id)
    spec = loaded(desk, job.method)
    params = dict(veiled(spec, job, desk.member).params)
    facts = facts_of(
        desk.guild,
        timezone=job.trigger.zone_or(job.timezone),
        number=job.run_count + 1,
        now=job.next_run_at or instants.now(),
    )
    await _show(desk, _post_of(desk, params, facts), params)


async def _show(desk: Desk, post: Rendered, params: dict[str, Any]) -> None:
    notes = _not_shown(params)
    if post.poll is not None:
        notes.insert(0, f"📊 {in_words(Kind.POLL, post.poll)}")
        notes.insert(1, t("Discord doesn't show polls in messages that only you can see."))
    async with AsyncExitStack() as stack:
        arguments = await sendable(desk.memory, desk.guild_id, post, stack, poll=False)
        if len(arguments) > 1:
            await _refusable(desk.interaction.followup.send(ephemeral=True, **arguments))
    if notes:
        await desk.say("\n".join(f"-# {note}" for note in notes))


async def send_test(desk: Desk, draft_id: str) -> None:
    """Send the message to the person who clicked."""
    draft = await own_draft(desk, draft_id)
    post, params = await _rendered(desk, draft)
    async with AsyncExitStack() as stack:
        arguments = await sendable(desk.memory, desk.guild_id, post, stack, poll=True)
        try:
            await _refusable(desk.member.send(**arguments))
        except discord.Forbidden as error:
            if error.code != _CANNOT_MESSAGE:
                raise
            raise Refused(
                t(
                    "I can't send you direct messages. Allow them in this server's *Privacy Settings*, "
                    "and click again."
                )
            ) from error
    said = [t("Sent. Check your direct messages from me."), *_not_shown(params)]
    await desk.say("\n".join(said))


async def _refusable(sending: Any) -> None:
    """Await a request; raise Refused with Discord's reason if it took the post's content amiss."""
    try:
        await sending
    except discord.Forbidden:
        raise
    except discord.HTTPException as error:
        if may_pass(error):
            raise Refused(t("Discord isn't responding at the moment. Try again.")) from error
        reason = cut(plain(error.text), 300)
        raise Refused(t("Discord wouldn't accept this post: {reason}", reason=reason)) from error
    except TROUBLES as error:
        raise Refused(t("Discord isn't responding at the moment. Try again.")) from error


async def _rendered(desk: Desk, draft: Draft) -> tuple[Rendered, dict[str, Any]]:
    """Return a draft's post in its next run, and the params that it comes from."""
    spec = loaded(desk, draft.method)
    reviewed = await review_here(desk, draft, spec)
    if not reviewed.filled.complete:
        raise Refused(t("Fill in what's missing first, as shown on the card."))
    params, facts = reviewed.filled.params, next_facts(desk, draft, reviewed)
    return _post_of(desk, params, facts), params


def _post_of(desk: Desk, params: dict[str, Any], facts: Facts) -> Rendered:
    try:
        return rendered_post(params, facts, facts.number, guild_id=desk.guild_id)
    except ParameterError as error:
        raise Refused(translated(error.message)) from error


def _not_shown(params: dict[str, Any]) -> list[str]:
    """Return what a person can't see in such a message, though it belongs to the post."""
    found: list[str] = []
    if params.get("name"):
        found.append(
            t("It will be posted under the name “{name}”.", name=cut(plain(str(params["name"])), 80))
        )
    if params.get("title"):
        found.append(t("Title in a forum: {title}", title=cut(plain(str(params["title"])), 100)))
    return found


# -------------------------------------------------------------------- at once


async def post_now(desk: Desk, draft_id: str) -> None:
    """Post it at once; ask first if it pings many."""
    draft, at_once = await _at_once(desk, draft_id)
    spec = loaded(desk, draft.method)
    reviewed = await review_here(desk, at_once, spec)
    if reviewed.ready and is_risky(spec, reviewed.filled.params, desk.guild):
        pings = whom_it_pings(spec, reviewed.filled.params, desk.guild)
        said = t("This pings {whom}.", whom=pings) if pings else t("It will be posted right away.")
        panel = note_panel(
            f"### {t('Post it now?')}\n{said}",
            DeskButton("trial", "sure", draft.id, t("Post now"), style=discord.ButtonStyle.success),
            DeskButton("trial", "back", draft.id, t("Back to the post")),
            colour=WAITING,
        )
        await desk.show(panel)
        return
    await _post(desk, draft, at_once)


async def post_surely(desk: Desk, draft_id: str) -> None:
    """Post it at once, whomever it pings."""
    await _post(desk, *await _at_once(desk, draft_id))


async def _at_once(desk: Desk, draft_id: str) -> tuple[Draft, Draft]:
    """Return the caller's draft, and the same one to be run once, now."""
    draft = await own_draft(desk, draft_id)
    if draft.job_id is not None:
        raise Refused(t("This draft changes a job. Save the change, then use *Run now* on the job's card."))
    values = {name: value for name, value in draft.values.items() if name != END}
    return draft, replace(taken_out(replace(draft, values=values)), when=_AT_ONCE)


def has_schedule(draft: Draft) -> bool:
    """Return whether a draft has a time of its own, so that posting it at once leaves something to do."""
    return bool(draft.when.strip()) or kept_schedule(draft) is not None


async def _post(desk: Desk, draft: Draft, at_once: Draft) -> None:
    """Post it once. A draft with a schedule stays, so that the schedule can still be confirmed."""
    spec, stays = loaded(desk, draft.method), has_schedule(draft)
    taps, message = desk.services.double_taps, desk.interaction.message
    click = (desk.member.id, message.id, message.edited_at, draft.id) if message is not None else None
    if click is not None and not taps.is_first(click, time.monotonic()):
        raise Refused(t("This has already been done."))
    job = None
    try:
        reviewed = await review_here(desk, at_once, spec)
        job = await save_job(desk, at_once, spec, reviewed, otherwise=draft, keep=stays)
    finally:
        if job is None:
            taps.forget(click)
    if job is None:
        return
    if job.state is JobState.PENDING:
        heading, said = t("Waiting for approval"), t("The post is waiting for approval.")
        await ask_for_approval(desk, job)
    else:
        await soon(_over(desk, job), _MOST_SECONDS)
        job = await desk.client.job(job.id, desk.guild_id)
        runs = (await desk.client.runs(desk.guild_id, job_id=job.id, limit=1)).runs
        heading, said = _came_to(runs[0] if runs else None)
    if stays:
        kept = t("This draft is kept; *Confirm* schedules it.")
        await show_draft(desk, draft, spec, told=f"{said} {kept}")
        return
    await job_card.show_job(desk, job, heading=heading)


def _came_to(run: Run | None) -> tuple[str, str]:
    """Return what posting at once came to: as a heading, and as a sentence with the reason."""
    state = RunState.QUEUED if run is None else run.state
    why = reason(run) if run is not None else None
    match state:
        case RunState.SUCCEEDED:
            heading, link = t("Just posted"), message_url(run) if run is not None else None
            return heading, f"[{heading}]({link})." if link else f"{heading}."
        case RunState.QUEUED:
            heading = t("Being posted")
        case RunState.UNCERTAIN:
            heading = t("May have been posted")
        case _:
            heading = t("Not posted")
    return heading, f"**{with_colon(heading)}** {why}" if why else f"{heading}."


async def _over(desk: Desk, job: Job) -> None:
    """Return when the job's one run is over."""
    while True:
        page = await desk.client.runs(desk.guild_id, job_id=job.id, limit=1)
        if page.runs and page.runs[0].finished_at is not None:
            return
        await asyncio.sleep(_LOOKS_AGAIN)


async def back(desk: Desk, draft_id: str) -> None:
    """Show the draft's card again."""
    draft = await own_draft(desk, draft_id)
    await show_draft(desk, draft, loaded(desk, draft.method))


PANELS = (
    Panel(
        "trial",
        clicks={
            "show": show_exactly,
            "job": show_jobs,
            "test": send_test,
            "now": post_now,
            "sure": post_surely,
            "back": back,
        },
    ),
)
