"""Which kind of standby a PostgreSQL primary has, and so what a failover may lose."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model.standbys import Standbys


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
