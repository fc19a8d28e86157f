"""What a restored backup takes over from the database it replaces.

A backup knows nothing of what happened after it was made. Three things must survive: the jobs that end a
temporary change (a role, a lock, a slow mode), because otherwise the change would become permanent, the
journal of runs, because otherwise runs that are still due in the backup would be repeated, and which tokens
and calendar feeds were revoked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schedulezero.model.authorship import ENDINGS
from schedulezero.storage import sqlite_file
from schedulezero.storage.sqlite_file import tables_in

_OPEN_STATES = ("active", "paused", "pending")
_NOTE = "follow-up"
"""Kind of the bot's notes that record which ending is waiting (``sprockets/kit/follow_up.py``)."""
_DEBT = "debt"
"""Kind of the bot's notes that record what each ending undoes (``schedulezero/methods/debts.py``)."""
_ENDING_STEP = "after:"
"""Prefix of the key of a step that schedules an ending."""
_JOURNAL_KEYS = {"journal_runs": ("run_id",), "journal_steps": ("run_id", "key")}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """What happened to the jobs that were created after a backup.

    Attributes:
        endings: names of the endings that were carried over.
        gone: names of the other jobs, which no longer exist.
        called_off: how many endings of the backup were replaced by later ones for the same change.
        tokens: whether the previous database's tokens replaced different ones in the backup, so that no
            revoked token becomes valid again.
        unreadable: whether the previous database was unreadable, so that nothing was carried over.
    """

    endings: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    called_off: int = 0
    tokens: bool = False
    unreadable: bool = False


def carry_over(earlier: Path, restored: Path) -> CarriedOver:
    """Add the endings that exist only in the previous database to a restored file.

    Parameters:
        earlier: the database that is being replaced; it is only read.
        restored: a copy of the backup that isn't in use yet.
    """
    try:
        if sqlite_file.is_absent(earlier):
            return CarriedOver()
        with closing(sqlite_file.reading(earlier)) as old:
            if sqlite_file.faults(old):
                return CarriedOver(unreadable=True)
            found = _endings(old)
            with closing(sqlite_file.connect(restored)) as new:
                return _carry(old, new, found)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return CarriedOver(unreadable=True)
        raise


def _endings(old: sqlite3.Connection) -> dict[str, str]:
    """Return the id and name of each ending that is waiting, or whose run has begun but not ended."""
    if not {"jobs", "runs"} <= tables_in(old):
        return {}
    states = ", ".join(f"'{state}'" for state in _OPEN_STATES)
    rows = old.execute(
        "SELECT id, name, method FROM jobs WHERE substr(id, 1, ?) = ? AND trigger_type = 'date' AND "
        f"(state IN ({states}) OR id IN (SELECT job_id FROM runs WHERE state = 'queued'))",
        (len(ENDINGS), ENDINGS),
    )
    found = {job_id: name or method for job_id, name, method in rows}
    if "bot_notes" in tables_in(old):
        # Those that came and couldn't settle their debt yet; the bot keeps trying.
        rows = old.execute(
            "SELECT id, name, method FROM jobs WHERE state = 'finished' AND id IN "
            "(SELECT key FROM bot_notes WHERE kind = ?) AND NOT EXISTS "
            "(SELECT 1 FROM runs WHERE runs.job_id = jobs.id AND runs.state = 'succeeded')",
            (_DEBT,),
        )
        found |= {job_id: name or method for job_id, name, method in rows}
    return found


def _carry(old: sqlite3.Connection, new: sqlite3.Connection, endings: dict[str, str]) -> CarriedOver:
    if not {"jobs", "runs"} <= tables_in(old) & tables_in(new):
        return CarriedOver()
    known = {job_id for (job_id,) in new.execute("SELECT id FROM jobs")}
    carried = {job_id: name for job_id, name in endings.items() if job_id not in known}
    jobs = old.execute("SELECT id, name, method FROM jobs WHERE state != 'cancelled' ORDER BY created_at")
    gone = [
        name or method
        for job_id, name, method in jobs
        if job_id not in known and not job_id.startswith(ENDINGS)  # other endings have ended
    ]
    with new:
        for table, column in (("jobs", "id"), ("job_versions", "job_id"), ("runs", "job_id")):
            _copy_rows(old, new, table, column, carried)
        called_off = _renew_notes(old, new, carried)
        tokens = _keep(old, new, "tokens")
        _keep(old, new, "feeds")
    return CarriedOver(tuple(carried.values()), tuple(gone), called_off, tokens)


def _keep(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Keep the previous database's rows of a table; return whether the backup had different ones.

    For secrets: what was revoked since the backup stays revoked.
    """
    if table not in tables_in(old) & tables_in(new):
        return False
    columns = _shared_columns(old, new, table)
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    query = f"SELECT {names} FROM {table} ORDER BY id"
    rows = old.execute(query).fetchall()
    if new.execute(query).fetchall() == rows:
        return False
    new.execute(f"DELETE FROM {table}")
    new.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    return True


def _renew_notes(old: sqlite3.Connection, new: sqlite3.Connection, carried: Iterable[str]) -> int:
    """Record the carried endings as waiting, and cancel those of the backup that they replace."""
    if "bot_notes" not in tables_in(old) & tables_in(new):
        return 0
    ours, called_off = set(carried), 0
    replacing = "INSERT OR REPLACE INTO bot_notes (kind, key, value) VALUES (?, ?, ?)"
    for key, value in old.execute("SELECT key, value FROM bot_notes WHERE kind = ?", (_DEBT,)).fetchall():
        if key in ours:
            new.execute(replacing, (_DEBT, key, value))
    for key, value in old.execute("SELECT key, value FROM bot_notes WHERE kind = ?", (_NOTE,)).fetchall():
        if _job_id(value) not in ours:
            continue
        before = new.execute(
            "SELECT value FROM bot_notes WHERE kind = ? AND key = ?", (_NOTE, key)
        ).fetchone()
        if before is not None:
            query = (
                "UPDATE jobs SET state = 'cancelled', next_run_at = NULL WHERE id = ? AND state = 'active'"
            )
            called_off += new.execute(query, (_job_id(before[0]),)).rowcount
        new.execute(replacing, (_NOTE, key, value))
    return called_off


def _job_id(note: str) -> str | None:
    try:
        value: Any = json.loads(note)
        found = value["job_id"]
    except (ValueError, TypeError, KeyError):
        return None
    return found if isinstance(found, str) else None


def merge_journal(backup: Path, kept: Path) -> None:
    """Add rows that exist only in a backup to a journal; of two rows with the same key, keep the newer."""
    with closing(sqlite_file.reading(backup)) as old, closing(sqlite_file.connect(kept)) as new, new:
        for table, keys in _JOURNAL_KEYS.items():
            if table not in tables_in(old) & tables_in(new):
                continue
            columns = _shared_columns(old, new, table)
            same = " AND ".join(f"{key} = ?" for key in keys)
            for row in old.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                values = dict(zip(columns, row, strict=True))
                key = tuple(values[name] for name in keys)
                there = new.execute(f"SELECT round, begun_at FROM {table} WHERE {same}", key).fetchone()
                if there is not None and there >= (values["round"], values["begun_at"]):
                    continue
                marks = ", ".join("?" for _ in columns)
                names = ", ".join(columns)
                new.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", row)


def forget_lost_endings(journal: Path, database: Path) -> int:
    """Delete the results of runs that scheduled an ending missing from the database; return how many.

    When such a run is called again, it resumes and schedules its ending again.
    """
    with closing(sqlite_file.reading(database)) as source:
        known = {job_id for (job_id,) in source.execute("SELECT id FROM jobs")}
    with closing(sqlite_file.connect(journal)) as connection:
        if "journal_steps" not in tables_in(connection):
            return 0
        query = "SELECT run_id, plan FROM journal_steps WHERE substr(key, 1, ?) = ?"
        steps = connection.execute(query, (len(_ENDING_STEP), _ENDING_STEP)).fetchall()
        lost = {run_id for run_id, plan in steps if _planned_id(plan) not in known}
        # Its other steps stay: they record who had the role before it was given temporarily.
        with connection:
            ids = [(run_id,) for run_id in lost]
            connection.executemany("DELETE FROM journal_runs WHERE run_id = ?", ids)
            steps_of = "DELETE FROM journal_steps WHERE run_id = ? AND substr(key, 1, ?) = ?"
            connection.executemany(steps_of, [(run_id, len(_ENDING_STEP), _ENDING_STEP) for run_id in lost])
        return len(lost)


def _planned_id(plan: str | None) -> str | None:
    try:
        value: Any = json.loads(plan or "null")
        return str(value["id"])
    except (ValueError, TypeError, KeyError):
        return None


# ------------------------------------------------------------------ rows of two files


def _shared_columns(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns that both tables have; an older backup may lack some, which have defaults."""
    there = [
        [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
        for connection in (old, new)
    ]
    return [name for name in there[0] if name in there[1]]


def _copy_rows(
    old: sqlite3.Connection, new: sqlite3.Connection, table: str, column: str, wanted: Iterable[str]
) -> None:
    if table not in tables_in(old) & tables_in(new):
        return
    columns = [name for name in _shared_columns(old, new, table) if name != "sequence"]
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    ids: Sequence[str] = sorted(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        rows = old.execute(
            f"SELECT {names} FROM {table} WHERE {column} IN ({', '.join('?' for _ in some)})", some
        )
        new.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
