"""Bearer tokens of the REST API: made on the command line, kept as digests, compared in constant time.

A token is ``sz_<id>_<secret>`` with 256 random bits, so that a plain SHA-256 of it cannot be guessed back
(a slow hash is for what people choose). The text is shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from schedulezero import instants
from schedulezero.database import Database
from schedulezero.server.tables import tokens

_TEXT = re.compile(r"sz_(?P<id>[0-9a-f]{8})_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a token may: look; also change; also what concerns everybody (clearing the history)."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Whether it may do what takes another scope."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed; its secret is not kept."""

    id: str
    name: str
    scope: Scope
    created_at: datetime


class Tokens:
    """The tokens in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, name: str, scope: Scope) -> str:
        """Makes a token and returns its text, which nobody can look up later."""
        token_id = secrets.token_hex(4)
        text = f"sz_{token_id}_{secrets.token_urlsafe(32)}"
        row = {
            "id": token_id,
            "name": name,
            "scope": scope.value,
            "digest": _digest(text),
            "created_at": instants.now(),
        }
        await self._database.write(lambda connection: connection.execute(sa.insert(tokens), [row]))
        return text

    async def list(self) -> list[Token]:
        """All tokens, the oldest first."""
        query = sa.select(tokens).order_by(tokens.c.created_at)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Token(row["id"], row["name"], Scope(row["scope"]), row["created_at"]) for row in rows]

    async def revoke(self, token_id: str) -> bool:
        """Makes a token worthless. False when there is none of that id."""
        query = sa.delete(tokens).where(tokens.c.id == token_id)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def check(self, text: str) -> Token | None:
        """The token of that text, None when there is none."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        query = sa.select(tokens).where(tokens.c.id == match["id"])
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        if row is None or not hmac.compare_digest(str(row["digest"]), _digest(text)):
            return None
        return Token(row["id"], row["name"], Scope(row["scope"]), row["created_at"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
