"""Copies of a database, and what takes the place of one: backups, `restore`, ``--begin-empty``.

Backups are made with SQLite's own online backup, so that a running server goes on meanwhile
(https://www.sqlite.org/backup.html). A copy is durable when the function returns: SQLite syncs the file when
it commits the copy, and the folder is synced after the rename. Whatever replaces a file holds
`database_lock.replace`, so that nobody has it open.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

from schedulezero import database_file, database_lock, instants, private_files
from schedulezero.database_errors import damaged, explained, result_code
from schedulezero.errors import BackupUnusable, DatabaseDamaged, DatabaseUnusable

log = logging.getLogger(__name__)


def back_up(path: Path, target: Path) -> None:
    """Copies a database, also while it is in use; the copy is whole and of one instant.

    Parameters:
        path: the database.
        target: the new file; it must not be there yet.

    Raises DatabaseUnusable when there is nothing to copy, or the copy cannot be written.
    """
    with explained(path):
        if database_file.is_absent(path):
            database_file.check(path)  # says so when there was one
            raise DatabaseUnusable(f"There is no database {path} to back up.")
    with explained(target, backup=True):
        if target.exists():
            raise BackupUnusable(f"{target} is there already; name a new folder for the backup.")
        private_files.make_folder(target.parent)
    with database_file.using(path):
        _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with explained(target, backup=True):
            unfinished.unlink(missing_ok=True)
            private_files.create_empty(unfinished)
        with closing(database_file.connect(unfinished)) as copy:
            with explained(path):
                source = database_file.reading(path)
            with closing(source):
                try:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")
                    found = database_file.faults(copy)
                except sqlite3.Error as error:
                    raise _why_not(path, target, error) from error
        if found:
            raise damaged(path, found)
        with explained(target, backup=True):
            unfinished.rename(target)
            private_files.sync_folder(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _why_not(path: Path, target: Path, error: sqlite3.Error) -> DatabaseUnusable:
    if result_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    return DatabaseUnusable(
        f"{path} could not be backed up to {target} ({error}). Check that both can be reached and that the "
        "disk is not full."
    )


def back_up_before_migration(path: Path) -> None:
    """Keeps a file as it is before its tables are changed."""
    target = path.with_name(f"{path.name}.before-{_stamp()}")
    back_up(path, target)
    log.info("the tables of %s are brought up to date; as it was before, it is kept in %s", path, target)


def restore(pairs: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path, Path | None]]:
    """Puts backups in the place of databases that nobody uses.

    Parameters:
        pairs: each backup, and the database whose place it takes.

    Returns them, each with where the earlier database was moved. Raises DatabaseUnusable when a backup is not
    sound; nothing was changed then. Raises DatabaseInUse while anybody uses one of the databases.
    """
    with ExitStack() as claims:
        for _, path in pairs:
            with explained(path):
                claims.callback(database_lock.replace(path).release)
        for backup, path in pairs:
            _expect_sound(backup, path)
        return [(backup, path, _restore_one(backup, database_lock.real_path(path))) for backup, path in pairs]


def _restore_one(backup: Path, path: Path) -> Path | None:
    fresh = path.with_name(f"{path.name}.restoring")
    with explained(path):
        fresh.unlink(missing_ok=True)
    _copy(backup, fresh)
    with explained(path):
        before = _move_aside(path, "replaced")
        fresh.rename(path)
        private_files.sync_folder(path.parent)
    return before


def begin_empty(path: Path) -> Path | None:
    """Puts an empty database in the place of one that is damaged or missing, and of no other.

    Returns where the damaged one was moved, None when there was none. Raises DatabaseInUse while anybody uses
    it.
    """
    path = database_lock.real_path(path)
    with explained(path):
        claim = database_lock.replace(path)
    try:
        try:
            database_file.check(path)
        except DatabaseDamaged as error:
            with explained(path):
                before = _move_aside(path, "damaged")
                with closing(database_file.connect(path, "rwc")) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
            log.warning("%s", error.finding)
            return before
        log.info("%s is sound or was never there, and is left as it is", path)
        return None
    finally:
        claim.release()


def _expect_sound(backup: Path, path: Path) -> None:
    with explained(backup, backup=True):
        if not backup.exists():
            raise BackupUnusable(f"There is no file or folder {backup}; name a backup.")
        if backup.is_dir():
            raise BackupUnusable(f"{backup} is a folder; name a database file.")
        if path.exists() and backup.samefile(path):
            raise BackupUnusable(f"{backup} is the database itself; name a backup of it.")
        try:
            with closing(database_file.reading(backup)) as connection:
                sound = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
        except sqlite3.DatabaseError as error:
            if result_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            sound = False
        if not sound or database_file.is_absent(backup):
            raise BackupUnusable(f"{backup} is not a sound database; {path} was left as it is.")


def _move_aside(path: Path, why: str) -> Path | None:
    """Moves a database and what belongs to it; returns where to, None when there was nothing.

    The file goes first: a crash in between leaves a log without its database, which is noticed, and not a
    database without its log, which is not.
    """
    aside = path.with_name(f"{path.name}.{why}-{_stamp()}")
    moved = False
    for ending in ("", *database_file.SIDE_FILES):
        item = path.with_name(path.name + ending)
        if item.exists():
            item.rename(aside.with_name(aside.name + ending))
            moved = moved or ending != "-shm"
    return aside if moved else None


def _stamp(now: datetime | None = None) -> str:
    return f"{now or instants.now():%Y%m%dT%H%M%S%fZ}"
