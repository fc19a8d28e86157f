"""A draft as it stands: what will happen, where, when, and what stands against it.

`review` works it out, `preview_panel` shows it. Nothing in here asks the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import discord
from discord import ui

from cogs.desk.components import DeskButton
from cogs.desk.draft import Filled, fill, steps
from cogs.desk.rights import problems
from cogs.desk.wording import BAD, NEUTRAL, cut, full, plain, quoted
from schedulezero.errors import WhenError
from schedulezero.memory import Draft
from schedulezero.methods import Kind, MethodSpec, Parameter
from schedulezero.model import Trigger
from schedulezero.when.describe import describe
from schedulezero.when.parse import understand
from schedulezero.when.preview import warnings
from schedulezero.when.schedules import Schedule, upcoming
from schedulezero.when.triggers import schedule_of

SHOWN_RUNS = 5
_LONGEST_QUOTE = 900


@dataclass(frozen=True, slots=True)
class Review:
    """What a draft amounts to at this moment.

    Attributes:
        filled: its params and what is wrong with them.
        trigger: when it is understood (or kept, for an edit); None when it is not.
        schedule: the same as a schedule.
        zone: the zone of its wall-clock times: the person's, unless the text names another.
        when_error: why *when* was not understood.
        problems: rights that the person or the bot lack.
    """

    filled: Filled
    trigger: Trigger | None
    schedule: Schedule | None
    zone: str
    when_error: str | None
    problems: list[str]

    @property
    def ready(self) -> bool:
        """Whether it may be saved."""
        return self.filled.complete and self.trigger is not None and not self.problems


def review(
    spec: MethodSpec,
    draft: Draft,
    *,
    guild: discord.Guild,
    member: discord.Member,
    zone: str,
    locale: str,
    now: datetime,
    kept: tuple[Trigger, datetime] | None = None,
) -> Review:
    """Works out what a draft amounts to.

    Parameters:
        spec: what its method declares.
        draft: what was typed.
        guild, member: where and by whom.
        zone, locale: in which the person means times.
        now: the present instant.
        kept: for an edit, the trigger (with its anchor) that an empty *when* keeps.
    """
    filled = fill(spec, draft.values, str(guild.id))
    trigger: Trigger | None = None
    schedule: Schedule | None = None
    when_error: str | None = None
    if kept is not None and not draft.when.strip():
        trigger = kept[0]
        schedule = schedule_of(trigger, anchor=kept[1], zone=zone)
    else:
        try:
            understood = understand(draft.when, zone=zone, locale=locale, now=now)
            trigger, schedule, zone = understood.trigger, understood.schedule, understood.zone
        except WhenError as error:
            when_error = error.message
    found = problems(spec, filled.params, guild, member) if not filled.errors else []
    return Review(filled, trigger, schedule, zone, when_error, found)


def preview_panel(
    spec: MethodSpec,
    draft: Draft,
    reviewed: Review,
    *,
    locale: str,
    now: datetime,
    notice: str | None = None,
    hint: str | None = None,
) -> ui.LayoutView:
    """The panel of a draft.

    Parameters:
        spec, draft, reviewed: what to show.
        locale: in whose language to read the schedule back.
        now: the present instant.
        notice: something that just happened, such as why saving failed.
        hint: something worth knowing about how the times were read.
    """
    panel = ui.LayoutView(timeout=None)
    trouble = _trouble(reviewed)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=BAD if trouble or notice else NEUTRAL)
    heading = "Your change" if draft.job_id else "Nothing is scheduled yet: please check"
    container.add_item(ui.TextDisplay(f"### {heading}\n**{plain(spec.summary)}**"))
    container.add_item(ui.TextDisplay(_fields(spec, draft) or "*No details.*"))
    container.add_item(ui.Separator())
    said = _when(reviewed, draft, locale, now)
    container.add_item(ui.TextDisplay(f"{said}\n-# {hint}" if hint else said))
    if trouble:
        listed = "\n".join(f"- {line}" for line in trouble)
        container.add_item(ui.Separator())
        container.add_item(ui.TextDisplay(cut(f"**⚠ What has to change first**\n{listed}", 1200)))
    if notice:
        container.add_item(ui.Separator())
        container.add_item(ui.TextDisplay(cut(f"**⚠ Not saved:** {notice}", 600)))
    container.add_item(_buttons(spec, draft, reviewed))
    panel.add_item(container)
    return panel


def _buttons(spec: MethodSpec, draft: Draft, reviewed: Review) -> ui.ActionRow[ui.LayoutView]:
    incomplete = not reviewed.filled.complete or reviewed.trigger is None
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    # Rights are looked at again on the click, so that whoever mended them need not start over.
    row.add_item(
        DeskButton(
            "draft", "confirm", draft.id, "Save the change" if draft.job_id else "Confirm",
            style=discord.ButtonStyle.success, disabled=incomplete,
        )
    )  # fmt: skip
    row.add_item(
        DeskButton(
            "draft", "edit", draft.id, "Edit",
            style=discord.ButtonStyle.primary if incomplete else discord.ButtonStyle.secondary,
        )
    )  # fmt: skip
    for number in range(1, len(steps(spec))):
        label = "More options" if number == 1 else f"More options {number}"
        row.add_item(DeskButton("draft", f"more{'abcdef'[number - 1]}", draft.id, label))
        if number == 2:
            break
    row.add_item(DeskButton("draft", "cancel", draft.id, "Discard"))
    return row


def _trouble(reviewed: Review) -> list[str]:
    lines = [f"**{parameter.label}** is missing." for parameter in reviewed.filled.missing]
    lines += reviewed.filled.errors.values()
    if reviewed.when_error:
        lines.append(f"**When:** {reviewed.when_error}")
    return lines + reviewed.problems


def _fields(spec: MethodSpec, draft: Draft) -> str:
    lines: list[str] = []
    for parameter in spec.parameters:
        value = draft.values.get(parameter.name)
        if value in (None, "", [], False) or parameter.kind is Kind.GUILD:
            continue
        lines.append(shown(parameter, value))
    return cut("\n".join(lines), 2000)


def shown(parameter: Parameter, value: object) -> str:
    """A parameter with its value, as a person reads it."""
    mark = {
        Kind.CHANNEL: "<#{}>", Kind.CHANNELS: "<#{}>", Kind.ROLE: "<@&{}>",
        Kind.USER: "<@{}>", Kind.USERS: "<@{}>",
    }.get(parameter.kind)  # fmt: skip
    if mark is not None:
        items = value if isinstance(value, list) else [value]
        return f"**{parameter.label}:** {' '.join(mark.format(item) for item in items)}"
    if parameter.kind is Kind.BOOLEAN:
        return f"**{parameter.label}:** {'yes' if value else 'no'}"
    if parameter.kind in (Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST):
        return f"**{parameter.label}:**\n{quoted(str(value), _LONGEST_QUOTE)}"
    return f"**{parameter.label}:** {cut(plain(str(value)), 300)}"


def _when(reviewed: Review, draft: Draft, locale: str, now: datetime) -> str:
    if reviewed.trigger is None or reviewed.schedule is None:
        return f"**When:** {cut(plain(draft.when), 200) or '*not said*'}"
    zone = reviewed.zone
    lines = [f"**When:** {describe(reviewed.trigger, zone, locale)} ({zone})"]
    runs = list(upcoming(reviewed.schedule, now, SHOWN_RUNS))
    if len(runs) == 1:
        lines.append(full(runs[0]))
    elif runs:
        lines.append("**Next runs:**")
        lines += [f"- {full(run)}" for run in runs]
    lines += [f"⚠ {warning}" for warning in warnings(reviewed.schedule, zone, now, runs)]
    return "\n".join(lines)
