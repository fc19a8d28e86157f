"""``move``: copies everything from the SQLite file to PostgreSQL; an interrupted move can be resumed."""

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
        "--to", required=True, metavar="URL", help="postgresql://user:password@host/name, an empty database"
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

    if is_postgres_setting(settings.database):
        raise Unusable("`database` names PostgreSQL already; there is nothing to move.", USAGE)
    if not is_postgres_setting(options.to):
        raise Unusable("--to must be an address such as postgresql://user:password@host/name.", USAGE)
    source = sqlite_path(settings.database)
    with explained(source):
        if is_absent(source):
            raise Unusable(f"There is no database {source} to move.")
        claim = sqlite_lock.replace(source)

    def progress(table: str, done: int, count: int) -> None:
        print(
            f"\r{table}: {done:,} of {count:,}", end="" if done < count else "\n", file=sys.stderr, flush=True
        )

    try:
        moved = asyncio.run(carry_over(str(source), options.to, progress))
    finally:
        claim.release()
    for line in rows_of(moved):
        print(line)
    print(f"All of {source} is there. Set `database` to the new one and start the bot; the file is kept.")
    return 0
