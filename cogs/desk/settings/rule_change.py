"""What a change of a guild's limits and hours would do, shown before it is saved.

The change waits in the bot's memory under the panel's id, with the rules that it was compared with. If
somebody changes those first, it isn't saved.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import discord
from discord import ui

from cogs import formats
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import NEUTRAL, cut, plain, relative, title_of
from cogs.desk.settings.limits import limits_line
from cogs.desk.settings.touched_runs import Touched, TouchedJob, touched
from cogs.guild_language import locale_of
from cogs.language import shown_locale, t, tn, with_colon
from cogs.memory import new_id
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.model import GuildRules, Job, JobState
from schedulezero.when.calendar.holidays import named_holidays
from schedulezero.when.language.holiday_places import place_name

_LISTED = 10
_MOST_HOLIDAYS = 25


async def shown_before_saved(desk: Desk, rules: GuildRules) -> bool:
    """Show what rules would change, and ask; return False if there is nothing to show.

    Parameters:
        desk: who changes them.
        rules: the rules to save.
    """
    before = await rules_here(desk) or GuildRules(desk.guild_id, rules.timezone)
    now = instants.now()
    jobs: list[Job] = [job async for job in desk.client.all_jobs(desk.guild_id, JobQuery(JobState.ACTIVE))]
    found = await asyncio.to_thread(touched, jobs, before, rules, now)
    lists: list[str] = []
    if rules.holidays is not None and rules.holidays != before.holidays:
        language = locale_of(desk.guild, await desk.memory.settings(desk.guild.id))
        for year in (now.year, now.year + 1):
            days = await asyncio.to_thread(named_holidays, rules.holidays, year, language)
            lists.append(_holidays(rules.holidays, year, days))
    if not found.jobs and not lists:
        return False
    panel_id = new_id()
    change = {"rules": rules.to_json(), "before": before.to_json(), "by": desk.actor_id}
    await desk.memory.save_panel(panel_id, desk.guild.id, change)
    await desk.show(change_panel(panel_id, rules, found, lists))
    return True


async def taken(desk: Desk, panel_id: str) -> GuildRules:
    """Return the rules that wait for an answer, once.

    Raises Refused if they were saved or dropped before, or if the guild's rules have changed since.
    """
    change = await desk.memory.panel(panel_id, desk.guild.id)
    if change is not None and "rules" in change and change.get("by") == desk.actor_id:
        change = await desk.memory.take_panel(panel_id, desk.guild.id)  # None for the second of two taps
    else:
        change = None
    if change is None:
        raise Refused(t("This change has already been saved or discarded. Use `/schedule setup` again."))
    before = await rules_here(desk) or GuildRules(desk.guild_id)
    if before != GuildRules.from_json(change["before"]):
        raise Refused(t("Someone else has since changed the limits and hours. Use `/schedule setup` again."))
    return GuildRules.from_json(change["rules"])


def change_panel(panel_id: str, rules: GuildRules, found: Touched, lists: list[str]) -> ui.LayoutView:
    """Return what rules would change as a panel.

    Parameters:
        panel_id: the key of the change.
        rules: the rules to save.
        found: the jobs and runs that they touch.
        lists: the public holidays of each year.
    """
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {t('This is not saved yet')}\n{limits_line(rules)}"),
        *(ui.TextDisplay(text) for text in lists),
        ui.Separator(),
        ui.TextDisplay("\n".join(_touched_lines(found))),
        row_of(
            DeskButton("setup", "keep", panel_id, t("Save"), style=discord.ButtonStyle.success),
            DeskButton("setup", "leave", panel_id, t("Don't save")),
        ),
    ]
    return panel_of(*items, colour=NEUTRAL)


def _touched_lines(found: Touched) -> list[str]:
    if not found.jobs:
        return [t("This change affects no runs in the next 12 months.")]
    heading = (
        f"**{t('Affected jobs:')}** {formats.number(len(found.jobs), shown_locale())} · "
        f"**{t('Runs in the next 12 months:')}** {formats.number(found.runs, shown_locale())}"
    )
    lines = [heading, *(f"- {_job_line(item)}" for item in found.jobs[:_LISTED])]
    if len(found.jobs) > _LISTED:
        lines.append("- …")
    if not found.whole:
        lines.append(f"-# {t('There are too many runs to count them all.')}")
    return lines


def _job_line(item: TouchedJob) -> str:
    said: list[str] = []
    if item.first_skipped is not None:
        said.append(
            tn(
                "{count} run will be skipped, {when}",
                "{count} runs will be skipped, the first {when}",
                item.skipped,
                when=relative(item.first_skipped),
            )
        )
    if item.first_freed is not None:
        said.append(
            tn(
                "{count} run ({when}) will no longer be skipped",
                "{count} runs will no longer be skipped, the first {when}",
                item.freed,
                when=relative(item.first_freed),
            )
        )
    return f"**{cut(plain(title_of(item.job)), 80)}** · {' · '.join(said)}"


def _holidays(place: str, year: int, days: list[tuple[date, str]]) -> str:
    heading = with_colon(t("Public holidays in {year}", year=str(year)))
    lines = [f"- {formats.day(day, shown_locale())} · {plain(name)[:80]}" for day, name in days]
    more = ["- …"] if len(lines) > _MOST_HOLIDAYS else []
    return "\n".join([f"**{heading}** {place_name(place, shown_locale())}", *lines[:_MOST_HOLIDAYS], *more])
