"""The tables of kept files (`cogs.kept_files`), and what a transaction does with their rows."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs.file_spool import CHUNK, Collected
from cogs.own_tables import metadata
from schedulezero import faults
from schedulezero.storage.sql import Instant, is_postgres

files = sa.Table(
    "bot_files",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("damaged", sa.Boolean, nullable=False),  # found so when it was read
)
chunks = sa.Table(
    "bot_file_chunks",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
holders = sa.Table(
    "bot_file_holders",
    metadata,
    sa.Column("guild_id", sa.String(20), primary_key=True),  # or of a person, for their own jobs
    sa.Column("digest", sa.String(64), primary_key=True, index=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("type", sa.String(100), nullable=False),
    sa.Column("user_id", sa.String(20)),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("needed_at", Instant, nullable=False),  # when it was last known to be needed
    sa.Column("doubted_at", Instant),  # when nothing was found that needs it
)

FACTS = sa.select(files.c.digest, files.c.size, holders.c.name, holders.c.type).join(
    holders, holders.c.digest == files.c.digest
)

_TURN = 0x46494C45
"""The advisory lock of changes to files on PostgreSQL, so that limits and holders can't change in between."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A number of files and their total size in bytes."""

    count: int
    bytes: int


def take_turn(connection: Connection) -> None:
    """Let one transaction at a time change files; on SQLite there is only one anyway."""
    if is_postgres(connection):
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TURN})"))


def write_chunks(connection: Connection, found: Collected) -> None:
    """Write the content of a file."""
    found.file.seek(0)  # also because the database may call this again
    for number in range(-(-found.size // CHUNK)):
        row = {"digest": found.digest, "number": number, "data": found.file.read(CHUNK)}
        connection.execute(sa.insert(chunks), [row])
        faults.point("files.chunk")


def usage_of(connection: Connection, guild_id: str | None) -> Usage:
    """Return how many files a guild has, or all guilds together."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(files.c.size), 0)).select_from(files)
    if guild_id is not None:
        query = query.join(holders, holders.c.digest == files.c.digest)
        query = query.where(holders.c.guild_id == guild_id)
    count, total = connection.execute(query).one()
    return Usage(int(count), int(total))
