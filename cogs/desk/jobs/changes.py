"""The changes to a job: by whom, old → new, with a button to restore each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from discord import ui

from cogs.desk.drafts.parts import part_line, unknown
from cogs.desk.drafts.secrecy import veiled, with_veiled_parts
from cogs.desk.jobs.lookup import job_here
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.in_words import named_in_words
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import (
    ACTIONS,
    IN_QUIET_HOURS,
    MISSED,
    NEUTRAL,
    OVERLAP,
    brief,
    changed,
    cut,
    full,
    no_longer_held,
    plain,
    relative,
    sentence_with_zone,
    state_word,
    title_of,
)
from cogs.language import t
from cogs.services import spec_for, specs_of
from schedulezero import instants
from schedulezero.model import Job, JobState, JobVersion
from schedulezero.model.authorship import ASKED
from schedulezero.when.calendar.skipped import runs_skipped

_SHOWN = 7


async def show_changes(desk: Desk, job_id: str) -> None:
    """Show the newest versions of a job."""
    job = await job_here(desk, job_id, cancelled=True)
    versions = await desk.client.versions(job.id, _SHOWN + 1)
    readable = {item.job.version: _readable(desk, item.job) for item in versions}
    await desk.show(changes_panel(job, versions, readable))


def _readable(desk: Desk, job: Job) -> Job:
    """Return a version as the reader may see it."""
    shown = veiled(spec_for(desk.bot, job.method), job, desk.member)
    return with_veiled_parts(shown, job, desk.member, specs_of(desk.bot))


def changes_panel(
    job: Job, versions: tuple[JobVersion, ...], readable: Mapping[int, Job] = MappingProxyType({})
) -> ui.LayoutView:
    """Return a panel of the versions, newest first, each with its changes.

    Parameters:
        job: its current version.
        versions: newest first.
        readable: version → the job as the reader may see it, where that differs.
    """
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {t('Changes to “{name}”', name=cut(plain(title_of(job)), 100))}")
    ]
    known = [*versions[:_SHOWN], *versions[_SHOWN : _SHOWN + 1]]
    befores = {newer.job.version: older.job for newer, older in pairwise(known)}
    for version in versions[:_SHOWN]:
        items.append(_line(job, version, befores.get(version.job.version), readable))
    items.append(row_of(DeskButton("job", "show", job.id, t("Back to the job"))))
    return panel_of(*items, colour=NEUTRAL)


def _line(job: Job, version: JobVersion, before: Job | None, readable: Mapping[int, Job]) -> ui.Item[Any]:
    number = version.job.version
    who = f"<@{version.actor_id}>" if version.actor_id else t("someone")
    lines = [
        f"**{number}.** {t(ACTIONS.get(version.action, version.action))} · {who} · "
        f"{relative(version.changed_at)}"
    ]
    if before is not None:
        lines += [f"-# {change}" for change in differences(before, version.job, readable)[:4]]
    text = ui.TextDisplay(cut("\n".join(lines), 600))
    if number == job.version or version.job.state is JobState.CANCELLED:
        return text  # a cancelled job is restored to what it was before
    return ui.Section(
        text, accessory=DeskButton("job", "back", f"{job.id}:{number}.{job.version}", t("Restore"))
    )


def differences(before: Job, after: Job, readable: Mapping[int, Job] = MappingProxyType({})) -> list[str]:
    """List the changes between two versions, each as ``label: old → new``; see `changes_panel`."""
    old, new = (readable.get(job.version, job).params for job in (before, after))
    found: list[str] = []

    def note(label: str, old: Any, new: Any) -> None:
        if old != new:
            found.append(changed(label, brief(old), brief(new)))

    note(t("Name"), before.name, after.name)
    if (before.trigger, before.timezone) != (after.trigger, after.timezone):
        note(t("When"), sentence_with_zone(before), sentence_with_zone(after))
    for key in sorted(before.params.keys() | after.params.keys()):
        if before.params.get(key) != after.params.get(key):
            label = t(key.replace("_", " ").capitalize())
            found.append(changed(label, _said(key, old.get(key)), _said(key, new.get(key))))
    found += _changed_parts(before, after, readable)
    if before.state is not after.state:
        note(t("State"), state_word(before.state), state_word(after.state))
    if before.held_until != after.held_until and (held := _held(after)) is not None:
        found.append(held)
    if (lost := no_longer_held(before, after)) is not None:
        found.append(lost)
    note(t("Missed runs"), t(MISSED[before.missed]), t(MISSED[after.missed]))
    note(t("Overlapping runs"), t(OVERLAP[before.overlap]), t(OVERLAP[after.overlap]))
    if before.in_quiet_hours is not after.in_quiet_hours:
        words = (t(IN_QUIET_HOURS["run" if job.in_quiet_hours else "skip"]) for job in (before, after))
        note(t("In the server's quiet hours"), *words)
    for key, label in (
        ("alert", t("Alerts")),
        ("managers", t("Only these roles may change it")),
        (ASKED, t("Changes requested")),
    ):
        note(label, before.meta.get(key), after.meta.get(key))
    return found


def _held(job: Job) -> str | None:
    """Return what a change skipped, or until when it paused the job; None if neither.

    Judged as of the change: a skipped run that has passed since was still skipped, and didn't become a hold.
    """
    at = job.updated_at or instants.now()
    if job.held_until is None or job.held_until <= at:
        return None
    if skipped := runs_skipped(job, at):
        return t("Skipped: {when}", when=full(skipped[-1]))
    return t("Paused until {when}", when=full(job.held_until))


def _said(key: str, value: Any) -> str:
    words = named_in_words(key, value)
    return brief(value) if words is None else cut(words, 150)


def _changed_parts(before: Job, after: Job, readable: Mapping[int, Job]) -> list[str]:
    """List what changed of what a job does before and after its own runs."""
    found: list[str] = []
    old, new = ({part.id: part for part in job.parts} for job in (before, after))
    shown_old, shown_new = (
        {part.id: part for part in readable.get(job.version, job).parts} for job in (before, after)
    )
    label = t("Before and after")
    for part_id in dict.fromkeys([*old, *new]):
        one, other = old.get(part_id), new.get(part_id)
        if one == other:
            continue
        if one is None or other is None or replace(one, params={}) != replace(other, params={}):
            lines = (part_line(part, unknown) if part is not None else brief(None) for part in (one, other))
            found.append(changed(label, *lines))
            continue
        seen, seen_now = shown_old[part_id].params, shown_new[part_id].params
        for key in sorted(one.params.keys() | other.params.keys()):
            if one.params.get(key) != other.params.get(key):
                name = f"{label} · {t(key.replace('_', ' ').capitalize())}"
                found.append(changed(name, brief(seen.get(key)), brief(seen_now.get(key))))
    return found


PANELS = (Panel("job", clicks={"changes": show_changes}),)
