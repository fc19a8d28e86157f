"""The overlap policy: the order in which the runs of one job may start.

A run goes before another run of its job if it was created, or requested again, earlier. The store knows that
order for all nodes; this module wakes the waiting runs of this node when the run before them ends here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from schedulezero.model import OverlapPolicy, Run
from schedulezero.server.store.runs import RunStore

_LOOK_SECONDS = 1.0
"""How long a run waits before it checks whether the run before it ended on another node."""


class Turns:
    """The order of runs for jobs whose runs must not overlap."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._ended: dict[str, asyncio.Event] = {}

    async def may_begin(self, run: Run) -> bool:
        """Return False if the job's policy is to skip and an earlier run of it is still open."""
        return run.overlap is not OverlapPolicy.SKIP or not await self._store.has_earlier_open(run)

    async def must_wait(self, run: Run) -> bool:
        """Return whether an earlier run of the job goes first."""
        return run.overlap is OverlapPolicy.WAIT and await self._store.has_earlier_open(run)

    async def wait(self, run: Run) -> None:
        """Wait until it is this run's turn."""
        while True:
            ended = self._ended.setdefault(run.job_id, asyncio.Event())
            if not await self.must_wait(run):
                return
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await ended.wait()
            except TimeoutError:
                continue

    def end(self, runs: Iterable[Run]) -> None:
        """Wake the runs that wait for these runs, whose outcomes are recorded."""
        for run in runs:
            event = self._ended.pop(run.job_id, None)
            if event is not None:
                event.set()
