"""When a sticky post moves below what others wrote: after a pause, and not too often. Pure.

A move is three requests. In a busy channel that would be one for each message, so it waits until nobody has
written for a while, and for a while after the move before. Only one post moves at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PAUSE_SECONDS = 5.0
"""How long nobody may have written before a post moves."""
LEAST_SECONDS = 30.0
"""The least time between two moves in a channel."""


@dataclass(slots=True)
class _Channel:
    last_id: int = 0
    wrote_at: float = 0.0
    waits_until: float = 0.0


@dataclass
class StickyPace:
    """The channels that have sticky posts, and what is known of their last messages.

    Times are seconds of any clock that only goes forward.
    """

    pause: float = PAUSE_SECONDS
    least: float = LEAST_SECONDS
    _channels: dict[int, _Channel] = field(default_factory=dict[int, _Channel])

    @property
    def channels(self) -> list[int]:
        """The channels that have such a post."""
        return list(self._channels)

    def watch(self, channel_id: int) -> None:
        """Look after a channel."""
        self._channels.setdefault(channel_id, _Channel())

    def drop(self, channel_id: int) -> None:
        """Look after a channel no more."""
        self._channels.pop(channel_id, None)

    def wrote(self, channel_id: int, message_id: int, now: float) -> None:
        """Note that a message was written, if the channel has a sticky post."""
        known = self._channels.get(channel_id)
        if known is not None and message_id > known.last_id:
            known.last_id, known.wrote_at = message_id, now

    def due(self, now: float) -> int | None:
        """Return the channel that has waited longest of those whose post may move now; None if none may."""
        waiting = [
            (known.wrote_at, channel_id)
            for channel_id, known in self._channels.items()
            if known.last_id and now - known.wrote_at >= self.pause and now >= known.waits_until
        ]
        return min(waiting)[1] if waiting else None

    def take(self, channel_id: int, now: float) -> int:
        """Return the last known message of a channel whose post moves now, and wait for another one."""
        known = self._channels[channel_id]
        last_id, known.last_id, known.waits_until = known.last_id, 0, now + self.least
        return last_id

    def failed(self, channel_id: int, last_id: int, until: float) -> None:
        """Let a move that failed be tried again at a time."""
        if (known := self._channels.get(channel_id)) is not None:
            known.last_id, known.waits_until = max(known.last_id, last_id), until
