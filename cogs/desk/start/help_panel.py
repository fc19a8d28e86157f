"""``/schedule help`` and ``/remind help``: first steps, commands, and how to write times and texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from discord import ui

from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.lacking import lacks_of, why
from cogs.desk.kit.layout import panel_of
from cogs.desk.kit.replies import desk_of
from cogs.desk.kit.wording import NEUTRAL
from cogs.desk.start.steps import own_steps, progress_at, progress_of, steps_at
from cogs.language import locale, mark, t
from cogs.rights.member_counts import count_members
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.methods.variables import Facts, facts_of, render
from schedulezero.when.language.say import examples

# Read as: a command, its purpose.
_COMMANDS = (
    ("/schedule create", mark("schedule something step by step, with a preview")),
    ("/schedule list", mark("see and filter everything that is scheduled, or change several jobs at once")),
    ("/schedule calendar", mark("the month or the week as a picture, and a file for your calendar")),
    ("/schedule history", mark("see what ran, and retry what failed")),
    ("/schedule drafts", mark("your unfinished drafts")),
    ("/schedule export", mark("all jobs as a file that /schedule import can read")),
    ("/schedule setup", mark("this server's time zone, alerts, approval and limits")),
    ("/schedule status", mark("my status")),
)
_SETTINGS = ("/schedule setup",)
_OWN_COMMANDS = (
    ("/remind me", mark("remind yourself of something, once or repeatedly")),
    ("/remind list", mark("see, edit or cancel your reminders")),
    ("/remind timezone", mark("your time zone")),
    ("/remind forget", mark("see or delete what I store about you")),
)
_VARIABLES = (
    ("{date} {time}", mark("the day and the time of the run")),
    ("{countdown:2027-01-01}", mark("how many days are left")),
    ("{in:2h} {at:18:00|t}", mark("a time after the run or on the same day, in each reader's own time zone")),
    ("{run}", mark("the number of the run")),
    ("{members} {server}", mark("the member count and the server's name")),
    ("{starts}", mark("how long until the announced run")),
    ("{role:Name}", mark("a role by its name")),
)


_WITHOUT_EXAMPLE = ("{starts}", "{role:Name}")
"""They stand for a run that is announced, and for a role of the guild's own."""


def _now(variable: str, facts: Facts) -> str:
    """Return what a variable stands for at present; nothing for one that needs more than the present."""
    return "" if variable in _WITHOUT_EXAMPLE else f" · *{render(variable, facts)}*"


async def show_help(caller: Caller) -> None:
    """Answer ``/schedule help`` and ``/remind help``: first what to do, then how to write it.

    People see only what they may use: settings those who manage the server, jobs those who may schedule.
    """
    await caller.acknowledge()
    try:
        desk = await desk_of(caller)
    except Refused:  # they may have reminders all the same
        await caller.show(await _own_help(caller))
        return
    await caller.show(await _desks_help(desk))


async def _desks_help(desk: Desk) -> ui.LayoutView:
    notes = why(await lacks_of(desk), Feature.TROUBLES) if desk.manages else []
    steps = steps_at(desk, await progress_at(desk), notes)
    await count_members(desk.bot, desk.guild, [name for name, _ in _VARIABLES])
    facts = facts_of(desk.guild, timezone=await desk.zone(), number=1, now=instants.now())
    variables = "\n".join(f"- `{name}`: {t(words)}{_now(name, facts)}" for name, words in _VARIABLES)
    menus = t(
        "Right-click a message (press and hold it on a phone) → *Apps*: schedule it, "
        "post it again, or see which job posted it."
    )
    turns = t("To rotate through several texts, put a line of `---` between them.")
    known = [(name, words) for name, words in _COMMANDS if desk.manages or name not in _SETTINGS]
    members = t("Members who can't schedule can use `/remind help` to set reminders and their own time zone.")
    return panel_of(
        ui.TextDisplay(f"### {t('Start here')}"),
        *steps,
        ui.Separator(),
        ui.TextDisplay(f"**{t('I run scheduled jobs')}**\n{_listed(known)}\n\n{menus}\n{members}"),
        ui.Separator(),
        *_when(),
        ui.Separator(),
        ui.TextDisplay(f"**{t('In your texts')}**\n{variables}\n\n{turns}"),
        colour=NEUTRAL,
    )


async def _own_help(caller: Caller) -> ui.LayoutView:
    return panel_of(
        ui.TextDisplay(f"### {t('Start here')}"),
        *own_steps(await progress_of(caller)),
        ui.Separator(),
        ui.TextDisplay(f"**{t('I send you reminders')}**\n{_listed(_OWN_COMMANDS)}"),
        ui.Separator(),
        *_when(),
        colour=NEUTRAL,
    )


def _when() -> list[ui.Item[Any]]:
    return [ui.TextDisplay(f"**{t('When, in your own words')}**\n{examples(locale())}")]


def _listed(commands: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- `{name}`: {t(words)}" for name, words in commands)
