"""The instances of handlers that the nodes of one PostgreSQL database share.

An instance that registers at one node is known to all. Its row is a lease that the instance renews when it
registers or reports its status; the lease expires after `KEPT_FOR`. Each node checks by itself whether an
instance answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from schedulezero import instants
from schedulezero.model import JsonObject
from schedulezero.server.records.tables import handlers
from schedulezero.storage import signals
from schedulezero.storage.database import Database
from schedulezero.storage.signals import Signal
from schedulezero.storage.sql import insert_into
from schedulezero.wire.shards import Shards, read_shards

KEPT_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Instance:
    """One process that registered under a handler's name.

    Attributes:
        handler_id: the handler's name.
        address: where it listens, such as ``tcp://127.0.0.1:5000``.
        methods: the methods it offers.
        concurrency: how many calls it takes at once.
        key: the public key that it proved; None on a plain wire.
        shards: the shards of guilds that it serves; None for all guilds.
        online: False after it reported that it goes offline.
        schemas: the JSON Schema of its methods' parameters, for those methods that have one.
        digest: a digest of the registration. An instance sends it back in each status report, which is
        refused
            if another process has registered different methods at the same address.
    """

    handler_id: str
    address: str
    methods: tuple[str, ...]
    concurrency: int
    key: str | None = None
    shards: Shards | None = None
    online: bool = True
    schemas: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        shards = self.shards.to_json() if self.shards is not None else None
        kept = [list(self.methods), self.concurrency, shards, dict(self.schemas)]
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest()[:32])


class Instances:
    """Reads and writes the table of instances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, instance: Instance) -> None:
        """Save a new or changed instance and notify the other nodes."""
        row = {
            "handler_id": instance.handler_id,
            "address": instance.address,
            "methods": list(instance.methods),
            "concurrency": instance.concurrency,
            "key": instance.key,
            "shards": instance.shards.to_json() if instance.shards is not None else None,
            "online": instance.online,
            "schemas": dict(instance.schemas),
            "heard_at": instants.now(),
        }

        def write(connection: Connection) -> None:
            insert = insert_into(connection, handlers)
            key = (handlers.c.handler_id, handlers.c.address)
            connection.execute(sa.delete(handlers).where(handlers.c.heard_at < instants.now() - KEPT_FOR))
            connection.execute(insert.on_conflict_do_update(index_elements=key, set_=row), [row])
            signals.send(connection, Signal.HANDLERS, instance.handler_id)

        await self._database.write(write)

    async def heard(self, handler_id: str, address: str) -> None:
        """Renew the lease of an instance that gave a sign of life."""
        query = (
            sa.update(handlers)
            .where(handlers.c.handler_id == handler_id, handlers.c.address == address)
            .values(heard_at=instants.now(), online=True)
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def forget(self, handler_id: str, address: str) -> None:
        """Delete an instance that was replaced or dropped, and notify the other nodes."""

        def write(connection: Connection) -> None:
            own = (handlers.c.handler_id == handler_id) & (handlers.c.address == address)
            connection.execute(sa.delete(handlers).where(own))
            signals.send(connection, Signal.HANDLERS, handler_id)

        await self._database.write(write)

    async def all(self) -> list[Instance]:
        """Return every instance whose lease hasn't expired, most recently heard from first."""
        query = (
            sa.select(handlers)
            .where(handlers.c.heard_at > instants.now() - KEPT_FOR)
            .order_by(handlers.c.heard_at.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_instance(row) for row in rows]


def _instance(row: RowMapping) -> Instance:
    return Instance(
        handler_id=row["handler_id"],
        address=row["address"],
        methods=tuple(cast("list[str]", row["methods"])),
        concurrency=row["concurrency"],
        key=row["key"],
        shards=read_shards(row["shards"]) if row["shards"] is not None else None,
        online=row["online"],
        schemas=cast("dict[str, JsonObject]", row["schemas"] or {}),
    )
