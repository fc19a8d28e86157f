"""Who of a job's runs may go when: the job's overlap policy, kept while its runs are under way.

It knows the runs of this process only, which are all there are while one process dispatches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from schedulezero.model import OverlapPolicy, Run


@dataclass(slots=True)
class _Line:
    """The runs of one job that are under way or wait, the first of them first."""

    runs: deque[int] = field(default_factory=deque[int])
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """The runs of each job in line, for jobs that do not let their runs overlap."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def begin(self, run: Run) -> bool:
        """Puts a run in line. False when another one is under way and its policy is to skip then."""
        if run.overlap is OverlapPolicy.ALLOW:
            return True
        line = self._lines.setdefault(run.job_id, _Line())
        if line.runs and run.overlap is OverlapPolicy.SKIP:
            return False
        line.runs.append(run.sequence)
        return True

    def must_wait(self, run: Run) -> bool:
        """Whether another run of its job goes first."""
        line = self._lines.get(run.job_id)
        return run.overlap is OverlapPolicy.WAIT and line is not None and line.runs[0] != run.sequence

    async def wait(self, run: Run) -> None:
        """Returns when it is this run's turn."""
        while self.must_wait(run):
            line = self._lines[run.job_id]
            line.moved.clear()
            await line.moved.wait()

    def end(self, run: Run) -> None:
        """Lets the next one go."""
        line = self._lines.get(run.job_id)
        if line is None or run.sequence not in line.runs:
            return
        line.runs.remove(run.sequence)
        line.moved.set()
        if not line.runs:
            del self._lines[run.job_id]
