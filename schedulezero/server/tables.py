"""The server's two tables, for SQLite now and PostgreSQL later.

``jobs`` holds definitions and when each falls due next; ``runs`` holds one row for each job and
scheduled instant, which is what makes an instant run once.
"""

from __future__ import annotations

import sqlalchemy as sa

from schedulezero.columns import Instant

metadata = sa.MetaData()

_Sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up INTEGER keys only

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("handler_id", sa.String(100), nullable=False),
    sa.Column("method", sa.String(100), nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("trigger_type", sa.String(20), nullable=False),
    sa.Column("trigger_args", sa.JSON, nullable=False),
    sa.Column("anchor_at", Instant, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("next_run_at", Instant),
    sa.Column("name", sa.String(100)),
    sa.Column("guild_id", sa.String(20)),
    sa.Column("creator_id", sa.String(20)),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("grace_seconds", sa.Float, nullable=False),
    sa.Column("missed", sa.String(12), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("search_text", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
sa.Index(
    "jobs_due",
    jobs.c.next_run_at,
    sqlite_where=jobs.c.state == "active",
    postgresql_where=jobs.c.state == "active",
)
sa.Index("jobs_by_guild", jobs.c.guild_id, jobs.c.state, jobs.c.next_run_at, jobs.c.id)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(64), nullable=False),
    sa.Column("scheduled_at", Instant, nullable=False),
    sa.Column("handler_id", sa.String(100), nullable=False),
    sa.Column("method", sa.String(100), nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("name", sa.String(100)),
    sa.Column("guild_id", sa.String(20)),
    sa.Column("grace_seconds", sa.Float, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("claimed_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("error", sa.Text),
    sa.Column("note", sa.Text),
    sa.UniqueConstraint("job_id", "scheduled_at"),
    sqlite_autoincrement=True,
)
sa.Index("runs_by_guild", runs.c.guild_id, runs.c.sequence)
sa.Index(
    "runs_open",
    runs.c.handler_id,
    runs.c.sequence,
    sqlite_where=runs.c.state == "queued",
    postgresql_where=runs.c.state == "queued",
)
