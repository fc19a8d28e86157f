"""Token buckets: how often each client may do something."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST_CLIENTS = 10_000


class Rates:
    """A token bucket for each client.

    Parameters:
        each_second: how many tokens a bucket gains each second; 0 for no limit.
        burst: how many it holds.
        clock: the present time in seconds.
    """

    def __init__(self, each_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._each_second, self._burst, self._clock = each_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, client: str) -> float:
        """Take a client's token; return 0, or in how many seconds there is one."""
        if self._each_second <= 0:
            return 0.0
        now = self._clock()
        left, at = self._buckets.get(client, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._each_second)
        if left < 1:
            return (1 - left) / self._each_second
        if len(self._buckets) >= _MOST_CLIENTS:
            self._buckets.clear()
        self._buckets[client] = (left - 1, now)
        return 0.0
