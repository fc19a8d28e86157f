"""An event loop whose clock jumps to the next timer instead of waiting, so that hours pass in seconds.

It is for work without threads and sockets: for those, no time passes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Moves a clock where other selectors wait."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if not (ready := super().select(0)):
            self.seconds += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; it begins at second 0."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.seconds


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on such a loop and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
