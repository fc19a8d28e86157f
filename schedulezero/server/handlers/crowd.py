"""The limits on known handlers, and which ones to drop when there are too many. Pure functions.

Any program that reaches the registration socket can register under any number of names, and each name that is
called costs a socket. Real handlers answer, so the server keeps handlers that answered and handlers that a
job needs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from schedulezero.errors import ScheduleZeroError

MOST_INSTANCES = 1000
LEAST_INSTANCES = 16
SOCKETS_EACH = 4
"""The most descriptors that a connection to one instance uses: its TCP socket and libzmq's own."""
MOST_METHODS = 1000
MOST_SCHEMA_BYTES = 256 * 1024
"""The most bytes of JSON for the schemas of one instance. Larger ones are dropped; they are display only."""
MOST_SCHEMA_DEPTH = 20
NEW_PER_SECOND = 20.0
NEW_AT_ONCE = 200
AGAIN_PER_SECOND = 5.0
AGAIN_AT_ONCE = 100
AWAY_SECONDS = 600.0
"""How long an instance that has answered before may be silent before it can be dropped to make room."""
UNPROVEN_SECONDS = 3.0
"""How long after it registers an instance that hasn't answered can be dropped to make room."""
_SHARE_FORGOTTEN = 10


class Crowded(ScheduleZeroError):
    """There is no room for another handler at the moment; the message says why."""


def most_instances(descriptors: int) -> int:
    """Return how many instances fit into half of the process's descriptors."""
    return max(LEAST_INSTANCES, min(MOST_INSTANCES, descriptors // 2 // SOCKETS_EACH))


class Candidate(Protocol):
    """The facts about an instance that decide whether it can be dropped."""

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
    """Return the instances to drop to make room, at most a tenth of all, or none if all are in use.

    Instances that never answered go first, then those that have been silent longest. Never dropped are
    instances that a job needs, that have just registered, or that have answered before and were heard from
    recently.

    Parameters:
        known: every instance.
        needed: the handlers that jobs need.
        now: the current time in seconds, on the clock of ``heard_at`` and ``since``.
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
    """A token bucket that holds ``size`` tokens and refills at ``rate`` tokens a second."""

    rate: float
    size: float
    left: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take a token. Returns False when there is none."""
        left = self.size if self.left < 0 else min(self.size, self.left + (now - self.at) * self.rate)
        self.at = now
        self.left = left - 1 if left >= 1 else left
        return left >= 1
