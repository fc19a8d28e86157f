"""The instances of handlers that the database keeps, for the next start and for the other nodes.

An instance stays known after a restart, and on PostgreSQL to every node. Its row expires after `KEPT_FOR`
without a sign of life: a registration, a status report, or an answer to a ping. Each node checks by itself
whether an instance answers, and whether it may call it (`may_be_called`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from schedulezero.wire.addresses import is_handler_address, is_loopback, is_own_address
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.shards import Shards, read_shards

KEPT_FOR = timedelta(days=30)
"""How long an instance stays known without a sign of life; a server that was off for weeks still calls it."""


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
        older_form: whether it registered with ``{"action": "register"}``; its answers then say
            ``"status": "error"`` for a failure.
        saved_heard_at: the last sign of life that the database knows; None for a new registration.
        digest: a digest of the registration. An instance sends it back in each status report, which is
            refused if another process has registered different methods at the same address.
    """

    handler_id: str
    address: str
    methods: tuple[str, ...]
    concurrency: int
    key: str | None = None
    shards: Shards | None = None
    online: bool = True
    schemas: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    older_form: bool = False
    saved_heard_at: datetime | None = field(default=None, compare=False)
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        shards = self.shards.to_json() if self.shards is not None else None
        kept = [list(self.methods), self.concurrency, shards, dict(self.schemas)]
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest()[:32])


def may_be_called(instance: Instance, keys: KeyRing | None, own_ports: Collection[int] = ()) -> bool:
    """Return whether this server, with its present keys, would accept an instance's registration.

    A row may be older than the settings. Without this, an instance that registered in plain text would still
    be called after a restart with ``require_keys``, and one that proved a key would be called in plain text,
    by which any program at its address could take its place. One at the server's own port, `own_ports`, would
    count as alive: the server itself answers the pings.
    """
    if not is_handler_address(instance.address) or is_own_address(instance.address, own_ports):
        return False
    plain = is_loopback(instance.address) and not (keys is not None and keys.everywhere)
    return (instance.key is None) if plain else (keys is not None and instance.key is not None)


class Instances:
    """Reads and writes the table of instances."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outage = database.outage

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
            "older_form": instance.older_form,
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
        """Note that an instance gave a sign of life."""
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
        """Return every instance that hasn't expired, most recently heard from first."""
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
        older_form=row["older_form"],
        saved_heard_at=row["heard_at"],
    )
