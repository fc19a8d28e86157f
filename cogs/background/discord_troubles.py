"""What can go wrong between the bot and Discord: one tuple to catch, and what a trouble means.

`discord.RateLimited` and aiohttp's errors are no `discord.HTTPException`, so whoever catches only that is
ended by a long rate limit or a lost connection. (TimeoutError is an OSError.) An answer that can't be read is
a proxy's rather than Discord's.
"""

from __future__ import annotations

from json import JSONDecodeError

import aiohttp
import discord

from schedulezero.errors import ClientError, DatabaseUnavailable

TROUBLES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, JSONDecodeError)
"""Discord did not do what it was asked, for whatever reason."""


def may_pass(error: BaseException) -> bool:
    """Return whether Discord may do the same later: an outage, a rate limit, a lost connection.

    A refusal, such as a missing permission, lasts until a person changes something.
    """
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.status >= 500
    return isinstance(error, TROUBLES)


def kind_of(error: BaseException) -> str:
    """Return the kind of an error, for counting: one of few words."""
    if isinstance(error, discord.RateLimited):
        return "rate_limited"
    if isinstance(error, discord.HTTPException):
        if error.status == 429:
            return "rate_limited"
        return "outage" if error.status >= 500 else "refused"
    if isinstance(error, ClientError):
        return "job_server"
    if isinstance(error, DatabaseUnavailable):
        return "database"
    if isinstance(error, TROUBLES):
        return "unreachable"
    return "bug"
