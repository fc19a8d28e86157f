"""A PostgreSQL database of an earlier version gets room for the ids of this one, and keeps its rows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schedulezero.handler import journal
from schedulezero.model.job import LONGEST_JOB_ID
from schedulezero.server.records.tables import audit, metadata
from schedulezero.storage.database import database_of
from schedulezero.wire.protocol import LONGEST_RUN_ID

pytestmark = pytest.mark.postgresql

# Read as: a table and a column with ids of jobs or runs, how long they were, and how long they may be.
COLUMNS = [
    ("jobs", "id", 64, LONGEST_JOB_ID),
    ("runs", "job_id", 64, LONGEST_JOB_ID),
    ("job_versions", "job_id", 64, LONGEST_JOB_ID),
    ("audit", "job_id", 64, LONGEST_JOB_ID),
    ("journal_runs", "run_id", 120, LONGEST_RUN_ID),
    ("journal_steps", "run_id", 120, LONGEST_RUN_ID),
]


async def lengths(url: str, before: dict[tuple[str, str], int] | None = None) -> dict[tuple[str, str], int]:
    """Open the database as the bot does and return the columns' lengths; first set them if they are given."""
    found: dict[tuple[str, str], int] = {}
    for tables in (metadata, journal.metadata):
        database = database_of(url, tables)
        await database.open()

        def look(connection: Any, tables: sa.MetaData = tables) -> None:
            for table, column, *_ in COLUMNS:
                if table not in tables.tables:
                    continue
                if before is not None:
                    length = before[table, column]
                    connection.execute(
                        sa.text(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR({length})")
                    )
                columns = {item["name"]: item["type"] for item in sa.inspect(connection).get_columns(table)}
                found[table, column] = columns[column].length

        await database.write(look)
        if before is not None and tables is metadata:
            values = "(1, 'created', 'rest', '[]', 'old')"
            query = sa.text(f"INSERT INTO audit (at, action, via, changes, job_id) VALUES {values}")
            await database.write(lambda connection, query=query: connection.execute(query))
        await database.close()
    return found


@pytest.mark.long
async def test_ids_get_longer(postgres_url: str) -> None:
    shorter = {(table, column): short for table, column, short, _ in COLUMNS}
    longer = {(table, column): long for table, column, _, long in COLUMNS}
    assert await lengths(postgres_url, shorter) == shorter
    assert await lengths(postgres_url) == longer
    assert await lengths(postgres_url) == longer  # and nothing is changed twice
    database = database_of(postgres_url, metadata)
    await database.open()
    rows = await database.read(lambda connection: connection.execute(sa.select(audit.c.job_id)).all())
    await database.close()
    assert [row.job_id for row in rows] == ["old"]
