"""Who uses a SQLite file: a lock file next to it, ``<file>.lock``, which is never deleted.

At most one server runs on a file, and one bot or the clusters of one bot. Commands such as ``backup`` open
the file at the same time. Commands that replace the file (``restore``, ``--begin-empty``) or need it
unchanged (``move``) require exclusive access.

The lock file has slots of 16 bytes: one for the server, one for a bot and one for each cluster, each with its
owner's process id, and a last one shared by every process that has the database open. A process takes a slot
by locking its bytes, so the kernel frees it however the process ends. The locks are in a separate file
because a program that locks the database file itself would drop SQLite's locks
(https://www.sqlite.org/howtocorrupt.html, section 2.2). For the same reason this module opens a lock file
only once per process and counts its users. On Windows slots aren't shared: open files can't be replaced there
anyway.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from schedulezero.errors import DatabaseInUse, DatabaseUnusable
from schedulezero.storage import private_files

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_WIDTH = 16
_SERVER, _BOT, _FIRST_CLUSTER = 0, 1, 2
_MOST_SLOTS = 10_100
_USERS = _MOST_SLOTS
_NOTE_AT = (_MOST_SLOTS + 1) * _WIDTH  # after all slots; the file is sparse, so it stays small
_WINDOWS_OFFSET = 2**30  # locked bytes can't be read on Windows, so the locks come after the text
_PATIENCE_SECONDS = 0.5
"""How long to wait for a slot: its owner may be ending, or another process may be checking it."""


@dataclass(slots=True)
class _Held:
    """A slot that this process holds, and how many of its parts use it."""

    exclusive: bool
    count: int


@dataclass(slots=True)
class _LockFile:
    """A lock file that this process has open."""

    descriptor: int
    slots: dict[int, _Held] = field(default_factory=dict[int, _Held])


_Wanted = tuple[int, bool]
"""A slot, and whether to lock it exclusively."""

_guard = threading.Lock()
_files: dict[tuple[int, int], _LockFile] = {}


class Claim:
    """The slots that this process holds in a lock file until they are released."""

    def __init__(self, key: tuple[int, int], slots: list[int]) -> None:
        self._key = key
        self._slots = slots

    def release(self) -> None:
        """Release the slots; safe to call twice."""
        with _guard:
            slots, self._slots = self._slots, []
            _give_back(self._key, slots)


def lock_file(path: Path) -> Path:
    """Return a database's lock file, the same for each path that leads to the database."""
    real = real_path(path)
    return real.with_name(f"{real.name}.lock")


def real_path(path: Path) -> Path:
    """Return a database's location with symbolic links resolved, as SQLite resolves them."""
    return Path(os.path.realpath(path))


def use(path: Path) -> Claim:
    """Register this process as a user of a database; raises DatabaseInUse while it is being replaced."""
    return _take(path, [(_USERS, False)], _being_replaced)


def serve(path: Path) -> Claim:
    """Make this process the only server of a database; raises DatabaseInUse if there is one already."""
    return _take(path, [(_SERVER, True), (_USERS, False)], _other_server)


def run_bot(path: Path, cluster: int | None = None) -> Claim:
    """Make this process the only bot of a database, or one of a bot's clusters.

    Parameters:
        path: the database.
        cluster: the cluster's number, counted from 1; None for a single-process bot.

    Raises DatabaseInUse if another bot, or another process of the same cluster, runs on it.
    """
    own = [(_BOT, True)] if cluster is None else [(_BOT, False), (_FIRST_CLUSTER + cluster - 1, True)]
    return _take(path, [*own, (_USERS, False)], _other_bot)


def replace(path: Path) -> Claim:
    """Keep all other processes from a database; raises DatabaseInUse while any of them uses it."""
    return _take(path, [(_USERS, True)], _still_used)


@dataclass(frozen=True, slots=True)
class Holders:
    """The processes that currently run on a database.

    Attributes:
        server: the server's process id; None if there is none.
        bots: process ids of the bot or its clusters.
    """

    server: int | None
    bots: tuple[int, ...]


def holders(path: Path) -> Holders | None:
    """Return which processes run on a database; None if unknown, as on Windows or without file permissions.

    A process id counts only while the kernel holds its owner's lock, which proves that the process is alive.
    """
    if sys.platform == "win32":
        return None
    try:
        with _guard:
            if not lock_file(path).exists():
                return Holders(None, ())
            key, held = _opened(lock_file(path))
            try:
                servers, bots = _owners(held, _SERVER), _owners(held, _BOT)
            finally:
                _give_back(key, [])
    except OSError:
        return None
    return Holders(servers[0] if servers else None, tuple(bots))


def note_sound(path: Path) -> None:
    """Record next to a database in use that it was intact, in case its header is lost later."""
    with _guard:
        key, held = _opened(lock_file(path))
        if os.fstat(held.descriptor).st_size <= _NOTE_AT:
            os.lseek(held.descriptor, _NOTE_AT, os.SEEK_SET)
            os.write(held.descriptor, b"\n")
        if not held.slots:
            _give_back(key, [])


def was_sound(path: Path) -> bool:
    """Return whether an intact database of ours was once at this path."""
    try:
        return lock_file(path).stat().st_size > _NOTE_AT
    except OSError:
        return False


# ------------------------------------------------------------------ refusals


def _named(pids: list[int]) -> str:
    if not pids:
        return "another command of the bot"
    return f"process {pids[0]}" if len(pids) == 1 else f"processes {', '.join(map(str, pids))}"


def _other_server(path: Path, pids: list[int]) -> str:
    return (
        f"The database {path} has a server already: {_named(pids)}. Stop it first, or set another "
        "`database` for this one. Servers that share their jobs need PostgreSQL."
    )


def _other_bot(path: Path, pids: list[int]) -> str:
    return (
        f"The database {path} has a bot already: {_named(pids)}. Stop it first, or set another "
        "`database` for this one."
    )


def _still_used(path: Path, pids: list[int]) -> str:
    return f"The database {path} is in use by {_named(pids)}. Stop it first, and start it again afterwards."


def _being_replaced(path: Path, pids: list[int]) -> str:
    return f"The database {path} is being restored or moved at the moment. Try again when that has ended."


# ------------------------------------------------------------------ the lock file


def _take(path: Path, wanted: list[_Wanted], refusal: Callable[[Path, list[int]], str]) -> Claim:
    _expect_one_name(path)
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with _guard:
            key, held = _opened(lock_file(path))
            taken: list[int] = []
            refused: _Wanted | None = None
            try:
                for slot, exclusive in wanted:
                    if not _take_slot(held, slot, exclusive=exclusive):
                        refused = (slot, exclusive)
                        break
                    taken.append(slot)
            except BaseException:
                _give_back(key, taken)
                raise
            if refused is None:
                return Claim(key, taken)
            late = time.monotonic() > give_up
            pids = _owners(held, refused[0]) if late else []
            _give_back(key, taken)
        if late:
            raise DatabaseInUse(refusal(path, pids))
        time.sleep(0.05)


def _opened(file: Path) -> tuple[tuple[int, int], _LockFile]:
    """Return the lock file, opened only if this process hasn't opened it yet."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        pass
    else:
        key = (found.st_dev, found.st_ino)
        if key in _files:
            return key, _files[key]
    private_files.make_folder(file.parent)
    try:
        descriptor = private_files.open_own(file)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EINVAL):
            raise
        raise DatabaseUnusable(
            f"The lock file {file} cannot be used: {error.strerror}. Look who made it, then remove it."
        ) from error
    found = os.fstat(descriptor)
    key = (found.st_dev, found.st_ino)
    return key, _files.setdefault(key, _LockFile(descriptor))


def _take_slot(held: _LockFile, slot: int, *, exclusive: bool) -> bool:
    mine = held.slots.get(slot)
    if mine is not None:
        if exclusive or (mine.exclusive and slot != _USERS):
            return False  # another part of this process has it
        mine.count += 1  # shared, or this process replaces the file and opens it for that
        return True
    if not _lock(held.descriptor, slot, exclusive=exclusive):
        return False
    held.slots[slot] = _Held(exclusive, 1)
    if slot != _USERS and exclusive:
        _write_pid(held.descriptor, slot, str(os.getpid()))
    return True


def _give_back(key: tuple[int, int], slots: list[int]) -> None:
    held = _files.get(key)
    if held is None:
        return
    for slot in slots:
        mine = held.slots[slot]
        mine.count -= 1
        if mine.count == 0:
            if slot != _USERS and mine.exclusive:
                _write_pid(held.descriptor, slot, "")
            _unlock(held.descriptor, slot)
            del held.slots[slot]
    if not held.slots:
        os.close(held.descriptor)
        del _files[key]


def _owners(held: _LockFile, refused: int) -> list[int]:
    """Return the processes that block this one: a slot's owner, or all owners for a shared slot."""
    slots = range(_MOST_SLOTS) if refused == _USERS else [refused]
    if refused == _BOT:
        slots = range(_BOT, _MOST_SLOTS)
    text = _read_pids(held.descriptor)
    found: list[int] = []
    for slot in slots:
        pid = text[slot * _WIDTH : (slot + 1) * _WIDTH].strip(b" \n\0")
        if not pid.isdigit():
            continue
        if slot in held.slots:
            found.append(int(pid))
        elif _lock(held.descriptor, slot, exclusive=False):
            _unlock(held.descriptor, slot)  # its owner was killed, and the number remained
        else:
            found.append(int(pid))
    return list(dict.fromkeys(found))


def _write_pid(descriptor: int, slot: int, text: str) -> None:
    os.lseek(descriptor, slot * _WIDTH, os.SEEK_SET)
    os.write(descriptor, f"{text:<{_WIDTH - 1}}\n".encode("ascii"))


def _read_pids(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _MOST_SLOTS * _WIDTH)


if sys.platform == "win32":

    def _lock(descriptor: int, slot: int, *, exclusive: bool) -> bool:
        if not exclusive:
            return True
        os.lseek(descriptor, _WINDOWS_OFFSET + slot, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int, slot: int) -> None:
        os.lseek(descriptor, _WINDOWS_OFFSET + slot, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        except PermissionError:
            return  # a shared slot, which isn't locked here

else:

    def _lock(descriptor: int, slot: int, *, exclusive: bool) -> bool:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.lockf(descriptor, kind | fcntl.LOCK_NB, _WIDTH, slot * _WIDTH)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(descriptor: int, slot: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, _WIDTH, slot * _WIDTH)


def _expect_one_name(path: Path) -> None:
    """Refuse a file with hard links: SQLite keeps one log per name, and neither name sees the other's."""
    try:
        names = path.stat().st_nlink if path.is_file() else 1
    except FileNotFoundError:
        return
    if names > 1:
        raise DatabaseUnusable(
            f"The database {path} has {names} names (hard links), and each of them would miss the changes "
            "made through the others. Remove the other names (`find -samefile` shows them), or use a copy."
        )
