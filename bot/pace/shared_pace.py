"""Shares Discord's limit of 50 requests a second between several processes of one bot, by leasing time slots.

The limit applies to the bot, whichever process sends the request. So the processes share one row in
PostgreSQL that says up to which instant all slots are leased. A process that needs slots leases the next
ones, at most a second's worth, and sends a request at each. Evenly spaced slots keep every one-second window
below the limit, and slots that one process doesn't need go to another. People have their own row, so a burst
of jobs never delays them. (This is the generic cell rate algorithm:
https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm.)

While the database is unavailable, each process keeps to its even share.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.pace.pace import limiting
from cogs.background.invalid_requests import InvalidRequests
from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable, DatabaseUnusable
from schedulezero.fair_queue import FairQueue
from schedulezero.storage.database import Database, database_of
from schedulezero.storage.sql import insert_new

log = logging.getLogger(__name__)

JOBS_A_SECOND = 36
PEOPLE_A_SECOND = 9
"""With at most one early request from each row, no second holds more than 47 requests."""
CONNECTIONS_A_SECOND = 1 / 5.1
"""Discord lets a bot identify once in five seconds
(https://discord.com/developers/docs/events/gateway#rate-limiting)."""
MOST_LEASED_SECONDS = 1.0
_WARN_SECONDS = 60.0

_metadata = sa.MetaData()
_leases = sa.Table(
    "bot_pace",
    _metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("leased_until", sa.BigInteger, nullable=False),  # microseconds of the database's clock
)
_NOW = sa.literal_column("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", sa.BigInteger)


@dataclass(frozen=True, slots=True)
class Slot:
    """The instant at which one request may leave, on two clocks.

    Attributes:
        at: On the clock of this process's event loop, in seconds. A request never leaves earlier.
        leased: On the database's clock, in microseconds since the epoch. Slots of one row are never
            closer than its pace allows, whichever process leased them. None while this process keeps to its
            own share.
    """

    at: float
    leased: int | None = None


class SharedPace:
    """Grants requests at a pace that all processes of one bot keep together.

    Parameters:
        database: The PostgreSQL database that they share.
        bot: Identifies the bot; the same in all its processes.
        processes: The number of processes.
    """

    def __init__(self, database: str, bot: str, processes: int) -> None:
        self._database = database_of(database, _metadata)
        self._open = False
        self._opening = asyncio.Lock()
        self._lanes = {
            False: _Lane(self._opened, f"{bot}:people", PEOPLE_A_SECOND, processes),
            True: _Lane(self._opened, f"{bot}:jobs", JOBS_A_SECOND, processes),
        }
        self._connecting = _Lane(self._opened, f"{bot}:connections", CONNECTIONS_A_SECOND, processes)

    async def _opened(self) -> Database:
        """Return the database; the first request, which is the bot's login, opens it."""
        async with self._opening:
            if not self._open:
                await self._database.open()
                self._open = True
        return self._database

    async def close(self) -> None:
        """Close the database."""
        for lane in (*self._lanes.values(), self._connecting):
            lane.close()
        if self._open:
            await self._database.close()

    async def turn(self, due: float | None, guild_id: str | None = None) -> Slot:
        """Wait for this request's turn and return its slot; see `bot.pace.pace.Pace.turn`.

        The guilds take turns within a process. Between processes it is enough that each leases little ahead.
        """
        return await self._lanes[due is not None].turn(due or 0.0, guild_id if due is not None else None)

    async def may_connect(self) -> Slot:
        """Wait until the bot may open another connection to the gateway, and return the slot."""
        return await self._connecting.turn(0.0)

    def trace(self, invalid: InvalidRequests) -> aiohttp.TraceConfig:
        """Return the hook for discord.py's ``http_trace``; see `bot.pace.pace.limiting`."""
        return limiting(self.turn, invalid)


class _Lane:
    """A queue of requests that wait for leased slots: each guild in turn, its earliest run first."""

    def __init__(
        self, database: Callable[[], Awaitable[Database]], name: str, a_second: float, processes: int
    ) -> None:
        self._database = database
        self._name = name
        self._microseconds = round(1_000_000 / a_second)
        self._spacing = self._microseconds / 1_000_000
        self._processes = processes
        self._slots: deque[Slot] = deque()
        self._waiting: FairQueue[asyncio.Future[Slot]] = FairQueue()
        self._serving: asyncio.Task[None] | None = None
        self._alone_until = 0.0
        self._warned_at = -_WARN_SECONDS

    async def turn(self, due: float, guild_id: str | None = None) -> Slot:
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiting.push(guild_id, due, future)
        if self._serving is None or self._serving.done():
            self._serving = run_in_background(self._serve(), "sharing Discord's limit")
        return await future

    def close(self) -> None:
        if self._serving is not None:
            self._serving.cancel()

    async def _serve(self) -> None:
        """Hand out slots until no request waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            if not self._slots:
                self._slots.extend(await self._lease(len(self._waiting)))
            slot = self._slots.popleft()
            await asyncio.sleep(max(slot.at - loop.time(), 0))
            while (future := self._waiting.pop()) is not None:
                if not future.done():  # its task may have been cancelled in the meantime
                    future.set_result(slot)
                    break
        self._slots.clear()

    async def _lease(self, wanted: int) -> list[Slot]:
        """Return the slots of the next requests."""
        loop = asyncio.get_running_loop()
        count = max(1, min(wanted, int(MOST_LEASED_SECONDS / self._spacing)))
        try:
            database = await self._database()
            leased, wait = await database.write(lambda connection: self._take(connection, count))
            begin = loop.time() + wait
            return [
                Slot(begin + number * self._spacing, leased + number * self._microseconds)
                for number in range(count)
            ]
        except (DatabaseUnavailable, DatabaseUnusable) as error:
            if loop.time() - self._warned_at > _WARN_SECONDS:
                self._warned_at = loop.time()
                log.warning("this process keeps to its even share of Discord's limit: %s", error)
        except Exception:
            # Whatever the error, requests must not wait forever.
            log.exception("no share of Discord's limit can be leased")
        self._alone_until = max(self._alone_until, loop.time()) + self._spacing * self._processes
        return [Slot(self._alone_until)]

    def _take(self, connection: Connection, count: int) -> tuple[int, float]:
        """Lease ``count`` slots.

        Returns:
            The first slot, in microseconds of the database's clock, and the seconds until it starts.
        """
        connection.execute(insert_new(connection, _leases), [{"name": self._name, "leased_until": 0}])
        length = count * self._microseconds
        query = (
            sa.update(_leases)
            .where(_leases.c.name == self._name)
            .values(leased_until=sa.func.greatest(_leases.c.leased_until, _NOW) + length)
            .returning(_leases.c.leased_until - length, _NOW)
        )
        leased, now = connection.execute(query).one()
        return leased, max(0, leased - now) / 1_000_000
