"""``doctor``'s check of the key that encrypts the secret settings of sprockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.config import Settings
from cogs.health import Check
from cogs.hosting import memory_of
from schedulezero.errors import ScheduleZeroError, SecretUnusable
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS
from schedulezero.methods.sprocket_settings import is_sealed
from schedulezero.storage.database import database_of, is_postgres_setting, sqlite_path
from schedulezero.storage.sqlite_errors import explained
from schedulezero.storage.sqlite_file import is_absent, reading, tables_in, using

_SETTINGS = f"SELECT value FROM bot_notes WHERE kind = '{SPROCKET_SETTINGS}'"
_REMEDY = (
    "Put the earlier key back, as `secrets.key` or `SCHEDULEZERO_SECRETS_KEY`, the same for each process of "
    "the bot. If it is lost, let administrators enter these settings again in `/sprockets`."
)


async def check_secrets(settings: Settings) -> Check | None:
    """Check whether the present key decrypts each secret setting; None if there are none.

    Nothing is created or changed. `check_database` tells if the database can't be read.
    """
    try:
        if is_postgres_setting(settings.database):
            sealed_by = await _in_postgres(settings.database)
        else:
            sealed_by = await asyncio.to_thread(_in_sqlite, sqlite_path(settings.database))
    except ScheduleZeroError:
        return None
    if not sealed_by:
        return None
    try:
        present = await asyncio.to_thread(memory_of(settings).secrets.key_name)
    except SecretUnusable as error:
        return Check("secrets", False, "their key can't be used", f"{error.message} {_REMEDY}")
    count = len(sealed_by)
    lost = sum(name != present for name in sealed_by)
    said = f"{count} secret setting{'s' if count != 1 else ''} of sprockets"
    if present is None:
        return Check("secrets", False, f"{said}, and no key", _REMEDY)
    if lost:
        return Check("secrets", False, f"{said}, {lost} of them encrypted with another key", _REMEDY)
    return Check("secrets", True, f"{said}, encrypted with the present key")


async def _in_postgres(setting: str) -> list[str]:
    database = database_of(setting, sa.MetaData())  # no tables in the metadata, so none is created
    await database.open()
    try:
        return await database.read(_of_connection)
    finally:
        await database.close()


def _of_connection(connection: sa.Connection) -> list[str]:
    if not sa.inspect(connection).has_table("bot_notes"):
        return []
    return _keys_in(connection.scalars(sa.text(_SETTINGS)))


def _in_sqlite(path: Path) -> list[str]:
    with explained(path):
        if is_absent(path):
            return []
        with using(path), closing(reading(path)) as connection:
            if "bot_notes" not in tables_in(connection):
                return []
            return _keys_in(row[0] for row in connection.execute(_SETTINGS))


def _keys_in(stored: Iterable[Any]) -> list[str]:
    """Return the name of the key by which each secret is sealed."""
    notes: Iterable[Any] = (json.loads(item) if isinstance(item, str) else item for item in stored)
    return [str(value["key"]) for note in notes for value in note.values() if is_sealed(value)]
