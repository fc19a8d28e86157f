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
_HELD_BACK = "held_back"
"""The code of the note of a run that waited because of the owner's number of runs a minute."""
_IN_A_ROW = "in_a_row"
_PLACES: tuple[tuple[str, ...], ...] = (("first",), ("then",), ("first", "then"))
"""Where that note is in one that says more."""


def _held_in(*place: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[int]]:
    """Return a condition, and for how many seconds a run was held back by the note in that place."""
    inner = tuple(part for name in place for part in (name, "values"))
    code = runs.c.note_values[(*inner[:-1], "code")].as_string() if place else runs.c.note_code
    return code == _HELD_BACK, runs.c.note_values[(*inner, "seconds")].as_integer()


_HELD_SECONDS = sa.case(
    _held_in(),
    (runs.c.note_code == _IN_A_ROW, sa.case(*(_held_in(*place) for place in _PLACES), else_=0)),
    else_=0,
)
"""For how many seconds the owner's limit held a run back: its `claimed_at` is so much later."""


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
            since = first.claimed_at - timedelta(seconds=first.held or 0)
            late = max(late, now - max(first.scheduled_at, since))
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
    # A run that was backfilled is late from then on, and one that a limit held back from when it was due.
    since = claimed - sa.func.coalesce(_HELD_SECONDS, 0) * 1_000_000
    late = sa.func.max(began - sa.case((since > due, since), else_=due))
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
        sa.select(
            runs.c.guild_id,
            runs.c.creator_id,
            runs.c.scheduled_at,
            runs.c.claimed_at,
            _HELD_SECONDS.label("held"),
        )
        .where(_OPEN, flow == name)
        .order_by(runs.c.start_tag)
        .limit(1)
    )
    return connection.execute(query).one_or_none()
