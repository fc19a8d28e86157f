"""The server's tables, for SQLite and PostgreSQL.

``jobs`` holds definitions and when each job is next due. ``runs`` holds one row for each job and scheduled
instant, so that an instant can't get two runs. ``job_versions`` holds earlier versions of jobs,
``guild_rules`` the rules of guilds, ``troubles`` the problems with runs to report, ``posts`` which run posted
a message, ``tokens`` the REST tokens, ``feeds`` the calendar feeds, ``audit`` who changed what, and
``handlers`` the instances of handlers, which stay known after a restart.

A column added in a later version has a ``server_default`` or is nullable, so that it can be added to a table
with rows, and the length of a text may only grow (`schedulezero.storage.database` does both when it opens a
database).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from schedulezero.model.job import LONGEST_JOB_ID
from schedulezero.storage.sql import Instant

metadata = sa.MetaData()

_Sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite autoincrements INTEGER keys only

# Sort by code point everywhere, whatever PostgreSQL's locale.
_BytewiseText = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(LONGEST_JOB_ID), primary_key=True),
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
    sa.Column("overlap", sa.String(12), nullable=False, server_default="allow"),
    sa.Column("in_quiet_hours", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("on_free_days", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_until", Instant),
    sa.Column("meta", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("parts", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("waiting", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("part_at", Instant),
    sa.Column("run_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sort_name", _BytewiseText, nullable=False, server_default=""),
    sa.Column("channels", sa.Text, nullable=False, server_default=""),
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
sa.Index(
    "jobs_parts_due",
    jobs.c.part_at,
    sqlite_where=jobs.c.part_at.is_not(None),
    postgresql_where=jobs.c.part_at.is_not(None),
)
_FAR = 2**62
"""Represents "never" when jobs are sorted by their next run."""

next_run_order = sa.func.coalesce(
    sa.type_coerce(jobs.c.next_run_at, sa.BigInteger), sa.literal_column(str(_FAR))
)
created_order = -sa.type_coerce(jobs.c.created_at, sa.BigInteger)
# Reading a page of a guild's jobs takes one index scan, regardless of the number of jobs.
sa.Index("jobs_by_guild_next", jobs.c.guild_id, next_run_order, jobs.c.id)
sa.Index("jobs_by_guild_name", jobs.c.guild_id, jobs.c.sort_name, jobs.c.id)
sa.Index("jobs_by_guild_created", jobs.c.guild_id, created_order, jobs.c.id)
# Counts a guild's live jobs without reading its finished ones.
sa.Index("jobs_by_guild_state", jobs.c.guild_id, jobs.c.state)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    sa.Column("start_tag", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("job_id", sa.String(LONGEST_JOB_ID), nullable=False),
    sa.Column("scheduled_at", Instant, nullable=False),
    sa.Column("handler_id", sa.String(100), nullable=False),
    sa.Column("method", sa.String(100), nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("name", sa.String(100)),
    sa.Column("guild_id", sa.String(20)),
    sa.Column("timezone", sa.String(64), nullable=False, server_default="UTC"),
    sa.Column("number", sa.Integer, nullable=False, server_default="0"),
    sa.Column("round", sa.Integer, nullable=False, server_default="1"),
    sa.Column("part", sa.String(8)),
    sa.Column("part_of", Instant),
    sa.Column("creator_id", sa.String(20)),
    sa.Column("overlap", sa.String(12), nullable=False, server_default="allow"),
    sa.Column("missed", sa.String(12), nullable=False, server_default="latest"),
    sa.Column("grace_seconds", sa.Float, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("claimed_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", Instant),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("error", sa.Text),
    sa.Column("error_code", sa.String(64)),
    sa.Column("error_values", sa.JSON(none_as_null=True)),
    sa.Column("note", sa.Text),
    sa.Column("note_code", sa.String(64)),
    sa.Column("note_values", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("job_id", "scheduled_at"),
    sqlite_autoincrement=True,
)
# Finds the open runs of a job, for jobs whose runs may not overlap.
sa.Index(
    "runs_open_by_job",
    runs.c.job_id,
    sqlite_where=runs.c.state == "queued",
    postgresql_where=runs.c.state == "queued",
)
sa.Index("runs_by_guild", runs.c.guild_id, runs.c.sequence)
sa.Index("runs_by_guild_claimed", runs.c.guild_id, runs.c.claimed_at)
sa.Index(
    "runs_open_by_tag",
    runs.c.handler_id,
    runs.c.start_tag,
    runs.c.sequence,
    sqlite_where=runs.c.state == "queued",
    postgresql_where=runs.c.state == "queued",
)
flow = sa.func.coalesce(runs.c.guild_id, sa.literal_column("''"))
"""Whose runs are served in turn with others': a guild's, a person's reminders, or those of neither."""
sa.Index(
    "runs_open_by_turn",
    flow,
    runs.c.start_tag,
    sqlite_where=runs.c.state == "queued",
    postgresql_where=runs.c.state == "queued",
)

job_versions = sa.Table(
    "job_versions",
    metadata,
    sa.Column("job_id", sa.String(LONGEST_JOB_ID), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("actor_id", sa.String(20)),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("job", sa.JSON, nullable=False),
)

guild_rules = sa.Table(
    "guild_rules",
    metadata,
    sa.Column("guild_id", sa.String(20), primary_key=True),
    sa.Column("rules", sa.JSON, nullable=False),
)

troubles = sa.Table(
    "troubles",
    metadata,
    sa.Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("run_sequence", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("message_id", sa.String(20), primary_key=True),
    sa.Column("run_sequence", sa.BigInteger, nullable=False),
)

sa.Index("posts_by_run", posts.c.run_sequence)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.String(8), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("place", sa.String(20), nullable=False, index=True),
    sa.Column("personal", sa.Boolean, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("creator_id", sa.String(20)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("polled_at", Instant),
    sa.Column("etag", sa.String(64)),
    sa.Column("changed_at", Instant),
    sa.Column("shown", sa.JSON, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("guild_id", sa.String(20)),
    sa.Column("job_id", sa.String(LONGEST_JOB_ID)),
    sa.Column("name", sa.String(100)),
    sa.Column("actor_id", sa.String(20)),
    sa.Column("via", sa.String(10), nullable=False),
    sa.Column("changes", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("audit_by_guild", audit.c.guild_id, audit.c.sequence)
for _change in ("UPDATE", "DELETE"):
    event.listen(
        audit,
        "after_create",
        sa.DDL(
            f"CREATE TRIGGER audit_no_{_change.lower()} BEFORE {_change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
        ).execute_if(dialect="sqlite"),
    )
event.listen(
    audit,
    "after_create",
    sa.DDL(
        "CREATE OR REPLACE FUNCTION audit_is_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$"
    ).execute_if(dialect="postgresql"),
)
event.listen(
    audit,
    "after_create",
    sa.DDL(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_added_to()"
    ).execute_if(dialect="postgresql"),
)

handlers = sa.Table(
    "handlers",
    metadata,
    sa.Column("handler_id", sa.String(100), primary_key=True),
    sa.Column("address", sa.String(200), primary_key=True),
    sa.Column("methods", sa.JSON, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("key", sa.String(40)),
    sa.Column("shards", sa.JSON(none_as_null=True)),
    sa.Column("online", sa.Boolean, nullable=False),
    sa.Column("heard_at", Instant, nullable=False),
    sa.Column("schemas", sa.JSON(none_as_null=True)),
    sa.Column("older_form", sa.Boolean, nullable=False, server_default=sa.false()),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
"""What one of several nodes serves alone, and until when, in microseconds of the database's clock."""
