"""Queued runs as jobs of PgQueuer, within the transaction that makes or ends them. SQLite needs none.

A run is one job of PgQueuer: the handler's id is its entrypoint, the run's sequence its payload and its
deduplication key, so that a run is queued once however often it is put. The table of runs stays the truth;
PgQueuer says who of the nodes has which run, and takes it from a node that shows no sign of life.
(https://pgqueuer.readthedocs.io/)
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
    """PgQueuer's names of its tables; its log, which nobody reads, is not written to the WAL."""
    from pgqueuer.domain.settings import DBSettings, Durability

    return DBSettings(durability=Durability.balanced)


@cache
def queries() -> QueryQueueBuilder:
    """PgQueuer's own SQL."""
    from pgqueuer.adapters.persistence.qb import QueryQueueBuilder

    return QueryQueueBuilder(settings())


@cache
def environment() -> QueryBuilderEnvironment:
    """PgQueuer's own SQL for its tables."""
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

    return QueryBuilderEnvironment(settings())


def enqueue(connection: Connection, new: Sequence[Run]) -> None:
    """Queues those of the runs that wait to be carried out, and tells all nodes."""
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
    """Takes ended runs off the queue."""
    if not sequences or not is_postgres(connection):
        return
    connection.exec_driver_sql(
        f"DELETE FROM {settings().qualified.queue_table} "
        "WHERE dedupe_key = ANY($1::text[]) AND status IN ('queued', 'picked')",
        ([str(sequence) for sequence in sequences],),
    )


def give_back(connection: Connection, node: object) -> None:
    """Lets other nodes have what a node took and did not carry out, because it ends."""
    connection.exec_driver_sql(
        f"UPDATE {settings().qualified.queue_table} SET status = 'queued', queue_manager_id = NULL, "
        "slot = NULL WHERE queue_manager_id = $1 AND status = 'picked'",
        (node,),
    )


def forget_log(connection: Connection) -> None:
    """Drops what PgQueuer noted an hour ago and before; what became of runs stands in their own table."""
    connection.execute(
        sa.text(
            f"DELETE FROM {settings().qualified.queue_table_log} WHERE created < now() - interval '1 hour'"
        )
    )
