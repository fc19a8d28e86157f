"""The templates of guilds, in the bot's own tables: saved drafts with blanks.

A template's values are a draft's (`cogs.memory.Draft`). Each change names the version that it expects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.storage.database import Database
from schedulezero.storage.sql import Instant, insert_new

MOST_TEMPLATES = 50
"""Templates of one guild."""
LONGEST_NAME = 80


def template_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of templates."""
    return sa.Table(
        "bot_templates",
        metadata,
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("guild_id", sa.String(20), nullable=False),
        sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
        sa.Column("name_key", sa.String(4 * LONGEST_NAME), nullable=False),  # its name, casefolded
        sa.Column("method", sa.String(100), nullable=False),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("creator_id", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.UniqueConstraint("guild_id", "name_key"),
    )


@dataclass(frozen=True, slots=True)
class Template:
    """A saved draft with blanks.

    Attributes:
        id: its id.
        guild_id: whose it is.
        name: its name, unique in the guild whatever its case.
        method: the kind of job.
        values: a draft's values, with blanks in their texts.
        creator_id: who saved it first; empty once that person was forgotten.
        version: counts its changes, from 1.
        changed_at: when it was changed last.
    """

    id: str
    guild_id: str
    name: str
    method: str
    values: dict[str, Any]
    creator_id: str
    version: int = 1
    changed_at: datetime = field(default_factory=instants.now, compare=False)


class Outcome(StrEnum):
    """What became of a change."""

    DONE = "done"
    NAME_TAKEN = "name_taken"
    FULL = "full"
    CHANGED = "changed"
    """Somebody else changed or deleted it."""


class Templates:
    """The templates of all guilds.

    Parameters:
        database: the bot's own, opened by its owner.
        table: their table.
    """

    def __init__(self, database: Database, table: sa.Table) -> None:
        self._database = database
        self._table = table

    async def of(self, guild_id: str) -> list[Template]:
        """Return a guild's templates by name."""
        query = (
            sa.select(self._table)
            .where(self._table.c.guild_id == guild_id)
            .order_by(self._table.c.name_key)
            .limit(MOST_TEMPLATES)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_template(row) for row in rows]

    async def saved_by(self, user_id: str) -> list[Template]:
        """Return the templates of all guilds that a person saved first."""
        query = sa.select(self._table).where(self._table.c.creator_id == user_id)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_template(row) for row in rows]

    async def get(self, template_id: str, guild_id: str) -> Template | None:
        """Return a guild's template; None if it has none of that id."""
        query = sa.select(self._table).where(
            self._table.c.id == template_id, self._table.c.guild_id == guild_id
        )
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return _template(row) if row is not None else None

    async def add(self, template: Template) -> Outcome:
        """Save a new template."""
        table = self._table

        def add(connection: Connection) -> Outcome:
            count = sa.select(sa.func.count()).where(table.c.guild_id == template.guild_id)
            if (connection.scalar(count) or 0) >= MOST_TEMPLATES:
                return Outcome.FULL
            # A row that isn't inserted has the name of another.
            saved = connection.execute(insert_new(connection, table), _row(template)).rowcount == 1
            return Outcome.DONE if saved else Outcome.NAME_TAKEN

        return await self._database.write(add)

    async def change(self, template: Template) -> Outcome:
        """Save a template that was read in its version; it then has the next one."""
        table = self._table
        same_name = sa.select(table.c.id).where(
            table.c.guild_id == template.guild_id,
            table.c.name_key == template.name.casefold(),
            table.c.id != template.id,
        )
        row = {**_row(template), "version": template.version + 1, "changed_at": instants.now()}
        update = (
            sa.update(table)
            .where(
                table.c.id == template.id,
                table.c.guild_id == template.guild_id,
                table.c.version == template.version,
            )
            .values(row)
        )

        def change(connection: Connection) -> Outcome:
            if connection.scalar(same_name) is not None:
                return Outcome.NAME_TAKEN
            return Outcome.DONE if connection.execute(update).rowcount == 1 else Outcome.CHANGED

        return await self._database.write(change)

    async def delete(self, template_id: str, guild_id: str) -> bool:
        """Delete a template. Return False if it already was."""
        query = sa.delete(self._table).where(
            self._table.c.id == template_id, self._table.c.guild_id == guild_id
        )
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)


def _row(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "guild_id": template.guild_id,
        "name": template.name,
        "name_key": template.name.casefold(),
        "method": template.method,
        "values": template.values,
        "creator_id": template.creator_id,
        "version": template.version,
        "changed_at": template.changed_at,
    }


def _template(row: Any) -> Template:
    return Template(**{key: value for key, value in row.items() if key != "name_key"})
