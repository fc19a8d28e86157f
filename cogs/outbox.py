"""Reading on in what the server tells, for as long as a cog is loaded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from schedulezero.errors import ClientError, NotSupported

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 30.0
_NEVER_SECONDS = 600.0


async def keep_reading(what: str, read_on: Callable[[], Awaitable[None]]) -> None:
    """Reads on until cancelled; waits while the server is gone, and longer where it tells nothing.

    Parameters:
        what: is read, for the log.
        read_on: waits for something, tells it, and notes how far it came.
    """
    while True:
        try:
            await read_on()
        except NotSupported:
            await asyncio.sleep(_NEVER_SECONDS)  # another server may take its place
        except ClientError as error:
            log.info("%s cannot be read: %s", what, error)
            await asyncio.sleep(_AGAIN_SECONDS)
