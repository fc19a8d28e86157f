"""Limit the direct messages that one person gets from other people's jobs, across all guilds.

Pure: the caller passes the time. Each process keeps its own count, so clusters count separately.
"""

from __future__ import annotations

from collections import deque

MINUTE = 60.0
_MOST_PEOPLE = 10_000


class DirectMessageBudget:
    """Count messages by recipient over the last minute."""

    def __init__(self) -> None:
        self._lately: dict[int, deque[float]] = {}

    def take(self, person: int, most: int | None, now: float) -> bool:
        """Count one message to a person; return False if it would exceed the limit.

        Parameters:
            person: the recipient.
            most: how many messages they may get within any minute; None for no limit.
            now: the time in seconds, from any start.
        """
        if most is None:
            return True
        if len(self._lately) >= _MOST_PEOPLE:
            kept = {key: found for key, found in self._lately.items() if found[-1] > now - MINUTE}
            self._lately = kept
        lately = self._lately.get(person, deque())
        while lately and lately[0] <= now - MINUTE:
            lately.popleft()
        if len(lately) >= most:
            return False
        lately.append(now)
        self._lately[person] = lately
        return True
