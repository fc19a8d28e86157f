"""Calendar feeds: made and revoked through the API, stored as digests, found by the secret in their address.

A secret is the feed's id (64 bits, public) and 256 random bits. As with tokens (`records.tokens`), a plain
SHA-256 of that can't be reversed by guessing. What a feed may show is stored with it, because only the bot
knows Discord's channels.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model.feed import FEEDS_OF_A_GUILD, FEEDS_OF_A_PERSON, Feed, NewFeed, Shown
from schedulezero.server.records import audit
from schedulezero.server.records.tables import feeds
from schedulezero.storage.database import Database
from schedulezero.storage.sql import is_postgres

SECRET = re.compile(r"(?P<id>[0-9a-f]{16})[A-Za-z0-9_-]{43}", re.ASCII)
_NOBODY = "0" * 16
_NO_DIGEST = "0" * 64
_COUNTING = 0x46454544  # the advisory lock for counting a place's feeds
_NOTED_EACH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed that was asked for by its secret, and what was last sent."""

    feed: Feed
    shown: Shown
    etag: str | None
    changed_at: datetime | None


class Feeds:
    """The feeds in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self, place: str, shown: Shown, now: datetime, *, personal: bool, by: str | None
    ) -> NewFeed | None:
        """Make a feed and return it with its secret; None if the place has as many as it may have."""
        most = FEEDS_OF_A_PERSON if personal else FEEDS_OF_A_GUILD
        feed = Feed(secrets.token_hex(8), place, personal, by, now)
        secret = _new_secret(feed.id)

        def insert(connection: Connection) -> bool:
            if is_postgres(connection):
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTING)))
            count = sa.select(sa.func.count()).where(feeds.c.place == place)
            if (connection.scalar(count) or 0) >= most:
                return False
            row = {
                "id": feed.id,
                "place": place,
                "personal": personal,
                "digest": _digest(secret),
                "creator_id": by,
                "created_at": now,
                "shown": shown.to_json(),
            }
            connection.execute(sa.insert(feeds), [row])
            audit.note(connection, "feed_made", guild_id=place, name=feed.id[:8], actor_id=by)
            return True

        return NewFeed(feed, secret) if await self._database.write(insert) else None

    async def renew(self, place: str, feed_id: str, now: datetime, by: str | None) -> NewFeed | None:
        """Give a feed a new secret; the old one stops working at once. None if there is no such feed."""
        secret = _new_secret(feed_id)
        values = {
            "digest": _digest(secret),
            "created_at": now,
            "creator_id": by,
            "polled_at": None,
            "etag": None,
            "changed_at": None,
        }

        def update(connection: Connection) -> Feed | None:
            renewed = sa.update(feeds).where(_is(place, feed_id)).values(values)
            if connection.execute(renewed).rowcount == 0:
                return None
            audit.note(connection, "feed_renewed", guild_id=place, name=feed_id[:8], actor_id=by)
            row = connection.execute(sa.select(feeds).where(feeds.c.id == feed_id)).mappings().one()
            return _feed(row)

        feed = await self._database.write(update)
        return NewFeed(feed, secret) if feed is not None else None

    async def revoke(self, place: str, feed_id: str, by: str | None) -> bool:
        """Revoke a feed. Returns False if there is none with that id."""

        def delete(connection: Connection) -> bool:
            if connection.execute(sa.delete(feeds).where(_is(place, feed_id))).rowcount == 0:
                return False
            audit.note(connection, "feed_revoked", guild_id=place, name=feed_id[:8], actor_id=by)
            return True

        return await self._database.write(delete)

    async def of(self, place: str) -> list[Feed]:
        """Return a place's feeds, oldest first."""
        query = sa.select(feeds).where(feeds.c.place == place).order_by(feeds.c.created_at, feeds.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_feed(row) for row in rows]

    async def guilds(self) -> list[str]:
        """Return the guilds that have feeds."""
        query = sa.select(feeds.c.place).where(feeds.c.personal.is_(False)).distinct().order_by(feeds.c.place)
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def show(self, place: str, shown: Shown) -> int:
        """Set what a place's feeds show. Returns how many it has."""
        update = sa.update(feeds).where(feeds.c.place == place).values(shown=shown.to_json())
        return await self._database.write(lambda connection: connection.execute(update).rowcount)

    async def polled(self, secret: str) -> Polled | None:
        """Return the feed with that secret, or None.

        Unknown and malformed secrets take the same steps as known ones.
        """
        match = SECRET.fullmatch(secret)
        query = sa.select(feeds).where(feeds.c.id == (match["id"] if match else _NOBODY))
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        digest = str(row["digest"]) if row is not None else _NO_DIGEST
        if not hmac.compare_digest(digest, _digest(secret)) or row is None:
            return None
        return Polled(_feed(row), Shown.from_json(row["shown"]), row["etag"], row["changed_at"])

    async def note_poll(self, polled: Polled, etag: str, now: datetime) -> datetime:
        """Note that a feed was sent; return since when it has this content.

        Writes only if the content changed, or once a minute, because calendar programs poll all the time.
        """
        feed, changed_at = polled.feed, polled.changed_at
        if changed_at is None or polled.etag != etag:
            changed_at = now
        elif feed.polled_at is not None and abs(now - feed.polled_at) < _NOTED_EACH:
            return changed_at
        values = {"etag": etag, "changed_at": changed_at, "polled_at": now}
        # Not if it was renewed or revoked while it was being sent.
        unchanged = sa.and_(feeds.c.id == feed.id, feeds.c.created_at == feed.created_at)
        update = sa.update(feeds).where(unchanged).values(values)
        await self._database.write(lambda connection: connection.execute(update))
        return changed_at


def _is(place: str, feed_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(feeds.c.place == place, feeds.c.id == feed_id)


def _feed(row: Mapping[Any, Any]) -> Feed:
    return Feed(
        row["id"], row["place"], row["personal"], row["creator_id"], row["created_at"], row["polled_at"]
    )


def _new_secret(feed_id: str) -> str:
    return f"{feed_id}{secrets.token_urlsafe(32)}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
