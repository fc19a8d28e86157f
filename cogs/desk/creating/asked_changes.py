"""A second person asks for changes: the pending job goes back to its author, with a comment.

The job stays pending at a new version, so that nothing runs and no card shown before approves it. Its meta
holds the comment until its author changes the job, and a draft of the author's has everything filled in. If
the bot dies in between, the comment is on the job's card, and *Edit* makes the same draft.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES
from cogs.command_mentions import with_mentions
from cogs.desk.creating.create import edit_of
from cogs.desk.jobs.approval import current_wait
from cogs.desk.jobs.approval_card import approval_card
from cogs.desk.jobs.lookup import changed_meanwhile, check, job_here
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import too_old
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import fit, note_panel
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import WAITING, cut, plain, quoted, titled
from cogs.guild_language import locale_of
from cogs.language import speaking, t, translated, with_colon
from cogs.rights.deciding import Act
from cogs.services import Refused, spec_for, specs_of
from schedulezero.errors import Conflict, NotFound, ScheduleZeroError
from schedulezero.methods.members import member_of
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import LONGEST_ASKED

log = logging.getLogger(__name__)

_TARGET = re.compile(r"(?P<job>.+):v(?P<version>\d{1,9})", re.ASCII)


async def ask_which(desk: Desk, target: str) -> None:
    """Ask what the author should change, if the person may say that; the target is ``<job>:v<version>``."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise too_old()
    job = await soon(_to_send_back(desk, match["job"]))  # else the same is checked once it is written
    if job is not None and int(match["version"]) != job.version:
        await _show_present(desk, job)
        return
    field = text_field(
        "comment",
        t("What should change?"),
        description=t("Shown to the author, above the draft they can edit"),
        required=True,
        long=True,
        most=LONGEST_ASKED,
    )
    await ask(desk, "job", "object", target, t("Request changes"), [field])


async def _to_send_back(desk: Desk, job_id: str) -> Job:
    """Return a waiting job; raise Refused if the person can't send it back."""
    job = await job_here(desk, job_id)
    if job.state is not JobState.PENDING:
        raise await changed_meanwhile(desk, job.id)
    if (await current_wait(desk, job)).wrote:
        raise Refused(t("You wrote this yourself: edit it instead."))
    await check(desk, Act.SEND_BACK, job)
    return job


async def _show_present(desk: Desk, job: Job) -> None:
    """Show what a job would do now, to a person who saw an earlier version."""
    said = t("The job has changed since that card was posted. This is what it would do now:")
    card = approval_card(
        job, spec_for(desk.bot, job.method), heading=said, reader=desk.member, spec_of=specs_of(desk.bot)
    )
    await desk.show(card.panel, card.attached())


async def send_back(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Send one version of a pending job back to its author, who gets a draft with the comment."""
    match, comment = _TARGET.fullmatch(target), str(fields.get("comment") or "").strip()[:LONGEST_ASKED]
    if match is None or not comment:
        raise Refused(t("Write what should change."))
    written = f"{t('You wrote:')}\n{quoted(comment)}"
    try:
        job = await _to_send_back(desk, match["job"])
    except ScheduleZeroError as error:
        raise Refused(f"{translated(error.message)}\n{written}") from error
    if int(match["version"]) != job.version:
        await _show_present(desk, job)
        await desk.say(written)
        return
    try:
        asked = await desk.client.ask_for_changes(job.id, comment, desk.actor_id, version=job.version)
    except (Conflict, NotFound):
        refused = await changed_meanwhile(desk, job.id)
        raise Refused(f"{refused.message}\n{written}") from None
    author = await _author(desk, asked)
    spec = spec_for(desk.bot, asked.method)
    if author is not None and spec is not None:
        await desk.memory.save_draft(edit_of(desk, asked, spec, author))
    told = author is not None and await _tell(desk, asked, author, comment, has_draft=spec is not None)
    lines = [f"### {with_colon(t('Changes requested'))} {cut(plain(asked.title), 150)}", quoted(comment)]
    lines.append(t("The job is still waiting, so nothing runs."))
    if author is not None and spec is not None:
        lines.append(t("Its author has a draft to edit."))
    if not told:
        lines.append("⚠ " + t("I couldn't notify the job's author. Please tell them yourself."))
    await desk.show(note_panel("\n".join(lines), colour=WAITING))


async def _author(desk: Desk, job: Job) -> discord.Member | None:
    """Return the author of a job, if they are still here."""
    if job.creator_id is None:
        return None
    try:
        return await member_of(desk.guild, int(job.creator_id))
    except TROUBLES as error:
        log.info("the author of job %s isn't here: %s", job.id, error)
        return None


async def _tell(desk: Desk, job: Job, author: discord.Member, comment: str, *, has_draft: bool) -> bool:
    """Tell the author in a direct message, or else in the alert channel; return whether it worked."""
    settings = await desk.memory.settings(desk.guild.id)
    with speaking(locale_of(desk.guild, settings)):
        said = t(
            "{person} is asking you to change {job} before it is approved:",
            person=desk.member.mention,
            job=titled(job, 150),
        )
        where = with_mentions(
            t("Your draft is in {server} under `/schedule drafts`, with everything filled in.",
              server=plain(desk.guild.name))
        )  # fmt: skip
    text = f"{said}\n{quoted(comment)}" + (f"\n-# {where}" if has_draft else "")
    channel = desk.guild.get_channel_or_thread(int(settings.alert_channel_id or 0))
    places: list[discord.abc.Messageable] = [author]
    places += [channel] if isinstance(channel, discord.abc.Messageable) else []
    for place in places:
        pings = discord.AllowedMentions(everyone=False, roles=False, users=[author])
        panel = note_panel(text if place is author else f"{author.mention}\n{text}", colour=WAITING)
        fit(panel)
        try:
            await place.send(view=panel, allowed_mentions=pings)
        except TROUBLES as error:
            log.info("%s could not be told in %s about job %s: %s", author.id, place, job.id, error)
            continue
        return True
    return False


PANELS = (
    Panel(
        "job",
        opens={"objections": ask_which},
        forms={"object": send_back},
    ),
)
