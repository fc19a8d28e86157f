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

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cogs import kept_file_tables as tables
from cogs.file_spool import Collected, DiskFailed, Spool
from cogs.kept_file_tables import FACTS, Usage, files, holders, take_turn, usage_of, write_chunks
from schedulezero import faults, instants
from schedulezero.errors import Gone, JobFailed, ScheduleZeroError
from schedulezero.model.file_limits import check_all_files, check_file, check_guilds_files
from schedulezero.model.kept_file import FileFacts, clean_file_name, is_digest
from schedulezero.model.limits import Excess, Limits
from schedulezero.storage.database import Database
from schedulezero.storage.sql import insert_into

_LONGEST_TYPE = 100
_MOST_UNSURE = 200


class FileRefused(ScheduleZeroError):
    """A file can't be kept; the message is for the person who attached it."""


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
        self._storing = asyncio.Lock()  # one file in a transaction, so that other writers get their turn

    def close(self) -> None:
        """Close the temporary files."""
        self._spool.close()

    # ---------------------------------------------------------------- reading

    async def known(self, digest: str, guild_id: str) -> FileFacts | None:
        """Return what is known of a guild's file; None if the guild has no file with that digest."""
        if not is_digest(digest):
            return None
        query = FACTS.where(holders.c.digest == digest, holders.c.guild_id == guild_id)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return FileFacts(**row) if row is not None else None

    async def of(self, guild_id: str) -> list[FileFacts]:
        """Return all files of a guild, or of a person's own jobs, by name."""
        query = FACTS.where(holders.c.guild_id == guild_id).order_by(holders.c.name, files.c.digest)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [FileFacts(**row) for row in rows]

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
                "One of this job's files can't be read at the moment: {reason}.",
                code="file_unreadable",
                reason=error.reason,
            ) from error
        if file is not None:
            return file
        if await self.known(digest, guild_id) is None:
            raise _missing()  # it was deleted while it was read
        query = sa.update(files).where(files.c.digest == digest).values(damaged=True)
        await self._database.write(lambda connection: connection.execute(query))
        raise Gone(
            "One of this job's files is damaged in my database. Edit the job and attach the file again.",
            code="file_damaged",
        )

    async def _read(self, digest: str) -> AsyncIterator[bytes]:
        number = 0
        while True:
            query = sa.select(tables.chunks.c.data).where(
                tables.chunks.c.digest == digest, tables.chunks.c.number == number
            )
            data = await self._database.read(lambda connection, query=query: connection.scalar(query))
            if data is None:
                return
            yield data
            number += 1

    async def usage(self, guild_id: str | None = None) -> Usage:
        """Return how many files are kept for a guild, or for all."""
        return await self._database.read(lambda connection: usage_of(connection, guild_id))

    # ---------------------------------------------------------------- keeping

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
                "I can't store this file at the moment: {reason}. Tell the bot's owner.",
                code="file_not_stored",
                reason=error.reason,
            ) from error
        with found.file:
            if size is None:
                _expect(check_file(found.size, self._limits))
            elif found.size != size:
                raise FileRefused("This file didn't arrive intact. Upload it again.", code="file_incomplete")
            if not found.size:
                raise FileRefused("This file is empty. Choose another one.", code="attached_file_empty")
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
            async with self._storing:
                await self._database.write(lambda connection: self._store(connection, found, holder))
        return FileFacts(found.digest, found.size, str(holder["name"]), str(holder["type"]))

    def _store(self, connection: Connection, found: Collected, holder: dict[str, object]) -> None:
        take_turn(connection)
        digest, guild_id = found.digest, str(holder["guild_id"])
        damaged = connection.scalar(sa.select(files.c.damaged).where(files.c.digest == digest))
        own = sa.select(sa.literal(1)).where(holders.c.digest == digest, holders.c.guild_id == guild_id)
        if connection.scalar(own) is None:
            self._check_room(connection, guild_id, found.size, new=damaged is None)
        if damaged is None:
            row = {"digest": digest, "size": found.size, "added_at": holder["added_at"], "damaged": False}
            connection.execute(sa.insert(files), [row])
            write_chunks(connection, found)
        elif damaged:
            connection.execute(sa.delete(tables.chunks).where(tables.chunks.c.digest == digest))
            write_chunks(connection, found)
            connection.execute(sa.update(files).where(files.c.digest == digest).values(damaged=False))
        insert = insert_into(connection, holders).values(holder)
        new = {key: insert.excluded[key] for key in holder if key not in ("guild_id", "digest")}
        connection.execute(insert.on_conflict_do_update(index_elements=["guild_id", "digest"], set_=new))
        faults.point("files.kept")

    def _check_room(self, connection: Connection, guild_id: str, size: int, *, new: bool = True) -> None:
        _expect(check_guilds_files(usage_of(connection, guild_id).bytes, size, self._limits))
        if new:
            _expect(check_all_files(usage_of(connection, None).bytes, size, self._limits))

    # ---------------------------------------------------------------- forgetting

    async def forget_place(self, place: str) -> None:
        """Delete all files of a guild, or of a person's own jobs."""
        await self._delete(holders.c.guild_id == place)

    async def forget_user(self, user_id: str) -> None:
        """Forget who attached a person's files; what no job needs of them is deleted by the next sweep."""
        query = (
            sa.update(holders)
            .where(holders.c.user_id == user_id)
            .values(user_id=None, needed_at=instants.from_microseconds(0))
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def unsure(self, before: datetime, doubted_before: datetime) -> dict[str, frozenset[str]]:
        """Return some digests, by guild, of which it isn't known whether anything still needs them.

        What they are found to be is noted by `note_needed` or `note_unneeded`; then others are returned.

        Parameters:
            before: those that were last needed before this instant.
            doubted_before: of those that nothing seemed to need, the ones found so before this instant.
        """
        query = sa.select(holders.c.guild_id, holders.c.digest).where(
            sa.or_(
                sa.and_(holders.c.doubted_at.is_(None), holders.c.needed_at < before),
                holders.c.doubted_at < doubted_before,
            )
        )
        query = query.order_by(holders.c.guild_id).limit(_MOST_UNSURE)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found: dict[str, set[str]] = {}
        for guild_id, digest in rows:
            found.setdefault(str(guild_id), set()).add(str(digest))
        return {guild_id: frozenset(digests) for guild_id, digests in found.items()}

    async def note_needed(self, guild_id: str, digests: Iterable[str], now: datetime) -> None:
        """Note that something of a guild needs these files at an instant."""
        query = (
            sa.update(holders)
            .where(holders.c.guild_id == guild_id, holders.c.digest.in_(list(digests)))
            .values(needed_at=now, doubted_at=None)
        )
        await self._database.write(lambda connection: connection.execute(query))

    async def note_unneeded(
        self, guild_id: str, digests: Iterable[str], now: datetime, doubted_before: datetime
    ) -> int:
        """Note that nothing of a guild seems to need these files at an instant; return how many were deleted.

        Deleted are those of which that was noted before an instant already, and not taken back since.
        """
        ours = (holders.c.guild_id == guild_id, holders.c.digest.in_(list(digests)))
        mark = sa.update(holders).where(*ours, holders.c.doubted_at.is_(None)).values(doubted_at=now)
        deleted = await self._delete(sa.and_(*ours, holders.c.doubted_at < doubted_before))
        await self._database.write(lambda connection: connection.execute(mark))
        return deleted

    async def _delete(self, which: sa.ColumnElement[bool]) -> int:
        """Delete some holders, and the files that nobody holds then; return how many holders there were."""

        def delete(connection: Connection) -> tuple[int, list[str]]:
            take_turn(connection)
            count = connection.execute(sa.delete(holders).where(which)).rowcount
            held = sa.select(holders.c.digest).where(holders.c.digest == files.c.digest).exists()
            unheld = sa.delete(files).where(~held).returning(files.c.digest)
            over = list(connection.scalars(unheld).all())
            for digest in over:
                connection.execute(sa.delete(tables.chunks).where(tables.chunks.c.digest == digest))
            faults.point("files.forgotten")
            return count, over

        count, over = await self._database.write(delete)
        for digest in over:
            self._spool.forget(digest)
        return count


def _expect(excess: Excess | None) -> None:
    if excess is not None:
        raise FileRefused(excess.message)


def _missing() -> Gone:
    return Gone(
        "One of this job's files is no longer stored. Edit the job and attach the file again.",
        code="file_missing",
    )
