"""Tokens of the REST API, made beside a running server."""

from __future__ import annotations

import secrets

from schedulezero.server.records.tables import metadata
from schedulezero.server.records.tokens import Scope, Tokens
from schedulezero.server.service import ServerConfig
from schedulezero.storage.database import database_of


async def make_token(config: ServerConfig, scope: Scope) -> str:
    database = database_of(config.database, metadata)
    await database.open()
    text = await Tokens(database).make(f"test {secrets.token_hex(4)}", scope)
    await database.close()
    return text


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
