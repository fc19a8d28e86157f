"""Requests to Discord from a job: its errors become ours, which say whether another attempt can help.

A missing channel or permission is final, while the job waits for an outage of Discord to end.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import discord

from schedulezero.errors import Forbidden, Gone, JobFailed

OUTAGE_SECONDS = 5.0
"""How many seconds a job waits for its next attempt when Discord is down and doesn't say for how long."""
REASON = "ScheduleZero: scheduled job"
"""The reason to give with each change, for Discord's audit log."""


def failure(error: discord.HTTPException, doing: str) -> JobFailed:
    """Return Discord's error as the failure of a job.

    Parameters:
        error: Discord's response.
        doing: What the job was doing, such as ``post in #general``.
    """
    if isinstance(error, discord.Forbidden):
        return Forbidden(
            "I'm not allowed to {doing}: Discord says “{text}”.",
            code="discord_forbade",
            doing=doing,
            text=error.text or "forbidden",
        )
    if isinstance(error, discord.NotFound):
        return Gone("I couldn't {doing}: it no longer exists.", code="discord_gone", doing=doing)
    outage = error.status >= 500
    passes = outage or error.status == 429
    return JobFailed(
        "I couldn't {doing}: Discord says “{text}”.",
        retry=passes,
        retry_after=_told_wait(error) if passes else None,
        may_have_worked=outage,
        code="discord_refused",
        doing=doing,
        text=error.text or error.status,
    )


def _told_wait(error: discord.HTTPException) -> float:
    """Return the seconds that Discord asks to wait (its ``Retry-After``), or a default during an outage."""
    told = getattr(error.response, "headers", {}).get("Retry-After")
    try:
        return max(float(told), 0.1) if told is not None else OUTAGE_SECONDS
    except ValueError:
        return OUTAGE_SECONDS


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
