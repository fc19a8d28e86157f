"""A dead man's switch: call an address after each good run of a job that asks for it.

The service behind that address (healthchecks.io, Uptime Kuma…) raises the alarm when the calls stop, even
if this whole machine is gone. Any job may carry the address in its params under `PING_URL`. It needs the
same right as a job that calls an address; `cogs.rights.rights` checks it at save and before each run.

Calls are limited (`cogs.background.ping_budget`): those above the limits are dropped, with at most one log
line per guild every 10 minutes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from cogs.background.ping_budget import PingBudget
from schedulezero.background import run_in_background
from schedulezero.handler.invocation import Invocation
from schedulezero.handler.run_context import context_of
from schedulezero.methods.spec import MethodSpec
from schedulezero.web.address import AddressUnusable, read_web_address
from schedulezero.web.outgoing import OutgoingFailed, send_out

log = logging.getLogger(__name__)

PING_URL = "ping_url"
_TRIES = 3
_BETWEEN_SECONDS = 2.0
_FINISH_SECONDS = 5.0
_SENT_AT_ONCE = 50


def ping_of(spec: MethodSpec, params: Mapping[str, Any]) -> Any:
    """Return the address in a job's params to call after a good run; None if there is none.

    A job function that declares a parameter of that name uses it itself.
    """
    return params.get(PING_URL) or None if spec.parameter(PING_URL) is None else None


def ping_fault(url: Any) -> str | None:
    """Return what is wrong with an address to call after a good run; None if it is valid or empty."""
    if not url:
        return None
    try:
        read_web_address(str(url))  # anything but a string fails here: it does not begin with https://
    except AddressUnusable as error:
        return error.message
    return None


class GoodRuns:
    """Call the addresses of jobs that ran well, without delaying their runs.

    Parameters:
        allow_private: whether addresses within this network may be called, too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._budget = PingBudget()
        self._sending = asyncio.Semaphore(_SENT_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def __call__(self, invocation: Invocation) -> None:
        """Begin the call after a good run, if its job asks for one."""
        url = ping_of(invocation.spec, invocation.params)
        if not isinstance(url, str):
            return
        guild_id = context_of(invocation.call).guild_id
        refusal = self._budget.begin(guild_id, time.monotonic())
        if refusal is not None:
            if refusal.first:
                log.warning("pings after good runs are dropped: %s", refusal.reason)
            return
        task = run_in_background(self._ping(url), "a ping after a good run")
        self._under_way.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._under_way.discard(done)
            self._budget.end(guild_id)

        task.add_done_callback(ended)

    async def close(self) -> None:
        """Wait for the calls under way, for a limited time."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_FINISH_SECONDS)
            for task in late:
                log.warning("a ping after a good run is given up: the bot stops")
                task.cancel()

    async def _ping(self, url: str) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                async with self._sending:
                    answer = await send_out("GET", url, allow_private=self._allow_private)
            except OutgoingFailed as error:
                said, final = error.message, error.refused
            else:
                if 200 <= answer.status < 400:
                    return
                host = read_web_address(url).host
                said, final = f"{host} answered {answer.status}", answer.status < 500
            if final or attempt == _TRIES:
                log.warning("the ping after a good run did not arrive: %s", said)
                return
            await asyncio.sleep(_BETWEEN_SECONDS * attempt)
