"""Says in the log once that a database is away, and once that it is back, for all parts that use it.

Each part tries again by itself, about once a second. A part is in trouble from its first failure until its
next success, and the database is away while any part is. So a part says so only if it goes on trying: what
fails once, such as a request, would keep the outage going.
"""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)


class Outage:
    """Whether the parts of one server can use their database."""

    def __init__(self) -> None:
        self._failing: set[object] = set()
        self._since = 0.0

    @property
    def under_way(self) -> bool:
        """Whether a part waits for the database."""
        return bool(self._failing)

    def failed(self, part: object, error: object) -> None:
        """Note that a part can't use the database, and will try again; the first one says so in the log."""
        if not self._failing:
            self._since = time.monotonic()
            log.error("the database cannot be used; trying again until it can: %s", error)
        else:
            log.debug("%s waits for the database: %s", part, error)
        self._failing.add(part)

    def forget(self, part: object) -> None:
        """Note that a part doesn't try any more, which says nothing about the database."""
        self._failing.discard(part)

    def over(self, part: object) -> None:
        """Note that a part could use the database; the last one says so in the log."""
        if part not in self._failing:
            return
        self._failing.discard(part)
        if not self._failing:
            log.warning("the database can be used again, after %.0f s", time.monotonic() - self._since)
