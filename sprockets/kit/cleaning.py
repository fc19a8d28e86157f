"""Deletes many messages at Discord's pace, over as many calls of a job as that takes.

Discord deletes up to 100 messages at once if they are younger than 14 days, and older ones one by one,
slowly: about one in four seconds (https://discord.com/developers/docs/resources/message#bulk-delete-messages).
So a clean-up looks for messages page by page and notes each page, and each handful that it deleted, as a
step. When Discord slows it down or its call has taken a while, it ends with `JobFailed` and goes on with the
next call. After a crash in the middle of a handful it looks which of them are still there, so that it asks
for no deletion twice.

Some messages stay: pinned ones, those that Discord wrote itself and nobody can delete, and a forum post's
first message, which is the post.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import discord

from schedulezero import instants
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.methods.members import member_of
from schedulezero.sentences import Sentence
from sprockets.kit.asking import REASON, asking_discord, refused_with
from sprockets.kit.lookups import Sendable

_BULK = 100
_BULK_AGE = timedelta(days=14) - timedelta(minutes=5)  # Discord refuses older ones; keep a margin
_ONE_BY_ONE = 25
"""How many messages are deleted one by one before that is noted."""
_LOOKED_AT_ONCE = 1000
MOST_LOOKED_AT = 20_000
_SLOW_SECONDS = 1.0
"""A deletion that takes longer has waited for Discord's limit."""
_REST_SECONDS = 60.0
_CALL_SECONDS = 15.0
"""After so long, the rest is left to the next call, well before the handler's deadline."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages to delete.

    Attributes:
        until: Only messages posted before this instant.
        user_id: Only those of this person.
        contains: Only those with this text.
        kept_people: None of these people's.
        kept_role_id: None by members with this role.
        keep_bots: None by bots and webhooks.
        keep_files: None with an attachment.
    """

    until: datetime
    user_id: int | None = None
    contains: str = ""
    kept_people: Sequence[int] = ()
    kept_role_id: int | None = None
    keep_bots: bool = False
    keep_files: bool = False

    def takes(self, message: discord.Message) -> bool:
        """Return whether to delete a message, as far as the message itself tells."""
        author = message.author
        is_post = message.id == message.channel.id
        return not (
            message.pinned
            or is_post
            or not message.type.is_deletable()
            or (self.user_id and author.id != self.user_id)
            or author.id in self.kept_people
            or (self.keep_bots and (author.bot or message.webhook_id is not None))
            or (self.keep_files and message.attachments)
            or (self.contains and self.contains.casefold() not in message.content.casefold())
        )


@dataclass
class Cleaning:
    """The work of one call: what is deleted so far, and when to stop.

    Attributes:
        wanted: Which messages.
        limit: The most to delete.
        deleted: How many are deleted, or gone.
        stuck: How many Discord didn't let go.
        looked_at: How many messages were looked at.
    """

    wanted: Wanted
    limit: int
    deleted: int = 0
    stuck: int = 0
    looked_at: int = 0
    _chosen: int = 0
    _began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _roles: dict[int, bool] = field(default_factory=dict[int, bool])

    @property
    def is_over(self) -> bool:
        """Whether no more messages may be looked for."""
        return self._chosen >= self.limit or self.looked_at >= MOST_LOOKED_AT

    async def clean(self, place: Sendable) -> None:
        """Delete the messages of one channel or thread. Raises JobFailed to be called again."""
        before: int | None = discord.utils.time_snowflake(self.wanted.until)
        number = 0
        while before is not None and not self.is_over:
            plan = {"before": str(before), "most": min(_BULK, self.limit - self._chosen)}

            async def look(plan: dict[str, Any]) -> dict[str, Any]:
                async with asking_discord(
                    Sentence("look for messages in #{channel}", "doing_find_messages", channel=place.name)
                ):
                    return await self._page(place, int(plan["before"]), plan["most"])

            # Noted once per run: resuming after a crash must not choose more messages.
            page = await step(f"look:{place.id}:{number}", look, plan=plan)
            self.looked_at += page["looked_at"]
            self._chosen += len(page["found"])
            await self._delete(place, number, [int(item) for item in page["found"]])
            before = int(page["next"]) if page["next"] is not None else None
            number += 1
            self._go_on_later_if_due()

    async def _page(self, place: Sendable, before: int, most: int) -> dict[str, Any]:
        found: list[str] = []
        looked_at, last = 0, None
        async for message in place.history(limit=_LOOKED_AT_ONCE, before=discord.Object(before)):
            looked_at += 1
            last = message.id
            if self.wanted.takes(message) and not await self._has_kept_role(place.guild, message):
                found.append(str(message.id))
                if len(found) == most:
                    break
        more = len(found) == most or looked_at == _LOOKED_AT_ONCE
        return {"found": found, "looked_at": looked_at, "next": str(last) if more else None}

    async def found_in(self, place: Sendable) -> AsyncGenerator[discord.Message]:
        """Yield the messages that would be deleted now, the newest first, without deleting any."""
        before = discord.Object(discord.utils.time_snowflake(self.wanted.until))
        async for message in place.history(limit=2 * _LOOKED_AT_ONCE, before=before):
            if self._chosen < self.limit and self.wanted.takes(message):
                if await self._has_kept_role(place.guild, message):
                    continue
                self._chosen += 1
                yield message

    async def _has_kept_role(self, guild: discord.Guild, message: discord.Message) -> bool:
        role_id, author = self.wanted.kept_role_id, message.author
        if role_id is None or message.webhook_id is not None:
            return False
        if author.id not in self._roles:
            # A message from the history doesn't tell its author's roles.
            try:
                member = await member_of(guild, author.id)
            except discord.NotFound:
                self._roles[author.id] = False  # left the server
            else:
                self._roles[author.id] = member.get_role(role_id) is not None
        return self._roles[author.id]

    async def _delete(self, place: Sendable, number: int, ids: list[int]) -> None:
        at = 0
        while at < len(ids):
            key = f"delete:{place.id}:{number}:{at}"
            result, rest = await self._handful(place, key, ids[at:])
            at += result["taken"]
            self.stuck += result["stuck"]
            self.deleted += result["taken"] - result["stuck"]
            if rest is not None:
                raise self._later(rest)
            self._go_on_later_if_due()

    async def _handful(
        self, place: Sendable, key: str, ids: list[int]
    ) -> tuple[dict[str, Any], float | None]:
        """Delete the first of some messages once, and return how many, and the pause that Discord wants."""
        rest: float | None = None
        unsure = False

        async def find(_: dict[str, Any], _since: datetime) -> None:
            nonlocal unsure
            unsure = True  # an earlier call may have deleted some of them

        async def do(plan: dict[str, Any]) -> dict[str, Any]:
            nonlocal rest
            some = await self._some(place, [int(item) for item in plan["ids"]], unsure=unsure)
            rest = some.rest
            return {"taken": some.taken, "stuck": some.stuck}

        result = await step(key, do, plan={"ids": [str(item) for item in ids]}, find=find)
        return result, rest

    async def _some(self, place: Sendable, ids: list[int], *, unsure: bool) -> _Some:
        """Delete the first of some messages: all young ones together, or a few old ones."""
        newest_old = discord.utils.time_snowflake(instants.now() - _BULK_AGE)
        young = [item for item in ids if item > newest_old]
        taken = young or ids[:_ONE_BY_ONE]
        async with asking_discord(
            Sentence("delete messages in #{channel}", "doing_delete_messages", channel=place.name)
        ):
            there = await _still_there(place, taken) if unsure else taken
            if len(there) > 1 and young:
                try:
                    await place.delete_messages([discord.Object(item) for item in there], reason=REASON)
                    return _Some(len(taken))
                except discord.HTTPException as error:
                    if error.code not in (50021, 50034):
                        raise
                # One of them stops the others, so each goes alone.
                taken = taken[:_ONE_BY_ONE]
                there = [item for item in there if item in taken]
        return await self._one_by_one(place, taken, there)

    async def _one_by_one(self, place: Sendable, taken: list[int], there: list[int]) -> _Some:
        stuck = 0
        time = asyncio.get_running_loop().time
        for item in there:
            sent_at = time()
            try:
                async with asking_discord(
                    Sentence("delete messages in #{channel}", "doing_delete_messages", channel=place.name)
                ):
                    await place.get_partial_message(item).delete()
            except JobFailed as error:
                code = refused_with(error)
                if code == 50021:
                    stuck += 1
                elif code != 10008:  # else somebody deleted it first
                    if error.may_have_worked or item == there[0]:
                        raise
                    return _Some(taken.index(item), stuck, rest=error.retry_after)
            if time() - sent_at > _SLOW_SECONDS:
                return _Some(taken.index(item) + 1, stuck, rest=_REST_SECONDS)
        return _Some(len(taken), stuck)

    def _go_on_later_if_due(self) -> None:
        if asyncio.get_running_loop().time() - self._began > _CALL_SECONDS and current_run().steps:
            raise self._later(0.1)

    def _later(self, seconds: float) -> JobFailed:
        return JobFailed(
            "Messages deleted so far: {deleted}. I'll continue at the pace that Discord allows.",
            retry_after=seconds,
            code="clean_up_goes_on",
            deleted=self.deleted,
        )


@dataclass(frozen=True, slots=True)
class _Some:
    """What became of the first ``taken`` messages; ``rest`` is how long Discord wants a pause."""

    taken: int
    stuck: int = 0
    rest: float | None = None


async def _still_there(place: Sendable, ids: list[int]) -> list[int]:
    """Return those messages that still exist, in the same order; newest first, as they are given."""
    found: set[int] = set()
    after, before = discord.Object(ids[-1] - 1), discord.Object(ids[0] + 1)
    async for message in place.history(limit=None, after=after, before=before, oldest_first=True):
        found.add(message.id)
    return [item for item in ids if item in found]


async def public_threads(place: Sendable) -> list[discord.Thread]:
    """Return a channel's public threads, archived ones included."""
    if not isinstance(place, discord.TextChannel):
        return []
    found = {thread.id: thread for thread in place.threads if not thread.is_private()}
    async with asking_discord(
        Sentence("look for threads in #{channel}", "doing_find_threads", channel=place.name)
    ):
        async for thread in place.archived_threads(limit=None):
            found[thread.id] = thread
    return list(found.values())
