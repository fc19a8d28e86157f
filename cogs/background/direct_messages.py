"""How many direct messages one person gets from jobs that others made, in all guilds together.

Pure: whoever calls says what time it is. The count is this process's own; clusters count separately.
"""

from __future__ import annotations

from collections import deque

MINUTE = 60.0
_MOST_PEOPLE = 10_000


class DirectMessageBudget:
    """Counts messages by who gets them, over the last minute."""

    def __init__(self) -> None:
        self._lately: dict[int, deque[float]] = {}

    def take(self, person: int, most: int | None, now: float) -> bool:
        """Counts one message to a person; False when it would be one too many.

        Parameters:
            person: who gets it.
            most: how many they may get within any minute, None for any number.
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
