"""Keeps the server's parts running, so that a node is never half alive.

A part that fails is started again. One that keeps failing, or can't be started again alone, ends the whole
server: whoever runs it gets `ServerFailure`, and ends the process, which a supervisor then restarts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from schedulezero.background import run_in_background
from schedulezero.errors import ServerFailure

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]

AGAIN_SECONDS = 1.0
"""How long a part that failed is away."""
MOST_FAILURES = 5
"""How often a part may fail in a row."""
_LASTING_SECONDS = 60.0
"""After so long without a failure, the next one counts as the first."""


class Parts:
    """The running parts of one server. The task that makes it is cancelled when the server has failed.

    Parameters:
        failing: receives the names of the parts that are away at the moment.
    """

    def __init__(self, failing: list[str]) -> None:
        self.failure: ServerFailure | None = None
        """Why the server has failed; None as long as it has not."""
        self._failing = failing
        self._owner = asyncio.current_task()

    def keep(self, stack: AsyncExitStack, name: str, work: Work, *, most: int = MOST_FAILURES) -> None:
        """Run a part as a task while the stack is open.

        Parameters:
            stack: stops the part when it closes.
            name: the part's name, for the log and for health.
            work: the part's work, called again after each failure.
            most: so many failures in a row end the server; 1 for a part that can't be started again alone.
        """
        task = run_in_background(self._keep(name, work, most), f"the server's {name}")

        async def stop() -> None:
            task.cancel()
            await asyncio.wait([task])

        stack.push_async_callback(stop)

    def owned(self, error: asyncio.CancelledError) -> BaseException:
        """Return what to raise when the owner was cancelled: the server's failure, if that is why."""
        if self.failure is None:
            return error
        assert self._owner is not None
        self._owner.uncancel()
        return self.failure

    async def _keep(self, name: str, work: Work, most: int) -> None:
        time = asyncio.get_running_loop().time
        failures = 0
        while True:
            began = time()
            try:
                await work()
                return
            except Exception as error:
                failures = 1 if time() - began > _LASTING_SECONDS else failures + 1
                log.exception("the server's %s failed", name)
                self._failing.append(name)
                if failures >= most:
                    self._end(name, error)
                    return
                await asyncio.sleep(AGAIN_SECONDS)
                self._failing.remove(name)

    def _end(self, name: str, error: Exception) -> None:
        if self.failure is not None or self._owner is None:
            return
        self.failure = ServerFailure(
            f"The job server ended, because its {name} failed ({type(error).__name__}). The log says more."
        )
        self.failure.__cause__ = error
        self._owner.cancel()
