"""The working folder of a first day among the system's temporary files, and those that killed ones left.

The folder's database has a lock file that each bot holds for as long as it runs, so a folder whose lock is
free belongs to nobody any more. A folder without a lock file may be of a first day that starts at this
moment, and stays.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schedulezero.errors import DatabaseUnusable
from schedulezero.storage import sqlite_lock

_PREFIX = "schedulezero-first-day-"
_DATABASE = "schedulezero.db"


def database_in(folder: Path) -> Path:
    """Return the database of a working folder."""
    return folder / _DATABASE


@contextmanager
def working_folder() -> Iterator[Path]:
    """Make a working folder, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def remove_leftovers() -> list[Path]:
    """Remove the working folders that killed first days of this user left, and return those that are gone."""
    return [folder for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*") if _removed(folder)]


def _removed(folder: Path) -> bool:
    try:
        if not (_is_own(folder) and sqlite_lock.lock_file(database_in(folder)).exists()):
            return False
        claim = sqlite_lock.run_bot(database_in(folder))
    except (OSError, DatabaseUnusable):
        return False  # a running first day uses it, or it was removed or isn't readable
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        claim.release()
    shutil.rmtree(folder, ignore_errors=True)  # Windows keeps the lock file for as long as it is open
    return not folder.exists()


def _is_own(folder: Path) -> bool:
    """Return whether this user made it: anybody may put a folder or a link of this name there."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and (os.name == "nt" or found.st_uid == os.geteuid())
