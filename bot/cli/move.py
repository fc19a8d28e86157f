"""``move``: copies everything from the SQLite file to PostgreSQL, or back; it can be resumed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Settings


def add_move_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``move``."""
    parser.add_argument(
        "--to",
        required=True,
        metavar="DATABASE",
        help="an empty database of the other kind: postgresql://user:password@host/name, or a SQLite file",
    )
    parser.add_argument(
        "--clean-nul",
        action="store_true",
        help="leave zero bytes in old texts out, which PostgreSQL can't store",
    )
    parser.add_argument(
        "--clean-json",
        action="store_true",
        help="replace halves of surrogate pairs in old JSON by U+FFFD, and NaN and Infinity by null",
    )


def move(options: argparse.Namespace, settings: Settings) -> int:
    """Copy the database and the journal of runs and verify the copy. The bot must be stopped."""
    from bot.cli.exit_status import USAGE, Unusable
    from bot.cli.move_database import move as carry_over
    from bot.cli.move_database import rows_of
    from schedulezero.storage import sqlite_lock
    from schedulezero.storage.database import is_postgres_setting, sqlite_path
    from schedulezero.storage.sqlite_errors import explained
    from schedulezero.storage.sqlite_file import is_absent

    back = is_postgres_setting(settings.database)
    if back and is_postgres_setting(options.to):
        raise Unusable("`database` names PostgreSQL already: there is nothing to move. Use pg_dump.", USAGE)
    if not back and not is_postgres_setting(options.to):
        raise Unusable("--to must be an address such as postgresql://user:password@host/name.", USAGE)
    file = sqlite_path(options.to if back else settings.database)
    source = settings.database if back else str(file)
    leaves_nothing = back and is_absent(file) and not sqlite_lock.lock_file(file).exists()
    with explained(file):
        if not back and is_absent(file):
            raise Unusable(f"There is no database {file} to move.")
        claim = sqlite_lock.replace(file)

    def progress(table: str, done: int, count: int) -> None:
        print(
            f"\r{table}: {done:,} of {count:,}", end="" if done < count else "\n", file=sys.stderr, flush=True
        )

    try:
        work = carry_over(
            source,
            str(file) if back else options.to,
            progress,
            clean_nul=options.clean_nul,
            clean_json=options.clean_json,
        )
        moved = asyncio.run(work)
    finally:
        if leaves_nothing and is_absent(file):
            # It was refused before anything began; nobody else uses a database that isn't there.
            sqlite_lock.lock_file(file).unlink(missing_ok=True)
        claim.release()
    for line in rows_of(moved):
        print(line)
    print("Everything is there. Set `database` to the new one and start the bot; the old one is kept.")
    return 0
