"""A dead man's switch: after each good run of a job that asks for it, an address is called.

Whoever watches that address (healthchecks.io, Uptime Kuma…) raises the alarm when no call comes any more,
also when this whole machine is gone. Any job may carry the address in its params under `PING_URL`.
"""

from __future__ import annotations

import asyncio
import logging

from schedulezero.background import run_in_background
from schedulezero.invocation import Invocation
from schedulezero.outgoing import OutgoingFailed, send_out

log = logging.getLogger(__name__)

PING_URL = "ping_url"
_TRIES = 3
_BETWEEN_SECONDS = 2.0
_FINISH_SECONDS = 5.0


class GoodRuns:
    """Calls the addresses of jobs that ran well, beside everything else.

    Parameters:
        allow_private: whether addresses within this network may be called, too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._under_way: set[asyncio.Task[None]] = set()

    def __call__(self, invocation: Invocation) -> None:
        """Is told of a good run."""
        url = invocation.params.get(PING_URL)
        if isinstance(url, str) and invocation.spec.parameter(PING_URL) is None:
            task = run_in_background(self._ping(url), "a ping after a good run")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Waits for the calls under way, for a while."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_FINISH_SECONDS)
            for task in late:
                log.warning("a ping after a good run is given up: the bot stops")
                task.cancel()

    async def _ping(self, url: str) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                answer = await send_out("GET", url, allow_private=self._allow_private)
            except OutgoingFailed as error:
                said, final = error.message, error.refused
            else:
                if answer.status < 400:
                    return
                said, final = f"{url} answered {answer.status}", answer.status < 500
            if final or attempt == _TRIES:
                log.warning("the ping after a good run did not arrive: %s", said)
                return
            await asyncio.sleep(_BETWEEN_SECONDS * attempt)
