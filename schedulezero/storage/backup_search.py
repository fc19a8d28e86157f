"""Finds the backups of a database where `backup` puts them: in folders below ``backups`` beside it."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from shlex import quote


def newest_backup(path: Path) -> Path | None:
    """The folder of a database's newest backup; None when there is none, or none can be seen."""
    found = below(path.parent / "backups", path.name)
    return max(found, default=(0.0, None))[1]


def below(folder: Path, name: str) -> list[tuple[float, Path]]:
    """The folders right below another one that hold a file of that name, each with when it was written."""
    try:
        return [(os.stat(item).st_mtime, item.parent) for item in folder.glob(f"*/{glob.escape(name)}")]  # noqa: PTH116
    except OSError:
        return []  # a folder that may not be looked into


def how_to_restore(path: Path) -> str:
    """The beginning of a sentence: what brings a database back from its newest backup."""
    newest = newest_backup(path)
    if newest is None:
        return "Bring a backup back with `schedulezero-bot restore FOLDER`"
    return f"Bring the newest backup back with `schedulezero-bot restore {quote(str(newest))}`"
