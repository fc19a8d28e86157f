"""How many runs a guild lets happen within an hour, counted where runs are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import RunState
from schedulezero.server.tables import runs

_HOUR = timedelta(hours=1)


class HourlyAllowance:
    """How many more runs each guild may have at this moment, counted once for a transaction."""

    def __init__(
        self, connection: Connection, now: datetime, most_an_hour: Callable[[str], int | None]
    ) -> None:
        self._connection = connection
        self._since = now - _HOUR
        self._most = most_an_hour
        self._left: dict[str, int] = {}

    def take(self, guild_id: str | None) -> str | None:
        """Takes one run of a guild's allowance; why not, when it is used up."""
        most = self._most(guild_id) if guild_id is not None else None
        if guild_id is None or most is None:
            return None
        if guild_id not in self._left:
            query = sa.select(sa.func.count()).where(
                runs.c.guild_id == guild_id,
                runs.c.claimed_at > self._since,
                runs.c.state.not_in((RunState.SKIPPED.value, RunState.MISSED.value)),
            )
            self._left[guild_id] = most - (self._connection.scalar(query) or 0)
        if self._left[guild_id] <= 0:
            return f"The server's limit of {most} runs an hour was reached."
        self._left[guild_id] -= 1
        return None
