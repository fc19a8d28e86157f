"""Files and folders that only the bot's user may read, from the moment they exist.

The mode is given when a file is created. A file that is created first and restricted afterwards is open to
everyone for a moment, and a descriptor from that moment stays valid. A folder that is there already belongs
to the person who made it and keeps its mode.
"""

from __future__ import annotations

import errno
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


def open_own(path: Path) -> int:
    """Opens a file to read and write, created if it is missing, private in either case.

    OSError when something else is in its place: whoever may write to the folder could let a link lead to
    a file that we would then write over, or a FIFO keep us waiting.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    expect_plain(path)  # also names the cause better than the error numbers that systems give
    descriptor = open_private(path, flags)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_plain(path, found.st_mode)
        if os.name != "nt" and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o077:
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & 0o700)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def expect_plain(path: Path) -> None:
    """OSError when there is a symbolic link or anything else but a file; a missing one is fine."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise _not_plain(path, mode)


def _not_plain(path: Path, mode: int) -> OSError:
    if stat.S_ISLNK(mode):
        return OSError(errno.ELOOP, "it is a symbolic link, and the bot follows none here", str(path))
    return OSError(errno.EINVAL, "it is not a regular file", str(path))


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
    """Takes the rights of others from a file that an earlier version of the bot left open to them.

    OSError when it is a link or no file. The file is not opened for reading or writing: closing such a
    descriptor would drop SQLite's locks on it.
    """
    if os.name == "nt":
        return  # Windows has access control lists instead, which files inherit from their folder
    try:
        expect_plain(path)
        changed = _restrict_by_path_descriptor(path) if hasattr(os, "O_PATH") else _restrict_by_name(path)
    except FileNotFoundError:
        return
    if changed:
        log.info("%s was open to other users of this machine; it is private now", path)


def _restrict_by_path_descriptor(path: Path) -> bool:
    """On Linux a descriptor of the place alone (O_PATH) holds no locks, and keeps a link from slipping in."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_plain(path, found.st_mode)
        if found.st_uid != os.geteuid() or not stat.S_IMODE(found.st_mode) & 0o077:
            return False
        Path(f"/proc/self/fd/{descriptor}").chmod(stat.S_IMODE(found.st_mode) & 0o700)
        return True
    finally:
        os.close(descriptor)


def _restrict_by_name(path: Path) -> bool:
    found = path.lstat()
    if found.st_uid != os.geteuid() or not stat.S_IMODE(found.st_mode) & 0o077:
        return False
    path.chmod(stat.S_IMODE(found.st_mode) & 0o700, follow_symlinks=False)
    return True


def warn_of_open_folder(folder: Path, what: str) -> None:
    """Logs a warning when other users may write to a folder, and so replace what is in it."""
    if os.name == "nt":
        return
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        return
    if mode & 0o022 and not mode & stat.S_ISVTX:
        log.warning(
            "other users of this machine may write to %s and replace %s: `chmod go-w` it", folder, what
        )


def sync_folder(folder: Path) -> None:
    """Makes a rename within a folder survive a power cut, on systems where folders can be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
