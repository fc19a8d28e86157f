"""Counts the requests that Discord refused lately, of which too many get the machine's address banned.

Discord bans an address that gets 10,000 answers of 401, 403 or 429 in ten minutes; a 429 whose scope is
``shared`` doesn't count (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
From `HOLD_AT` on, jobs wait until it is fewer; people's own requests go on. The count survives a restart.

Pure: the caller passes the time.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence

from schedulezero import metrics

log = logging.getLogger(__name__)

WINDOW_SECONDS = 600.0
HOLD_AT = 5_000
"""Half of what Discord bans for; the rest is for people, and for other programs at the address."""
_SLICE_SECONDS = 10.0
_COUNTED = (401, 403, 429)


class InvalidRequests:
    """The invalid requests of the last ten minutes, in slices of ten seconds.

    Parameters:
        hold_at: from how many on jobs wait.
    """

    def __init__(self, hold_at: int = HOLD_AT) -> None:
        self._hold_at = hold_at
        self._slices: deque[list[float]] = deque()  # each the instant of its begin, and a number
        self._lately = 0
        self._holding = False

    def note(self, status: int, scope: str | None, now: float) -> None:
        """Count an answer, if Discord does.

        Parameters:
            status: the answer's HTTP status.
            scope: its ``X-RateLimit-Scope``.
            now: seconds since the epoch.
        """
        if status not in _COUNTED or (status == 429 and scope == "shared"):
            return
        self._add(now, 1)
        metrics.note_discord_invalid(status, self.lately(now))
        if self._lately >= self._hold_at and not self._holding:
            self._holding = True
            log.error(
                "Discord refused %d requests in ten minutes and bans the address at 10,000: jobs wait. See "
                "the history for jobs that fail.",
                self._lately,
            )

    def _add(self, at: float, number: int) -> None:
        begin = at - at % _SLICE_SECONDS
        if self._slices and self._slices[-1][0] >= begin:  # also after the clock was set back
            self._slices[-1][1] += number
        else:
            self._slices.append([begin, number])
        self._lately += number

    def lately(self, now: float) -> int:
        """Return how many there were in the last ten minutes."""
        while self._slices and self._slices[0][0] <= now - WINDOW_SECONDS - _SLICE_SECONDS:
            self._lately -= int(self._slices.popleft()[1])
        if self._holding and self._lately < self._hold_at:
            self._holding = False
            log.warning("jobs go on: Discord refused %d requests in the last ten minutes", self._lately)
        return self._lately

    def wait(self, now: float) -> float | None:
        """Return for how many seconds jobs have to wait; None if they needn't."""
        over = self.lately(now) - self._hold_at
        if over < 0:
            return None
        for begin, number in self._slices:
            over -= int(number)
            if over < 0:
                return max(begin + WINDOW_SECONDS + _SLICE_SECONDS - now, 1.0)
        return WINDOW_SECONDS  # for a limit of 0

    @property
    def hold_at(self) -> int:
        """From how many on jobs wait."""
        return self._hold_at

    def to_json(self) -> list[list[float]]:
        """Return the counts, to be kept over a restart."""
        return [list(each) for each in self._slices]

    def restore(self, kept: Iterable[Sequence[float]], now: float) -> None:
        """Count what was kept before a restart as well."""
        since = list(self._slices)
        self._slices.clear()
        self._lately = 0
        for at, number in sorted((float(at), int(number)) for at, number in [*kept, *since]):
            self._add(min(at, now), number)
        metrics.DISCORD_INVALID_LATELY.set(self.lately(now))
