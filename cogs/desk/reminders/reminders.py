"""Personal reminders: create, snooze and complete them; anywhere, including direct messages.

A reminder is a job with the person's id in place of a guild's, so that it is listed, limited and stored like
any other job, and no guild sees it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from cogs.command_mentions import mention_of, with_mentions
from cogs.desk.kit.context import Caller
from cogs.desk.kit.first_run import first_run_warning
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import Form, open_form, submitted, text_field
from cogs.desk.kit.replies import answer_anyone
from cogs.desk.kit.suggesting import time_options
from cogs.desk.kit.wording import GOOD, full, plain, relative, sentence
from cogs.desk.reminders import listing, own_data, own_feed, own_zone
from cogs.desk.reminders.controls import CUSTOM_ID, MARK, ReminderButton, ReminderSelect, place_in
from cogs.desk.reminders.fixing import FORM, refused_panel, typed_before
from cogs.desk.reminders.own_zone import MINE, change_zone, has_own_zone, move_offer, set_own_zone
from cogs.desk.reminders.reading import (
    METHOD,
    WHEN,
    changed,
    created,
    depends_on_zone,
    read_as,
    save,
    understood_by,
    with_typed,
)
from cogs.formats import zone_name
from cogs.language import locale, t, with_colon
from cogs.memory import Draft, new_id
from cogs.services import Refused
from cogs.undelivered import undelivered_reminder, undelivered_to
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.compose import limits
from schedulezero.errors import Conflict, WhenError
from schedulezero.instants import to_iso
from schedulezero.methods.closed_doors import note_came_by
from schedulezero.methods.message_links import read_place
from schedulezero.model import Job, JobState, Trigger
from schedulezero.when.language.understood import Understood, spoken


async def remind(caller: Caller, what: str, when: str) -> None:
    """Create a reminder, and show how *when* was understood."""
    await caller.acknowledge()
    if not what.strip():
        raise Refused(t("Enter what I should remind you of, such as `Water the plants`."))
    try:
        understood = await understood_by(caller, when, await caller.zone())
        job = await created(caller, what, when, understood)
    except WhenError as error:
        await caller.show(await _refused_panel(caller, error, what, when))
        return
    except Refused as error:
        await caller.show(await _correctable(caller, error.message, what, when))
        return
    await _show_made(caller, job, when, understood)


async def _refused_panel(caller: Caller, error: WhenError, what: str, when: str) -> ui.LayoutView:
    """Say why a time was refused, with times that may be meant; what was typed is kept for the choice."""
    said, options = with_typed(error, what, when), time_options(error.offers)
    if not options:
        return await _correctable(caller, said, what, when)
    draft = Draft(new_id(), caller.actor_id, caller.actor_id, METHOD, {"message": what}, when)
    await caller.memory.save_draft(draft)
    asked = t("Which time did you mean?")
    select = ReminderSelect(asked, options, action="meant", target=draft.id)
    return await _correctable(caller, said, what, when, above=row_of(select))


async def _correctable(
    caller: Caller, said: str, what: str, when: str, *, above: ui.Item[Any] | None = None
) -> ui.LayoutView:
    typed = {"what": what, "when": when}
    return await refused_panel(caller, said, "new", MINE, typed, above=above)


async def _ask_new(caller: Caller, target: str) -> None:
    """Ask again for a reminder that was refused."""
    form = Form(title=t("A reminder for yourself"), custom_id=f"{FORM}:new:{target}")
    form.add_item(text_field("what", t("What to remind you of"), required=True, long=True, most=1800))
    form.add_item(text_field("when", t("When"), required=True))
    await open_form(caller, form)


async def _given(caller: Caller, _target: str, fields: Mapping[str, Any]) -> None:
    await remind(caller, str(fields.get("what") or ""), str(fields.get("when") or ""))


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
    """Let a reminder come at the picked time instead."""
    await caller.acknowledge()
    when = caller.picked()
    job = await listing.own_reminder(caller, job_id)
    if job.state is not JobState.ACTIVE:
        raise Refused(t("This reminder no longer exists."))
    if Feature.EDIT in await caller.client.lacks():
        await caller.client.cancel(job, caller.actor_id)
        await remind(caller, str(job.params["message"]), when)
        return
    job, understood = await changed(caller, job, "", when, await caller.zone())
    await _show_made(caller, job, when, understood)


async def _show_made(caller: Caller, job: Job, when: str, understood: Understood | None) -> None:
    asks = bool(when) and not await has_own_zone(caller) and await depends_on_zone(caller, when)
    lost = await undelivered_to(caller.memory, caller.actor_id)
    zone, meanings = await caller.zone(), understood.others if understood else ()
    others = time_options(spoken(item, zone, locale()) for item in meanings)
    shared = _shares_a_server(caller)
    panel = _made_panel(job, read_as(understood), others, asks=asks, lost=len(lost), shared=shared)
    await caller.show(panel)


def _shares_a_server(caller: Caller) -> bool:
    """Return whether the bot is surely in a server with the person, or has written to them already."""
    interaction = caller.interaction
    # A server may have added only the app's commands, so that the bot itself isn't a member.
    is_here = interaction.guild_id is not None and caller.bot.get_guild(interaction.guild_id) is not None
    return is_here or interaction.context.dm_channel


def _made_panel(
    job: Job,
    notes: Sequence[str],
    others: list[discord.SelectOption],
    *,
    asks: bool,
    lost: int,
    shared: bool,
) -> ui.LayoutView:
    lines = [
        f"### {MARK} {t('I will remind you')}",
        plain(job.title),
        f"**{sentence(job)}** ({zone_name(job.timezone)})",
    ]
    if job.next_run_at is not None:
        lines.append(full(job.next_run_at))
    lines += notes
    if (warning := first_run_warning(job)) is not None:
        lines.append(f"⚠ {warning}")
    if asks:
        said = t(
            "I read this in the time zone {zone}, because I don't know yours.", zone=zone_name(job.timezone)
        )
        lines.append(f"🕒 {said}")
    if lost:
        lines.append(f"⚠ {with_colon(listing.said_lost(lost))} {mention_of('remind list')}")
    if not shared:
        said = t(
            "Discord might not let me message you unless we share a server. If a reminder can't be sent, "
            "you'll find it in `/remind list`."
        )
        lines.append(f"⚠ {with_mentions(said)}")
    sent = with_mentions(t("I'll send a direct message. `/remind list` shows all your reminders."))
    lines.append(f"-# {sent}")
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if others:
        asked = t("Did you mean another time?")
        items.append(row_of(ReminderSelect(asked, others, action="instead", target=job.id)))
    zone = ReminderButton("zone", job.id, t("Set my time zone"), style=discord.ButtonStyle.primary)
    items.append(row_of(*([zone] if asks else []), ReminderButton("cancel", job.id, t("Cancel reminder"))))
    return panel_of(*items, colour=GOOD)


async def _ask_zone(caller: Caller, target: str) -> None:
    form = Form(title=t("Set my time zone"), custom_id=f"{FORM}:zone:{target}")
    form.add_item(text_field("zone", t("City or time zone"), required=True, most=60, placeholder="Berlin"))
    await open_form(caller, form)


async def _zone_given(caller: Caller, target: str, fields: Mapping[str, Any]) -> None:
    """Set the person's zone, and read the reminder's time again in it, if it was asked for at one."""
    await caller.acknowledge()
    typed = str(fields.get("zone") or "")
    if target == MINE:
        await change_zone(caller, typed)
        return
    before = await caller.zone()
    try:
        zone = await set_own_zone(caller, typed)
    except Refused as error:
        await caller.show(await refused_panel(caller, error.message, "zone", target, {"zone": typed}))
        return
    job = await listing.own_reminder(caller, target)
    when, understood = str(job.meta.get(WHEN) or ""), None
    if when and Feature.EDIT not in await caller.client.lacks():
        job, understood = await changed(caller, job, "", when, zone)
    await _show_made(caller, job, when, understood)
    if (others := await move_offer(caller, before, zone)) is not None:
        await caller.interaction.followup.send(
            view=others, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
        )


async def _fix(caller: Caller, panel_id: str) -> None:
    """Open a form again that was refused, with what was typed."""
    form, target, caller = await typed_before(caller, panel_id)
    await _ASKS[form](caller, target)


# -------------------------------------------------------------------- the message that reminds


async def _read(caller: Caller, key: str) -> None:
    """Show a reminder that could not be sent to the person it is for."""
    await caller.interaction.response.defer(ephemeral=True, thinking=True)
    found = await undelivered_reminder(caller.memory, caller.actor_id, key)
    if found is None:
        raise Refused(t("This reminder is for someone else, or it no longer exists."))
    # The same text and buttons as the direct message has.
    view = discord.ui.View(timeout=None)
    for minutes, label in ((10, "10 min"), (60, "1 h"), (24 * 60, "1 d")):
        view.add_item(ReminderButton("snooze", str(minutes), label))
    view.add_item(ReminderButton("done", "0", t("Done"), style=discord.ButtonStyle.success))
    if found.made_at is not None and read_place(found.made_at) is not None:
        view.add_item(ui.Button(label=t("Where you set it"), url=found.made_at))
    await caller.interaction.edit_original_response(
        content=f"{MARK} {found.text}"[: limits.TEXT.most],
        view=view,
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _snooze(caller: Caller, minutes: int) -> None:
    await caller.interaction.response.defer()
    text = _text(caller)
    zone = await caller.services.timezone_of(caller.interaction.user.id, None)
    at = instants.now().replace(microsecond=0) + timedelta(minutes=minutes)
    message = caller.interaction.message
    assert message is not None
    job_id = f"snooze-{message.id}"  # one for a message, however often and fast it is clicked
    try:
        trigger = Trigger("date", {"run_date": to_iso(at)})
        await save(caller, text, trigger, zone, job_id, made_at=place_in(message))
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
        content=text[: limits.TEXT.most], view=None, allowed_mentions=discord.AllowedMentions.none()
    )


# -------------------------------------------------------------------- clicks and forms

# Read as: the action in a button's custom id, and what it does with the target.
_CLICKS: dict[str, Callable[[Caller, str], Awaitable[None]]] = {
    "snooze": lambda caller, target: _snooze(caller, _minutes(target)),
    "done": lambda caller, target: _done(caller),
    "read": _read,
    "zone": _ask_zone,
    "meant": _meant,
    "instead": _instead,
    "cancel": listing.cancel,
    "undo": listing.undo,
    "again": listing.again,
    "resume": listing.resume,
    "edit": listing.ask_edit,
    "fix": _fix,
    "move": own_zone.move,
    "leave": own_zone.leave,
    "list": lambda caller, target: listing.show_reminders(caller),
    "next": lambda caller, target: listing.turn(caller, target, forward=True),
    "back": lambda caller, target: listing.turn(caller, target, forward=False),
    "feed": lambda caller, target: own_feed.show_feeds(caller),
    "feedmake": lambda caller, target: own_feed.make(caller),
    "feedrenew": lambda caller, target: own_feed.renew(caller),
    "feedrevoke": lambda caller, target: own_feed.revoke(caller),
    "forget": own_data.forget_me,
    "clear": lambda caller, target: listing.clear(caller, _instant(target)),
}
_FORMS: dict[str, Callable[[Caller, str, Mapping[str, Any]], Awaitable[None]]] = {
    "new": _given,
    "zone": _zone_given,
    "edit": listing.edited,
}
# Read as: a form that can be refused, what opens it again.
_ASKS: dict[str, Callable[[Caller, str], Awaitable[None]]] = {
    "new": _ask_new,
    "zone": _ask_zone,
    "edit": listing.ask_edit,
}
_KINDS = {
    discord.InteractionType.component: (None, "-pick"),
    discord.InteractionType.modal_submit: ("-form",),
}


def _instant(target: str) -> str:
    if not re.fullmatch(r"\d{1,11}", target, re.ASCII):
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return target


async def take(interaction: discord.Interaction) -> None:
    """Answer a click on a reminder, in a list of reminders, or a form of theirs; ignore everything else."""
    found = CUSTOM_ID.fullmatch(str((interaction.data or {}).get("custom_id", "")))
    if found is None or found["kind"] not in _KINDS.get(interaction.type, ()):
        return

    async def work(caller: Caller) -> None:
        await note_came_by(caller.memory, caller.actor_id)
        action, target = found["action"] or "", found["target"] or ""
        if found["kind"] == "-pick":
            await listing.show_one(caller, caller.picked())
        elif found["kind"] == "-form" and action in _FORMS:
            await _FORMS[action](caller, target, submitted(interaction))
        elif found["kind"] is None and action in _CLICKS:
            await _CLICKS[action](caller, target)
        else:
            raise Refused(t("This button is from an older version of me. Use the command again."))

    await answer_anyone(interaction, work)
