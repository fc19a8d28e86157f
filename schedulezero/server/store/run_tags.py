"""Gives runs their start tags, so that a guild with many runs doesn't hold up another's.

It is start-time fair queueing (`schedulezero.fair_queue`) with its tags in the table of runs, so that the
order outlasts a restart and all nodes keep it. A run's tag is one more than that of the run of its flow
before it, or the present one of its handler if that is greater. The run with the smallest tag goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import Run, RunState
from schedulezero.server.records.tables import flow, runs
from schedulezero.storage.sql import is_postgres

_AT_ONCE = 0  # the tag of what a person waits for
_FIRST = 1
_GREATEST = 2**31 - 1  # of PgQueuer's priorities
_OPEN = runs.c.state == RunState.QUEUED.value


def flow_of(run: Run) -> str:
    """Return whose run it is, among those that are served in turn: its guild's, or that of all without one.

    A reminder has its person's id in place of a guild's. Runs with neither share one turn, whoever created
    them: a request can name any creator, so as many turns as creators would be one's for the asking.
    """
    return run.guild_id or ""


def tags_of(connection: Connection, new: Sequence[Run]) -> list[int]:
    """Return the start tags of new runs, of each flow in the order given; ended runs need none."""
    waiting = [run for run in new if run.state is RunState.QUEUED]
    if not waiting:
        return [run.start_tag for run in new]
    present = _present(connection, {run.handler_id for run in waiting})
    last: dict[tuple[str, str], int] = {}
    for handler_id in {run.handler_id for run in waiting}:
        flows = {flow_of(run) for run in waiting if run.handler_id == handler_id}
        last |= {(handler_id, name): tag for name, tag in _last(connection, handler_id, flows).items()}
    given: list[int] = []
    for run in new:
        if run.state is not RunState.QUEUED:
            given.append(run.start_tag)
            continue
        key = (run.handler_id, flow_of(run))
        tag = min(max(present.get(run.handler_id, _FIRST), last.get(key, 0) + 1), _GREATEST)
        last[key] = tag
        given.append(tag)
    return given


def _present(connection: Connection, handlers: Iterable[str]) -> dict[str, int]:
    """Return the virtual time of each handler: the first tag among its runs that weren't put off."""
    found: dict[str, int] = {}
    for handler_id in handlers:
        query = (
            sa.select(runs.c.start_tag)
            .where(
                _OPEN,
                runs.c.handler_id == handler_id,
                runs.c.start_tag > _AT_ONCE,
                runs.c.not_before.is_(None),
            )
            .order_by(runs.c.start_tag)
            .limit(1)
        )
        tag = connection.scalar(query)
        if tag is not None:
            found[handler_id] = tag
    return found


def _last(connection: Connection, handler_id: str, flows: Iterable[str]) -> dict[str, int]:
    """Return the last start tag of each flow's open runs of a handler.

    Each is one step in an index, however many runs of the flow are open.
    """
    items = sa.func.json_array_elements_text if is_postgres(connection) else sa.func.json_each
    given = items(sa.bindparam("flows", list(flows), sa.JSON)).table_valued("value")
    newest = (
        sa.select(runs.c.start_tag)
        .where(_OPEN, runs.c.handler_id == handler_id, flow == given.c.value)
        .order_by(runs.c.start_tag.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(given.c.value, newest)
    return {name: tag for name, tag in connection.execute(query) if tag is not None}
