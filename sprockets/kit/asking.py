"""Requests to Discord from a job: its errors become ours, which say whether another attempt can help.

A missing channel or permission is final, while the job waits for an outage of Discord to end.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import discord

from schedulezero.errors import Forbidden, Gone, JobFailed
from schedulezero.sentences import Sentence
from sprockets.kit.discord_codes import AGAIN, FORBIDDEN, GONE, REASONS, WAITS

OUTAGE_SECONDS = 5.0
"""How many seconds a job waits for its next attempt when Discord is down and doesn't say for how long."""
LIMITED_SECONDS = 60.0
"""The same after a 429 that names no time, as when the machine's address is banned."""
REASON = "ScheduleZero: scheduled job"
"""The reason to give with each change, for Discord's audit log."""


def failure(error: discord.HTTPException, doing: str) -> JobFailed:
    """Return Discord's error as the failure of a job.

    The code of the error decides what it says and whether another attempt can help; an unknown code is shown
    in Discord's own words, and its status decides.

    Parameters:
        error: Discord's response.
        doing: What the job was doing, such as ``post in #general``.
    """
    outage = error.status >= 500
    waits = outage or error.status == 429 or error.code in WAITS
    if not waits and error.code not in REASONS:
        return _unknown(error, doing)
    why = REASONS.get(error.code)
    said = (
        Sentence(
            "I couldn't {doing}. {why}",
            "discord_refused_because",
            doing=doing,
            why=Sentence(str(why), why.code, text=error.text),
        )
        if why is not None
        else Sentence(
            "I couldn't {doing}: Discord says “{text}”.",
            "discord_refused",
            doing=doing,
            text=error.text or error.status,
        )
    )
    if waits:
        default = LIMITED_SECONDS if error.status == 429 else OUTAGE_SECONDS
        told = _told_wait(error, WAITS.get(error.code, default))
        return JobFailed(said, retry_after=told, limited=not outage, may_have_worked=outage)
    if error.code in GONE:
        return Gone(said)
    if error.code in FORBIDDEN:
        return Forbidden(said)
    return JobFailed(said, retry=error.code in AGAIN)


def _unknown(error: discord.HTTPException, doing: str) -> JobFailed:
    if isinstance(error, discord.Forbidden):
        return Forbidden(
            "I'm not allowed to {doing}: Discord says “{text}”.",
            code="discord_forbade",
            doing=doing,
            text=error.text or error.status,
        )
    if isinstance(error, discord.NotFound):
        return Gone("I couldn't {doing}: the target no longer exists.", code="discord_gone", doing=doing)
    return JobFailed(
        "I couldn't {doing}: Discord says “{text}”.",
        retry=False,
        code="discord_refused",
        doing=doing,
        text=error.text or error.status,
    )


def refused_with(error: BaseException) -> int | None:
    """Return Discord's own code for a failure that `asking_discord` raised; None if there is none."""
    cause = error.__cause__
    return cause.code if isinstance(cause, discord.HTTPException) else None


def _told_wait(error: discord.HTTPException, default: float) -> float:
    """Return the seconds that Discord asks to wait (its ``Retry-After``), or the default."""
    told = getattr(error.response, "headers", {}).get("Retry-After")
    try:
        return max(float(told), 0.1) if told is not None else default
    except ValueError:
        return default


@asynccontextmanager
async def asking_discord(doing: str) -> AsyncGenerator[None]:
    """Turn Discord's errors within this block into JobFailed.

    A missing permission or object is final. For an outage or a rate limit, the job waits without using up an
    attempt.

    Parameters:
        doing: What the job is doing, for the error's sentence, such as ``post in #general``.
    """
    try:
        yield
    except discord.HTTPException as error:
        raise failure(error, doing) from error
    except discord.RateLimited as error:
        raise JobFailed(
            "I couldn't {doing} yet: Discord asked me to wait.",
            retry_after=error.retry_after,
            limited=True,
            code="discord_asks_to_wait",
            doing=doing,
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise JobFailed(
            "I couldn't {doing}: Discord can't be reached.",
            retry_after=OUTAGE_SECONDS,
            may_have_worked=True,
            code="discord_unreachable",
            doing=doing,
        ) from error
