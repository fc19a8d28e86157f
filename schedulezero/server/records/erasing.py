"""Erases everything about one guild, or about one person's own jobs: what the operator must be able to do.

A person's reminders have the person's id in place of a guild's, so that both are the same here. The audit is
only added to; this is the one exception, made within one transaction, and an entry without ids says when.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import RunState
from schedulezero.server.records import audit as entries
from schedulezero.server.records.tables import (
    audit,
    feeds,
    guild_rules,
    job_versions,
    jobs,
    posts,
    runs,
    troubles,
)
from schedulezero.storage import signals
from schedulezero.storage.signals import Signal
from schedulezero.storage.sql import is_postgres


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased."""

    jobs: int
    runs: int


def erase(connection: Connection, place: str) -> Erased:
    """Erase a guild's or a person's jobs, runs, versions, rules, feeds and audit.

    Runs in progress stay, without their job, until they have ended and the history forgets them.
    """
    mine = sa.select(jobs.c.id).where(jobs.c.guild_id == place)
    ended = sa.and_(runs.c.guild_id == place, runs.c.state != RunState.QUEUED.value)
    sequences = sa.select(runs.c.sequence).where(ended)
    for table in (posts, troubles):
        connection.execute(sa.delete(table).where(table.c.run_sequence.in_(sequences)))
    connection.execute(sa.delete(job_versions).where(job_versions.c.job_id.in_(mine)))
    gone_runs = connection.execute(sa.delete(runs).where(ended)).rowcount
    gone_jobs = connection.execute(sa.delete(jobs).where(jobs.c.guild_id == place)).rowcount
    connection.execute(sa.delete(guild_rules).where(guild_rules.c.guild_id == place))
    connection.execute(sa.delete(feeds).where(feeds.c.place == place))
    _erase_audit(connection, place)
    entries.note(connection, "forgotten", guild_id=None)
    signals.send(connection, Signal.RULES, place)
    return Erased(gone_jobs, gone_runs)


def _erase_audit(connection: Connection, place: str) -> None:
    """Delete a place's entries, with the trigger that forbids it out of the way for this transaction."""
    if is_postgres(connection):
        connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        connection.execute(sa.delete(audit).where(audit.c.guild_id == place))
        connection.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER audit_no_change")
        return
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'audit_no_delete'"
    trigger = connection.exec_driver_sql(query).scalar()
    if trigger is not None:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
    connection.execute(sa.delete(audit).where(audit.c.guild_id == place))
    if trigger is not None:
        connection.exec_driver_sql(trigger)
