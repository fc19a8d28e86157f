"""Leases: what only one node may serve at a time, such as a handler that takes one call at a time.

A lease is a row that says who has it and until when, by the database's clock. Its holder renews it; when the
holder dies, hangs or is cut off, it runs out, and another node takes it. (A session's advisory lock would
stay for as long as the database believes in the connection of a machine that has vanished.)

A node trusts its lease for less time than the others respect it, and counts from before the request for it.
Each node also has a lease of its own, by which the others see that it is alive.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
import uuid

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.records.tables import leases
from schedulezero.storage.database import Database
from schedulezero.storage.sql import insert_into

log = logging.getLogger(__name__)

_PART = "the leases"
LEASE_SECONDS = 6.0
"""How long others respect a lease that isn't renewed."""
_TRUSTED_SECONDS = 4.0
_FORGET_SECONDS = 60.0
_RENEW_SECONDS = 1.5
_NODE = "node "
"""What the names of the nodes' own leases begin with."""
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
        self._holder = new_holder()
        self._trusted_until: dict[str, float] = {}
        self._lock = asyncio.Lock()
        self.others_alive = False
        """Whether another node showed, when this one last renewed its leases, that it is alive."""

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

    async def release(self, name: str) -> None:
        """Let another node serve something that this one serves. Raises DatabaseUnavailable."""
        async with self._lock:
            if self._trusted_until.pop(name, None) is None:
                return
            query = sa.delete(leases).where(leases.c.name == name, leases.c.holder == self._holder)
            await self._database.write(lambda connection: connection.execute(query))

    async def keep(self) -> None:
        """Renew the leases until cancelled, then release them."""
        try:
            while self._shared:
                try:
                    await self._renew()
                    self._database.outage.over(_PART)
                except DatabaseUnavailable as error:
                    self._database.outage.failed(_PART, error)
                await asyncio.sleep(_RENEW_SECONDS)
        except asyncio.CancelledError:
            await self._release_all()
            raise

    async def _renew(self) -> None:
        async with self._lock:
            names = list(self._trusted_until)
            query = (
                sa.update(leases)
                .where(leases.c.name.in_(names), leases.c.holder == self._holder)
                .values(until=_NOW + _microseconds(LEASE_SECONDS))
                .returning(leases.c.name)
            )

            def renew(connection: Connection) -> tuple[set[str], bool]:
                self._take(connection, _NODE + self._holder)
                kept = set(connection.scalars(query).all()) if names else set[str]()
                return kept, self._find_others(connection)

            began = time.monotonic()
            kept, self.others_alive = await self._database.write(renew)
            for name in names:
                if name in kept:
                    self._trusted_until[name] = began + _TRUSTED_SECONDS
                else:
                    del self._trusted_until[name]

    async def _release_all(self) -> None:
        if not self._shared:
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

    def _find_others(self, connection: Connection) -> bool:
        """Return whether another node is alive; forget those that have been dead for a while."""
        of_nodes = (leases.c.name.like(f"{_NODE}%"), leases.c.holder != self._holder)
        rows = connection.execute(sa.select(leases.c.name, leases.c.until < _NOW).where(*of_nodes)).all()
        if dead := [name for name, is_over in rows if is_over]:
            long_over = leases.c.until < _NOW - _microseconds(_FORGET_SECONDS)
            connection.execute(sa.delete(leases).where(leases.c.name.in_(dead), long_over))
        return len(dead) < len(rows)


def new_holder() -> str:
    """Return how a node names itself: its machine, its process and something that no other node has.

    It fits into the column, which has 40 characters.
    """
    machine = "".join(letter for letter in socket.gethostname() if letter.isprintable() and letter != " ")
    return f"{machine[:20]} {os.getpid()} {uuid.uuid4().hex[:8]}"


def nodes_alive(connection: Connection) -> list[str]:
    """Return the server nodes that are at work on a PostgreSQL database, each as machine and process."""
    alive = (leases.c.name.like(f"{_NODE}%"), leases.c.until >= _NOW)
    return [_said(holder) for holder in connection.scalars(sa.select(leases.c.holder).where(*alive))]


def _said(holder: str) -> str:
    machine, process, *_ = [*holder.split(" "), ""]
    return f"{machine}, process {process}" if process else f"{machine[:8]}…"  # of a version before


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
