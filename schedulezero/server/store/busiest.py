"""Finds the guilds that keep the bot busiest, at a cost that doesn't grow with the table of runs.

What waits is counted in an index of the open runs alone. What ran within the last hour is among the newest
runs, of which at most `_NEWEST` are read by their primary key. (An
index by instants would cost each run more than it saves here.)
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.instants import to_microseconds
from schedulezero.model import RunState
from schedulezero.model.busy import Busy
from schedulezero.server.records.tables import flow, runs

MOST = 10
_HOUR = timedelta(hours=1)
_NEWEST = 50_000
_OPEN = runs.c.state == RunState.QUEUED.value


def busiest(connection: Connection, now: datetime) -> list[Busy]:
    """Return the guilds with the most runs that wait or began within the last hour, busiest first."""
    ran = _ran(connection, now)
    waiting = {
        name: count
        for name, count in connection.execute(sa.select(flow, sa.func.count()).where(_OPEN).group_by(flow))
    }
    both = Counter(waiting) + Counter({guild_id: count for guild_id, (count, _) in ran.items()})
    found: list[Busy] = []
    for name, _ in both.most_common():
        count, late = ran.get(name, (0, timedelta()))
        if name in waiting:
            first = _first(connection, name)
            if first is None or first.guild_id is None or first.guild_id == first.creator_id:
                continue  # a person's own, or it has begun since
            overdue = now - max(first.scheduled_at, first.claimed_at)
            late = max(late, overdue)
        found.append(Busy(name, waiting.get(name, 0), count, late))
        if len(found) == MOST:
            break
    return found


def _ran(connection: Connection, now: datetime) -> dict[str, tuple[int, timedelta]]:
    """Return how many runs of each guild began within the last hour, and how late the latest of them was."""
    began, due, claimed = (
        sa.type_coerce(column, sa.BigInteger)
        for column in (runs.c.started_at, runs.c.scheduled_at, runs.c.claimed_at)
    )
    # A run that was backfilled, or waited for its turn, is late from then on.
    late = sa.func.max(began - sa.case((claimed > due, claimed), else_=due))
    newest = sa.select(sa.func.max(runs.c.sequence) - _NEWEST).scalar_subquery()
    query = (
        sa.select(runs.c.guild_id, sa.func.count(), late)
        .where(
            runs.c.sequence > newest,
            began > to_microseconds(now - _HOUR),
            runs.c.guild_id.is_not(None),
            runs.c.guild_id.is_distinct_from(runs.c.creator_id),
        )
        .group_by(runs.c.guild_id)
    )
    return {
        guild_id: (count, timedelta(microseconds=max(int(most), 0)))
        for guild_id, count, most in connection.execute(query)
    }


def _first(connection: Connection, name: str) -> Any:
    """Return the first of a flow's open runs."""
    query = (
        sa.select(runs.c.guild_id, runs.c.creator_id, runs.c.scheduled_at, runs.c.claimed_at)
        .where(_OPEN, flow == name)
        .order_by(runs.c.start_tag)
        .limit(1)
    )
    return connection.execute(query).one_or_none()
