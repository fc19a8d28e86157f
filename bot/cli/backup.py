"""``backup`` and ``restore``: copy the database and the journal of runs together."""

from __future__ import annotations

import argparse
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Settings
    from schedulezero.storage.backup import Restored

_MOST_NAMES = 20


def add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``backup``."""
    parser.add_argument(
        "folder", nargs="?", help="where to put it (default: a new folder in `backups` beside the database)"
    )


def backup(options: argparse.Namespace, settings: Settings) -> int:
    """Copy the databases to a new folder; this works while the bot runs."""
    from schedulezero import instants
    from schedulezero.storage import backup
    from schedulezero.storage.sqlite_errors import explained
    from schedulezero.storage.sqlite_file import is_absent

    database, journal = _files(settings)
    stamp = f"{instants.now():%Y%m%dT%H%M%SZ}"
    folder = Path(options.folder).absolute() if options.folder else database.parent / "backups" / stamp
    # Copy the journal first: if a run is in the journal but not yet in the database, the server calls it
    # again and the journal answers.
    with explained(journal):
        with_journal = not is_absent(journal)
    if with_journal:
        backup.back_up(journal, folder / journal.name)
    backup.back_up(database, folder / database.name)
    config = f" --config {quote(str(Path(options.config).absolute()))}" if options.config else ""
    print(f"Backed up {database} to {folder}.")
    print(f"To bring it back: schedulezero-bot restore{config} {quote(str(folder))}")
    return 0


def add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``restore``."""
    parser.add_argument("backup", help="the folder that `backup` made, or a database file")


def restore(options: argparse.Namespace, settings: Settings) -> int:
    """Replace the databases with a backup and keep the old files next to them. Nothing may be using them."""
    from schedulezero.storage import backup
    from schedulezero.storage.sqlite_errors import explained

    database, journal = _files(settings)
    given = Path(options.backup).absolute()
    with explained(given, backup=True):
        folder = given.is_dir()
        if folder:
            _expect_a_backup(given, database.name)
    source = given / database.name if folder else given
    journals = (given / journal.name, journal) if folder else None
    for item in backup.restore(source, database, journals):
        if item.kept:
            print(f"Kept {item.path}, which knows of later runs. Added what only {item.backup} knew.")
            continue
        kept = (
            f"What was there before is kept in {item.before}." if item.before else "It did not exist before."
        )
        print(f"Restored {item.path} from {item.backup}. {kept}")
        for line in _said(item):
            print(line)
    return 0


def _expect_a_backup(folder: Path, name: str) -> None:
    """Raise an error if the folder holds no backup of the database; name a subfolder that does."""
    from schedulezero.errors import BackupUnusable
    from schedulezero.storage.backup_search import newest_below

    if (folder / name).exists():
        return
    newest = newest_below(folder, name)
    better = (
        f"Name {newest}, the newest of those below it."
        if newest is not None
        else "Name a folder that `schedulezero-bot backup` made, or a database file."
    )
    raise BackupUnusable(f"The folder {folder} has no file {name}, so it is not a backup. {better}")


def _said(item: Restored) -> list[str]:
    """Return lines about what happened to data that is newer than the backup."""
    carried = item.carried
    lines: list[str] = []
    if carried.endings:
        lines.append(
            f"Carried over the endings of what was given for a while since then: {_listed(carried.endings)}."
        )
    if carried.called_off:
        lines.append(f"Called off endings of the backup that later ones replaced: {carried.called_off}.")
    if carried.gone:
        lines.append(f"Made since the backup, and no longer there: {_listed(carried.gone)}.")
    if carried.tokens:
        lines.append("Kept the tokens as they were: those made since the backup work, those revoked do not.")
    if carried.unreadable:
        lines.append(
            "The earlier database is damaged or missing, so endings made since the backup are lost: roles, "
            "locks and slow modes given for a while since then stay. Find them in each server's audit log "
            "(Server Settings → Audit Log), filtered by the bot, and undo them by hand."
        )
        lines.append(
            "Tokens are those of the backup: look at `schedulezero-bot token list`, and revoke again what "
            "you revoked since."
        )
    if item.done_again:
        lines.append(
            f"Runs in the journal whose endings are lost: {item.done_again}. Those that the backup still has "
            "to do are done again, each with a new ending."
        )
    return lines


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(names)} {'job' if len(names) == 1 else 'jobs'} ({shown}{more})"


def begin_empty(settings: Settings) -> None:
    """Set damaged databases aside and create empty ones; leave intact ones alone."""
    from schedulezero.storage import backup

    for path in _files(settings):
        before = backup.begin_empty(path)
        if before is not None:
            print(f"{path} begins empty. What was there before is kept in {before}.")


def _files(settings: Settings) -> tuple[Path, Path]:
    from bot.cli.exit_status import USAGE, Unusable
    from schedulezero.handler.journal import journal_of
    from schedulezero.storage.database import is_postgres_setting, sqlite_path

    if is_postgres_setting(settings.database):
        raise Unusable(
            "The database is in PostgreSQL, whose own tools back it up while it runs: pg_dump makes a copy, "
            "pg_restore brings it back.",
            USAGE,
        )
    return sqlite_path(settings.database), Path(journal_of(settings.database))
