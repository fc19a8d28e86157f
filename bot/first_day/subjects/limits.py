"""Rate limits: the windows that Discord names, against what the bot's pace and its jobs assume."""

from __future__ import annotations

import asyncio

import discord

from bot.first_day.answers import FAMILIES
from bot.first_day.assumption import Assumption, assumes
from bot.first_day.findings import Differs, NotTried, expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit
from schedulezero.background import run_in_background

_LIMITS = "/topics/rate-limits"
_SECONDS = 30.0
"""A job waits that long for a window to end; it comes back later if it is longer."""
_LONGER = {"channel texts": 600.0, "threads": 300.0, "commands": 86_400.0}
"""Families whose windows are known to be longer, in seconds."""
_MANY = 3


def _window(family: str) -> Assumption:
    most = _LONGER.get(family, _SECONDS)

    @assumes(
        f"limits.{family.replace(' ', '_')}",
        f"The window of {family} ends within {most:.0f} s",
        "jobs that are due together run on time",
        f"{_LIMITS}#header-format",
    )
    async def check(visit: Visit) -> str:
        window = visit.answers.windows.get(family)
        if window is None:
            raise NotTried("Discord said nothing about it in this walk")
        said = f"{window.remaining} of {window.limit} left for {window.reset_after:g} s"
        expect(window.reset_after <= most, said)
        return said

    return check


@assumes(
    "limits.pace",
    "At the bot's own pace, Discord refuses nothing for the sake of the limit of the whole bot",
    "the limiter of all requests",
    f"{_LIMITS}#global-rate-limit",
)
async def _pace(visit: Visit) -> str:
    found = [item for item in visit.answers.refusals if item.scope == "global"]
    expect(not found, f"{len(found)} of {visit.answers.count} requests were refused")
    return f"none of {visit.answers.count} requests"


def _renamed(what: str) -> Assumption:
    @assumes(
        f"limits.{what}_changes",
        f"A channel's {what} takes two changes in ten minutes; for the third, Discord asks to wait",
        "set_channel_text waits, and tells so when it is saved",
        f"{_LIMITS}",
    )
    async def check(visit: Visit) -> str:
        channel = await visit.place.text(f"{what}s")
        before = len(visit.answers.refusals)
        refused = run_in_background(visit.answers.refused(before), "the wait for a refusal")
        changing = run_in_background(
            _change(visit, channel, what), "changes", passed_on=(discord.DiscordException,)
        )
        try:
            await asyncio.wait((refused, changing), return_when=asyncio.FIRST_COMPLETED)
            if refused.done():
                return f"asked to wait {refused.result().retry_after:g} s"
            try:
                await changing
            except discord.RateLimited as error:
                return f"asked to wait {error.retry_after:g} s"
            raise Differs(f"took {_MANY} changes")
        finally:
            refused.cancel()
            changing.cancel()
            await asyncio.wait((refused, changing))

    return check


async def _change(visit: Visit, channel: int, what: str) -> None:
    for number in range(_MANY):
        await visit.ask(
            "PATCH", "/channels/{channel_id}", channel_id=channel, json={what: f"{MARK}-{what}-{number}"}
        )


ASSUMPTIONS = (_renamed("name"), _renamed("topic"), *(_window(family) for family in FAMILIES), _pace)
