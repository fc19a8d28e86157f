"""Ignore double taps: a second click on the same button of the same state of a message.

The panel that answers the first click is a new state of its message, so a deliberate second click on it
counts. A public message is not replaced by its answer; on it, a click counts again after 10 seconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

_SECONDS = 10.0
_MOST = 10_000


class DoubleTaps:
    """Remember recent clicks. Pure: the caller passes the time in seconds."""

    def __init__(self) -> None:
        self._lately: dict[Hashable, float] = {}
        self._under_way: set[Hashable] = set()

    @contextmanager
    def alone(self, click: Hashable) -> Iterator[bool]:
        """Tell whether nobody else is in a block for the same click, however long it takes."""
        if click in self._under_way:
            yield False
            return
        self._under_way.add(click)
        try:
            yield True
        finally:
            self._under_way.discard(click)

    def is_first(self, click: Hashable, now: float) -> bool:
        """Record a click; return False if the same one was made a moment ago."""
        if len(self._lately) >= _MOST:
            self._lately = {key: at for key, at in self._lately.items() if now - at < _SECONDS}
        before = self._lately.get(click)
        if before is not None and now - before < _SECONDS:
            return False
        self._lately[click] = now
        return True

    def forget(self, click: Hashable) -> None:
        """Allow a click to be repeated because it had no effect."""
        self._lately.pop(click, None)
