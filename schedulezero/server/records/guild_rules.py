"""The rules of guilds, stored in a table and cached in memory because the clock reads them constantly."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import GuildRules
from schedulezero.model.audit import changes_between
from schedulezero.server.records import audit
from schedulezero.server.records.erasing import Erased, erase
from schedulezero.server.records.tables import guild_rules
from schedulezero.storage import signals
from schedulezero.storage.database import Database
from schedulezero.storage.signals import Signal
from schedulezero.when.calendar.holidays import load as load_holidays

_PART = "the rules of guilds"

_AGAIN_SECONDS = 1.0


class Rules:
    """The rules of all guilds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, GuildRules] = {}
        self._changed = asyncio.Event()

    async def load(self) -> None:
        """Read all rules from the database."""
        query = sa.select(guild_rules.c.rules)
        found = await self._database.read(lambda connection: connection.scalars(query).all())
        known = {rules.guild_id: rules for rules in map(GuildRules.from_json, found)}
        if any(rules.holidays is not None for rules in known.values()):
            await asyncio.to_thread(load_holidays)  # slow the first time
        self._known = known

    def look(self) -> None:
        """Reload the rules soon, because another node may have changed them."""
        self._changed.set()

    async def keep_reading(self) -> None:
        """Reload the rules whenever another node may have changed them, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.load()
                self._database.outage.over(_PART)
            except DatabaseUnavailable as error:
                self._database.outage.failed(_PART, error)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._changed.set()

    def of(self, guild_id: str | None) -> GuildRules | None:
        """Return a guild's rules, or None if it has none."""
        return self._known.get(guild_id) if guild_id is not None else None

    def most_an_hour(self, guild_id: str) -> int | None:
        """Return how many runs a guild allows within an hour, or None for no limit."""
        rules = self._known.get(guild_id)
        return rules.most_runs_an_hour if rules is not None else None

    async def erase(self, place: str) -> Erased:
        """Erase a guild with its jobs and history, or a person's own jobs; see `erasing`."""
        erased = await self._database.write(lambda connection: erase(connection, place))
        self._known.pop(place, None)
        return erased

    async def save(self, rules: GuildRules, by: str | None = None) -> None:
        """Save a guild's rules; they take effect at once."""
        before = self._known.get(rules.guild_id) or GuildRules(rules.guild_id)
        changes = changes_between(before.to_json(), rules.to_json())

        def write(connection: Connection) -> None:
            audit.note(connection, "rules", guild_id=rules.guild_id, actor_id=by, changes=changes)
            connection.execute(sa.delete(guild_rules).where(guild_rules.c.guild_id == rules.guild_id))
            connection.execute(
                sa.insert(guild_rules), [{"guild_id": rules.guild_id, "rules": rules.to_json()}]
            )
            signals.send(connection, Signal.RULES, rules.guild_id)

        await self._database.write(write)
        self._known[rules.guild_id] = rules
