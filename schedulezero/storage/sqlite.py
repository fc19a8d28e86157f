"""A database in a SQLite file: one writer, a few readers.

The writer is a thread that commits everything queued in one transaction, or one by one if an item fails (a
function may run twice, as on PostgreSQL). The readers are threads with their own connections; WAL lets them
read during writes. ``synchronous=FULL`` makes a commit survive a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).

A file is checked before use (`schedulezero.storage.sqlite_file`): a damaged one is left alone and never
replaced by an empty one. While the file is open, this process is registered in the lock file next to it
(`schedulezero.storage.sqlite_lock`). Tables are updated by adding what they lack, after a backup; a file from
a newer version is left alone. This needs no migration scripts as long as nothing is renamed or dropped, which
`schedulezero.server.records.tables` promises.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import queue
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from schedulezero.errors import DatabaseUnavailable, DatabaseUnusable
from schedulezero.storage import backup, private_files, sqlite_file, sqlite_lock
from schedulezero.storage.outage import Outage
from schedulezero.storage.sql import missing, to_json
from schedulezero.storage.sqlite_errors import cause_of, explained, has_room

log = logging.getLogger(__name__)

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 10_000
_READERS = 2
_LARGEST_GROUP = 500


class _Write:
    """A function waiting for the writer, and the future of its result."""

    __slots__ = ("function", "future")

    def __init__(self, function: Callable[[Connection], Any]) -> None:
        self.function = function
        self.future: Future[Any] = Future()


class SqliteDatabase:
    """A SQLite database in a file, with its tables.

    Parameters:
        path: the file; it and its folders are created if missing.
        metadata: the tables that this user of the database owns; they are created if missing.
    """

    def __init__(self, path: str | Path, metadata: sa.MetaData) -> None:
        self.path = Path(path)
        self._metadata = metadata
        self.outage = Outage()
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._write_engine: Engine | None = None
        self._read_engine: Engine | None = None
        self._claim: sqlite_lock.Claim | None = None

    @property
    def where(self) -> str:
        return str(self.path)

    async def open(self) -> None:
        """Open the file and create missing tables; raises DatabaseUnusable with the reason if that fails."""
        await asyncio.to_thread(self._open)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-reader")
        self._writer = threading.Thread(target=self._write_loop, name="database-writer", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Write what is queued, then close the file."""
        if self._writer is not None:
            self._writes.put(None)
            await asyncio.to_thread(self._writer.join)
            self._writer = None
        if self._readers is not None:
            self._readers.shutdown(wait=True)
            self._readers = None
        self._let_go()

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result; the function sees one consistent snapshot."""
        assert self._readers is not None, "the database is not open"
        return await asyncio.wrap_future(self._readers.submit(self._run_read, function))

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Return the function's result once its changes are durable; raises the function's own exception."""
        assert self._writer is not None, "the database is not open"
        item = _Write(function)
        self._writes.put(item)
        return await asyncio.wrap_future(item.future)

    async def has_room(self) -> bool:
        return await asyncio.to_thread(has_room, self.path)

    def _open(self) -> None:
        try:
            with explained(self.path):
                self._claim = sqlite_lock.use(self.path)
                self._open_file()
        except BaseException:
            self._let_go()
            raise

    def _open_file(self) -> None:
        real = sqlite_lock.real_path(self.path)
        for ending in sqlite_file.SIDE_FILES:
            with _in_words(real.with_name(real.name + ending)) as file:
                private_files.expect_plain(file)
        sqlite_file.check(self.path, self._metadata.tables.keys())
        private_files.warn_of_open_folder(real.parent, "the database")
        for ending in ("", *sqlite_file.SIDE_FILES):
            with _in_words(real.with_name(real.name + ending)) as file:
                private_files.restrict(file)
        self._write_engine = _engine(self.path, begin="BEGIN IMMEDIATE")
        self._read_engine = _engine(self.path, begin="BEGIN")
        with self._write_engine.connect() as connection:
            lacking = missing(connection, self._metadata)
        if lacking:
            backup.back_up_before_migration(self.path)
        with self._write_engine.begin() as connection:
            if lacking:  # checked again, because another process may have added them since
                lacking = missing(connection, self._metadata)
            there = set(sa.inspect(connection).get_table_names())
            self._metadata.create_all(connection)
            for statement in lacking:
                connection.execute(statement)
            sqlite_file.mark(connection)
        if not self._metadata.tables.keys() <= there:
            # Until then, new tables exist only in the log, and a file that loses its log would look new.
            with self._write_engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        sqlite_lock.note_sound(self.path)

    def _let_go(self) -> None:
        for engine in (self._write_engine, self._read_engine):
            if engine is not None:
                engine.dispose()
        self._write_engine = self._read_engine = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def _run_read(self, function: Callable[[Connection], T]) -> T:
        assert self._read_engine is not None
        try:
            with self._read_engine.connect() as connection:
                return function(connection)
        except OperationalError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OperationalError) -> DatabaseUnavailable:
        first: BaseException = error
        # A follow-up error (a savepoint lost with the transaction) hides the reason.
        while first.__context__ is not None:
            first = first.__context__
        return DatabaseUnavailable(
            f"The database {self.path} cannot be used at the moment: {first}.", cause_of(self.path, first)
        )

    def _write_loop(self) -> None:
        assert self._write_engine is not None
        with self._write_engine.connect() as connection:
            while (first := self._writes.get()) is not None:
                group, last = [first], False
                while len(group) < _LARGEST_GROUP and not self._writes.empty():
                    item = self._writes.get()
                    if item is None:
                        last = True
                        break
                    group.append(item)
                self._commit_group(connection, group)
                if last:
                    return

    def _commit_group(self, connection: Connection, group: list[_Write]) -> None:
        wanted = [item for item in group if item.future.set_running_or_notify_cancel()]
        if len(wanted) > 1:
            try:
                with connection.begin():
                    results = [item.function(connection) for item in wanted]
            except BaseException as error:  # noqa: BLE001 - each is tried alone, and gets its own
                log.debug("%d writes are done one by one: %s", len(wanted), error)
            else:
                for item, result in zip(wanted, results, strict=True):
                    item.future.set_result(result)
                return
        for item in wanted:
            try:
                with connection.begin():
                    result = item.function(connection)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked for the write
                known = self._unavailable(error) if isinstance(error, OperationalError) else error
                item.future.set_exception(known)
            else:
                item.future.set_result(result)


def _engine(path: Path, *, begin: str) -> Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite_file.connect(path, "rwc"),
        poolclass=sa.QueuePool,  # as for any file; without a path, SQLAlchemy assumes an in-memory database
        json_serializer=to_json,
    )

    # The sqlite3 module decides on its own when to begin transactions; the two listeners begin them
    # where SQLAlchemy says (SQLAlchemy's documentation of the pysqlite dialect).
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        sqlite_file.mark_new(dbapi_connection)
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


@contextmanager
def _in_words(file: Path) -> Generator[Path]:
    """Yield a file of the database; raises DatabaseUnusable if something else is in its place."""
    try:
        yield file
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EINVAL):
            raise
        raise DatabaseUnusable(
            f"The database's file {file} cannot be used: {error.strerror}. Look who made it, then remove it."
        ) from error
