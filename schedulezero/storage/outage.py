"""Says in the log once that a database is away, and once that it is back, for all parts that use it.

Each part tries again by itself, about once a second. A part is in trouble from its first failure until its
next success, and the database is away while any part is. What fails once and isn't tried again, such as a
request, begins an outage as well; the next success of a part ends it, unless a request has just failed again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_ONCE = "what is not tried again"
_SETTLED_SECONDS = 2.0
"""How long after a failed request a part's success doesn't end the outage: it may have begun before."""


class Outage:
    """Whether the parts of one server can use their database."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failing: set[object] = set()
        self._since = 0.0
        self._met_at = 0.0

    @property
    def under_way(self) -> bool:
        """Whether a part waits for the database."""
        return bool(self._failing)

    def failed(self, part: object, error: object) -> None:
        """Note that a part can't use the database, and will try again; the first one says so in the log."""
        if not self._failing:
            self._since = self._clock()
            log.error("the database cannot be used; trying again until it can: %s", error)
        else:
            log.debug("%s waits for the database: %s", part, error)
        self._failing.add(part)

    def met(self, error: object) -> None:
        """Note that a request couldn't use the database; the first one says so, if no part has done so."""
        self._met_at = self._clock()
        if not self._failing:
            self._since = self._met_at
            log.error("the database cannot be used, and requests are refused until it can: %s", error)
        self._failing.add(_ONCE)

    def forget(self, part: object) -> None:
        """Note that a part doesn't try any more, or may try for long, which says nothing about the database.

        The next success of another part ends the outage, as after a request that failed.
        """
        if part in self._failing:
            self._failing.discard(part)
            self._failing.add(_ONCE)
            self._met_at = self._clock()

    def over(self, part: object) -> None:
        """Note that a part could use the database; the last one says so in the log."""
        if not self._failing:
            return
        self._failing.discard(part)
        if self._clock() - self._met_at > _SETTLED_SECONDS:
            self._failing.discard(_ONCE)
        if not self._failing:
            log.warning("the database can be used again, after %.0f s", self._clock() - self._since)
