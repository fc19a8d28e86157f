"""A double tap: two clicks on one button of one state of a message. The second one does nothing.

The panel that answers the first click is another state of its message, so that a deliberate second click on
it counts. A message that everybody sees is not written over; there a click counts again after a while.
"""

from __future__ import annotations

from collections.abc import Hashable

_SECONDS = 10.0
_MOST = 10_000


class DoubleTaps:
    """Knows which clicks were made lately. Pure: whoever calls says what time it is, in seconds."""

    def __init__(self) -> None:
        self._lately: dict[Hashable, float] = {}

    def is_first(self, click: Hashable, now: float) -> bool:
        """Notes a click; False for one that was made a moment ago."""
        if len(self._lately) >= _MOST:
            self._lately = {key: at for key, at in self._lately.items() if now - at < _SECONDS}
        before = self._lately.get(click)
        if before is not None and now - before < _SECONDS:
            return False
        self._lately[click] = now
        return True

    def forget(self, click: Hashable) -> None:
        """Lets a click be made again, because it came to nothing."""
        self._lately.pop(click, None)
