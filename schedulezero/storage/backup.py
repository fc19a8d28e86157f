"""Copies and replacements of a database: backups, `restore` and ``--begin-empty``.

Backups use SQLite's online backup, so a running server continues during one
(https://www.sqlite.org/backup.html). A copy is durable when the function returns: SQLite syncs the file when
it commits the copy, and the folder is synced after the rename. Code that replaces a file holds
`sqlite_lock.replace`, so that no process has the file open.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from schedulezero import instants
from schedulezero.errors import BackupUnusable, DatabaseDamaged, DatabaseUnusable
from schedulezero.storage import private_files, sqlite_file, sqlite_lock
from schedulezero.storage.carry_over import CarriedOver, carry_over, forget_lost_endings, merge_journal
from schedulezero.storage.sqlite_errors import damaged, explained, result_code
from schedulezero.storage.sqlite_file import Kind

log = logging.getLogger(__name__)


def back_up(path: Path, target: Path) -> None:
    """Copy a database, even while it is in use; the copy is complete and consistent.

    Parameters:
        path: the database.
        target: the new file; it must not exist yet.

    Raises DatabaseUnusable if there is nothing to copy or the copy can't be written.
    """
    with explained(path):
        if sqlite_file.is_absent(path):
            sqlite_file.check(path)  # raises an error if a database was there before
            raise DatabaseUnusable(f"There is no database {path} to back up.")
    with explained(target, backup=True):
        if target.exists():
            raise BackupUnusable(f"{target} is there already; name a new folder for the backup.")
        private_files.make_folder(target.parent)
    with sqlite_file.using(path), explained(path), sqlite_file.known_as_ours(path):
        _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with explained(target, backup=True):
            unfinished.unlink(missing_ok=True)
            private_files.create_empty(unfinished)
        with (
            closing(sqlite_file.connect(unfinished)) as copy,
            closing(sqlite_file.reading(path)) as source,
        ):
            if sqlite_file.kind_of(source) is Kind.FOREIGN:
                raise sqlite_file.foreign(path)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                found = sqlite_file.faults(copy)
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
    """Back up a database file before its tables are changed."""
    target = path.with_name(f"{path.name}.before-{_stamp()}")
    back_up(path, target)
    log.info("the tables of %s are brought up to date; as it was before, it is kept in %s", path, target)


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that was replaced by a backup.

    Attributes:
        backup, path: the backup, and the database it was restored to.
        before: where the previous file was moved; None if there was none, or it was kept.
        kept: whether the existing file was kept and extended with rows from the backup.
        carried: what happened to jobs created after the backup.
        done_again: how many runs are repeated because the jobs that undo them were lost.
    """

    backup: Path
    path: Path
    before: Path | None = None
    kept: bool = False
    carried: CarriedOver = field(default_factory=CarriedOver)
    done_again: int = 0


def restore(backup: Path, path: Path, journals: tuple[Path, Path] | None) -> list[Restored]:
    """Replace a database that isn't in use with a backup.

    The existing journal stays if it is intact, because it knows of later runs than its backup does. Endings
    (jobs that undo temporary changes) are carried over from the previous database.

    Parameters:
        backup: the database's backup.
        path: the database.
        journals: the backup of the journal of runs, which may be missing, and the journal.

    Raises DatabaseUnusable if a backup is damaged or of the wrong kind; nothing is changed then. Raises
    DatabaseInUse while a process uses one of the databases.
    """
    with ExitStack() as claims:
        for claimed in (path, *(journals[1:] if journals is not None else ())):
            with explained(claimed):
                claims.callback(sqlite_lock.replace(claimed).release)
        _expect_sound(backup, path, Kind.MAIN)
        if journals is not None and journals[0].exists():
            _expect_sound(*journals, Kind.JOURNAL)
        lost = journals is not None and sqlite_file.is_absent(path) and _is_sound(journals[1])
        restored: list[Restored] = []
        if journals is not None and (found := _restore_journal(*journals)) is not None:
            restored.append(found)  # journal first: a crash before the database is replaced loses nothing
        main = _restore_main(backup, sqlite_lock.real_path(path), path)
        if lost:
            main = replace(main, carried=CarriedOver(unreadable=True))
        journal = journals[1] if journals is not None else sqlite_file.journal_beside(path)
        if main.carried.unreadable and _is_sound(journal):
            with explained(journal):
                main = replace(main, done_again=forget_lost_endings(journal, path))
        return [main, *restored]


def _restore_main(backup: Path, real: Path, path: Path) -> Restored:
    fresh = _fresh_copy(backup, real)
    with explained(real):
        try:
            carried = carry_over(real, fresh)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    return Restored(backup, path, _put(fresh, real), carried=carried)


def _restore_journal(backup: Path, path: Path) -> Restored | None:
    if not backup.exists():
        return None
    real = sqlite_lock.real_path(path)
    if not sqlite_file.is_absent(path) and _is_sound(path):
        with explained(real):
            merge_journal(backup, real)
        return Restored(backup, path, kept=True)
    return Restored(backup, path, _put(_fresh_copy(backup, real), real))


def _is_sound(path: Path) -> bool:
    """Return whether the existing journal can stay."""
    try:
        if sqlite_file.is_absent(path):
            return False
        sqlite_file.check(path, ("journal_runs",))
    except DatabaseUnusable:
        return False
    return True


def _fresh_copy(backup: Path, path: Path) -> Path:
    fresh = path.with_name(f"{path.name}.restoring")
    with explained(path):
        fresh.unlink(missing_ok=True)
    with explained(backup, backup=True):
        _copy(backup, fresh)
    return fresh


def _put(fresh: Path, path: Path) -> Path | None:
    with explained(path):
        before = _move_aside(path, "replaced")
        fresh.rename(path)
        private_files.sync_folder(path.parent)
    return before


def begin_empty(path: Path) -> Path | None:
    """Replace a damaged or missing database, and only such a one, with an empty database.

    Returns where the damaged file was moved; None if there was none. Raises DatabaseInUse while a process
    uses the database.
    """
    path = sqlite_lock.real_path(path)
    with explained(path):
        claim = sqlite_lock.replace(path)
    try:
        try:
            sqlite_file.check(path)
        except DatabaseDamaged as error:
            with explained(path):
                before = _move_aside(path, "damaged")
                with closing(sqlite_file.connect(path, "rwc")) as connection:
                    sqlite_file.mark_new(connection)
                    connection.execute("PRAGMA journal_mode=WAL")
            log.warning("%s", error.finding)
            return before
        log.info("%s is sound or was never there, and is left as it is", path)
        return None
    finally:
        claim.release()


def _expect_sound(backup: Path, path: Path, wanted: Kind) -> None:
    with explained(backup, backup=True):
        if not backup.exists():
            raise BackupUnusable(f"There is no file or folder {backup}; name a backup.")
        if backup.is_dir():
            raise BackupUnusable(f"{backup} is a folder; name a database file.")
        if path.exists() and backup.samefile(path):
            raise BackupUnusable(f"{backup} is the database itself; name a backup of it.")
        try:
            with closing(sqlite_file.reading(backup)) as connection:
                sound = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
                kind = sqlite_file.kind_of(connection)
        except sqlite3.DatabaseError as error:
            if result_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            sound, kind = False, Kind.EMPTY
        if not sound or kind is Kind.EMPTY:
            raise BackupUnusable(f"{backup} is not a sound database; {path} was left as it is.")
        if kind is wanted:
            return
        raise BackupUnusable(f"{backup} is {_said(kind, backup)} {path} was left as it is.")


def _said(kind: Kind, backup: Path) -> str:
    if kind is Kind.JOURNAL:
        right = sqlite_file.database_of_journal(backup)
        named = f"the database, {right}," if right is not None else "the database"
        return f"the journal of runs. Name {named} or the folder {backup.parent} with both."
    if kind is Kind.MAIN:
        return "the database, where a backup of the journal of runs is needed."
    return "a database of another program."


def _move_aside(path: Path, why: str) -> Path | None:
    """Move a database and the files that belong to it; return the new location, None if there was nothing.

    The database file moves first: a crash in between then leaves a log without its database, which is
    detected, and not a database without its log, which isn't.
    """
    aside = path.with_name(f"{path.name}.{why}-{_stamp()}")
    moved = False
    for ending in ("", *sqlite_file.SIDE_FILES):
        item = path.with_name(path.name + ending)
        if item.exists():
            item.rename(aside.with_name(aside.name + ending))
            moved = moved or ending != "-shm"
    return aside if moved else None


def _stamp(now: datetime | None = None) -> str:
    return f"{now or instants.now():%Y%m%dT%H%M%S%fZ}"
