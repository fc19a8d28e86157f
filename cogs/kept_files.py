"""The files that people attach to jobs, kept by their content in the bot's own database.

Discord's links to attachments expire
(https://discord.com/developers/docs/reference#signed-attachment-cdn-urls), so the bot keeps the file itself
and sends it again at each run. A file is known by the SHA-256 of its content: the same content is stored
once, in chunks, and each guild that was given it has a row among the *holders*. Only a holder can open it. No
file is ever in memory as a whole.

A file is stored in one transaction, after it arrived completely, so an interrupted upload leaves nothing.
What no guild holds any more is deleted in the transaction that removes the last holder.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs.file_spool import CHUNK, Collected, DiskFailed, Spool
from cogs.own_tables import metadata
from schedulezero import faults, instants
from schedulezero.errors import Gone, JobFailed, ScheduleZeroError
from schedulezero.model.file_limits import check_all_files, check_file, check_guilds_files
from schedulezero.model.kept_file import FileFacts, clean_file_name, is_digest
from schedulezero.model.limits import Excess, Limits
from schedulezero.storage.database import Database
from schedulezero.storage.sql import Instant, insert_into, is_postgres

_files = sa.Table(
    "bot_files",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("damaged", sa.Boolean, nullable=False),  # found so when it was read
)
_chunks = sa.Table(
    "bot_file_chunks",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
_holders = sa.Table(
    "bot_file_holders",
    metadata,
    sa.Column("guild_id", sa.String(20), primary_key=True),  # or of a person, for their own jobs
    sa.Column("digest", sa.String(64), primary_key=True, index=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("type", sa.String(100), nullable=False),
    sa.Column("user_id", sa.String(20)),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("needed_at", Instant, nullable=False),  # when it was last known to be needed
    sa.Column("doubted_at", Instant),  # when nothing was found that needs it
)

_LONGEST_TYPE = 100
_TURN = 0x46494C45
"""The advisory lock of changes to files on PostgreSQL, so that limits and holders can't change in between."""


class FileRefused(ScheduleZeroError):
    """A file can't be kept; the message is for the person who attached it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A number of files and their total size in bytes."""

    count: int
    bytes: int


class KeptFileStore:
    """The kept files of one bot; implements `schedulezero.methods.host.KeptFiles`.

    Parameters:
        database: the bot's own database.
        limits: the owner's limits.
        folder: where files lie for a moment on their way in and out; see `cogs.file_spool`.
    """

    def __init__(self, database: Database, limits: Limits, folder: Path | None) -> None:
        self._database = database
        self._limits = limits
        self._spool = Spool(folder)

    def close(self) -> None:
        """Close the temporary files."""
        self._spool.close()

    # ---------------------------------------------------------------- reading

    async def known(self, digest: str, guild_id: str) -> FileFacts | None:
        """Return what is known of a guild's file; None if the guild has no file with that digest."""
        if not is_digest(digest):
            return None
        query = (
            sa.select(_files.c.digest, _files.c.size, _holders.c.name, _holders.c.type)
            .join(_holders, _holders.c.digest == _files.c.digest)
            .where(_holders.c.digest == digest, _holders.c.guild_id == guild_id)
        )
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return FileFacts(**row) if row is not None else None

    async def open(self, digest: str, guild_id: str) -> BinaryIO:
        """Return a guild's file, open for reading, seekable and checked; the caller closes it.

        Raises Gone with the code ``file_missing`` if the guild has no such file and ``file_damaged`` if its
        content has changed; JobFailed if there is no room on the disk.
        """
        if await self.known(digest, guild_id) is None:
            raise _missing()
        try:
            file = await self._spool.copy(digest, self._read(digest))
        except DiskFailed as error:
            raise JobFailed(
                "A file of this job can't be read at the moment: {reason}.",
                code="file_unreadable",
                reason=error.strerror or type(error).__name__,
            ) from error
        if file is not None:
            return file
        if await self.known(digest, guild_id) is None:
            raise _missing()  # it was deleted while it was read
        query = sa.update(_files).where(_files.c.digest == digest).values(damaged=True)
        await self._database.write(lambda connection: connection.execute(query))
        raise Gone(
            "A file of this job is damaged in the bot's database. Edit the job and attach it again.",
            code="file_damaged",
        )

    async def _read(self, digest: str) -> AsyncIterator[bytes]:
        number = 0
        while True:
            query = sa.select(_chunks.c.data).where(_chunks.c.digest == digest, _chunks.c.number == number)
            data = await self._database.read(lambda connection, query=query: connection.scalar(query))
            if data is None:
                return
            yield data
            number += 1

    async def usage(self, guild_id: str | None = None) -> Usage:
        """Return how many files are kept for a guild, or for all."""
        return await self._database.read(lambda connection: _usage(connection, guild_id))

    # ---------------------------------------------------------------- keeping

    async def check_room(self, guild_id: str, size: int) -> None:
        """Raise FileRefused if a new file of that size in bytes would exceed a limit."""
        _expect(check_file(size, self._limits))
        await self._database.read(lambda connection: self._check_room(connection, guild_id, size))

    async def keep(
        self,
        guild_id: str,
        user_id: str,
        name: str,
        chunks: AsyncIterable[bytes],
        *,
        media_type: str = "",
        size: int | None = None,
    ) -> FileFacts:
        """Keep a file for a guild, and return what is known of it then.

        Parameters:
            guild_id: the guild's id, or the person's for their own jobs.
            user_id: who attached it.
            name: its name, which is cleaned.
            chunks: its content, read once.
            media_type: its media type, such as ``image/png``, if known.
            size: how many bytes it was said to have; a file with more or fewer is refused.

        Raises FileRefused if it exceeds a limit, is empty or is incomplete. Nothing is kept then, nor if
        reading the chunks fails.
        """
        most = self._limits.kept_file_bytes
        if size is not None:
            _expect(check_file(size, self._limits))
        try:
            found = await self._spool.collect(chunks, most if size is None else min(most, size))
        except DiskFailed as error:
            raise FileRefused(
                "The bot can't store this file at the moment: {reason}. Tell the bot's owner.",
                code="file_not_stored",
                reason=error.strerror or type(error).__name__,
            ) from error
        with found.file:
            if size is None:
                _expect(check_file(found.size, self._limits))
            elif found.size != size:
                raise FileRefused(
                    "This file didn't arrive as it was sent. Upload it again.", code="file_incomplete"
                )
            if not found.size:
                raise FileRefused("This file is empty. Choose another one.", code="file_empty")
            now = instants.now()
            holder = {
                "guild_id": guild_id,
                "digest": found.digest,
                "name": clean_file_name(name),
                "type": media_type.replace("\0", "")[:_LONGEST_TYPE],
                "user_id": user_id,
                "added_at": now,
                "needed_at": now,
                "doubted_at": None,
            }
            await self._database.write(lambda connection: self._store(connection, found, holder))
        return FileFacts(found.digest, found.size, str(holder["name"]), str(holder["type"]))

    def _store(self, connection: Connection, found: Collected, holder: dict[str, object]) -> None:
        _take_turn(connection)
        digest, guild_id = found.digest, str(holder["guild_id"])
        damaged = connection.scalar(sa.select(_files.c.damaged).where(_files.c.digest == digest))
        own = sa.select(sa.literal(1)).where(_holders.c.digest == digest, _holders.c.guild_id == guild_id)
        if connection.scalar(own) is None:
            self._check_room(connection, guild_id, found.size, new=damaged is None)
        if damaged is None:
            row = {"digest": digest, "size": found.size, "added_at": holder["added_at"], "damaged": False}
            connection.execute(sa.insert(_files), [row])
            _write_chunks(connection, found)
        elif damaged:
            connection.execute(sa.delete(_chunks).where(_chunks.c.digest == digest))
            _write_chunks(connection, found)
            connection.execute(sa.update(_files).where(_files.c.digest == digest).values(damaged=False))
        insert = insert_into(connection, _holders).values(holder)
        new = {key: insert.excluded[key] for key in holder if key not in ("guild_id", "digest")}
        connection.execute(insert.on_conflict_do_update(index_elements=["guild_id", "digest"], set_=new))
        faults.point("files.kept")

    def _check_room(self, connection: Connection, guild_id: str, size: int, *, new: bool = True) -> None:
        _expect(check_guilds_files(_usage(connection, guild_id).bytes, size, self._limits))
        if new:
            _expect(check_all_files(_usage(connection, None).bytes, size, self._limits))

    # ---------------------------------------------------------------- forgetting

    async def forget_place(self, place: str) -> None:
        """Delete all files of a guild, or of a person's own jobs."""
        await self._delete(_holders.c.guild_id == place)

    async def forget_user(self, user_id: str) -> None:
        """Forget who attached a person's files; what no job needs of them is deleted by the next sweep."""
        query = (
            sa.update(_holders)
            .where(_holders.c.user_id == user_id)
            .values(user_id=None, needed_at=instants.from_microseconds(0))
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def unsure(self, before: datetime, doubted_before: datetime) -> dict[str, frozenset[str]]:
        """Return the digests, by guild, of which it isn't known whether anything still needs them.

        Parameters:
            before: those that were last needed before this instant.
            doubted_before: of those that nothing seemed to need, the ones found so before this instant.
        """
        query = sa.select(_holders.c.guild_id, _holders.c.digest).where(
            sa.or_(
                sa.and_(_holders.c.doubted_at.is_(None), _holders.c.needed_at < before),
                _holders.c.doubted_at < doubted_before,
            )
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found: dict[str, set[str]] = {}
        for guild_id, digest in rows:
            found.setdefault(str(guild_id), set()).add(str(digest))
        return {guild_id: frozenset(digests) for guild_id, digests in found.items()}

    async def note_needed(self, guild_id: str, digests: Iterable[str]) -> None:
        """Note that something of a guild needs these files."""
        query = (
            sa.update(_holders)
            .where(_holders.c.guild_id == guild_id, _holders.c.digest.in_(list(digests)))
            .values(needed_at=instants.now(), doubted_at=None)
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def note_unneeded(self, guild_id: str, digests: Iterable[str], doubted_before: datetime) -> int:
        """Note that nothing of a guild seems to need these files; return how many were deleted.

        Deleted are those of which that was noted before an instant already, and not taken back since.
        """
        ours = (_holders.c.guild_id == guild_id, _holders.c.digest.in_(list(digests)))
        mark = (
            sa.update(_holders)
            .where(*ours, _holders.c.doubted_at.is_(None))
            .values(doubted_at=instants.now())
        )
        deleted = await self._delete(sa.and_(*ours, _holders.c.doubted_at < doubted_before))
        await self._database.write(lambda connection: connection.execute(mark))
        return deleted

    async def _delete(self, which: sa.ColumnElement[bool]) -> int:
        """Delete some holders, and the files that nobody holds then; return how many holders there were."""

        def delete(connection: Connection) -> tuple[int, list[str]]:
            _take_turn(connection)
            query = sa.delete(_holders).where(which).returning(_holders.c.digest)
            digests = list(connection.scalars(query).all())
            held = sa.select(_holders.c.digest).where(_holders.c.digest == _files.c.digest).exists()
            over = list(
                connection.scalars(
                    sa.delete(_files)
                    .where(_files.c.digest.in_(set(digests)), ~held)
                    .returning(_files.c.digest)
                ).all()
            )
            connection.execute(sa.delete(_chunks).where(_chunks.c.digest.in_(over)))
            faults.point("files.forgotten")
            return len(digests), over

        count, over = await self._database.write(delete)
        for digest in over:
            self._spool.forget(digest)
        return count


def _take_turn(connection: Connection) -> None:
    """Let one transaction at a time change files; on SQLite there is only one anyway."""
    if is_postgres(connection):
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TURN})"))


def _write_chunks(connection: Connection, found: Collected) -> None:
    found.file.seek(0)  # also because the database may call this again
    for number in range(-(-found.size // CHUNK)):
        row = {"digest": found.digest, "number": number, "data": found.file.read(CHUNK)}
        connection.execute(sa.insert(_chunks), [row])
        faults.point("files.chunk")


def _usage(connection: Connection, guild_id: str | None) -> Usage:
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_files.c.size), 0)).select_from(_files)
    if guild_id is not None:
        query = query.join(_holders, _holders.c.digest == _files.c.digest)
        query = query.where(_holders.c.guild_id == guild_id)
    count, total = connection.execute(query).one()
    return Usage(int(count), int(total))


def _expect(excess: Excess | None) -> None:
    if excess is not None:
        raise FileRefused(excess.message)


def _missing() -> Gone:
    return Gone(
        "A file of this job is no longer stored. Edit the job and attach it again.", code="file_missing"
    )
