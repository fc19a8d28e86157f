"""The first steps with the bot: which are done, and the buttons that do the others.

The buttons are those of the panels that do the same elsewhere, so nothing here knows how it is done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.components import DeskButton, DeskChannelSelect
from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.layout import row_of
from cogs.desk.reminders.own_zone import has_own_zone
from cogs.desk.reminders.reading import METHOD
from cogs.language import t, with_colon
from schedulezero.client.dialect import JobQuery
from schedulezero.errors import ClientError

log = logging.getLogger(__name__)

_DONE, _OPEN = "✓", "○"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person has done already, and a guild.

    Attributes:
        zone: the zone in which their times are read; that of the guild for a person who manages it.
        zone_chosen: whether somebody has chosen it.
        reminded: whether they have had a reminder.
        scheduled: whether anything has been scheduled in the guild.
        alert_channel_id: the guild's channel for alerts.
    """

    zone: str
    zone_chosen: bool
    reminded: bool
    scheduled: bool = False
    alert_channel_id: str | None = None


async def progress_of(caller: Caller) -> Progress:
    """Return what a person has done for themselves."""
    reminded = await _has_jobs(caller, caller.actor_id, JobQuery(method=METHOD))
    return Progress(await caller.zone(), await has_own_zone(caller), reminded)


async def progress_at(desk: Desk) -> Progress:
    """Return what has been done in a guild; of settings, those that the person may change."""
    own = await progress_of(desk)
    scheduled = await _has_jobs(desk, desk.guild_id, JobQuery())
    if not desk.manages:
        return Progress(own.zone, own.zone_chosen, own.reminded, scheduled)
    chosen = await desk.memory.timezone(0, desk.guild.id)
    channel_id = (await desk.memory.settings(desk.guild.id)).alert_channel_id
    zone = chosen or desk.services.timezone
    return Progress(zone, chosen is not None, own.reminded, scheduled, channel_id)


async def _has_jobs(caller: Caller, place: str, query: JobQuery) -> bool:
    try:
        return bool((await caller.client.jobs(place, query, limit=1)).jobs)
    except ClientError as error:
        log.info("whether %s has jobs is not known: %s", place, error)
        return False


def own_steps(progress: Progress) -> list[ui.Item[Any]]:
    """Return the first steps of a person without rights: their zone, and a reminder."""
    return [_own_zone(progress), _reminder(progress)]


def steps_at(desk: Desk, progress: Progress, notes: Sequence[str] = ()) -> list[ui.Item[Any]]:
    """Return the first steps of a person who may schedule; settings only for those who may change them.

    Parameters:
        desk: where.
        progress: what is done.
        notes: lines about alerts that the server can't send.
    """
    settings: list[ui.Item[Any]] = [_own_zone(progress)]
    if desk.manages:
        settings = [
            _step(
                progress.zone_chosen,
                t("This server's time zone"),
                progress.zone,
                DeskButton("start", "guildzone", desk.guild_id, _change(progress.zone_chosen)),
            ),
            ui.TextDisplay(
                "\n".join(
                    [
                        f"{_sign(progress.alert_channel_id is not None)} "
                        f"**{t('Send alerts about failed and missed runs to')}**",
                        *notes,
                    ]
                )
            ),
            row_of(
                DeskChannelSelect(
                    "start",
                    "alerts",
                    desk.guild_id,
                    t("each job's creator, or choose a channel…"),
                    progress.alert_channel_id,
                )
            ),
        ]
    style = discord.ButtonStyle.secondary if progress.scheduled else discord.ButtonStyle.primary
    label = t("Schedule a post") if progress.scheduled else t("Schedule the first post")
    post = _step(
        progress.scheduled,
        t("The first post"),
        t("what, when and where; you'll see it before you confirm"),
        DeskButton("draft", "post", "here", label, style=style),
    )
    return [*settings, post, _reminder(progress)]


def _own_zone(progress: Progress) -> ui.Item[Any]:
    button = DeskButton("start", "zone", "me", _change(progress.zone_chosen))
    return _step(progress.zone_chosen, t("Your time zone"), progress.zone, button)


def _reminder(progress: Progress) -> ui.Item[Any]:
    button = DeskButton("start", "remind", "me", t("Try a reminder"))
    return _step(
        progress.reminded, t("A reminder for yourself"), t("by direct message, once or repeatedly"), button
    )


def _step(done: bool, title: str, text: str, button: DeskButton) -> ui.Section[Any]:
    return ui.Section(ui.TextDisplay(f"{_sign(done)} **{with_colon(title)}** {text}"), accessory=button)


def _sign(done: bool) -> str:
    return _DONE if done else _OPEN


def _change(done: bool) -> str:
    return t("Change") if done else t("Set it")
