"""The bot's own memory: zones, guild settings, drafts, open lists, notes, and the files that it keeps.

It has its own tables in ``database``, even if an external server stores the jobs. A panel's state is kept
here and never in the panel, so that a restart loses nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs.guild_settings import GuildSettings
from cogs.kept_files import KeptFileStore
from cogs.kept_templates import Templates, template_table
from cogs.own_tables import metadata
from schedulezero import instants
from schedulezero.handler.run_context import current_run
from schedulezero.methods.note_kinds import NAMES, Names, place_of
from schedulezero.model.limits import Limits
from schedulezero.sentences import Sentence
from schedulezero.storage.causes import DISK_FULL
from schedulezero.storage.database import database_of, is_postgres_setting, sqlite_path
from schedulezero.storage.sealing import KEY_FILE, SecretBox
from schedulezero.storage.sql import Instant, insert_into, insert_new, is_postgres

_settings = sa.Table(
    "bot_settings",
    metadata,
    sa.Column("scope", sa.String(8), primary_key=True),  # "user" or "guild"
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("timezone", sa.String(64), nullable=False),
)
_drafts = sa.Table(
    "bot_drafts",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("user_id", sa.String(20), nullable=False, index=True),
    sa.Column("guild_id", sa.String(20), nullable=False),
    sa.Column("method", sa.String(100), nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
    sa.Column("when", sa.Text, nullable=False),
    sa.Column("job_id", sa.String(100)),
    sa.Column("job_version", sa.Integer),
    sa.Column("changed_at", Instant, nullable=False),
)
_panels = sa.Table(
    "bot_panels",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("guild_id", sa.String(20), nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

_notes = sa.Table(
    "bot_notes",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)

_guilds = sa.Table(
    "bot_guilds",
    metadata,
    sa.Column("guild_id", sa.String(20), primary_key=True),
    sa.Column("settings", sa.JSON, nullable=False),
)

_forgotten = sa.Table(
    "bot_forgotten",
    metadata,
    sa.Column("place", sa.String(20), primary_key=True),
    sa.Column("at", Instant, nullable=False),
)

_templates = template_table(metadata)

_FORGOTTEN_AFTER = timedelta(days=30)
_LONGEST_RUN = timedelta(days=7)
"""How long a run can be under way, and so write a note about what was forgotten since it began."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft of a new job, or of an edit (then ``job_id`` is the edited job).

    ``values`` holds the input for each parameter as it was typed; ``when`` the text of the schedule. Both are
    kept even if they were refused, so that nobody has to type them again.
    """

    id: str
    user_id: str
    guild_id: str
    method: str
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    when: str = ""
    job_id: str | None = None
    job_version: int | None = None
    changed_at: datetime = field(default_factory=instants.now, compare=False)


def new_id() -> str:
    """Return an id for a draft or a panel that cannot be guessed and fits in a custom id."""
    return secrets.token_hex(6)


class Memory:
    """The bot's own tables.

    Parameters:
        database: path of the SQLite file, or a ``postgresql://`` URL.
        limits: the owner's limits, of which those of kept files apply here.
        folder: where the key of secret settings is, and kept files lie on their way in and out; by default
            beside the SQLite file.
        secrets_key: the key of secret settings, instead of the one in the folder.
    """

    def __init__(
        self,
        database: str,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        folder: Path | None = None,
        secrets_key: str | None = None,
    ) -> None:
        self._database = database_of(database, metadata)
        self.templates = Templates(self._database, _templates)
        if folder is None and not is_postgres_setting(database):
            folder = sqlite_path(database).parent
        self.files = KeptFileStore(self._database, limits, folder)
        self.secrets = SecretBox(folder / KEY_FILE if folder is not None else None, secrets_key)

    @property
    def where(self) -> str:
        """The location of the tables, for people."""
        return self._database.where

    async def trouble(self) -> Sentence | None:
        """Return why the database takes no changes, as far as this machine can tell; None if it does."""
        return DISK_FULL if not await self._database.has_room() else None

    async def open(self) -> None:
        """Open the database, and delete drafts and panels not changed for 30 days."""
        await self._database.open()
        old = instants.now() - _FORGOTTEN_AFTER

        def forget(connection: Connection) -> None:
            for table in (_drafts, _panels):
                connection.execute(sa.delete(table).where(table.c.changed_at < old))
            over = instants.now() - _LONGEST_RUN
            connection.execute(sa.delete(_forgotten).where(_forgotten.c.at < over))

        await self._database.write(forget)

    async def close(self) -> None:
        """Close the database and the kept files."""
        self.files.close()
        await self._database.close()

    async def _put(self, table: sa.Table, row: dict[str, Any]) -> None:
        """Insert a row, or replace the one with its key."""
        keys = [column.name for column in table.primary_key]

        def put(connection: Connection) -> None:
            insert = insert_into(connection, table).values(row)
            rest = {name: insert.excluded[name] for name in row if name not in keys}
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))

        await self._database.write(put)

    # ---------------------------------------------------------------- zones

    async def timezone(self, user_id: int, guild_id: int | None) -> str | None:
        """Return the zone that a person chose, else the guild's, else None."""
        wanted = [("user", str(user_id)), ("guild", str(guild_id))]
        query = sa.select(_settings).where(sa.tuple_(_settings.c.scope, _settings.c.id).in_(wanted))
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        zones = {str(row["scope"]): str(row["timezone"]) for row in rows}
        return zones.get("user") or zones.get("guild")

    async def set_user_timezone(self, user_id: int, timezone: str) -> None:
        """Save a person's zone."""
        await self._set_timezone("user", user_id, timezone)

    async def set_guild_timezone(self, guild_id: int, timezone: str) -> None:
        """Save a guild's default zone."""
        await self._set_timezone("guild", guild_id, timezone)

    async def _set_timezone(self, scope: str, identifier: int, timezone: str) -> None:
        await self._put(_settings, {"scope": scope, "id": str(identifier), "timezone": timezone})

    # ---------------------------------------------------------------- guilds

    async def settings(self, guild_id: int) -> GuildSettings:
        """Return a guild's settings; defaults for those never set."""
        query = sa.select(_guilds.c.settings).where(_guilds.c.guild_id == str(guild_id))
        found = await self._database.read(lambda connection: connection.scalar(query))
        return GuildSettings.from_json(found or {})

    async def guild_ids(self) -> set[str]:
        """Return the ids of all guilds that set anything."""
        zones = sa.select(_settings.c.id).where(_settings.c.scope == "guild")
        query = sa.union(sa.select(_guilds.c.guild_id), zones)
        return set(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def save_settings(self, guild_id: int, settings: GuildSettings) -> None:
        """Save a guild's settings."""
        await self._put(_guilds, {"guild_id": str(guild_id), "settings": settings.to_json()})

    async def change_settings(
        self, guild_id: int, change: Callable[[GuildSettings], GuildSettings]
    ) -> tuple[GuildSettings, GuildSettings]:
        """Change a guild's settings as they are at that moment, so that no other change is lost.

        Return the settings before and after.

        Parameters:
            guild_id: the guild.
            change: returns the new settings for the present ones; it runs in the database's thread.
        """
        row = _guilds.c.guild_id == str(guild_id)

        def apply(connection: Connection) -> tuple[GuildSettings, GuildSettings]:
            # A row to lock, so that on PostgreSQL a second writer waits for the first.
            new = {"guild_id": str(guild_id), "settings": GuildSettings().to_json()}
            connection.execute(insert_new(connection, _guilds), new)
            stored = connection.scalar(sa.select(_guilds.c.settings).where(row).with_for_update())
            before = GuildSettings.from_json(stored or {})
            after = change(before)
            connection.execute(sa.update(_guilds).where(row).values(settings=after.to_json()))
            return before, after

        return await self._database.write(apply)

    # ---------------------------------------------------------------- drafts

    async def save_draft(self, draft: Draft) -> None:
        """Save a draft, new or changed."""
        kept = {column.name: getattr(draft, column.name) for column in _drafts.columns}
        await self._put(_drafts, {**kept, "changed_at": instants.now()})

    async def draft(self, draft_id: str) -> Draft | None:
        """Return the draft of that id; None if it is used up or was deleted."""
        query = sa.select(_drafts).where(_drafts.c.id == draft_id)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return Draft(**row) if row is not None else None

    async def drafts_of(self, user_id: int, guild_id: int, limit: int) -> list[Draft]:
        """Return a person's drafts in a guild, most recently changed first."""
        query = (
            sa.select(_drafts)
            .where(_drafts.c.user_id == str(user_id), _drafts.c.guild_id == str(guild_id))
            .order_by(_drafts.c.changed_at.desc())
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Draft(**row) for row in rows]

    async def all_drafts_of(self, user_id: int) -> list[Draft]:
        """Return a person's drafts in all guilds."""
        query = sa.select(_drafts).where(_drafts.c.user_id == str(user_id))
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Draft(**row) for row in rows]

    async def take_draft(self, draft_id: str) -> bool:
        """Use up a draft. Return False if it already was, as after a double click."""

        def take(connection: Connection) -> bool:
            return connection.execute(sa.delete(_drafts).where(_drafts.c.id == draft_id)).rowcount == 1

        return await self._database.write(take)

    # ---------------------------------------------------------------- panels

    async def save_panel(self, panel_id: str, guild_id: int, state: dict[str, Any]) -> None:
        """Save the state of an open panel (its filter, its page)."""
        row = {"id": panel_id, "guild_id": str(guild_id), "state": state, "changed_at": instants.now()}
        await self._put(_panels, row)

    async def panel(self, panel_id: str, guild_id: int) -> dict[str, Any] | None:
        """Return a panel's state, if it belongs to that guild."""
        query = sa.select(_panels.c.state).where(
            _panels.c.id == panel_id, _panels.c.guild_id == str(guild_id)
        )
        return await self._database.read(lambda connection: connection.scalar(query))

    async def take_panel(self, panel_id: str, guild_id: int) -> dict[str, Any] | None:
        """Use up a panel and return its state; None if it already was, as after a double click."""
        query = (
            sa.delete(_panels)
            .where(_panels.c.id == panel_id, _panels.c.guild_id == str(guild_id))
            .returning(_panels.c.state)
        )
        return await self._database.write(lambda connection: connection.scalar(query))

    # ---------------------------------------------------------------- notes of sprockets

    async def keep(
        self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None
    ) -> bool:
        """Save a note. Return False, and change nothing, if its key already exists.

        Parameters:
            since: when its writer began; by default, when the current run did. A note about a place that was
                forgotten after that is not saved.
        """
        row = {"kind": kind, "key": key, "value": value}
        began = since or current_run().begun_at  # the run isn't known in the database's thread

        def keep(connection: Connection) -> bool:
            if _is_forgotten(connection, kind, key, value, began):
                return False
            return connection.execute(insert_new(connection, _notes), row).rowcount == 1

        return await self._database.write(keep)

    async def put(self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None) -> bool:
        """Save a note, replacing any with its key. Return False if it is about what was forgotten.

        Parameters:
            since: as for `keep`.
        """
        began = since or current_run().begun_at  # as in `keep`

        def put(connection: Connection) -> bool:
            if _is_forgotten(connection, kind, key, value, began):
                return False
            _put(connection, kind, key, value)
            return True

        return await self._database.write(put)

    async def put_among(self, kind: str, key: str, value: dict[str, Any], most: int) -> bool:
        """Save a note, replacing any with its key. Return False if its kind has as many as it may already.

        A note about what was forgotten since the current run began is left out, as in `put`.
        """
        began = current_run().begun_at  # as in `keep`

        def put(connection: Connection) -> bool:
            if _is_forgotten(connection, kind, key, value, began):
                return True
            there = sa.select(sa.literal(1)).where(_notes.c.kind == kind, _notes.c.key == key)
            if connection.scalar(there) is None:
                count = sa.select(sa.func.count()).select_from(_notes).where(_notes.c.kind == kind)
                if (connection.scalar(count) or 0) >= most:
                    return False
            _put(connection, kind, key, value)
            return True

        return await self._database.write(put)

    async def notes_below(
        self, kind: str, named: str, wanted: str | None = None
    ) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the kind, key and value of each note of a kind for each place that names something.

        Parameters:
            kind: the kind, before the slash and the place.
            named: the key of the notes' values that must be set.
            wanted: its value; None for any.
        """
        names = _notes.c.value[named].as_string()
        query = sa.select(_notes.c.kind, _notes.c.key, _notes.c.value).where(
            _notes.c.kind.startswith(f"{kind}/", autoescape=True),
            names == wanted if wanted is not None else names.is_not(None),
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(str(found), str(key), value) for found, key, value in rows]

    async def notes_with(
        self, kind: str, wanted: Mapping[str, str], order: Sequence[str], most: int
    ) -> list[dict[str, Any]]:
        """Return the values of the first ``most`` notes of a kind that name something.

        Parameters:
            kind: the kind.
            wanted: what they name, by the key in the note's value.
            order: the keys in the note's value by which they are ordered.
            most: how many to return at most.
        """
        named = [_notes.c.value[name].as_string() == value for name, value in wanted.items()]
        # A missing value comes first in both databases.
        ordered = [sa.func.coalesce(_notes.c.value[name].as_string(), "") for name in order]
        query = (
            sa.select(_notes.c.value)
            .where(_notes.c.kind == kind, *named)
            .order_by(*ordered)
            .limit(max(most, 0))
        )
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def kept(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a note; None if there is none."""
        return await self._database.read(lambda connection: connection.scalar(_note(kind, key)))

    async def notes(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all notes of a kind, by key."""
        query = sa.select(_notes.c.key, _notes.c.value).where(_notes.c.kind == kind)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {str(key): value for key, value in rows}

    async def notes_about(self, place: str) -> list[dict[str, Any]]:
        """Return the notes that `forget_place` deletes, each with its kind, key and value."""
        query = sa.select(_notes.c.kind, _notes.c.key, _notes.c.value).where(_about(place))
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [dict(row) for row in rows]

    async def rewrite(self, kind: str, key: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        """Replace a note's value and wipe the old one; return False if it isn't what it was any more.

        SQLite overwrites what it frees then. PostgreSQL keeps the old row until it is vacuumed.
        """

        def rewrite(connection: Connection) -> bool:
            if connection.scalar(_note(kind, key).with_for_update()) != old:
                return False
            about = (_notes.c.kind == kind, _notes.c.key == key)
            update = sa.update(_notes).where(*about).values(value=new)
            if is_postgres(connection):
                connection.execute(update)
                return True
            before = int(connection.exec_driver_sql("PRAGMA secure_delete").scalar_one())
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            connection.execute(update)
            connection.exec_driver_sql(f"PRAGMA secure_delete={before}")
            return True

        return await self._database.write(rewrite)

    async def forget(self, kind: str, key: str) -> None:
        """Delete a note."""
        query = sa.delete(_notes).where(_notes.c.kind == kind, _notes.c.key == key)
        await self._database.write(lambda connection: connection.execute(query))

    async def forget_kind(self, kind: str) -> None:
        """Delete all notes of a kind."""
        query = sa.delete(_notes).where(_notes.c.kind == kind)
        await self._database.write(lambda connection: connection.execute(query))

    # ---------------------------------------------------------------- files

    async def mentioned(self, digests: frozenset[str]) -> frozenset[str]:
        """Return which of some files are named anywhere in these tables, as by a draft or a template."""
        columns = [
            column
            for table in metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, sa.JSON)
        ]

        def find(connection: Connection) -> frozenset[str]:
            return frozenset(
                digest
                for digest in digests
                if any(connection.scalar(_mention(column, digest)) is not None for column in columns)
            )

        return await self._database.read(find)

    # ---------------------------------------------------------------- forgetting

    async def forget_place(self, place: str) -> None:
        """Delete settings, zone, drafts, panels, templates, notes and files of a guild or a person's space.

        Runs that began before write no more notes about it.
        """

        def mark(connection: Connection) -> None:
            insert = insert_into(connection, _forgotten).values(place=place, at=instants.now())
            new = {"at": insert.excluded["at"]}
            connection.execute(insert.on_conflict_do_update(index_elements=["place"], set_=new))

        def forget(connection: Connection) -> None:
            for table in (_guilds, _drafts, _panels, _templates):
                connection.execute(sa.delete(table).where(table.c.guild_id == place))
            own = (_settings.c.scope == "guild", _settings.c.id == place)
            connection.execute(sa.delete(_settings).where(*own))
            connection.execute(sa.delete(_notes).where(_about(place)))

        await self._database.write(mark)
        await self._database.write(forget)
        await self.files.forget_place(place)

    async def forget_user(self, user_id: int) -> None:
        """Delete a person's zone and drafts, and their name in templates and at the files they attached."""

        def forget(connection: Connection) -> None:
            own = (_settings.c.scope == "user", _settings.c.id == str(user_id))
            connection.execute(sa.delete(_settings).where(*own))
            connection.execute(sa.delete(_drafts).where(_drafts.c.user_id == str(user_id)))
            theirs = _templates.c.creator_id == str(user_id)
            connection.execute(sa.update(_templates).where(theirs).values(creator_id=""))

        await self._database.write(forget)
        await self.files.forget_user(str(user_id))


def _note(kind: str, key: str) -> sa.Select[dict[str, Any]]:
    return sa.select(_notes.c.value).where(_notes.c.kind == kind, _notes.c.key == key)


def _mention(column: sa.Column[Any], digest: str) -> sa.Select[int]:
    return sa.select(sa.literal(1)).where(sa.cast(column, sa.Text).contains(digest)).limit(1)


def _about(place: str) -> sa.ColumnElement[bool]:
    """Return the condition of the notes about a place."""
    by_name = {
        Names.KEY: _notes.c.key == place,
        Names.END_OF_KEY: _notes.c.key.endswith(f":{place}", autoescape=True),
        Names.VALUE: _notes.c.value["guild_id"].as_string() == place,
    }
    kinds: dict[Names, list[str]] = {named: [] for named in Names}
    for kind, named in NAMES.items():
        kinds[named].append(kind)
    declared = [sa.and_(_notes.c.kind.in_(kinds[named]), met) for named, met in by_name.items()]
    of_kind = _notes.c.kind.in_([f"{kind}/{place}" for kind in kinds[Names.KIND]])
    others = sa.and_(
        _notes.c.kind.not_in(list(NAMES)),
        sa.or_(by_name[Names.KEY], by_name[Names.VALUE]),
        *(~_notes.c.kind.startswith(f"{kind}/", autoescape=True) for kind in kinds[Names.KIND]),
    )
    return sa.or_(*declared, of_kind, others)


def _put(connection: Connection, kind: str, key: str, value: dict[str, Any]) -> None:
    """Write a note, replacing any with its key."""
    insert = insert_into(connection, _notes).values(kind=kind, key=key, value=value)
    new = {"value": insert.excluded["value"]}
    connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=new))


def _is_forgotten(
    connection: Connection, kind: str, key: str, value: dict[str, Any], began: datetime
) -> bool:
    """Return whether a note is about a place that was forgotten after its writer began."""
    place = place_of(kind, key, value)
    if place is None:
        return False
    query = sa.select(_forgotten.c.at).where(_forgotten.c.place == place)
    forgotten_at = connection.scalar(query)
    return forgotten_at is not None and began < forgotten_at
