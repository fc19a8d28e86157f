"""Who of a job's runs may go when: the job's overlap policy.

A run goes before another one of its job when it was made earlier, or asked for again earlier. The store
knows, for all nodes; this wakes the runs of this node that wait for one that ended here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from schedulezero.model import OverlapPolicy, Run
from schedulezero.server.store.runs import RunStore

_LOOK_SECONDS = 1.0
"""How long a run waits before it looks whether the one before ended on another node."""


class Turns:
    """The order of runs, for jobs that do not let them overlap."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._ended: dict[str, asyncio.Event] = {}

    async def may_begin(self, run: Run) -> bool:
        """False when another run of the job is under way and its policy is to skip then."""
        return run.overlap is not OverlapPolicy.SKIP or not await self._store.has_earlier_open(run)

    async def must_wait(self, run: Run) -> bool:
        """Whether another run of its job goes first."""
        return run.overlap is OverlapPolicy.WAIT and await self._store.has_earlier_open(run)

    async def wait(self, run: Run) -> None:
        """Returns when it is this run's turn."""
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
        """Wakes those that waited for these, whose outcomes are recorded."""
        for run in runs:
            event = self._ended.pop(run.job_id, None)
            if event is not None:
                event.set()
