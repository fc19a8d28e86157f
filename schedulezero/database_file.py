"""The database as a file: whether it is sound, its backups, what becomes of a damaged one.

Backups are made with SQLite's own online backup, so that a running server goes on meanwhile
(https://www.sqlite.org/backup.html).
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.errors import DatabaseUnusable

log = logging.getLogger(__name__)

SCHEMA = 2
"""Grows when tables get something that an older version of us would lose or misread."""
_HEADER = b"SQLite format 3\0"
_SIDE_FILES = ("-wal", "-shm", "-journal")


def check(path: Path) -> None:
    """Looks at a file before it is opened; one that is not there is sound.

    Raises DatabaseUnusable when it is no SQLite file or of a later version (then it is left alone), or
    when it is damaged (then it is moved aside).
    """
    if not path.exists() or path.stat().st_size == 0:
        _warn_of_damaged(path)
        return
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            raise DatabaseUnusable(
                f"{path} is not a SQLite database, and was left alone. Name another file under `database`."
            )
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            found = "\n".join(str(row[0]) for row in connection.execute("PRAGMA quick_check(3)"))
            faults = [line for line in found.splitlines() if not line.startswith("***")]
    except sqlite3.OperationalError:
        raise  # a lock or a full disk; the file itself may be sound
    except sqlite3.DatabaseError as error:
        faults, version = [str(error)], 0
    if faults != ["ok"]:
        aside = _move_aside(path)
        raise DatabaseUnusable(
            f"The database {path} is damaged ({'; '.join(faults)}). It was moved to {aside}; nothing of it "
            f"was changed. Bring the newest backup back with `python -m bot restore FILE`, or start again "
            "to begin with an empty one."
        )
    if version > SCHEMA:
        raise DatabaseUnusable(
            f"The database {path} was written by a later version of this program, and was left alone. "
            "Update the program, or bring back a backup of before with `python -m bot restore FILE`."
        )


def mark(connection: Connection) -> None:
    """Notes in a file which version of us it fits."""
    if connection.exec_driver_sql("PRAGMA user_version").scalar() != SCHEMA:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")


def back_up(path: Path, target: Path) -> None:
    """Copies a database, also while it is in use; the copy is whole and of one instant.

    Parameters:
        path: the database.
        target: the new file; it must not be there yet.

    Raises DatabaseUnusable when there is nothing to copy, or the copy cannot be written.
    """
    if not path.exists():
        raise DatabaseUnusable(f"There is no database {path} to back up.")
    if target.exists():
        raise DatabaseUnusable(f"{target} is there already; name a new file for the backup.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(path, timeout=10)) as source,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise DatabaseUnusable(f"{path} could not be backed up to {target}: {error}.") from error


def back_up_before_migration(path: Path) -> None:
    """Keeps a file as it is before its tables are changed."""
    target = path.with_name(f"{path.name}.before-{_stamp()}")
    back_up(path, target)
    log.info("the tables of %s are brought up to date; as it was before, it is kept in %s", path, target)


def restore(backup: Path, path: Path) -> Path | None:
    """Puts a backup in the place of a database that nobody uses; returns where that one was moved.

    Raises DatabaseUnusable when the backup is not sound.
    """
    if not backup.exists():
        raise DatabaseUnusable(f"There is no file {backup}.")
    if _unsound(backup):
        raise DatabaseUnusable(f"{backup} is no sound database; {path} was left as it is.")
    fresh = path.with_name(f"{path.name}.restoring")
    fresh.unlink(missing_ok=True)
    back_up(backup, fresh)
    before = _move_aside(path, "replaced") if path.exists() else None
    fresh.rename(path)
    return before


def _unsound(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            return True
    try:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok"
    except sqlite3.DatabaseError:
        return True


def _move_aside(path: Path, why: str = "damaged") -> Path:
    aside = path.with_name(f"{path.name}.{why}-{_stamp()}")
    for ending in _SIDE_FILES:
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + ending))
    path.rename(aside)
    return aside


def _warn_of_damaged(path: Path) -> None:
    """Says so when an empty database takes the place of a damaged one."""
    damaged = sorted(path.parent.glob(f"{path.name}.damaged-*")) if path.parent.exists() else []
    damaged = [item for item in damaged if not item.name.endswith(_SIDE_FILES)]
    if damaged:
        log.warning("%s begins empty; the damaged one is kept in %s", path, damaged[-1])


def _stamp(now: datetime | None = None) -> str:
    return f"{now or instants.now():%Y%m%dT%H%M%S%fZ}"
