"""Files and folders that only the bot's user can read, from the moment they exist.

The mode is set when a file is created. A file that is created first and restricted later is open to everyone
for a moment, and a descriptor opened in that moment stays valid. An existing folder belongs to the person who
created it and keeps its mode.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from pathlib import Path

log = logging.getLogger(__name__)

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents; raises OSError with the reason if that fails."""
    absent: list[Path] = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        absent.append(place)
    for place in reversed(absent):
        try:
            place.mkdir(FOLDER_MODE)
        except FileExistsError:
            if not place.is_dir():  # otherwise another process created it first
                raise NotADirectoryError(f"{place} is a file") from None


def open_private(path: Path, flags: int) -> int:
    """Open a file with `os.open` and return its descriptor; a created file is private."""
    return os.open(path, flags, FILE_MODE)


def open_own(path: Path) -> int:
    """Open a file for reading and writing; create it if missing, and make it private in either case.

    Raises OSError if something other than a file is in its place: anyone who can write to the folder could
    place a link to a file that we would overwrite, or a FIFO that blocks us.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    expect_plain(path)  # also gives a clearer reason than the systems' error numbers
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
    """Raise OSError for a symbolic link or anything other than a file; a missing file is fine."""
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
    """Create an empty file; raises FileExistsError if it exists."""
    os.close(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def write_new(path: Path, text: str, *, durable: bool = False) -> None:
    """Create a file with this text; raises FileExistsError if it exists.

    Parameters:
        path: the file.
        text: its content.
        durable: whether the content is on the disk when this returns.
    """
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def write_once(path: Path, text: str) -> bool:
    """Create a file with this text unless it exists; return whether it was created.

    Other processes see no file or all of the text, and so does whoever looks after a power cut.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        write_new(fresh, text, durable=True)
        os.link(fresh, path)
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def append(path: Path, text: str) -> None:
    """Append text to a file; create it if missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with os.fdopen(open_private(path, flags), "a", encoding="utf-8") as file:
        file.write(text)


def restrict(path: Path) -> None:
    """Remove other users' access to a file that an earlier version of the bot left open to them.

    Raises OSError if it is a link or not a file. The file isn't opened for reading or writing: closing such a
    descriptor would drop SQLite's locks on it.
    """
    if os.name == "nt":
        return  # Windows uses access control lists, which files inherit from their folder
    try:
        expect_plain(path)
        changed = _restrict_by_path_descriptor(path) if hasattr(os, "O_PATH") else _restrict_by_name(path)
    except FileNotFoundError:
        return
    if changed:
        log.info("%s was open to other users of this machine; it is private now", path)


def _restrict_by_path_descriptor(path: Path) -> bool:
    """Use a Linux O_PATH descriptor, which holds no locks and prevents a link from being swapped in."""
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
    """Log a warning if other users can write to a folder, and so replace its files."""
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
    """Make a rename within a folder survive a power cut, on systems where folders can be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
