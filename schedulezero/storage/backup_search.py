"""Finds the backups of a database where `backup` puts them: in folders below ``backups`` beside it."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from shlex import quote


def newest_backup(path: Path) -> Path | None:
    """The folder of a database's newest backup; None when there is none, or none can be seen."""
    return newest_below(path.parent / "backups", path.name)


def newest_below(folder: Path, name: str) -> Path | None:
    """Of the folders right below another one, that with the newest file of that name; None for none."""
    try:
        found = [(os.stat(item).st_mtime, item.parent) for item in folder.glob(f"*/{glob.escape(name)}")]  # noqa: PTH116
    except OSError:
        return None  # a folder that may not be looked into
    return max(found, default=(0.0, None))[1]


def how_to_restore(path: Path) -> str:
    """The beginning of a sentence: what brings a database back from its newest backup."""
    newest = newest_backup(path)
    if newest is None:
        return "Bring a backup back with `schedulezero-bot restore FOLDER`"
    return f"Bring the newest backup back with `schedulezero-bot restore {quote(str(newest))}`"
