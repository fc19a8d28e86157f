"""``/schedule audit``: who changed what, old → new; and the wording of the log channel's entries."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import ui

from cogs.desk.drafts.parts import part_line, unknown
from cogs.desk.jobs.lookup import job_here
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import named_in_words
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.paging import Page, PagedPanel, State, cursor_of
from cogs.desk.kit.wording import (
    ACTIONS,
    IN_QUIET_HOURS,
    MISSED,
    NEUTRAL,
    OVERLAP,
    brief,
    changed,
    cut,
    mentioned,
    plain,
    relative,
    state_word,
)
from cogs.desk.settings import word_hours
from cogs.guild_language import NAMES
from cogs.language import in_quotes, mark, shown_locale, t, tn, with_colon
from schedulezero.client.dialect import AuditPage
from schedulezero.clocks import in_clocks_of
from schedulezero.errors import ClientError
from schedulezero.instants import from_iso
from schedulezero.methods.parameters import Kind, Parameter, kind_of, tells_a_secret
from schedulezero.model import JobState, Trigger
from schedulezero.model.audit import AuditEntry, Change
from schedulezero.model.authorship import ASKED
from schedulezero.model.part import Part
from schedulezero.web.address import shortened
from schedulezero.when.calendar.triggers import run_date
from schedulezero.when.calendar.weekdays import stored_trigger
from schedulezero.when.language.describe import describe
from schedulezero.when.language.holiday_places import place_name

log = logging.getLogger(__name__)

_PAGE = 8
_MOST_CHANGES = 4
_LONGEST_VALUE = 80

# Read as: the action of an entry, its wording on a line.
_ACTIONS = {
    **ACTIONS,
    "run": mark("run on demand"),
    "made_up": mark("retried or backfilled"),
    "rules": mark("limits and hours changed"),
    "settings": mark("settings changed"),
    "zone": mark("time zone changed"),
    "history_cleared": mark("history cleared"),
    "feed_made": mark("calendar address created"),
    "feed_renewed": mark("calendar address replaced"),
    "feed_revoked": mark("calendar address revoked"),
    "sprocket_loaded": mark("sprocket loaded"),
    "sprocket_unloaded": mark("sprocket unloaded"),
    "sprocket_reloaded": mark("sprocket reloaded"),
    "sprocket_configured": mark("sprocket configured"),
}
_LABELS = {
    "trigger": mark("When"),
    "timezone": mark("Time zone"),
    "state": mark("State"),
    "name": mark("Name"),
    "method": mark("Job"),
    "missed": mark("Missed runs"),
    "overlap": mark("Overlapping runs"),
    "in_quiet_hours": mark("In the server's quiet hours"),
    "run": mark("Run"),
    ASKED: mark("Changes requested"),
    "parts": mark("Before and after"),
    "held_until": mark("No runs until"),
    "alert": mark("Alerts"),
    "managers": mark("Only these roles may change it"),
    "approval": mark("Approval by a second person"),
    "alert_channel_id": mark("Channel for alerts"),
    "log_channel_id": mark("Channel for changes"),
    "manager_role_ids": mark("Roles that may schedule"),
    "language": mark("Language of alerts and posted changes"),
    "quiet_from": mark("Quiet hours from"),
    "quiet_to": mark("Quiet hours to"),
    "dark_days": mark("Days off"),
    "holidays": mark("Off on public holidays in"),
    "most_jobs": mark("Maximum jobs"),
    "most_runs_an_hour": mark("Maximum runs per hour"),
}
_HOLD = "held_until"
_ABOUT_ITSELF = "guild_id"
"""A field that names the guild to which the entry belongs anyway."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# The only fields shown of a new job.
_OF_A_NEW_JOB = ("trigger", "params.", "parts.")
_CLOCKS = ("quiet_from", "quiet_to")
_PLACES = ("holidays", "habits.place")
# Read as: a field, the words for its values.
_POLICIES = {
    "missed": {policy.value: words for policy, words in MISSED.items()},
    "overlap": {policy.value: words for policy, words in OVERLAP.items()},
}
_PART = re.compile(r"parts\.[a-z0-9]{1,8}", re.ASCII)
_PARAM = re.compile(r"(parts\.[a-z0-9]{1,8}\.)?params\.(?P<name>.+)", re.ASCII)


async def show_audit(desk: Desk, job_id: str | None, person: discord.Member | discord.User | None) -> None:
    """Show who changed what here, newest first."""
    if job_id:
        await job_here(desk, job_id, cancelled=True)
    view = {"audit": job_id or "", "actor": str(person.id) if person else ""}
    await AUDIT.begin(desk, view)


async def _page(desk: Desk, panel_id: str, view: State) -> Page:
    page = await desk.client.audit(
        desk.guild_id,
        job_id=view["audit"] or None,
        actor_id=view["actor"] or None,
        cursor=cursor_of(view),
        limit=_PAGE,
    )
    return Page(audit_panel(panel_id, page, first=not view["cursors"]), page.next_cursor)


AUDIT = PagedPanel("audit", mark("This list has expired. Use `/schedule audit` again."), _page)


def audit_panel(panel_id: str, page: AuditPage, *, first: bool) -> ui.LayoutView:
    """Return a page of entries as a panel."""
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {t('Who changed what')}")]
    if not page.entries:
        items.append(ui.TextDisplay(t("Nothing has been changed yet.")))
    items += [ui.TextDisplay(cut(entry_text(entry), 450)) for entry in page.entries]
    items.append(
        row_of(
            DeskButton("audit", "back", panel_id, t("Newer"), disabled=first),
            DeskButton("audit", "next", panel_id, t("Older"), disabled=page.next_cursor is None),
        )
    )
    return panel_of(*items, colour=NEUTRAL)


def entry_text(entry: AuditEntry) -> str:
    """Describe an entry: when, who, what, and below it old → new."""
    who = f"<@{entry.actor_id}>" if entry.actor_id else _nobody(entry.via)
    what = f" · {in_quotes(cut(plain(entry.name), 80))}" if entry.name else ""
    head = f"{relative(entry.at)} · {who} · **{t(_ACTIONS.get(entry.action, entry.action))}**{what}"
    return "\n".join([head, *(f"-# {line}" for line in _changes(entry))])


def _nobody(via: str) -> str:
    return t("the bot itself") if via == "server" else t("through the API")


def _changes(entry: AuditEntry) -> list[str]:
    # Of a hold that is over, the action tells.
    changes: Sequence[Change] = [
        change for change in entry.changes if change.field != _HOLD or change.new is not None
    ]
    new = entry.action == "created"
    changes = [change for change in changes if change.field.rpartition(".")[2] != _ABOUT_ITSELF]
    if new:
        # What a job leaves out or doesn't do says nothing of it.
        changes = [
            change
            for change in changes
            if change.field.startswith(_OF_A_NEW_JOB) and change.new not in (None, "", False, [], {})
        ]
    only_new = new or entry.action in ("run", "made_up")
    skips = entry.action == "skipped"
    lines = [
        t("Skipped: {when}", when=_value(_HOLD, change.new))
        if skips and change.field == _HOLD
        else _line(change, only_new=only_new)
        for change in changes[:_MOST_CHANGES]
    ]
    if len(changes) > _MOST_CHANGES:
        lines.append(tn("… and {count} more", "… and {count} more", len(changes) - _MOST_CHANGES))
    return lines


def _line(change: Change, *, only_new: bool) -> str:
    name = change.field.rpartition(".")[2]
    own = word_hours.LABELS if change.field.startswith("habits.") else _LABELS
    label = t(own.get(name) or Parameter(name, kind_of(name, "")).label)
    if change.field.startswith("parts."):
        label = (
            t("Before and after") if _PART.fullmatch(change.field) else f"{t('Before and after')} · {label}"
        )
    new = _value(change.field, change.new)
    if change.field == _HOLD and change.old is None:
        only_new = True
    return f"{with_colon(label)} {new}" if only_new else changed(label, _value(change.field, change.old), new)


def _value(field: str, value: Any) -> str:
    if field == "in_quiet_hours":
        return t(IN_QUIET_HOURS["run" if value else "skip"])
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if field in _POLICIES and str(value) in _POLICIES[field]:
        return t(_POLICIES[field][str(value)])
    if field == "language" and value in NAMES:
        return NAMES[value]
    if field in _PLACES and isinstance(value, str):
        return brief(place_name(value, shown_locale()))
    if value in (None, "", [], {}):
        return brief(value)
    if field == "trigger" and isinstance(value, dict):
        trigger = stored_trigger(Trigger.from_json(value))
        zone = trigger.zone_or("UTC")
        if trigger.type == "date":  # an entry has no zone of its own, and many people read it
            return discord.utils.format_dt(run_date(trigger.args.get("run_date"), ZoneInfo(zone), field), "f")
        return plain(describe(trigger, zone, shown_locale()))
    if field == "state" and value in tuple(JobState):
        return state_word(JobState(value))
    if _PART.fullmatch(field):
        return _part(value)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return discord.utils.format_dt(from_iso(value), "f")
    if isinstance(value, str) and (field.startswith("habits.") or field in _CLOCKS):
        return brief(in_clocks_of(shown_locale(), value))
    if (words := named_in_words(field.rpartition(".")[2], value)) is not None:
        return cut(words, _LONGEST_VALUE)
    kind = kind_of(field.rpartition(".")[2], "")
    if kind is Kind.URL and isinstance(value, str):
        return cut(plain(shortened(value)), _LONGEST_VALUE)  # its path may be a secret, and many read this
    if (param := _PARAM.fullmatch(field)) is not None and tells_a_secret(param["name"]):
        return "…"
    items = value if isinstance(value, list) else [value]
    if (mentions := mentioned(kind, value)) is not None and all(str(item).isdecimal() for item in items):
        return cut(mentions, _LONGEST_VALUE)
    return brief(value)


def _part(value: Any) -> str:
    """Say when a part of a job runs and what it does, without its params: they may hold a secret."""
    try:
        return part_line(Part.from_json({**value, "params": {}}), unknown)
    except (KeyError, TypeError, ValueError):
        return "…"  # an entry may be of anybody's who writes over REST


async def note_change(desk: Desk, done: str, changes: Sequence[Change], *, name: str | None = None) -> None:
    """Add a change made in the bot itself to the audit; only log a warning if the server does not take it.

    Parameters:
        desk: where it was made, and by whom.
        done: a key of the actions above.
        changes: old → new.
        name: the name of the changed thing.
    """
    if desk.guild.id is None:
        return
    try:
        await desk.client.note(done, guild_id=desk.guild_id, name=name, changes=changes, by=desk.actor_id)
    except ClientError as error:
        log.warning("%s by %s is missing in the audit: %s", done, desk.member.id, error)


PANELS = (Panel("audit", clicks=AUDIT.clicks),)
