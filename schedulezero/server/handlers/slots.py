"""Gives out the slots of an instance, so that no guild holds those that others need.

A flow (a guild, a person's reminders, or all that belongs to neither) may take another slot while it holds
less than twice as many as are free: dynamic thresholds, as in A. Choudhury, E. Hahne: Dynamic Queue Length
Thresholds for Shared-Memory Packet Switches, IEEE/ACM Transactions on Networking 6(2), 1998. So a single busy
flow gets about two thirds of the slots. A sixteenth is left to flows that hold none, though all that are busy
wait for Discord. Those that wait for a slot are served in turn (`schedulezero.fair_queue`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Hashable

from schedulezero.fair_queue import FairQueue
from schedulezero.server.handlers.line import HandlerAway

_SHARE = 2
"""How many times the free slots a flow may hold."""
_LEFT_TO_OTHERS = 16
"""One slot in so many is left to flows that hold none."""


class Slots:
    """The slots of one instance.

    Parameters:
        most: how many there are.
    """

    def __init__(self, most: int) -> None:
        self.free = most
        self._kept = most // _LEFT_TO_OTHERS
        self._held: Counter[Hashable] = Counter()
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    def take_now(self, flow: Hashable) -> bool:
        """Take a slot if the flow may have one at once, and nobody waits."""
        if self._waiting or not self._may(flow):
            return False
        self._hold(flow)
        return True

    async def take(self, flow: Hashable, rank: float = 0.0) -> None:
        """Wait for a slot and take it; in its flow, the lowest rank goes first.

        Raises HandlerAway after `turn_away`.
        """
        if self.take_now(flow):
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.push(flow, rank, granted)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.give(flow)
            raise

    def give(self, flow: Hashable) -> None:
        """Give a slot back."""
        self.free += 1
        self._held[flow] -= 1
        if not self._held[flow]:
            del self._held[flow]
        self._grant()

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for a slot."""
        return bool(self._waiting)

    def turn_away(self) -> None:
        """Make those that wait for a slot raise HandlerAway, since the instance doesn't answer."""
        while (waiting := self._waiting.pop()) is not None:
            if not waiting.done():
                waiting.set_exception(HandlerAway("the instance doesn't answer"))

    def _may(self, flow: Hashable) -> bool:
        held = self._held[flow]
        return held < _SHARE * (self.free - self._kept) if held else self.free > 0

    def _hold(self, flow: Hashable) -> None:
        self.free -= 1
        self._held[flow] += 1

    def _grant(self) -> None:
        given: list[Hashable] = []

        def may(flow: Hashable) -> bool:
            if self._may(flow):
                given.append(flow)
                return True
            return False

        while self.free and (granted := self._waiting.pop(may)) is not None:
            if not granted.done():  # its task may have been cancelled in the meantime
                self._hold(given[-1])
                granted.set_result(None)
