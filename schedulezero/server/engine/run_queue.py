"""The seam between the clock, which writes runs, and the dispatcher, which carries them out.

A queue has a lane for each handler, so that an offline handler doesn't block the others. In a lane the guilds
are served in turn, by the start tags that runs get when they are written
(`schedulezero.server.store.run_tags`). The store keeps the runs; `LocalRunQueue` holds the first of them in
memory and reads more when a lane runs empty. A burst or a long absence therefore costs rows, not memory, and
a restart finds every run again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import Run
from schedulezero.server.engine.waiting_runs import May, Place, WaitingRuns, place_of
from schedulezero.server.store.runs import Identity, RunStore

L = TypeVar("L", bound="Lane")

OutOfReach = Callable[[Run], bool]
"""Whether this node can't reach the handler of a run."""

WINDOW = 1000
"""The most runs of one lane to hold in memory."""


def anything(_: str) -> bool:
    """Return that runs of a flow may be taken."""
    return True


class RunQueue(Protocol):
    """Passes runs from the clock to the dispatcher."""

    async def put(self, runs: Sequence[Run]) -> None:
        """Announce runs that are in the store, in the order in which they were written.

        (The database completes writes in commit order, so a caller that calls `put` right after its own write
        keeps that order.)
        """
        ...

    async def next_lane(self) -> str:
        """Wait for a handler that has runs for the first time and return its id."""
        ...

    async def take(self, handler_id: str, may: May = anything) -> Run:
        """Wait for the next run of a handler and return it. May raise DatabaseUnavailable.

        Parameters:
            handler_id: the handler.
            may: returns whether runs of a flow may be taken now; `look` says that this has changed.
        """
        ...

    def look(self, handler_id: str) -> None:
        """Have a lane look again whether anything may be taken."""
        ...

    async def recover(self) -> None:
        """Find runs in the store that nobody announced, for example after a restart."""
        ...

    def done(self, runs: Sequence[Run]) -> None:
        """Report that this node is done with runs: the store has recorded their ends, or others have them."""
        ...

    async def holds(self, run: Run) -> bool:
        """Return whether a run still belongs to this node. May raise DatabaseUnavailable.

        A node that was cut off, or stopped for a while, may have lost its runs to another one, so it asks
        right before each call.
        """
        ...

    def claims(self, runs: Sequence[Run]) -> dict[str, UUID] | None:
        """Return this node's claims of runs, for the store to check; None if no other node shares them."""
        ...

    async def stop_taking(self, under_way: Mapping[Identity, Run]) -> None:
        """Hand out no more runs, and give those that aren't under way back to the other nodes."""
        ...

    async def leave(self, under_way: Mapping[Identity, Run]) -> None:
        """Give the runs that aren't under way to the other nodes, and the handlers that only one may call."""
        ...

    @property
    def others_alive(self) -> bool:
        """Whether other nodes may take what this one gives up."""
        ...

    def pause(self, handler_id: str, seconds: float) -> None:
        """Take no runs of a handler for a while, so that other nodes do."""
        ...

    async def hand_over(self, runs: Sequence[Run], out_of_reach: OutOfReach, after: float = 0.0) -> None:
        """Give runs to the other nodes, because this one can't reach their handler.

        Parameters:
            runs: runs that have left the queue.
            out_of_reach: returns whether another run of their handlers, in the queue, has to go, too.
            after: for how many seconds no node may take them.
        """
        ...

    async def keep_up(self) -> None:
        """Do the queue's background work until cancelled."""
        ...

    def waiting(self) -> Counter[str]:
        """Return how many runs in memory nobody has taken yet, by handler."""
        ...


@dataclass(slots=True)
class Lane:
    """The runs of one handler that wait in memory, and whether there may be more of them."""

    waiting: WaitingRuns = field(default_factory=WaitingRuns)
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class Lanes(dict[str, L]):
    """A lane for each handler, created on first access.

    Parameters:
        kind: creates a lane.
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
        """Wait for a new lane and return the id of its handler."""
        return await self._new.get()

    def waiting(self) -> Counter[str]:
        """Return how many runs in memory nobody has taken yet, by handler."""
        return Counter({handler_id: len(lane.waiting) for handler_id, lane in self.items() if lane.waiting})


_READ_PAST_SECONDS = 0.25
_READ_PAST_SHARE = 20
"""Looking beyond a lane's last run takes one part in so many of the time: it walks through all open runs."""
_READ_PAST_MOST_SECONDS = 2.0


@dataclass(slots=True)
class _LocalLane(Lane):
    """The first runs of a handler: those up to `position`. Later ones are in the store."""

    position: Place = (-1, 0)
    more_in_store: bool = False
    told: list[Run] | None = None
    """While the store is read, the runs behind `position` that were announced since."""
    known: set[int] = field(default_factory=set[int])
    """The sequences of the runs that wait here, or were taken and aren't recorded as ended."""
    ended: set[int] | None = None
    """While the store is read, the runs recorded as ended since: the read may have seen them open."""
    read_past_at: float = 0.0
    """When runs beyond `position` may be looked for again, on the loop's clock."""

    def add(self, run: Run) -> None:
        """Put a run in its place; a full lane leaves its last one to the store."""
        self.position = max(self.position, place_of(run))
        self.add_beyond(run)
        if len(self.waiting) > WINDOW:
            self.known.discard(self.waiting.take_last().sequence)
            self.position = min(self.position, self.waiting.last)
            self.more_in_store = True

    def add_beyond(self, run: Run) -> None:
        """Put a run in its place, though not all runs before it are here."""
        if run.sequence not in self.known:  # else it is open in the store, and under way
            self.known.add(run.sequence)
            self.waiting.add(run)


class LocalRunQueue:
    """A run queue within one process, backed by the server's store."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lanes = Lanes(_LocalLane)

    async def recover(self) -> None:
        """Make every lane read from the store the runs that it hasn't seen."""
        for handler_id in await self._store.handlers_with_open_runs():
            lane = self._lanes[handler_id]
            lane.more_in_store = True
            lane.filled.set()

    async def put(self, runs: Sequence[Run]) -> None:
        for run in runs:
            lane = self._lanes[run.handler_id]
            if place_of(run) <= lane.position or not (lane.more_in_store or lane.told is not None):
                lane.add(run)
            elif lane.told is not None:
                lane.told.append(run)  # the read under way may have come too early for it
            lane.filled.set()

    async def next_lane(self) -> str:
        return await self._lanes.next()

    async def take(self, handler_id: str, may: May = anything) -> Run:
        lane = self._lanes[handler_id]
        while True:
            lane.filled.clear()
            if (run := lane.waiting.next(may)) is not None:
                return run
            if lane.more_in_store and not lane.waiting:
                await self._read_on(handler_id, lane)
            elif not lane.more_in_store or not await self._read_past(handler_id, lane, may):
                await lane.filled.wait()

    def look(self, handler_id: str) -> None:
        self._lanes[handler_id].filled.set()

    def done(self, runs: Sequence[Run]) -> None:
        for run in runs:
            lane = self._lanes[run.handler_id]
            lane.known.discard(run.sequence)
            if lane.ended is not None:
                lane.ended.add(run.sequence)

    async def holds(self, run: Run) -> bool:
        return True

    def claims(self, runs: Sequence[Run]) -> dict[str, UUID] | None:
        return None

    async def stop_taking(self, under_way: Mapping[Identity, Run]) -> None:
        return  # what this process leaves in the store is found at its next start

    async def leave(self, under_way: Mapping[Identity, Run]) -> None:
        raise AssertionError("there are no other nodes")

    @property
    def others_alive(self) -> bool:
        return False

    def pause(self, handler_id: str, seconds: float) -> None:
        return

    async def hand_over(self, runs: Sequence[Run], out_of_reach: OutOfReach, after: float = 0.0) -> None:
        raise AssertionError("there are no other nodes")

    async def keep_up(self) -> None:
        return

    def waiting(self) -> Counter[str]:
        return self._lanes.waiting()

    async def _read_on(self, handler_id: str, lane: _LocalLane) -> None:
        lane.more_in_store, lane.told = False, []
        try:
            found, full = await self._read(handler_id, lane)
        except DatabaseUnavailable:
            lane.more_in_store = True
            raise
        finally:
            told, lane.told = lane.told, None
        lane.more_in_store = lane.more_in_store or full
        read = {run.sequence for run in found}
        for run in found:
            lane.add(run)
        for run in told:
            if run.sequence not in read and (place_of(run) <= lane.position or not lane.more_in_store):
                lane.add(run)

    async def _read_past(self, handler_id: str, lane: _LocalLane, may: May) -> bool:
        """Read the first runs of other flows than those that wait here and may not be taken.

        A lane may be full of the runs of flows that are held up. Returns whether the lane may have changed.
        It is done a few times a second at most, as long as the lane stays like that.
        """
        loop = asyncio.get_running_loop()
        if (wait := lane.read_past_at - loop.time()) > 0:
            try:
                async with asyncio.timeout(wait):
                    await lane.filled.wait()
                return True
            except TimeoutError:
                pass
        began_at = loop.time()
        held_up = {flow for flow in lane.waiting.flows if not may(flow)}
        found, _ = await self._read(handler_id, lane, but=held_up)
        wait = max(_READ_PAST_SHARE * (loop.time() - began_at), _READ_PAST_SECONDS)
        lane.read_past_at = loop.time() + min(wait, _READ_PAST_MOST_SECONDS)
        fresh = [run for run in found if run.sequence not in lane.known]
        for run in fresh:
            lane.add_beyond(run)
        return bool(fresh)

    async def _read(
        self, handler_id: str, lane: _LocalLane, *, but: Collection[str] = ()
    ) -> tuple[list[Run], bool]:
        """Read a lane's open runs after its position; return them, and whether there may be more.

        A run may have ended since it was read, and must not be carried out again.
        """
        lane.ended = ended = set[int]()
        try:
            found = await self._store.open_runs(handler_id, lane.position, WINDOW, but=but)
        finally:
            lane.ended = None
        return [run for run in found if run.sequence not in ended], len(found) == WINDOW
