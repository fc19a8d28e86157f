"""Whether this node's clock agrees with the database's, which all nodes share; SQLite has none of its own.

A node whose clock is an hour ahead would carry out an hour of runs early, and miss those of the others. So a
node that is more than `MOST_SECONDS` off says so, claims and takes nothing until the two agree, and leaves
what it has taken to other nodes.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable, ScheduleZeroError
from schedulezero.storage.database import Database
from schedulezero.storage.sql import is_postgres

log = logging.getLogger(__name__)

_PART = "the comparison of clocks"

MOST_SECONDS = 2.0
"""How far this node's clock may be from the database's."""
_EVERY_SECONDS = 5.0
_AGAIN_SECONDS = 1.0
"""How often a node looks whose clock is off."""


class ClockOff(ScheduleZeroError):
    """This node's clock is too far from the database's; nothing was claimed."""


class TimeCheck:
    """Compares the two clocks.

    Parameters:
        database: the database that the nodes share.
        shared: whether there may be other nodes; without them, the clocks agree.
    """

    def __init__(self, database: Database, *, shared: bool) -> None:
        self._database = database
        self._shared = shared
        self._agree = asyncio.Event()
        self._agree.set()
        self._differ = asyncio.Event()
        self.seconds_off = 0.0
        """By how many seconds this node's clock is ahead of the database's, or behind if negative."""

    @property
    def is_off(self) -> bool:
        """Whether this node must not judge what is due."""
        return abs(self.seconds_off) > MOST_SECONDS

    def check(self, connection: Connection) -> None:
        """Compare the clocks within a transaction that is about to judge what is due.

        Raises ClockOff when they are too far apart.
        """
        if not is_postgres(connection):
            return
        self._note(self._measure(connection))
        if self.is_off:
            raise ClockOff(f"this node's clock is {self.seconds_off:+.1f} s from the database's")

    async def agreed(self) -> None:
        """Wait until the clocks agree."""
        await self._agree.wait()

    async def differs(self) -> None:
        """Wait until the clocks are too far apart."""
        await self._differ.wait()

    async def keep_looking(self) -> None:
        """Compare the clocks every few seconds until cancelled."""
        while self._shared:
            was_off = self.is_off
            try:
                self._note(await self._database.read(self._measure))
                self._database.outage.over(_PART)
            except DatabaseUnavailable as error:
                self._database.outage.failed(_PART, error)
            if self.is_off != was_off:
                log.error("this node's clock is %+.1f s from the database's", self.seconds_off)
            await asyncio.sleep(_AGAIN_SECONDS if self.is_off else _EVERY_SECONDS)

    def _note(self, seconds_off: float) -> None:
        self.seconds_off = seconds_off
        if self.is_off:
            self._agree.clear()
            self._differ.set()
        else:
            self._agree.set()
            self._differ.clear()

    def _measure(self, connection: Connection) -> float:
        """Return at least how far this node's clock is ahead; the way there and back counts for it."""
        before = instants.now()
        there: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        after = instants.now()
        if before <= there <= after:
            return 0.0
        return ((before if there < before else after) - there).total_seconds()
