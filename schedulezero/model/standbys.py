"""The kinds of standby that a PostgreSQL database may have."""

from __future__ import annotations

from enum import StrEnum, auto


class Standbys(StrEnum):
    """What copies a database's changes to another machine."""

    NONE = auto()
    """Nothing does."""
    SYNCHRONOUS = auto()
    """A commit waits for a standby, so that a failover loses none."""
    ASYNCHRONOUS = auto()
    """A commit waits for no standby; a failover loses what had not arrived there."""
    IS_ONE = auto()
    """This database is a standby itself."""
