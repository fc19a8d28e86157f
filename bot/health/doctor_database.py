"""``doctor``'s database checks: which one it is, whether it can be used, and which processes use it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from bot.config import Settings
from cogs import memory
from cogs.health import Check
from schedulezero.errors import DatabaseUnusable, ScheduleZeroError
from schedulezero.handler import journal
from schedulezero.model.file_limits import mib
from schedulezero.model.standbys import Standbys
from schedulezero.server.records import tables
from schedulezero.server.records.leases import nodes_alive
from schedulezero.storage.causes import DISK_FULL
from schedulezero.storage.database import database_of, is_postgres_setting, sqlite_path
from schedulezero.storage.replication import standbys_of
from schedulezero.storage.sqlite_errors import LEAST_FREE, explained, has_room
from schedulezero.storage.sqlite_file import (
    connect,
    is_absent,
    journal_beside,
    look,
    reading,
    tables_in,
    using,
)
from schedulezero.storage.sqlite_lock import Holders, holders

_FILES = "SELECT count(*), coalesce(sum(size), 0) FROM bot_files"
_LOCK_MS = 2000
"""How long a change by one of our own processes may hold the database."""
_STANDBYS = {
    Standbys.NONE: "it has no standby",
    Standbys.SYNCHRONOUS: "its standby is synchronous, and loses nothing in a failover",
    Standbys.ASYNCHRONOUS: "warning: its standby is asynchronous, and loses the last changes in a failover",
    Standbys.IS_ONE: "warning: it is a standby itself, and accepts no changes",
}


async def check_database(settings: Settings) -> Check:
    """Check the database without creating or changing anything in it."""
    try:
        if is_postgres_setting(settings.database):
            return Check("database", True, await _in_postgres(settings.database))
        path = sqlite_path(settings.database)
        found = await asyncio.to_thread(look, path)
        await asyncio.to_thread(look, journal_beside(path))
        if not await asyncio.to_thread(has_room, path):
            free = f"Free at least {LEAST_FREE // 2**20} MiB on the disk of {path}."
            return Check("database", False, DISK_FULL, free)
        await asyncio.to_thread(_expect_unlocked, path)
        files = await asyncio.to_thread(_files_in, path)
        who = _who(await asyncio.to_thread(holders, path))
        return Check("database", True, f"{found}; {who}{files}")
    except ScheduleZeroError as error:
        return Check("database", False, "cannot be used", error.message)


async def check_server_of_database(settings: Settings, *, running: bool) -> Check | None:
    """Return a failed check if the server at `api_endpoint` serves another database, or else None.

    Parameters:
        settings: The settings that this command uses.
        running: Whether a server answers at `api_endpoint`.
    """
    if is_postgres_setting(settings.database) or (running and settings.server != "embedded"):
        return None  # a server of its own may use another database
    path = sqlite_path(settings.database)
    found = await asyncio.to_thread(holders, path)
    if found is None or running == (found.server is not None):
        return None
    if running:
        return Check(
            "server",
            False,
            f"{settings.api_endpoint} answers, and no process serves the database {path}",
            "The server there was started with another `database` or in another folder: give `doctor` the "
            "same --config, folder and environment.",
        )
    return Check(
        "server",
        False,
        f"{settings.api_endpoint} does not answer, and process {found.server} serves the database {path}",
        "That process was started with another `api_endpoint`: give `doctor` the same --config, folder and "
        "environment; or it hangs: restart it.",
    )


async def bots_on(settings: Settings) -> tuple[int, ...] | None:
    """Return the process ids of the bot on the database; None if it can't be told, as with PostgreSQL."""
    if is_postgres_setting(settings.database):
        return None
    found = await asyncio.to_thread(holders, sqlite_path(settings.database))
    return found.bots if found is not None else None


def _who(found: Holders | None) -> str:
    """Describe which processes use a SQLite database."""
    if found is None:
        return "who uses it cannot be told"
    if found.server is None and not found.bots:
        return "no server or bot is running on it"
    server = f"server running (process {found.server})" if found.server is not None else "no server running"
    if not found.bots:
        return f"{server}, no bot running"
    processes = ", ".join(map(str, found.bots))
    return f"{server}, bot running (process{'es' if len(found.bots) > 1 else ''} {processes})"


async def _in_postgres(setting: str) -> str:
    database = database_of(setting, sa.MetaData())  # no tables in the metadata, so none is created
    await database.open()
    try:
        await database.read(lambda connection: _expect_ours(connection, database.where))
        standbys = await database.read(standbys_of)
        if standbys is not Standbys.IS_ONE:
            await database.read(lambda connection: _expect_changes(connection, database.where))
        there = await database.read(lambda connection: sa.inspect(connection).has_table("bot_files"))
        alive = await database.read(_nodes)
        files = _said_of_files(await database.read(_count_files)) if there else ""
    finally:
        await database.close()
    return f"{database.where} can be read; {_said_of_nodes(alive)}{files}; {_STANDBYS[standbys]}"


def _expect_ours(connection: sa.Connection, where: str) -> None:
    from schedulezero.storage.postgres import expect_ours  # needs the packages for PostgreSQL

    for metadata in (tables.metadata, memory.metadata, journal.metadata):
        expect_ours(connection, where, metadata.sorted_tables)


def _expect_changes(connection: sa.Connection, where: str) -> None:
    """Raise DatabaseUnusable if the database refuses changes to this user's sessions."""
    if (
        connection.execute(sa.text("SELECT current_setting('default_transaction_read_only')")).scalar()
        == "on"
    ):
        raise DatabaseUnusable(
            f"{where} accepts no changes: `default_transaction_read_only` is on, for the server, the "
            "database or this user. Turn it off, or name another database."
        )
    query = "SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
    schema, may_create = connection.execute(sa.text(query)).one()
    if not may_create and not sa.inspect(connection).has_table(tables.jobs.name):
        raise DatabaseUnusable(
            f"This user may not create tables in {where}. Let it: GRANT CREATE ON SCHEMA "
            f"{schema or 'public'} TO its name."
        )


def _nodes(connection: sa.Connection) -> list[str]:
    return nodes_alive(connection) if sa.inspect(connection).has_table("leases") else []


def _said_of_nodes(alive: Sequence[str]) -> str:
    if not alive:
        return "no server is running on it"
    names = "; ".join(sorted(alive))
    return f"{len(alive)} server node{'s are' if len(alive) > 1 else ' is'} running on it ({names})"


def _count_files(connection: sa.Connection) -> tuple[int, int]:
    count, size = connection.execute(sa.text(_FILES)).one()
    return int(count), int(size)


def _expect_unlocked(path: Path) -> None:
    """Raise DatabaseAway if another program keeps a SQLite database locked; changes nothing in it."""
    if is_absent(path):
        return
    with explained(path), using(path), closing(connect(path)) as connection:
        connection.execute(f"PRAGMA busy_timeout={_LOCK_MS}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _files_in(path: Path) -> str:
    """Describe the kept files in a SQLite database, without changing anything in it."""
    if is_absent(path):
        return ""
    with explained(path), using(path), closing(reading(path)) as connection:
        if "bot_files" not in tables_in(connection):
            return ""
        return _said_of_files(connection.execute(_FILES).fetchone())


def _said_of_files(found: tuple[int, int]) -> str:
    count, size = found
    return f"; {count:,} kept file{'s' if count != 1 else ''}, {mib(size)} MiB" if count else ""
