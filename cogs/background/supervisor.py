"""Keeps the bot's background work alive: what dies is started again, and its death can be seen.

All lasting work of the cogs is started here. A part catches what it can go on after and reports it with
`Supervisor.note`; what it doesn't catch ends it, and it is started again after a pause that doubles each
time. Both are logged, counted in the metrics, and shown to the bot's owner by ``/schedule status``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cogs.background.discord_troubles import kind_of
from cogs.background.waiting import Waiting
from schedulezero import instants, metrics
from schedulezero.background import run_in_background

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
_WELL_SECONDS = 600.0
"""After so long without dying, the next pause is the first one again."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last thing that went wrong in a part.

    Attributes:
        part: the part's name.
        kind: the kind of the error; see `cogs.background.discord_troubles.kind_of`.
        text: the error in its own words.
        at: when it happened.
        count: how many times something went wrong in the part since the start.
    """

    part: str
    kind: str
    text: str
    at: datetime
    count: int


class Supervisor:
    """Starts background work, starts it again when it dies, and remembers what went wrong.

    Attributes:
        waiting: how the work pauses.
        failing: the parts that are away and without which no job runs; the embedded server's health tells.
    """

    def __init__(self) -> None:
        self.waiting = Waiting()
        self.failing: list[str] = []
        self._kept: set[Kept] = set()
        self._troubles: dict[str, Trouble] = {}

    def keep(self, part: str, work: Callable[[], Awaitable[None]]) -> Kept:
        """Start some work and return it; whoever starts it closes it.

        Parameters:
            part: names the work in the log, the metrics and the status; one of few, so without ids.
            work: does it; called again if it raises an exception, and done when it returns.
        """
        metrics.expect_part(part)
        kept = Kept(self, part, work)
        self._kept.add(kept)
        kept.task.add_done_callback(lambda _: self._kept.discard(kept))
        return kept

    def note(self, part: str, error: BaseException) -> None:
        """Log and count what went wrong in a part that goes on."""
        kind = kind_of(error)
        metrics.note_background_trouble(part, kind)
        before = self._troubles.get(part)
        count = (before.count if before is not None else 0) + 1
        text = str(error) or type(error).__name__
        self._troubles[part] = Trouble(part, kind, text, instants.now(), count)
        if kind == "bug":
            log.error("%s failed", part, exc_info=error)
        else:
            log.warning("%s had trouble (%s): %s", part, kind, text)

    @property
    def pausing(self) -> list[str]:
        """The parts that died and wait to be started again."""
        return sorted({kept.part for kept in self._kept if kept.pausing})

    @property
    def parts(self) -> list[str]:
        """The parts that run or wait to be started again."""
        return sorted({kept.part for kept in self._kept})

    def troubles(self, lately: timedelta) -> list[Trouble]:
        """Return the last trouble of each part that had any within some time, newest first."""
        since = instants.now() - lately
        found = [trouble for trouble in self._troubles.values() if trouble.at >= since]
        return sorted(found, key=lambda trouble: trouble.at, reverse=True)


class Kept:
    """Some work under supervision."""

    def __init__(self, supervisor: Supervisor, part: str, work: Callable[[], Awaitable[None]]) -> None:
        self.part = part
        self.pausing = False
        self._supervisor, self._work = supervisor, work
        self.task = run_in_background(self._keep(), part)

    @property
    def done(self) -> bool:
        """Whether the work is over."""
        return self.task.done()

    async def close(self) -> None:
        """Stop the work and wait for its end."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _keep(self) -> None:
        time, pause = asyncio.get_running_loop().time, FIRST_PAUSE_SECONDS
        while True:
            began = time()
            try:
                await self._work()
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise  # by `close`
                self._supervisor.note(self.part, error)  # of something that the work waited for
            except Exception as error:  # noqa: BLE001 - noted, with its trace if it is a bug
                self._supervisor.note(self.part, error)
            else:
                return
            metrics.note_background_restart(self.part)
            if time() - began > _WELL_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self.pausing = True
            await self._supervisor.waiting.sleep(pause)
            self.pausing = False
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
