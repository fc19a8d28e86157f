"""Leases: what only one node may serve at a time, such as a handler that takes one call at a time.

A lease is a row that says who has it and until when, by the database's clock. Its holder renews it; when the
holder dies, hangs or is cut off, it runs out, and another node takes it. (A session's advisory lock would
stay for as long as the database believes in the connection of a machine that has vanished.)

A node trusts its lease for less time than the others respect it, and counts from before the request for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.records.tables import leases
from schedulezero.storage.database import Database
from schedulezero.storage.sql import insert_into

log = logging.getLogger(__name__)

LEASE_SECONDS = 6.0
"""How long others respect a lease that isn't renewed."""
_TRUSTED_SECONDS = 4.0
_RENEW_SECONDS = 1.5
_NOW = sa.literal_column("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", sa.BigInteger)


class Leases:
    """The leases of this node.

    Parameters:
        database: the database that the nodes share.
        shared: whether there may be other nodes; without them, this one has every lease.
    """

    def __init__(self, database: Database, *, shared: bool) -> None:
        self._database = database
        self._shared = shared
        self._holder = uuid.uuid4().hex
        self._trusted_until: dict[str, float] = {}
        self._lock = asyncio.Lock()

    async def owns(self, name: str) -> bool:
        """Return whether this node serves something exclusively; it takes the lease if nobody has it.

        Raises DatabaseUnavailable.
        """
        if not self._shared or time.monotonic() < self._trusted_until.get(name, 0.0):
            return True
        async with self._lock:
            began = time.monotonic()
            got = await self._database.write(lambda connection: self._take(connection, name))
            if got:
                self._trusted_until[name] = began + _TRUSTED_SECONDS
            else:
                self._trusted_until.pop(name, None)
            return got

    async def keep(self) -> None:
        """Renew the leases until cancelled, then release them."""
        try:
            while self._shared:
                await asyncio.sleep(_RENEW_SECONDS)
                try:
                    await self._renew()
                except DatabaseUnavailable as error:
                    log.warning("this node's leases cannot be renewed: %s", error)
        except asyncio.CancelledError:
            await self._release_all()
            raise

    async def _renew(self) -> None:
        async with self._lock:
            names = list(self._trusted_until)
            if not names:
                return
            query = (
                sa.update(leases)
                .where(leases.c.name.in_(names), leases.c.holder == self._holder)
                .values(until=_NOW + _microseconds(LEASE_SECONDS))
                .returning(leases.c.name)
            )
            began = time.monotonic()
            kept = set(await self._database.write(lambda connection: connection.scalars(query).all()))
            for name in names:
                if name in kept:
                    self._trusted_until[name] = began + _TRUSTED_SECONDS
                else:
                    del self._trusted_until[name]

    async def _release_all(self) -> None:
        if not self._trusted_until:
            return
        query = sa.delete(leases).where(leases.c.holder == self._holder)
        try:
            await self._database.write(lambda connection: connection.execute(query))
        except DatabaseUnavailable as error:
            log.warning("this node's leases run out by themselves: %s", error)

    def _take(self, connection: Connection, name: str) -> bool:
        until = _NOW + _microseconds(LEASE_SECONDS)
        insert = insert_into(connection, leases).values(name=name, holder=self._holder, until=until)
        query = insert.on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
            where=sa.or_(leases.c.holder == self._holder, leases.c.until < _NOW),
        )
        return connection.scalar(query.returning(leases.c.name)) is not None


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
