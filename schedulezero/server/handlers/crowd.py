"""How many handlers a server knows, and which ones it forgets when there are too many. Pure.

Any program that reaches the registration socket may register under any number of names, and each name that is
called costs a socket. Real handlers answer; who answered is kept, and so is whoever a job waits for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from schedulezero.errors import ScheduleZeroError

MOST_INSTANCES = 1000
LEAST_INSTANCES = 16
SOCKETS_EACH = 4
"""Descriptors that the connection to one instance takes at most: its TCP socket and libzmq's own."""
MOST_METHODS = 1000
MOST_SCHEMA_BYTES = 256 * 1024
"""What the schemas of one instance may take as JSON; larger ones are not kept, as they are only shown."""
MOST_SCHEMA_DEPTH = 20
NEW_PER_SECOND = 20.0
NEW_AT_ONCE = 200
AGAIN_PER_SECOND = 5.0
AGAIN_AT_ONCE = 100
AWAY_SECONDS = 600.0
"""One that answered once may be forgotten after so long a silence, where places are short."""
UNPROVEN_SECONDS = 3.0
"""An instance that has not answered by then may be forgotten where places are short."""
_SHARE_FORGOTTEN = 10


class Crowded(ScheduleZeroError):
    """There is no room for another handler now; the text says why."""


def most_instances(descriptors: int) -> int:
    """How many instances fit, with half of the process's descriptors left for everything else."""
    return max(LEAST_INSTANCES, min(MOST_INSTANCES, descriptors // 2 // SOCKETS_EACH))


class Candidate(Protocol):
    """What is known of an instance."""

    @property
    def handler_id(self) -> str: ...
    @property
    def answered(self) -> bool: ...
    @property
    def heard_at(self) -> float: ...
    @property
    def since(self) -> float: ...


C = TypeVar("C", bound=Candidate)


def to_forget(known: Sequence[C], needed: Collection[str], now: float) -> list[C]:
    """The instances to forget so that others find room, a tenth of all; none when all are to be kept.

    Those that never answered go first, then those that were away for longest. Kept are those that a job
    needs, those that have just come, and those that answered once and were heard of not long ago.

    Parameters:
        known: every instance.
        needed: the handlers that jobs need.
        now: the present, by the clock of ``heard_at`` and ``since``.
    """
    free = [
        item
        for item in known
        if item.handler_id not in needed
        and (now - item.heard_at > AWAY_SECONDS if item.answered else now - item.since > UNPROVEN_SECONDS)
    ]
    free.sort(key=lambda item: (item.answered, item.heard_at))
    return free[: max(1, len(known) // _SHARE_FORGOTTEN)]


@dataclass(slots=True)
class Bucket:
    """A token bucket: so many at once, and so many a second."""

    rate: float
    size: float
    left: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Takes one; False when there is none."""
        left = self.size if self.left < 0 else min(self.size, self.left + (now - self.at) * self.rate)
        self.at = now
        self.left = left - 1 if left >= 1 else left
        return left >= 1
