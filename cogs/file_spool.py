"""Files on their way in and out of the database: unnamed temporary files on disk, one chunk in memory.

An unnamed file is gone when it is closed and when the process is killed, so nothing needs to be cleaned up,
and no other user of the machine can open it. On Linux, a file that is read again soon is copied once:
``/proc/self/fd`` opens it again with a position of its own (https://man7.org/linux/man-pages/man5/proc.5.html).
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from weakref import WeakValueDictionary

from schedulezero.sentences import Sentence
from schedulezero.storage import private_files

CHUNK = 256 * 1024
_MOST_REMEMBERED = 128 * 2**20
"""How many bytes of files stay on disk in case they are read again, as in a burst of posts."""
_AT_ONCE = 4
"""How many files are copied from the database at the same time; each has one chunk in memory."""


class DiskFailed(OSError):
    """A temporary file couldn't be written; not an error of whoever sends its chunks."""

    @property
    def reason(self) -> Sentence:
        """Why, to read after a colon and before a stop."""
        known = _REASONS.get(self.errno)
        if known is not None:
            return known
        said = self.strerror or type(self).__name__
        return Sentence("the operating system says “{text}”", "disk_reason", text=said)


_FULL = Sentence("the disk is full", "disk_full")
_REASONS: dict[int | None, Sentence] = {
    errno.EACCES: Sentence("access to the disk is denied", "disk_denied"),
    errno.EDQUOT: _FULL,
    errno.EIO: Sentence("the disk isn't working", "disk_broken"),
    errno.EMFILE: Sentence("too many files are open", "disk_files_open"),
    errno.ENFILE: Sentence("too many files are open", "disk_files_open"),
    errno.ENOSPC: _FULL,
    errno.EROFS: Sentence("the disk can't be written to", "disk_read_only"),
}


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that has arrived; whoever has it closes ``file``."""

    file: BinaryIO
    digest: str
    size: int


class Spool:
    """Temporary files in a folder.

    Parameters:
        folder: the folder, on a real disk; it is created if missing. None for the system's own.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._copying = asyncio.Semaphore(_AT_ONCE)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._remembered: OrderedDict[str, tuple[BinaryIO, int]] = OrderedDict()

    async def collect(self, chunks: AsyncIterable[bytes], most: int) -> Collected:
        """Write chunks to a file; stop as soon as they are more than ``most`` bytes.

        Returns what arrived, which then is more than ``most``. Raises DiskFailed if the disk is full.
        """
        file, digest, size = await asyncio.to_thread(self._new), hashlib.sha256(), 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > most:
                    break
                await asyncio.to_thread(_add, file, digest, chunk)
            await asyncio.to_thread(_flush, file)
        except BaseException:
            file.close()
            raise
        return Collected(file, digest.hexdigest(), size)

    async def copy(self, digest: str, chunks: AsyncIterable[bytes]) -> BinaryIO | None:
        """Return a file with these chunks, open for reading; None if they don't have this digest.

        The chunks aren't read if the same file was copied a moment ago.
        """
        turn = self._turns.setdefault(digest, asyncio.Lock())
        async with turn:
            if digest in self._remembered:
                self._remembered.move_to_end(digest)
                return _again(self._remembered[digest][0])
            async with self._copying:
                found = await self.collect(chunks, _NO_END)
            if found.digest != digest:
                found.file.close()
                return None
            again = _again(found.file)
            if again is None:
                found.file.seek(0)
                return found.file
            await self._remember(found)
            return again

    def forget(self, digest: str) -> None:
        """Close the copy of a file that is not needed any more."""
        if digest in self._remembered:
            self._remembered.pop(digest)[0].close()

    def close(self) -> None:
        """Close all copies; files that were opened stay open."""
        for digest in list(self._remembered):
            self.forget(digest)

    async def _remember(self, found: Collected) -> None:
        self._remembered[found.digest] = (found.file, found.size)
        while sum(size for _, size in self._remembered.values()) > _MOST_REMEMBERED:
            oldest = self._remembered.pop(next(iter(self._remembered)))[0]
            await asyncio.to_thread(oldest.close)  # the disk may take a while to free a large file

    def _new(self) -> BinaryIO:
        with _on_disk():
            if self._folder is not None:
                private_files.make_folder(self._folder)
            return cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))


_NO_END = 2**63


def _add(file: BinaryIO, digest: Any, chunk: bytes) -> None:
    with _on_disk():
        file.write(chunk)
    digest.update(chunk)


def _flush(file: BinaryIO) -> None:
    with _on_disk():
        file.flush()


@contextmanager
def _on_disk() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFailed(error.errno, error.strerror) from error


def _again(file: BinaryIO) -> BinaryIO | None:
    """Open an unnamed file once more, only for reading; None where the system can't."""
    try:
        return Path(f"/proc/self/fd/{file.fileno()}").open("rb")
    except OSError:
        return None
