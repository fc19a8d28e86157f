"""Finds a database's backups where `backup` stores them: in folders under ``backups`` next to it."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from shlex import quote


def newest_backup(path: Path) -> Path | None:
    """Return the folder of a database's newest backup; None if there is none or it isn't readable."""
    return newest_below(path.parent / "backups", path.name)


def newest_below(folder: Path, name: str) -> Path | None:
    """Return the direct subfolder with the newest backup of a database's name; None if there is none.

    A database with a lock file beside it has been in use: its folder is a bot's, not a backup.
    """
    try:
        found = [
            (os.stat(item).st_mtime, item.parent)  # noqa: PTH116
            for item in folder.glob(f"*/{glob.escape(name)}")
            if not item.with_name(f"{item.name}.lock").exists()
        ]
    except OSError:
        return None  # an unreadable folder
    return max(found, default=(0.0, None))[1]


def how_to_restore(path: Path) -> str:
    """Return the start of a sentence that says how to restore a database from its newest backup."""
    newest = newest_backup(path)
    if newest is None:
        return "Bring a backup back with `schedulezero-bot restore FOLDER`"
    return f"Bring the newest backup back with `schedulezero-bot restore {quote(str(newest))}`"
