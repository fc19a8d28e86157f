"""Start-time fair queueing: serves flows in turn, whoever has how much to do. Pure.

Each item of a flow has a start tag: the queue's virtual time when it is the flow's first, or one more than
the item before it. The item with the smallest tag goes next, and its tag becomes the virtual time. So each
flow's first item goes before anybody's second, and a flow that was away has saved nothing up. (P. Goyal,
H. Vin, H. Cheng: Start-time Fair Queuing, IEEE/ACM Transactions on Networking 5(5), 1997; every item costs
the same here.) Within a flow the item of the lowest rank goes first.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_FEW = 1000


@dataclass(slots=True)
class _Flow(Generic[T]):
    waiting: list[tuple[float, int, T]] = field(default_factory=list[tuple[float, int, T]])
    next_tag: float = 0.0
    """The start tag of its first item; without any, of its next one at the earliest."""


class FairQueue(Generic[T]):
    """Items that wait, by flow.

    It holds what waits and, for a flow that has nothing waiting, no more than a number.
    """

    def __init__(self) -> None:
        self._flows: dict[Hashable, _Flow[T]] = {}
        self._heads: list[tuple[float, int, Hashable]] = []
        self._count = itertools.count()
        self._virtual_time = 0.0
        self._forget_from = _FEW
        """How many flows there may be before those that say nothing are dropped."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, flow: Hashable, rank: float, item: T) -> None:
        """Add an item; in its flow, a lower rank goes first, and what came first among equals."""
        found = self._flows.setdefault(flow, _Flow())
        if not found.waiting:
            found.next_tag = max(found.next_tag, self._virtual_time)
            heapq.heappush(self._heads, (found.next_tag, next(self._count), flow))
        heapq.heappush(found.waiting, (rank, next(self._count), item))
        self._length += 1

    def pop(self, may: Callable[[Hashable], bool] | None = None) -> T | None:
        """Remove the next item and return it; None if nothing waits, or only what may not go now.

        Parameters:
            may: returns whether anything of a flow may go now; by default everything may.
        """
        passed: list[tuple[float, int, Hashable]] = []
        try:
            while self._heads:
                head = heapq.heappop(self._heads)
                if may is not None and not may(head[2]):
                    passed.append(head)
                    continue
                return self._take(head[2])
            return None
        finally:
            for head in passed:
                heapq.heappush(self._heads, head)

    def _take(self, name: Hashable) -> T:
        flow = self._flows[name]
        _, _, item = heapq.heappop(flow.waiting)
        self._length -= 1
        # A flow that might not go for a while has saved nothing up either.
        self._virtual_time = max(self._virtual_time, flow.next_tag)
        flow.next_tag = self._virtual_time + 1
        if flow.waiting:
            heapq.heappush(self._heads, (flow.next_tag, next(self._count), name))
        if not self._length:
            self._flows.clear()  # nobody waited, so nobody is owed a turn
            self._forget_from = _FEW
        elif len(self._flows) > self._forget_from:
            self._forget()
        return item

    def _forget(self) -> None:
        """Drop the flows whose number says no more than the virtual time does."""
        over = [
            name
            for name, flow in self._flows.items()
            if not flow.waiting and flow.next_tag <= self._virtual_time
        ]
        for name in over:
            del self._flows[name]
        # So that looking through all of them costs each item little, though nothing may be dropped yet.
        self._forget_from = 2 * len(self._flows) + _FEW
