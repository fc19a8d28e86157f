"""The database as a file: whether it is intact, and whether a database that existed is missing.

A check reads a file through SQLite and never through a plain ``open``: closing any descriptor of a file drops
all locks that this process holds on it, including SQLite's, and another process could then delete the
write-ahead log that is still in use (https://www.sqlite.org/howtocorrupt.html, section 2.2).

A check changes nothing. A damaged file stays where it is and isn't replaced by an empty one automatically: a
person decides (`schedulezero.storage.backup`).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseDamaged, DatabaseUnusable
from schedulezero.storage import sqlite_lock
from schedulezero.storage.backup_search import how_to_restore, newest_backup
from schedulezero.storage.sqlite_errors import damaged, explained, result_code

SCHEMA = 2
"""Increased when tables change in a way that an older version would lose or misread."""
SIDE_FILES = ("-wal", "-shm", "-journal")
APPLICATION = 0x535A4442
"""Marks a file as ours (https://www.sqlite.org/pragma.html#pragma_application_id)."""
_TRACES = ("damaged-*", "replaced-*", "before-*")
_JOURNAL = "-journal-of-runs"
_WAIT_SECONDS = 10


class Kind(Enum):
    """The contents of a SQLite file."""

    EMPTY = "no tables"
    MAIN = "the tables of the server or the bot"
    JOURNAL = "the journal of runs"
    OWN = "a file of ours, of neither kind"
    FOREIGN = "another program's tables"


# Read as: a file of this kind has these tables, each with this column. Files from our early versions have
# no application id, so their tables identify them.
_MARKS = {
    Kind.MAIN: ((("jobs", "handler_id"), ("runs", "scheduled_at")), (("bot_notes", "kind"),)),
    Kind.JOURNAL: ((("journal_runs", "run_id"),),),
}


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Connect to a file: "ro" only reads, "rw" needs the file, "rwc" creates a private one if missing."""
    uri = f"{sqlite_lock.real_path(path).as_uri()}?mode={mode}"
    if mode == "rwc":
        # SQLite gives a new file, and later its log, the mode of this one
        # (https://www.sqlite.org/uri.html, modeof).
        uri += f"&modeof={quote(str(sqlite_lock.lock_file(path)))}"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, check_same_thread=False)


def check(path: Path, tables: Collection[str] = ()) -> None:
    """Check a file before use; a file that doesn't exist and never did is fine.

    Parameters:
        path: the file.
        tables: the tables that the caller stores in it; a journal is refused to callers with other tables.

    Raises DatabaseDamaged if the file is damaged, or if it is missing although there are traces of one.
    Raises DatabaseUnusable if it isn't a SQLite file, comes from a newer version, or can't be read. It is
    left alone.
    """
    with explained(path):
        if is_absent(path):
            trace = _trace_of_another(path)
            if trace is not None and is_absent(path):  # otherwise another process has created it since
                state = "is empty" if path.exists() else "is missing"
                raise DatabaseDamaged(
                    f"The database {path} {state}, but {trace}.",
                    f"Put the file back if it was moved. {how_to_restore(path)}, or start once with "
                    "--begin-empty to begin with an empty one.",
                )
            if is_absent(path):
                return
        with _looking(path) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            found = faults(connection)
            kind = kind_of(connection)
            marked = _application(connection) == APPLICATION
    if found:
        raise damaged(path, found)
    if kind is Kind.EMPTY and version == 0 and not marked:
        raise damaged(path, "it has no tables; was its write-ahead log removed?")
    if kind is Kind.FOREIGN:
        raise foreign(path)
    if kind is Kind.JOURNAL and tables and "journal_runs" not in tables:
        right = database_of_journal(path)
        named = f", {right}," if right is not None else ""
        raise DatabaseUnusable(
            f"{path} is the journal of runs, and was left alone. Name the database itself{named} under "
            "`database`."
        )
    if version > SCHEMA:
        raise DatabaseUnusable(
            f"The database {path} was written by a later version of this program, and was left alone. "
            "Update the program, or bring back a backup of before with `schedulezero-bot restore FILE`."
        )


def look(path: Path) -> str:
    """Describe a usable database; creates and changes nothing.

    Raises DatabaseUnusable as `check` does, and if the file or its folder isn't writable.
    """
    with explained(path), using(path):
        check(path)
        there = not is_absent(path)
        folder = next(place for place in path.absolute().parents if place.exists())
        for place in (path, folder) if there else (folder,):
            _expect_writable(place)
    return (
        f"{path} can be read and written" if there else f"{path} is not there yet; the first start creates it"
    )


def faults(connection: sqlite3.Connection) -> str:
    """Return what SQLite finds wrong with a file; empty if it is intact."""
    found = "\n".join(str(row[0]) for row in connection.execute("PRAGMA quick_check(3)"))
    lines = [line for line in found.splitlines() if not line.startswith("***")]
    return "" if lines == ["ok"] else "; ".join(lines)


def tables_in(connection: sqlite3.Connection) -> set[str]:
    """Return the names of a file's tables."""
    return {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def kind_of(connection: sqlite3.Connection) -> Kind:
    """Return what a file contains.

    Other programs have tables of our names, too, such as `jobs`: those alone don't make a file ours.
    """
    names = tables_in(connection)
    if not names:
        return Kind.EMPTY
    mark = _application(connection)
    if mark in (0, APPLICATION):
        for kind, choices in _MARKS.items():
            for tables in choices:
                if all(table in names and _has(connection, table, column) for table, column in tables):
                    return kind
    return Kind.OWN if mark == APPLICATION else Kind.FOREIGN


def _application(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    query = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?"
    return connection.execute(query, (table, column)).fetchone() is not None


def foreign(path: Path) -> DatabaseUnusable:
    """Return the error for a SQLite file that isn't ours."""
    return DatabaseUnusable(
        f"{path} is a database of another program, and was left alone. Name another file."
    )


def database_of_journal(path: Path) -> Path | None:
    """Return the database that a journal of runs lies next to, by their names; None if it is missing."""
    beside = path.with_name(path.name.replace(_JOURNAL, "", 1))
    return beside if _JOURNAL in path.name and beside.exists() else None


def is_absent(path: Path) -> bool:
    """Return whether there is no database yet, or only the empty file that SQLite starts with."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


def mark_new(connection: sqlite3.Connection) -> None:
    """Mark an empty file as ours, so that it isn't mistaken for one that lost its log."""
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")


def mark(connection: Connection) -> None:
    """Record in a file that it is ours, and which of our versions it fits."""
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    if connection.exec_driver_sql("PRAGMA user_version").scalar() != SCHEMA:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")


def mark_again(connection: Connection) -> None:
    """Write a file's version once more: it takes a page of space but changes nothing."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def journal_beside(path: Path) -> Path:
    """Return the path of the journal of runs for a database."""
    return path.with_name(f"{path.stem}{_JOURNAL}{path.suffix or '.db'}")


@contextmanager
def using(path: Path) -> Generator[None]:
    """Register this process as a user of the file inside the block, if the folder is writable."""
    try:
        claim = sqlite_lock.use(path) if sqlite_lock.lock_file(path).exists() else None
    except OSError:
        claim = None  # a read-only folder: none of our processes replaces the file there
    try:
        yield
    finally:
        if claim is not None:
            claim.release()


def reading(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads, except for SQLite's rollback of an interrupted write."""
    connection = connect(path, "ro")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        return connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _looking(path: Path) -> Generator[sqlite3.Connection]:
    with known_as_ours(path), closing(reading(path)) as connection:
        yield connection


@contextmanager
def known_as_ours(path: Path) -> Generator[None]:
    """Inside the block, a file that is not a SQLite database is damaged if it was ours, else left alone."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        ours = sqlite_lock.was_sound(path) or _trace_of_another(path) is not None
        if result_code(error) == sqlite3.SQLITE_NOTADB and not ours:
            raise DatabaseUnusable(
                f"{path} is not a SQLite database, and was left alone. Name another file under `database`; "
                f"if this was the bot's database: {how_to_restore(path)}."
            ) from error
        raise


def _expect_writable(place: Path) -> None:
    if not os.access(place, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def _trace_of_another(path: Path) -> str | None:
    """Return the evidence that a missing, empty or unreadable database existed before."""
    real = sqlite_lock.real_path(path)
    log = real.with_name(f"{real.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        return f"its write-ahead log {log} is there"
    for place in {real, path.absolute()}:
        for pattern in _TRACES:
            found = [
                item for item in place.parent.glob(f"{_literal(place.name)}.{pattern}") if _is_copy(item)
            ]
            if found:
                return f"an earlier one is there: {max(found)}"
        if (backup := newest_backup(place)) is not None:
            return f"there is a backup of one: {backup}"
    journal = journal_beside(path)
    if _holds_runs(journal):
        return f"the journal {journal} knows of runs"
    return None


def _literal(name: str) -> str:
    """Escape a file's name for a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_copy(item: Path) -> bool:
    return not item.name.endswith((*SIDE_FILES, ".lock", ".unfinished"))


def _holds_runs(journal: Path) -> bool:
    """Return whether a journal of runs shows that a bot was at work; an unreadable journal counts too."""
    if is_absent(journal):
        return False
    try:
        with closing(reading(journal)) as connection:
            if "journal_runs" not in tables_in(connection):
                return False
            return connection.execute("SELECT 1 FROM journal_runs LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return True
