"""Bearer tokens of the REST API: created on the command line, stored as digests, compared in constant time.

A token is ``sz_<id>_<secret>`` with 256 random bits. With that much randomness a plain SHA-256 can't be
reversed by guessing; slow hashes are for passwords that people choose. The text is shown once, on creation.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.errors import ScheduleZeroError
from schedulezero.server.records.tables import tokens
from schedulezero.storage.database import Database
from schedulezero.storage.sql import is_postgres

_LONGEST_NAME = 100
_ID = re.compile(r"[0-9a-f]{8}")
_NAMING = 0x544F4B4E  # the advisory lock for assigning token names
_TEXT = re.compile(r"sz_(?P<id>[0-9a-f]{8})_[A-Za-z0-9_-]{43}")


class TokenRefused(ScheduleZeroError):
    """A token can't be created or revoked; the message says why."""


class TokenNameUnusable(TokenRefused):
    """The name isn't allowed for a token; the message says what would be right."""


class Scope(StrEnum):
    """What a token allows: read; also write; also administer the whole server (clear the history)."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Return whether this scope includes another one."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as shown in a list; its secret is not stored."""

    id: str
    name: str
    scope: Scope
    created_at: datetime


class Tokens:
    """The tokens in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, name: str, scope: Scope) -> str:
        """Create a token and return its text, which can't be retrieved later.

        Raises TokenRefused when the name isn't allowed, or when another token has it, ignoring case.
        """
        name = _checked(name)
        token_id = secrets.token_hex(4)
        text = f"sz_{token_id}_{secrets.token_urlsafe(32)}"
        row = {
            "id": token_id,
            "name": name,
            "scope": scope.value,
            "digest": _digest(text),
            "created_at": instants.now(),
        }

        def insert(connection: Connection) -> Token | None:
            # The check and the insert are atomic: SQLite has one writer, and PostgreSQL takes a lock.
            # There is no unique index, because databases of earlier versions may contain duplicate names.
            if is_postgres(connection):
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMING)))
            taken = next((item for item in _all(connection) if _same(item.name, name)), None)
            if taken is None:
                connection.execute(sa.insert(tokens), [row])
            return taken

        if (taken := await self._database.write(insert)) is not None:
            raise TokenRefused(
                f"There is a token named “{taken.name}” already ({taken.id}); revoke it, "
                "or choose another name."
            )
        return text

    async def list(self) -> list[Token]:
        """Return all tokens, oldest first."""
        return await self._database.read(_all)

    async def revoke(self, name_or_id: str) -> Token | None:
        """Revoke a token and return it, or None if no token has that name or id.

        Raises TokenRefused when several have that name.
        """
        wanted = name_or_id.strip()

        def delete(connection: Connection) -> list[Token]:
            known = _all(connection)
            found = [item for item in known if item.id == wanted.lower() or _same(item.name, wanted)]
            if len(found) == 1:
                connection.execute(sa.delete(tokens).where(tokens.c.id == found[0].id))
            return found

        found = await self._database.write(delete)
        if len(found) > 1:
            ids = ", ".join(item.id for item in found)
            raise TokenRefused(f"Several tokens answer to “{wanted}”; revoke each by its id: {ids}.")
        return found[0] if found else None

    async def check(self, text: str) -> Token | None:
        """Return the token with that text, or None."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        query = sa.select(tokens).where(tokens.c.id == match["id"])
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        if row is None or not hmac.compare_digest(str(row["digest"]), _digest(text)):
            return None
        return Token(row["id"], row["name"], Scope(row["scope"]), row["created_at"])


def _all(connection: Connection) -> list[Token]:
    rows = connection.execute(sa.select(tokens).order_by(tokens.c.created_at, tokens.c.id)).mappings()
    return [Token(row["id"], row["name"], Scope(row["scope"]), row["created_at"]) for row in rows]


def _key(name: str) -> str:
    """Return a key that is equal for names that differ only in case, spaces or Unicode normalization."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def _same(name: str, other: str) -> bool:
    return _key(name) == _key(other)


def _checked(name: str) -> str:
    """Return a name with normalized spaces. Raises TokenNameUnusable when it isn't allowed."""
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise TokenNameUnusable(
            f"A token's name has 1 to {_LONGEST_NAME} visible characters, such as backup-script."
        )
    if _ID.fullmatch(_key(name)):
        raise TokenNameUnusable(
            f"“{name}” looks like a token's id; choose another name, such as backup-script."
        )
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
