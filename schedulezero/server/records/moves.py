"""The notes of a move between databases, which are where the rows go: what is copied, and whether all is.

The table is there only once ``schedulezero-bot move`` has written into a database.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.storage.sql import insert_new

moves = sa.Table(
    "moves",
    sa.MetaData(),
    sa.Column("table_name", sa.String(60), primary_key=True),
    sa.Column("source_count", sa.BigInteger, nullable=False),
    sa.Column("source_sum", sa.BigInteger, nullable=False),
    sa.Column("copied_to", sa.JSON(none_as_null=True)),  # the key of the last copied row
    sa.Column("complete", sa.Boolean, nullable=False),
)
_ALL = "(all tables)"


def is_incomplete(connection: Connection) -> bool:
    """Return whether a move into this database began, and hasn't copied everything yet."""
    if not sa.inspect(connection).has_table(moves.name):
        return False
    query = sa.select(moves.c.table_name).where(sa.not_(moves.c.complete)).limit(1)
    return connection.scalar(query) is not None


def begin(connection: Connection) -> None:
    """Note that a move begins, unless it has already been completed."""
    complete = sa.select(moves.c.table_name).where(moves.c.complete).limit(1)
    if connection.scalar(complete) is not None and not is_incomplete(connection):
        return
    row = {"table_name": _ALL, "source_count": 0, "source_sum": 0, "copied_to": None, "complete": False}
    connection.execute(insert_new(connection, moves), [row])


def end(connection: Connection) -> None:
    """Note that everything is there."""
    connection.execute(sa.update(moves).where(moves.c.table_name == _ALL).values(complete=True))
