"""Personal reminders: create, list, cancel, snooze and complete them; anywhere, including direct messages.

A reminder is a job with the person's id in place of a guild's, so that it is listed, limited and stored like
any other job, and no guild sees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.components import Remembered
from cogs.desk.kit.context import Caller
from cogs.desk.kit.first_run import first_run_warning
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.replies import answer_anyone
from cogs.desk.kit.suggesting import time_options
from cogs.desk.kit.wording import BAD, GOOD, NEUTRAL, OVER, cut, full, plain, relative, sentence
from cogs.language import locale, t, translated
from cogs.memory import Draft, new_id
from cogs.rights.allowance import allowance_of, no_more_reminders, reminders_used_up, runs_too_often
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import Conflict, NotFound, RequestRefused, WhenError
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Trigger
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import spoken

METHOD = "remind"
MARK = "⏰"
_SHOWN = 25
# The reminding sprocket makes the same buttons; a select's custom id has only the name.
_CLICK = re.compile(
    r"sz-remind(-pick|:(?P<action>snooze|done|cancel|meant|instead):(?P<target>[\w\-]{1,80}))"
)


async def remind(caller: Caller, what: str, when: str) -> None:
    """Create a reminder, and show how *when* was understood."""
    await caller.acknowledge()
    if not what.strip():
        raise Refused(t("Enter what to remind you of, such as `Water the plants`."))
    zone = await caller.zone()
    try:
        understood = understand(
            when, zone=zone, locale=locale(), now=instants.now(), habits=await caller.habits()
        )
    except WhenError as error:
        said = f"{translated(error.message)}\n-# {t('You wrote:')} {plain(what)} · {plain(when)}"
        await caller.show(await _refused_panel(caller, said, what, when, time_options(error.offers)))
        return
    try:
        job = await _save(caller, what, understood.trigger, understood.zone)
    except (Refused, RequestRefused) as error:
        raise Refused(
            f"{translated(error.message)}\n-# {t('You wrote:')} {plain(what)} · {plain(when)}"
        ) from error
    notes = [translated(note) for note in understood.notes]
    others = time_options([spoken(item, zone, locale()) for item in understood.others])
    await caller.show(_made_panel(job, notes, others))


async def _refused_panel(
    caller: Caller, said: str, what: str, when: str, offers: list[discord.SelectOption]
) -> ui.LayoutView:
    """Say why a time was refused, with times that may be meant; what was typed is kept for the choice."""
    text = ui.TextDisplay(cut(said, 3800))
    if not offers:
        return panel_of(text, colour=BAD)
    draft = Draft(new_id(), caller.actor_id, caller.actor_id, METHOD, {"message": what}, when)
    await caller.memory.save_draft(draft)
    select = _Select(
        custom_id=f"sz-remind:meant:{draft.id}", placeholder=t("Which time did you mean?"), options=offers
    )
    return panel_of(text, row_of(select), colour=BAD)


async def _meant(caller: Caller, draft_id: str) -> None:
    """Create a reminder whose time was refused, at the picked time."""
    await caller.acknowledge()
    when = caller.picked()
    draft = await caller.memory.draft(draft_id)
    if draft is None or draft.user_id != caller.actor_id or draft.method != METHOD:
        raise Refused(t("This reminder no longer exists."))
    if await caller.memory.take_draft(draft_id):  # of two clicks, the first
        await remind(caller, str(draft.values["message"]), when)


async def _instead(caller: Caller, job_id: str) -> None:
    """Replace a reminder with one at the picked time."""
    await caller.acknowledge()
    when = caller.picked()
    client, person = caller.client, caller.actor_id
    try:
        job = await client.job(job_id, person)
    except NotFound as error:
        raise Refused(t("This reminder no longer exists.")) from error
    if job.state is not JobState.ACTIVE:
        raise Refused(t("This reminder no longer exists."))
    await client.cancel(job, person)
    await remind(caller, str(job.params["message"]), when)


async def _save(caller: Caller, what: str, trigger: Trigger, zone: str, job_id: str = "") -> Job:
    services, person, now = caller.services, caller.actor_id, instants.now()
    allowance = await allowance_of(caller.services, caller.actor_id, person)
    schedule = schedule_of(trigger, anchor=now, zone=zone)
    exceeded = no_more_reminders(allowance) or runs_too_often(schedule, now, allowance.limits, personal=True)
    if exceeded is not None:
        raise Refused(exceeded)
    return await services.client.create(
        Job(
            id=job_id,
            handler_id=services.handler_id,
            method=METHOD,
            params={"user_id": person, "message": what},
            trigger=trigger,
            name=cut(" ".join(what.split()), 100),
            guild_id=person,
            creator_id=person,
            timezone=zone,
        )
    )


def _made_panel(
    job: Job, notes: Sequence[str] = (), others: Sequence[discord.SelectOption] = ()
) -> ui.LayoutView:
    lines = [
        f"### {MARK} {t('I will remind you')}",
        plain(job.title),
        f"**{sentence(job)}** ({job.timezone})",
    ]
    if job.next_run_at is not None:
        lines.append(full(job.next_run_at))
    lines += [f"✏ {plain(note)}" for note in notes]
    if (warning := first_run_warning(job)) is not None:
        lines.append(f"⚠ {warning}")
    lines.append(f"-# {t('Sent by direct message. `/remind list` shows all of yours.')}")
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if others:
        asked = t("Did you mean another time?")
        items.append(
            row_of(_Select(custom_id=f"sz-remind:instead:{job.id}", placeholder=asked, options=list(others)))
        )
    items.append(row_of(_Button(label=t("Cancel it"), custom_id=f"sz-remind:cancel:{job.id}")))
    return panel_of(*items, colour=GOOD)


async def show_reminders(caller: Caller) -> None:
    """Show the person's reminders, next one first."""
    await caller.acknowledge()
    services = caller.services
    page = await services.client.jobs(
        caller.actor_id, JobQuery(state=JobState.ACTIVE, method=METHOD), limit=_SHOWN
    )
    if not page.jobs:
        said = t("You have no reminders. `/remind me` creates one.")
        await caller.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))
        return
    allowance = await allowance_of(caller.services, caller.actor_id, caller.actor_id)
    lines = [f"### {t('Your reminders')}"]
    lines += [
        f"{MARK} **{cut(plain(job.title), 80)}** · {sentence(job)}"
        + (f" · {relative(job.next_run_at)}" if job.next_run_at else "")
        for job in page.jobs
    ]
    limits = f"-# {reminders_used_up(allowance)}"
    options = [
        discord.SelectOption(label=cut(job.title, 100), value=job.id, description=cut(sentence(job), 100))
        for job in page.jobs
    ]
    select = _Select(custom_id="sz-remind-pick", placeholder=t("Cancel one of them…"), options=options)
    panel = panel_of(
        ui.TextDisplay(cut("\n".join(lines), 3500)),
        row_of(select),
        ui.TextDisplay(limits),
        colour=NEUTRAL,
    )
    await caller.show(panel)


async def _cancel(caller: Caller, job_id: str) -> None:
    await caller.acknowledge()
    client, person = caller.client, caller.actor_id
    try:
        job = await client.job(job_id, person)
    except NotFound as error:
        raise Refused(t("This reminder no longer exists.")) from error
    if job.state is JobState.ACTIVE:
        await client.cancel(job, person)
    said = f"✖ {t('Cancelled: {name}', name=plain(job.title))}"
    await caller.show(panel_of(ui.TextDisplay(said), colour=OVER))


async def _snooze(caller: Caller, minutes: int) -> None:
    await caller.interaction.response.defer()
    text = _text(caller)
    zone = await caller.services.timezone_of(caller.interaction.user.id, None)
    at = instants.now().replace(microsecond=0) + timedelta(minutes=minutes)
    assert caller.interaction.message is not None
    job_id = (
        f"snooze-{caller.interaction.message.id}"  # one for a message, however often and fast it is clicked
    )
    try:
        await _save(caller, text, Trigger("date", {"run_date": to_iso(at)}), zone, job_id)
    except Conflict as error:
        if error.code != "job_exists":
            raise
        made = await caller.client.job(job_id, caller.actor_id)
        at = made.next_run_at or at
    await _close(caller, f"💤 {text}\n-# {t('again {when}', when=relative(at))}")


def _minutes(target: str) -> int:
    """Return how many minutes a button snoozes; raise Refused if its target is not a number."""
    if not re.fullmatch(r"\d{1,6}", target, re.ASCII):
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return min(max(int(target), 1), 7 * 24 * 60)


async def _done(caller: Caller) -> None:
    await caller.interaction.response.defer()
    await _close(caller, f"✅ {_text(caller)}")


def _text(caller: Caller) -> str:
    message = caller.interaction.message
    if message is None or caller.bot.user is None or message.author.id != caller.bot.user.id:
        raise Refused(t("This reminder no longer exists."))
    return message.content.removeprefix(f"{MARK} ")


async def _close(caller: Caller, text: str) -> None:
    await caller.interaction.edit_original_response(
        content=text[:2000], view=None, allowed_mentions=discord.AllowedMentions.none()
    )


class _Button(Remembered, ui.Button[Any]):
    """A button of a reminder; `take` handles its clicks."""


class _Select(Remembered, ui.Select[Any]):
    """A select of reminders; `take` handles the choice."""


async def take(interaction: discord.Interaction) -> None:
    """Answer a click on a reminder or in the list of reminders; ignore everything else."""
    found = _CLICK.fullmatch(str((interaction.data or {}).get("custom_id", "")))
    if interaction.type is not discord.InteractionType.component or found is None:
        return

    async def work(caller: Caller) -> None:
        match found["action"]:
            case None:
                await _cancel(caller, caller.picked())
            case "cancel":
                await _cancel(caller, found["target"])
            case "meant":
                await _meant(caller, found["target"])
            case "instead":
                await _instead(caller, found["target"])
            case "snooze":
                await _snooze(caller, _minutes(found["target"]))
            case _:
                await _done(caller)

    await answer_anyone(interaction, work)
