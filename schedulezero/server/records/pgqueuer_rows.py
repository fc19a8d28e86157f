"""Queued runs as PgQueuer jobs, within the transaction that creates or ends them. Not used on SQLite.

A run is one PgQueuer job: the handler's id is its entrypoint, the run's sequence its payload, and `queue_key`
its deduplication key, so that a run is queued once even if it is added repeatedly. The table of runs remains
the source of truth; PgQueuer tracks which node has which run, and reassigns the runs of a node that stops
sending heartbeats. (https://pgqueuer.readthedocs.io/)

A node claims runs with a token, a new one for each batch, which PgQueuer keeps as its *queue manager*. A
claim counts as long as the row of that key bears that token. Neither a sequence nor the id of a row would do:
both are given again after a standby that lagged behind has become the primary.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InternalError

from schedulezero.instants import to_iso, to_microseconds
from schedulezero.model import Run, RunState
from schedulezero.storage import signals
from schedulezero.storage.signals import Signal
from schedulezero.storage.sql import is_postgres

if TYPE_CHECKING:
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
    from pgqueuer.domain.settings import DBSettings


@cache
def settings() -> DBSettings:
    """Return PgQueuer's settings: all its tables are in the WAL, although nothing reads its log.

    Each claim writes into the log. A table that isn't in the WAL is of no use on a standby that became the
    primary: the sequence of such a log can't be read there, and no node could claim anything.
    """
    from pgqueuer.domain.settings import DBSettings, Durability

    return DBSettings(durability=Durability.durable)


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


def queue_key(job_id: str, scheduled_at: datetime, claimed_at: datetime | None) -> str:
    """Return the deduplication key of a run as it was queued at an instant; see `Run.identity`."""
    queued = to_microseconds(claimed_at) if claimed_at is not None else 0
    return f"{job_id}@{to_iso(scheduled_at)}#{queued}"


def key_of(run: Run) -> str:
    """Return a run's deduplication key."""
    return queue_key(*run.identity)


def enqueue(connection: Connection, new: Sequence[Run]) -> None:
    """Add the runs in state ``queued`` to the queue and signal all nodes."""
    found = [run for run in new if run.state is RunState.QUEUED]
    if not found or not is_postgres(connection):
        return
    keys = [key_of(run) for run in found]
    connection.exec_driver_sql(
        queries().build_enqueue_query("skip"),
        (
            [-run.start_tag for run in found],  # the highest priority goes first
            [run.handler_id for run in found],
            [str(run.sequence).encode() for run in found],
            [timedelta()] * len(found),
            keys,
            ["null"] * len(found),
        ),
    )
    for handler_id in sorted({run.handler_id for run in found}):
        signals.send(connection, Signal.RUNS, handler_id)


def remove(connection: Connection, keys: Collection[str]) -> None:
    """Remove ended runs from the queue."""
    if not keys or not is_postgres(connection):
        return
    connection.exec_driver_sql(
        f"DELETE FROM {settings().qualified.queue_table} "
        "WHERE dedupe_key = ANY($1::text[]) AND status IN ('queued', 'picked')",
        (list(keys),),
    )


def remove_others(connection: Connection, keys: Collection[str], token: UUID) -> None:
    """Remove the runs that were claimed with a token, except those with these keys."""
    connection.exec_driver_sql(
        f"DELETE FROM {settings().qualified.queue_table} WHERE queue_manager_id = $1 "
        "AND status = 'picked' AND NOT (dedupe_key = ANY($2::text[]))",
        (token, list(keys)),
    )


_CLAIMED = (
    "FROM unnest($1::text[], $2::uuid[]) AS held(key, token) WHERE job.dedupe_key = held.key "
    "AND job.queue_manager_id = held.token AND job.status = 'picked' AND job.status IN ('queued', 'picked')"
)


def claimed(
    connection: Connection, claims: Mapping[str, UUID], *, within: timedelta | None = None
) -> set[str]:
    """Return the keys whose row still bears the token of the claim.

    Parameters:
        connection: the transaction's connection.
        claims: the token of each key.
        within: return only those for which the node has shown within this time that it is alive.
    """
    if not claims:
        return set()
    recent = "" if within is None else f" AND job.heartbeat > now() - interval '{within.total_seconds()} s'"
    # The table comes first, as in an UPDATE.
    found = connection.exec_driver_sql(
        f"SELECT job.dedupe_key FROM {settings().qualified.queue_table} AS job, "
        + _CLAIMED.removeprefix("FROM ")
        + recent,
        (list(claims), list(claims.values())),
    )
    return {row[0] for row in found}


def renew(connection: Connection, claims: Mapping[str, UUID]) -> set[str]:
    """Show that the node that made these claims is alive. Returns the keys of those that still count."""
    if not claims:
        return set()
    found = connection.exec_driver_sql(
        f"UPDATE {settings().qualified.queue_table} AS job SET heartbeat = now() {_CLAIMED} "
        "RETURNING job.dedupe_key",
        (list(claims), list(claims.values())),
    )
    return {row[0] for row in found}


def give_back(connection: Connection, claims: Mapping[str, UUID], *, after: float = 0.0) -> None:
    """Release claims, so that other nodes can take these runs, and tell those.

    Parameters:
        connection: the transaction's connection.
        claims: the token of each key.
        after: for how many seconds nobody may take them.
    """
    if not claims:
        return
    found = connection.exec_driver_sql(
        f"UPDATE {settings().qualified.queue_table} AS job SET status = 'queued', queue_manager_id = NULL, "
        f"slot = NULL, execute_after = now() + interval '{after} s' {_CLAIMED} RETURNING job.entrypoint",
        (list(claims), list(claims.values())),
    )
    for handler_id in sorted({row[0] for row in found}):
        signals.send(connection, Signal.RUNS, handler_id)


def give_back_all(connection: Connection, token: UUID) -> None:
    """Release all that was claimed with a token, before anybody knew of it."""
    connection.exec_driver_sql(
        f"UPDATE {settings().qualified.queue_table} SET status = 'queued', queue_manager_id = NULL, "
        "slot = NULL WHERE queue_manager_id = $1 AND status = 'picked'",
        (token,),
    )


def rename_older_keys(connection: Connection) -> None:
    """Give rows of an older version, whose key is a sequence, today's key."""
    from schedulezero.server.records.tables import runs

    table = settings().qualified.queue_table
    older = connection.exec_driver_sql(
        f"SELECT dedupe_key FROM {table} WHERE dedupe_key ~ '^[0-9]+$' AND status IN ('queued', 'picked')"
    )
    sequences = [int(row[0]) for row in older]
    if not sequences:
        return
    columns = (runs.c.sequence, runs.c.job_id, runs.c.scheduled_at, runs.c.claimed_at)
    found = connection.execute(sa.select(*columns).where(runs.c.sequence.in_(sequences))).all()
    names = {str(row.sequence): queue_key(row.job_id, row.scheduled_at, row.claimed_at) for row in found}
    remove(connection, [str(sequence) for sequence in sequences if str(sequence) not in names])
    remove(connection, list(names.values()))  # queued under both keys
    connection.exec_driver_sql(
        f"UPDATE {table} AS job SET dedupe_key = named.new "
        "FROM unnest($1::text[], $2::text[]) AS named(old, new) WHERE job.dedupe_key = named.old "
        "AND job.status IN ('queued', 'picked')",
        (list(names), list(names.values())),
    )


def make_durable(connection: Connection) -> None:
    """Put the tables of an older version into the WAL, and drop those that a failover has broken already.

    See `settings`. PgQueuer's upgrade then creates the dropped ones again; nothing reads what they held.
    """
    found = connection.exec_driver_sql(
        "SELECT relname FROM unnest($1::text[]) AS wanted JOIN pg_class ON oid = to_regclass(wanted) "
        "WHERE relpersistence = 'u'",
        (list(_tables()),),
    )
    volatile = {row[0] for row in found}
    for name in _tables():
        if name.rpartition(".")[2] in volatile:
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(f"TRUNCATE {name}")
                    connection.exec_driver_sql(f"ALTER TABLE {name} SET LOGGED")
            except InternalError:  # its sequence has no content, which nothing but dropping it mends
                connection.exec_driver_sql(f"DROP TABLE {name}")


def _tables() -> tuple[str, ...]:
    names = settings().qualified
    return (names.queue_table_log, names.statistics_table)  # the others have been in the WAL always


def forget_log(connection: Connection) -> None:
    """Delete PgQueuer's log entries older than an hour; the table of runs has the outcomes."""
    connection.execute(
        sa.text(
            f"DELETE FROM {settings().qualified.queue_table_log} WHERE created < now() - interval '1 hour'"
        )
    )
