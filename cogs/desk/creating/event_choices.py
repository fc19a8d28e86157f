"""Suggestions of Discord's own events, and the draft's value that names one.

Discord doesn't send the bot events without an intent, so they are fetched, at most every `_KEPT_SECONDS` for
a guild: each key that somebody types asks for suggestions.
"""

from __future__ import annotations

import asyncio
import logging
import time
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from cogs import formats
from cogs.desk.kit.wording import cut
from schedulezero.methods.spec import MethodSpec

log = logging.getLogger(__name__)

_KEPT_SECONDS = 20.0
_MOST_GUILDS = 500
_MOST_CHOICES = 25
_FETCH_SECONDS = 0.8
_LABEL = 100
_NAMED_BY = ("event", "event_id")
"""The parameters that take an event's id."""

_fetched: dict[int, tuple[float, list[discord.ScheduledEvent]]] = {}


async def event_choices(
    member: discord.Member, typed: str, zone: str, locale: str
) -> list[app_commands.Choice[str]]:
    """Suggest the events of a guild that a member sees, the next one first.

    Parameters:
        member: who types.
        typed: a part of an event's name.
        zone, locale: how to show when an event begins.
    """
    wanted = typed.strip().casefold()
    found = [event for event in await _events(member.guild) if wanted in event.name.casefold()]
    return [
        app_commands.Choice(name=_label(event, zone, locale), value=str(event.id))
        for event in sorted(found, key=lambda event: event.start_time)
        if _sees(member, event)
    ][:_MOST_CHOICES]


def event_value(spec: MethodSpec, event: str | None) -> dict[str, str]:
    """Return the draft's values that name an event, for a kind of job that is about one."""
    if not event or not event.strip():
        return {}
    names = {parameter.name for parameter in spec.parameters}
    return next(({name: event.strip()} for name in _NAMED_BY if name in names), {})


async def _events(guild: discord.Guild) -> list[discord.ScheduledEvent]:
    at, known = _fetched.get(guild.id, (float("-inf"), []))
    if time.monotonic() - at < _KEPT_SECONDS:
        return known
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            known = await guild.fetch_scheduled_events(with_counts=False)
    except (discord.HTTPException, TimeoutError) as error:
        log.info("no events to suggest: %s", error)
        return known
    while len(_fetched) >= _MOST_GUILDS:
        del _fetched[next(iter(_fetched))]
    _fetched[guild.id] = (time.monotonic(), known)
    return known


def _sees(member: discord.Member, event: discord.ScheduledEvent) -> bool:
    if event.channel_id is None:
        return True
    return event.channel is not None and event.channel.permissions_for(member).view_channel


def _label(event: discord.ScheduledEvent, zone: str, locale: str) -> str:
    begins = formats.moment(event.start_time.astimezone(ZoneInfo(zone)), locale)
    return f"{cut(event.name, _LABEL - len(begins) - 3)} · {begins}"
