"""Queued runs as PgQueuer jobs, within the transaction that creates or ends them. Not used on SQLite.

A run is one PgQueuer job: the handler's id is its entrypoint, and the run's sequence is its payload and its
deduplication key, so that a run is queued once even if it is added repeatedly. The table of runs remains the
source of truth; PgQueuer tracks which node has which run, and reassigns the runs of a node that stops sending
heartbeats. (https://pgqueuer.readthedocs.io/)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import Run, RunState
from schedulezero.storage import signals
from schedulezero.storage.signals import Signal
from schedulezero.storage.sql import is_postgres

if TYPE_CHECKING:
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
    from pgqueuer.domain.settings import DBSettings


@cache
def settings() -> DBSettings:
    """Return PgQueuer's settings; its log, which nothing reads, is not written to the WAL."""
    from pgqueuer.domain.settings import DBSettings, Durability

    return DBSettings(durability=Durability.balanced)


@cache
def queries() -> QueryQueueBuilder:
    """Return PgQueuer's SQL for its queue."""
    from pgqueuer.adapters.persistence.qb import QueryQueueBuilder

    return QueryQueueBuilder(settings())


@cache
def environment() -> QueryBuilderEnvironment:
    """Return PgQueuer's SQL for creating its tables."""
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

    return QueryBuilderEnvironment(settings())


def enqueue(connection: Connection, new: Sequence[Run]) -> None:
    """Add the runs in state ``queued`` to the queue and signal all nodes."""
    found = [run for run in new if run.state is RunState.QUEUED]
    if not found or not is_postgres(connection):
        return
    keys = [str(run.sequence) for run in found]
    connection.exec_driver_sql(
        queries().build_enqueue_query("skip"),
        (
            [0] * len(found),
            [run.handler_id for run in found],
            [key.encode() for key in keys],
            [timedelta()] * len(found),
            keys,
            ["null"] * len(found),
        ),
    )
    for handler_id in sorted({run.handler_id for run in found}):
        signals.send(connection, Signal.RUNS, handler_id)


def remove(connection: Connection, sequences: Sequence[int]) -> None:
    """Remove ended runs from the queue."""
    if not sequences or not is_postgres(connection):
        return
    connection.exec_driver_sql(
        f"DELETE FROM {settings().qualified.queue_table} "
        "WHERE dedupe_key = ANY($1::text[]) AND status IN ('queued', 'picked')",
        ([str(sequence) for sequence in sequences],),
    )


def give_back(connection: Connection, node: object) -> None:
    """Release the unfinished runs of a node that is stopping, so that other nodes can take them."""
    connection.exec_driver_sql(
        f"UPDATE {settings().qualified.queue_table} SET status = 'queued', queue_manager_id = NULL, "
        "slot = NULL WHERE queue_manager_id = $1 AND status = 'picked'",
        (node,),
    )


def forget_log(connection: Connection) -> None:
    """Delete PgQueuer's log entries older than an hour; the table of runs has the outcomes."""
    connection.execute(
        sa.text(
            f"DELETE FROM {settings().qualified.queue_table_log} WHERE created < now() - interval '1 hour'"
        )
    )
