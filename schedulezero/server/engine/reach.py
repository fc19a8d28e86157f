"""Leaves the runs of a handler that this node can't reach to the nodes that can.

Every node of one PostgreSQL database knows every handler, and may be cut off from some of them: by a
firewall, or because a handler listens on another machine's loopback address. When no instance that may carry
out a run has answered this node for `SILENT_SECONDS`, and other nodes are alive, the node gives up its claim
of the run and those of the handler's other runs, and takes none for a moment. Any node takes them then.

If nobody reaches the handler, its runs go from node to node, less and less often. Whoever has a run when its
grace is over records that it was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from schedulezero.model import Run
from schedulezero.server.engine.run_queue import RunQueue
from schedulezero.server.handlers.registry import Registry

SILENT_SECONDS = 3.0
"""How long a handler may be silent until its runs are left to other nodes."""
ASK_SECONDS = 1.0
"""How often a handler that runs wait for is asked meanwhile."""
_LEAST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 8.0


class Reach:
    """Knows which runs this node has to leave to others.

    Parameters:
        queue: the queue that the nodes share.
        registry: tells how long a handler has been silent.
    """

    def __init__(self, queue: RunQueue, registry: Registry) -> None:
        self._queue = queue
        self._registry = registry

    def lacks(self, run: Run) -> bool:
        """Return whether this node can't reach a run's handler, and others may."""
        return self._queue.others_alive and self._registry.silent_seconds(run) >= SILENT_SECONDS

    def pause(self, run: Run) -> None:
        """Take no runs of a run's handler for a moment, in which other nodes take them."""
        self._queue.pause(run.handler_id, pause_after(self._registry.silent_seconds(run)))

    async def hand_over(self, runs: Sequence[Run]) -> None:
        """Leave runs to the other nodes, with those in the queue that this node can't carry out either."""
        await self._queue.hand_over(runs, self.lacks)

    async def keep_asking(self) -> None:
        """Ask the handlers for whose slots runs wait until cancelled; see `Registry.ask_where_runs_wait`."""
        while True:
            await asyncio.sleep(ASK_SECONDS)
            if self._queue.others_alive:
                await self._registry.ask_where_runs_wait(SILENT_SECONDS)


def pause_after(silent: float) -> float:
    """Return for how many seconds to take no runs of a handler that has been silent for so many seconds."""
    return min(max(silent / 4, _LEAST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
