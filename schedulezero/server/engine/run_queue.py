"""The seam between the clock, which writes runs, and the dispatcher, which carries them out.

A queue has a lane for each handler, so that one that is away holds up nobody else. The runs
themselves are durable in the store; `LocalRunQueue` keeps a window of them in memory and reads on
when a lane runs dry, so that a burst or a long absence costs rows and not memory, and a restart
finds everything again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import Run
from schedulezero.server.store.runs import RunStore

L = TypeVar("L", bound="Lane")

WINDOW = 1000
"""How many runs of one lane are held in memory at most."""


class RunQueue(Protocol):
    """Hands runs from whoever writes them to whoever carries them out."""

    async def put(self, runs: Sequence[Run]) -> None:
        """Announces runs that are in the store, in the order in which they were written.

        (The database resolves writes in the order of their commits, so that whoever puts right
        after its own write keeps that order.)
        """
        ...

    async def next_lane(self) -> str:
        """The id of a handler that has runs for the first time; waits until there is one."""
        ...

    async def take(self, handler_id: str) -> Run:
        """The next run of that handler; waits until there is one. May raise DatabaseUnavailable."""
        ...

    async def recover(self) -> None:
        """Finds what is in the store and was not put, as after a restart."""
        ...

    def done(self, runs: Sequence[Run]) -> None:
        """Tells that runs have ended, and that this is in the store."""
        ...

    async def keep_up(self) -> None:
        """Whatever the queue has to do meanwhile, until cancelled."""
        ...

    def depth(self) -> int:
        """How many runs are waiting in memory."""
        ...


@dataclass(slots=True)
class Lane:
    """The runs of one handler that wait in memory, and whether there may be more."""

    waiting: deque[Run] = field(default_factory=deque[Run])
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class Lanes(dict[str, L]):
    """A lane for each handler, made when it is asked for first.

    Parameters:
        kind: makes a lane.
    """

    def __init__(self, kind: Callable[[], L]) -> None:
        super().__init__()
        self._kind = kind
        self._new: asyncio.Queue[str] = asyncio.Queue()

    def __missing__(self, handler_id: str) -> L:
        self._new.put_nowait(handler_id)
        lane = self[handler_id] = self._kind()
        return lane

    async def next(self) -> str:
        """The id of a handler whose lane was made; waits until there is one."""
        return await self._new.get()

    def depth(self) -> int:
        """How many runs are waiting in memory."""
        return sum(len(lane.waiting) for lane in self.values())


@dataclass(slots=True)
class _LocalLane(Lane):
    newest: int = 0
    """The sequence of the newest run that was taken into memory."""
    more_in_store: bool = False
    reading: bool = False


class LocalRunQueue:
    """A run queue within one process, over the server's store."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lanes = Lanes(_LocalLane)

    async def recover(self) -> None:
        """Lets every lane look into the store for runs that it has not seen."""
        for handler_id in await self._store.handlers_with_open_runs():
            lane = self._lanes[handler_id]
            lane.more_in_store = True
            lane.filled.set()

    async def put(self, runs: Sequence[Run]) -> None:
        for run in runs:
            lane = self._lanes[run.handler_id]
            # While the store is being read, the read may or may not see this run: read once more.
            if lane.more_in_store or lane.reading or len(lane.waiting) >= WINDOW:
                lane.more_in_store = True
            else:
                lane.waiting.append(run)
                lane.newest = max(lane.newest, run.sequence)
            lane.filled.set()

    async def next_lane(self) -> str:
        return await self._lanes.next()

    async def take(self, handler_id: str) -> Run:
        lane = self._lanes[handler_id]
        while not lane.waiting:
            if lane.more_in_store:
                await self._read_on(handler_id, lane)
                continue
            lane.filled.clear()
            await lane.filled.wait()
        return lane.waiting.popleft()

    def done(self, runs: Sequence[Run]) -> None:
        return

    async def keep_up(self) -> None:
        return

    def depth(self) -> int:
        return self._lanes.depth()

    async def _read_on(self, handler_id: str, lane: _LocalLane) -> None:
        lane.more_in_store, lane.reading = False, True
        try:
            found = await self._store.open_runs(handler_id, lane.newest, WINDOW)
        except DatabaseUnavailable:
            lane.more_in_store = True
            raise
        finally:
            lane.reading = False
        if found:
            lane.waiting.extend(found)
            lane.newest = found[-1].sequence
            lane.more_in_store = lane.more_in_store or len(found) == WINDOW
