"""Which kind of standby a PostgreSQL primary has, and so what a failover may lose."""

from __future__ import annotations

from enum import Enum, auto

import sqlalchemy as sa
from sqlalchemy.engine import Connection


class Standbys(Enum):
    """What copies a database's changes to another machine."""

    NONE = auto()
    """Nothing does."""
    SYNCHRONOUS = auto()
    """A commit waits for a standby, so that a failover loses none."""
    ASYNCHRONOUS = auto()
    """A commit waits for no standby; a failover loses what had not arrived there."""
    IS_ONE = auto()
    """This database is a standby itself."""


def standbys_of(connection: Connection) -> Standbys:
    """Return the kind of standby of a PostgreSQL database.

    Any user may read these (https://www.postgresql.org/docs/current/runtime-config-replication.html and
    https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW).
    """
    query = sa.text(
        "SELECT pg_is_in_recovery() AS standby, current_setting('synchronous_standby_names') AS names, "
        "current_setting('synchronous_commit') AS waits, "
        "(SELECT count(*) FROM pg_stat_replication) AS standbys"
    )
    found = connection.execute(query).one()
    if found.standby:
        return Standbys.IS_ONE
    if found.names.strip() and found.waits not in ("off", "local"):
        return Standbys.SYNCHRONOUS
    return Standbys.ASYNCHRONOUS if found.standbys else Standbys.NONE
