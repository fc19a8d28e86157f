"""Why a SQLite file can't be used, as a sentence with a remedy.

The reason comes from SQLite's result code (https://www.sqlite.org/rescode.html), the system's error number
and the state of the file and its folder, never from an error's text.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from schedulezero.errors import DatabaseAway, DatabaseDamaged, DatabaseUnusable
from schedulezero.sentences import Sentence
from schedulezero.storage.backup_search import how_to_restore
from schedulezero.storage.causes import DISK_FULL, HELD, READ_ONLY

_OF_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR)
"""Possibly temporary: a lock, or a full disk, which SQLite may report as an I/O error."""
_OF_WRITING = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_LEAST_FREE = 4 * 1024 * 1024
"""The free bytes that commits need: by so much the log grows until its pages go to the file itself
(https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint)."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def explained(path: Path, *, backup: bool = False) -> Generator[None]:
    """Turn errors with a database file, or a backup of one, into DatabaseUnusable."""
    try:
        yield
    except (sqlite3.Error, DBAPIError, OSError) as error:
        raise explain(path, error, backup=backup) from error


def result_code(error: BaseException) -> int | None:
    """Return an error's primary SQLite result code; None if it isn't an SQLite error."""
    code = getattr(getattr(error, "orig", None) or error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def has_room(path: Path) -> bool:
    """Return whether the disk of a database has room for commits, as far as the system tells."""
    try:
        usage = shutil.disk_usage(path.parent)
    except OSError:
        return True
    return usage.free >= _LEAST_FREE or not usage.total  # some network file systems don't tell


def cause_of(path: Path, error: BaseException) -> Sentence | None:
    """Return why an open database can't be used at the moment, or None if that is unclear."""
    code = result_code(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not has_room(path)):
        return DISK_FULL
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HELD
    return READ_ONLY if code in _OF_WRITING else None


def explain(path: Path, error: BaseException, *, backup: bool = False) -> DatabaseUnusable:
    """Return the error to raise if a database, or a backup of one, couldn't be opened or written."""
    if result_code(error) in _OF_DAMAGE:
        return damaged(path, str(getattr(error, "orig", None) or error))
    kind = "backup" if backup else "database"
    other = "another place for it" if backup else "another file under `database`"
    is_folder = os.path.isdir(path)  # noqa: PTH112 - unlike Path.is_dir it never raises
    passing = (result_code(error) in _PASSING and not is_folder) or getattr(error, "errno", None) in _NO_SPACE
    return (DatabaseAway if passing else DatabaseUnusable)(
        f"The {kind} {path} cannot be used: {_reason(path, error, other)}"
    )


def damaged(path: Path, faults: str) -> DatabaseDamaged:
    """Return the error for a file that SQLite reports as damaged."""
    return DatabaseDamaged(
        f"The database {path} is damaged ({faults}).",
        f"It was left as it is. {how_to_restore(path)}, or start once with --begin-empty to set the damaged "
        "file aside and begin with an empty one.",
    )


def _reason(path: Path, error: BaseException, other: str) -> str:
    code = result_code(error)
    number = error.errno if isinstance(error, OSError) else None
    said = getattr(error, "orig", None) or error
    folder = path.parent
    above = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir it never raises
        return f"it is a folder. Name {other}, such as {path / 'schedulezero.db'}."
    if not os.path.isdir(above):  # noqa: PTH112
        return f"{above} is a file, not a folder. Name {other}."
    if number in _NO_SPACE or code == sqlite3.SQLITE_FULL:
        return "the disk is full. Free some space, then try again."
    if code == sqlite3.SQLITE_BUSY:
        return "another program has locked it. Close that program (a database browser?), then try again."
    if number == errno.ENOLCK:
        return f"files in {folder} cannot be locked. Use a folder on a disk of this machine."
    for place in (path, above):
        if os.path.exists(place) and not os.access(place, os.R_OK | os.W_OK):  # noqa: PTH110
            return _forbidden(place, other)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or code == sqlite3.SQLITE_READONLY:
        return _forbidden(above, other)
    if code == sqlite3.SQLITE_IOERR:
        return f"reading or writing failed ({said}). Check the disk (is it full?), then try again."
    return f"{said}. Check that its folder exists and may be written to, or name {other}."


def _forbidden(place: Path, other: str) -> str:
    kind = "folder" if place.is_dir() else "file"
    return (
        f"this user may not read and write the {kind} {place}. Give the user that runs the bot the right to "
        f"(chown, chmod; on a read-only disk, mount it writable), or name {other}."
    )
