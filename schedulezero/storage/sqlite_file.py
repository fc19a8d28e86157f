"""The database as a file: whether it is sound, and whether one is missing that was there.

A look at a file goes through SQLite and never through a plain ``open``: closing any descriptor of a file
drops all locks that this process holds on it, SQLite's too, and then another process deletes the
write-ahead log that is still in use (https://www.sqlite.org/howtocorrupt.html, section 2.2).

A look changes nothing. A damaged file is left where it is, and no empty one takes its place by itself:
a person decides (`schedulezero.storage.backup`).
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
"""Grows when tables get something that an older version of us would lose or misread."""
SIDE_FILES = ("-wal", "-shm", "-journal")
APPLICATION = 0x535A4442
"""What marks a file as one of ours (https://www.sqlite.org/pragma.html#pragma_application_id)."""
_TRACES = ("damaged-*", "replaced-*", "before-*")
_JOURNAL = "-journal-of-runs"
_WAIT_SECONDS = 10


class Kind(Enum):
    """What a SQLite file holds."""

    EMPTY = "no tables"
    MAIN = "the tables of the server or the bot"
    JOURNAL = "the journal of runs"
    OWN = "a file of ours, of neither kind"
    FOREIGN = "another program's tables"


# Read as: a file of that kind has these tables, each with that column. Files of earlier versions of us have
# no mark, so that their tables tell.
_MARKS = {
    Kind.MAIN: ((("jobs", "handler_id"), ("runs", "scheduled_at")), (("bot_notes", "kind"),)),
    Kind.JOURNAL: ((("journal_runs", "run_id"),),),
}


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a file: "ro" only looks, "rw" needs the file, "rwc" makes a private one if needed."""
    uri = f"{sqlite_lock.real_path(path).as_uri()}?mode={mode}"
    if mode == "rwc":
        # SQLite gives a new file, and then its log, the mode of this one
        # (https://www.sqlite.org/uri.html, modeof).
        uri += f"&modeof={quote(str(sqlite_lock.lock_file(path)))}"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, check_same_thread=False)


def check(path: Path, tables: Collection[str] = ()) -> None:
    """Looks at a file before it is used; one that is not there, and never was, is sound.

    Parameters:
        path: the file.
        tables: what its user keeps in it; a journal is refused to whoever keeps something else.

    Raises DatabaseDamaged when it is damaged, or missing although something shows that there was one;
    DatabaseUnusable when it is not a SQLite file, of a later version, or cannot be read. It is left alone.
    """
    with explained(path):
        if is_absent(path):
            trace = _trace_of_another(path)
            if trace is not None and is_absent(path):  # else another process has created it since
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
            kind = kind_of(connection, tables)
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
    """What there is to say of a database that can be used; creates nothing and changes nothing.

    Raises DatabaseUnusable as `check` does, and when the file or its folder cannot be written to.
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
    """What SQLite finds wrong with a file; an empty text when it is sound."""
    found = "\n".join(str(row[0]) for row in connection.execute("PRAGMA quick_check(3)"))
    lines = [line for line in found.splitlines() if not line.startswith("***")]
    return "" if lines == ["ok"] else "; ".join(lines)


def tables_in(connection: sqlite3.Connection) -> set[str]:
    """The names of a file's tables."""
    return {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def kind_of(connection: sqlite3.Connection, own: Collection[str] = ()) -> Kind:
    """What a file holds; one with any of the tables ``own`` is ours as well."""
    names = tables_in(connection)
    if not names:
        return Kind.EMPTY
    mark = _application(connection)
    if mark in (0, APPLICATION):
        for kind, choices in _MARKS.items():
            for tables in choices:
                if all(table in names and _has(connection, table, column) for table, column in tables):
                    return kind
    return Kind.OWN if mark == APPLICATION or (mark == 0 and names & set(own)) else Kind.FOREIGN


def _application(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    query = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?"
    return connection.execute(query, (table, column)).fetchone() is not None


def foreign(path: Path) -> DatabaseUnusable:
    """The error for a SQLite file that is not ours."""
    return DatabaseUnusable(
        f"{path} is a database of another program, and was left alone. Name another file."
    )


def database_of_journal(path: Path) -> Path | None:
    """The database beside which a journal of runs lies, by their names; None when it is not there."""
    beside = path.with_name(path.name.replace(_JOURNAL, "", 1))
    return beside if _JOURNAL in path.name and beside.exists() else None


def is_absent(path: Path) -> bool:
    """Whether there is no database yet, or only the empty file that SQLite begins with."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


def mark_new(connection: sqlite3.Connection) -> None:
    """Marks a file as ours that holds nothing yet, so that it is not taken for one that has lost its log."""
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")


def mark(connection: Connection) -> None:
    """Notes in a file that it is ours, and which version of us it fits."""
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    if connection.exec_driver_sql("PRAGMA user_version").scalar() != SCHEMA:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")


def mark_again(connection: Connection) -> None:
    """Writes a file's version once more: a change that takes a page of space and alters nothing."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def journal_beside(path: Path) -> Path:
    """Where the journal of runs of a bot with that database lies."""
    return path.with_name(f"{path.stem}{_JOURNAL}{path.suffix or '.db'}")


@contextmanager
def using(path: Path) -> Generator[None]:
    """Within it, this process notes that the file is open, where its folder lets one do so."""
    try:
        claim = sqlite_lock.use(path) if sqlite_lock.lock_file(path).exists() else None
    except OSError:
        claim = None  # a folder that may only be read: nothing of ours replaces the file there
    try:
        yield
    finally:
        if claim is not None:
            claim.release()


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only looks, but for what SQLite has to undo first of a write that was interrupted."""
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
    """Within it, a file that is not a SQLite database is damaged if it was ours; else it is left alone."""
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
    """What shows that there was a database in the place of one that is missing, empty or unreadable."""
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
    """A file's name within a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_copy(item: Path) -> bool:
    return not item.name.endswith((*SIDE_FILES, ".lock", ".unfinished"))


def _holds_runs(journal: Path) -> bool:
    """Whether a journal of runs tells that a bot was at work; one that cannot be read does so as well."""
    if is_absent(journal):
        return False
    try:
        with closing(reading(journal)) as connection:
            if "journal_runs" not in tables_in(connection):
                return False
            return connection.execute("SELECT 1 FROM journal_runs LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return True
