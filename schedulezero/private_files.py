"""Files and folders that only the bot's user may read, from the moment they exist.

The mode is given when a file is created. A file that is created first and restricted afterwards is open to
everyone for a moment, and a descriptor from that moment stays valid. A folder that is there already belongs
to the person who made it and keeps its mode.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Creates a folder and the folders above it where they are missing; OSError says why it cannot."""
    absent: list[Path] = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        absent.append(place)
    for place in reversed(absent):
        try:
            place.mkdir(FOLDER_MODE)
        except FileExistsError:
            if not place.is_dir():  # else another process was faster
                raise NotADirectoryError(f"{place} is a file") from None


def open_private(path: Path, flags: int) -> int:
    """Opens a file with `os.open` and returns its descriptor; a file that is created is private."""
    return os.open(path, flags, FILE_MODE)


def create_empty(path: Path) -> None:
    """Creates an empty file; FileExistsError when it is there already."""
    os.close(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def write_new(path: Path, text: str) -> None:
    """Creates a file with this text; FileExistsError when it is there already."""
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8") as file:
        file.write(text)


def append(path: Path, text: str) -> None:
    """Adds text to the end of a file, which is created if it is missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with os.fdopen(open_private(path, flags), "a", encoding="utf-8") as file:
        file.write(text)


def restrict(path: Path) -> None:
    """Takes the rights of others from a file that an earlier version of the bot left open to them."""
    if os.name == "nt":
        return  # Windows has access control lists instead, which files inherit from their folder
    try:
        found = path.stat()
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o077:
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
            log.info("%s was open to other users of this machine; it is private now", path)
    except FileNotFoundError:
        return


def sync_folder(folder: Path) -> None:
    """Makes a rename within a folder survive a power cut, on systems where folders can be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
