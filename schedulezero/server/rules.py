"""The rules of guilds: kept in their table, and in memory because the clock asks for them all the time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.audit import changes_between
from schedulezero.database import Database
from schedulezero.model import GuildRules
from schedulezero.server import audit
from schedulezero.server.tables import guild_rules


class Rules:
    """What guilds forbid."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, GuildRules] = {}

    async def load(self) -> None:
        """Reads all of them."""
        query = sa.select(guild_rules.c.rules)
        found = await self._database.read(lambda connection: connection.scalars(query).all())
        self._known = {rules.guild_id: rules for rules in map(GuildRules.from_json, found)}

    def of(self, guild_id: str | None) -> GuildRules | None:
        """A guild's rules, None when it has none."""
        return self._known.get(guild_id) if guild_id is not None else None

    def most_an_hour(self, guild_id: str) -> int | None:
        """How many runs a guild lets happen within an hour, None for any number."""
        rules = self._known.get(guild_id)
        return rules.most_runs_an_hour if rules is not None else None

    async def save(self, rules: GuildRules, by: str | None = None) -> None:
        """Keeps a guild's rules; they hold from now on."""
        before = self._known.get(rules.guild_id) or GuildRules(rules.guild_id)
        changes = changes_between(before.to_json(), rules.to_json())

        def write(connection: Connection) -> None:
            audit.note(connection, "rules", guild_id=rules.guild_id, actor_id=by, changes=changes)
            connection.execute(sa.delete(guild_rules).where(guild_rules.c.guild_id == rules.guild_id))
            connection.execute(
                sa.insert(guild_rules), [{"guild_id": rules.guild_id, "rules": rules.to_json()}]
            )

        await self._database.write(write)
        self._known[rules.guild_id] = rules
