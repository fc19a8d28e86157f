"""A person's reminders: page by page, each with a card to edit, cancel and undo; and those that got lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.kit.context import Caller
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import Form, open_form, text_field
from cogs.desk.kit.paging import place
from cogs.desk.kit.wording import (
    GOOD,
    NEUTRAL,
    OVER,
    WAITING,
    cut,
    full,
    its_time_has_passed,
    job_state,
    plain,
    relative,
    sentence,
    sentence_in,
)
from cogs.desk.reminders.cancelled import cancelled_lately
from cogs.desk.reminders.controls import MARK, ReminderButton, ReminderSelect
from cogs.desk.reminders.fixing import FORM, refused_panel
from cogs.desk.reminders.reading import METHOD, WHEN, changed, read_as
from cogs.formats import zone_name
from cogs.language import t, tc, tn
from cogs.memory import new_id
from cogs.rights.allowance import allowance_of, reminders_used_up
from cogs.services import Refused
from cogs.undelivered import Undelivered, clear_undelivered, undelivered_to
from schedulezero.client.dialect import Feature, JobPage, JobQuery
from schedulezero.errors import Conflict, NotFound
from schedulezero.methods.message_links import read_place
from schedulezero.model import Job, JobState
from schedulezero.when.language.understood import Understood

_A_PAGE = 10
_MOST_PAUSED = 10
_MOST_LOST = 10


async def show_reminders(caller: Caller) -> None:
    """Show the first page of the person's reminders, next one first."""
    await _show(caller, new_id(), [])


async def turn(caller: Caller, panel_id: str, *, forward: bool) -> None:
    """Show the next page of a list, or the one before."""
    await caller.acknowledge()
    state = await caller.memory.panel(panel_id, caller.interaction.user.id)
    if state is None:
        raise Refused(t("This list has expired. Use the command again."))
    cursors: list[str] = state["cursors"]
    if not forward:
        cursors = cursors[:-1]
    elif state.get("next"):
        cursors = [*cursors, state["next"]]
    await _show(caller, panel_id, cursors)


async def _show(caller: Caller, panel_id: str, cursors: list[str]) -> None:
    await caller.acknowledge()
    client, person = caller.client, caller.actor_id
    page = await client.jobs(
        person,
        JobQuery(state=JobState.ACTIVE, method=METHOD),
        cursor=cursors[-1] if cursors else None,
        limit=_A_PAGE,
        total=True,
    )
    waiting = JobQuery(state=JobState.PAUSED, method=METHOD)
    paused = await client.jobs(person, waiting, limit=_MOST_PAUSED, total=True)
    zone = await caller.zone()
    jobs = [*page.jobs, *(paused.jobs if not cursors else ())]
    lost = await undelivered_to(caller.memory, person) if not cursors else []
    items: list[ui.Item[Any]] = _lost_items(lost) if lost else []
    if jobs:
        heading = " · ".join([f"### {t('Your reminders')}", *_place(page, paused, len(cursors) + 1)])
        lines = [_line(job, zone) for job in jobs]
        items += [ui.TextDisplay(cut("\n".join([heading, *lines]), 3000))]
        options = _options(jobs, zone)
        placeholder = t("Open a reminder to edit or cancel it…")
        items.append(row_of(ReminderSelect(placeholder=placeholder, options=options)))
    elif not cursors:
        items.append(ui.TextDisplay(with_mentions(t("You have no reminders. `/remind me` creates one."))))
    if not cursors and (gone := await cancelled_lately(caller)):
        options = _options(gone, zone)
        asked = t("Restore a cancelled reminder…")
        items.append(row_of(ReminderSelect(asked, options, action="again", target="mine")))
    buttons = [ReminderButton("back", panel_id, t("Back"))] if cursors else []
    buttons += [ReminderButton("next", panel_id, t("Next"))] if page.next_cursor else []
    buttons += [ReminderButton("feed", "me", t("In your calendar"))] if not cursors else []
    if buttons:
        items.append(row_of(*buttons))
    if jobs:
        allowance = await allowance_of(caller.services, person, person)
        items.append(ui.TextDisplay(f"-# {reminders_used_up(allowance)}"))
    await caller.memory.save_panel(
        panel_id, caller.interaction.user.id, {"cursors": cursors, "next": page.next_cursor}
    )
    await caller.show(panel_of(*items, colour=WAITING if lost else NEUTRAL))


async def again(caller: Caller, _target: str) -> None:
    """Bring the picked reminder back."""
    await undo(caller, caller.picked())


def _options(jobs: Iterable[Job], zone: str) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(
            label=cut(job.title, 100), value=job.id, description=cut(sentence_in(job, zone), 100)
        )
        for job in jobs
    ]


def _line(job: Job, zone: str) -> str:
    """Say what a reminder is for and when, with its zone if that isn't the person's."""
    title = f"{MARK} **{cut(plain(job.title), 80)}** · {sentence_in(job, zone)}"
    if job.state is not JobState.ACTIVE:
        return f"{title} · {job_state(job)}"
    return title + (f" · {relative(job.next_run_at)}" if job.next_run_at else "")


def _place(active: JobPage, paused: JobPage, number: int) -> list[str]:
    """Return which page of active reminders this is, and how many there are with those that are paused."""
    count = tn("{count} reminder", "{count} reminders", (active.total or 0) + (paused.total or 0))
    return place(number, active.total, _A_PAGE, count, more=active.next_cursor is not None)


def said_lost(count: int) -> str:
    """Say how many reminders did not arrive."""
    return tn("{count} reminder couldn't reach you", "{count} reminders couldn't reach you", count)


def _lost_items(lost: list[Undelivered]) -> list[ui.Item[Any]]:
    lines = [f"### ⚠ {said_lost(len(lost))}"]
    shown = lost[:_MOST_LOST]
    for item in shown:
        place = f" · [{t('Where you set it')}]({item.made_at})" if _is_place(item.made_at) else ""
        lines.append(f"- {cut(plain(item.text), 200)} · {relative(item.due_at)}{place}")
    if len(lost) > len(shown):
        more = len(lost) - len(shown)
        lines.append(f"- {tn('and {count} more', 'and {count} more', more)}")
    lines.append(f"-# {t('Allow direct messages from a server we share so that the next ones reach you.')}")
    target = str(int(shown[-1].due_at.timestamp()) + 1)
    return [
        ui.TextDisplay("\n".join(lines)),
        row_of(ReminderButton("clear", target, t("Clear what's shown"))),
        ui.Separator(),
    ]


def _is_place(link: str | None) -> bool:
    return link is not None and read_place(link) is not None


# -------------------------------------------------------------------- one reminder


async def show_one(caller: Caller, job_id: str) -> None:
    """Show one reminder with what can be done with it."""
    await caller.acknowledge()
    await _show_card(caller, await own_reminder(caller, job_id))


async def _show_card(
    caller: Caller,
    job: Job,
    *,
    heading: str = "",
    understood: Understood | None = None,
    colour: discord.Colour | None = None,
) -> None:
    lacks = await caller.client.lacks()
    lines = [
        f"### {MARK} {heading or cut(plain(job.title), 100)}",
        cut(plain(str(job.params["message"])), 1800),
    ]
    lines.append(f"**{sentence(job)}** ({zone_name(job.timezone)})")
    if job.state is not JobState.ACTIVE:
        lines.append(job_state(job))
    elif job.next_run_at is not None:
        lines.append(full(job.next_run_at))
    lines += read_as(understood)
    buttons: list[ui.Item[Any]] = []
    if Feature.EDIT not in lacks:
        buttons.append(ReminderButton("edit", job.id, t("Edit")))
    if job.state is JobState.PAUSED:
        buttons.append(ReminderButton("resume", job.id, t("Resume")))
    if job.state in (JobState.ACTIVE, JobState.PAUSED):
        buttons.append(ReminderButton("cancel", job.id, t("Cancel reminder")))
    place = job.params.get("made_at")
    if isinstance(place, str) and _is_place(place):
        buttons.append(ui.Button(label=t("Where you set it"), url=place))
    buttons.append(ReminderButton("list", "mine", t("All reminders")))
    colour = colour or (GOOD if heading else NEUTRAL)
    await caller.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(*buttons), colour=colour))


async def _show_wanted(caller: Caller, job: Job) -> None:
    """Show a reminder that is wanted again, and whether it will come."""
    if job.state is JobState.FINISHED:
        await _show_card(caller, job, heading=its_time_has_passed(), colour=OVER)
    else:
        await _show_card(caller, job, heading=t("I will remind you") if job.state is JobState.ACTIVE else "")


async def own_reminder(caller: Caller, job_id: str) -> Job:
    """Return the person's reminder of that id; raise Refused if there is none, or it is someone else's."""
    try:
        job = await caller.client.job(job_id, caller.actor_id)
    except NotFound as error:
        raise Refused(t("This reminder no longer exists.")) from error
    if job.method != METHOD:
        raise Refused(t("This reminder no longer exists."))
    return job


async def cancel(caller: Caller, job_id: str) -> None:
    """Cancel a reminder, with a button that undoes it."""
    await caller.acknowledge()
    client, person = caller.client, caller.actor_id
    job = await own_reminder(caller, job_id)
    if job.state in (JobState.ACTIVE, JobState.PAUSED):
        await client.cancel(job, person)
    said = f"✖ {t('Cancelled: {name}', name=plain(job.title))}"
    lacks = await client.lacks()
    buttons = [] if Feature.UNDO in lacks else [ReminderButton("undo", job.id, t("Undo"))]
    buttons.append(ReminderButton("list", "mine", t("All reminders")))
    await caller.show(panel_of(ui.TextDisplay(said), row_of(*buttons), colour=OVER))


async def undo(caller: Caller, job_id: str) -> None:
    """Bring a cancelled reminder back."""
    await caller.acknowledge()
    job = await own_reminder(caller, job_id)
    if job.state is JobState.CANCELLED:
        job = await caller.client.restore(job.id, expected=job.version, by=caller.actor_id)
    await _show_wanted(caller, job)


async def resume(caller: Caller, job_id: str) -> None:
    """Let a paused reminder go on, as after its person has opened their direct messages."""
    await caller.acknowledge()
    job = await own_reminder(caller, job_id)
    if job.state is JobState.PAUSED:
        job = await caller.client.resume(job.id, caller.actor_id, version=job.version)
    await _show_wanted(caller, job)


async def ask_edit(caller: Caller, job_id: str) -> None:
    """Open the form that changes a reminder."""
    await _ask_edit(caller, await own_reminder(caller, job_id))


async def _ask_edit(caller: Caller, job: Job) -> None:
    form = Form(title=t("Edit the reminder"), custom_id=f"{FORM}:edit:{job.id}")
    text = str(job.params["message"])
    form.add_item(
        text_field("what", t("What to remind you of"), value=text, required=True, long=True, most=1800)
    )
    keeps = t("Leave it empty to keep: {time}", time=sentence_in(job, await caller.zone()))
    given = str(job.meta.get(WHEN) or "")
    form.add_item(text_field("when", t("When"), description=keeps, placeholder=given or None))
    await open_form(caller, form)


async def edited(caller: Caller, job_id: str, fields: Mapping[str, Any]) -> None:
    """Save what was typed into the form."""
    await caller.acknowledge()
    job = await own_reminder(caller, job_id)
    what, when = str(fields.get("what") or ""), str(fields.get("when") or "")
    try:
        job, understood = await changed(caller, job, what, when, await caller.zone())
    except Conflict as error:
        raise Refused(t("This reminder was just changed. Open it again.")) from error
    except Refused as error:
        back, typed = ReminderButton("list", "mine", t("All reminders")), {"what": what, "when": when}
        await caller.show(await refused_panel(caller, error.message, "edit", job.id, typed, back))
        return
    await _show_card(caller, job, heading=tc("a reminder", "Changed"), understood=understood)


async def clear(caller: Caller, target: str) -> None:
    """Forget the lost reminders that were shown, and show the list again."""
    await caller.acknowledge()
    await clear_undelivered(caller.memory, caller.actor_id, int(target))
    await show_reminders(caller)
