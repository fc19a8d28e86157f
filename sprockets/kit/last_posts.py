"""What a job posted before in a channel, and still has to care for: noted for each job and channel.
What a job posts before or after its own runs is noted apart from what they post.

The note is written in a step of the run that posted, so the post and the note can't come apart: a run that
is killed in between is called again, and its journal knows what it posted. The newest post stays noted; an
older one stays only until it is unpinned or deleted, so that one that couldn't be is tried again with the
job's next post. A run that is resumed late, after a newer post, leaves the newer one alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from schedulezero.handler.run_context import current_run
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import LAST_POSTS
from sprockets.kit.turns import turn

_MOST_KEPT = 10
_LONGEST_JOB_ID = 64


@dataclass(frozen=True, slots=True)
class Post:
    """One of the bot's posts.

    Attributes:
        message_id: the message.
        channel_id: the channel or thread where it stands.
        webhook_id: the webhook that posted it; None if the bot itself did.
        pinned: whether the bot pinned it.
    """

    message_id: int
    channel_id: int
    webhook_id: int | None = None
    pinned: bool = False

    @classmethod
    def of(cls, posted: Mapping[str, Any]) -> Post:
        """Return the post that a result of `sprockets.kit.posting.posted` describes."""
        webhook = posted.get("webhook_id")
        return cls(
            int(posted["message_id"]),
            int(posted["channel_id"]),
            int(webhook) if webhook is not None else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, with its ids as strings, and without what it doesn't have."""
        return {key: str(value) if key != "pinned" else value for key, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Post:
        """Return the post that `to_json` wrote."""
        return replace(cls.of(data), pinned=bool(data.get("pinned")))


async def last_post(bot: object, place_id: int) -> Post | None:
    """Return what the current run's job posted last in a channel; None if that is unknown."""
    posts = await _noted(bot, place_id)
    return max(posts, key=lambda post: post.message_id, default=None)


async def add_post(bot: object, place_id: int, guild_id: int, post: Post, *, cares: bool) -> list[Post]:
    """Note a post of the current run, and return the job's older ones in that channel.

    Parameters:
        bot: the bot.
        place_id: the channel that the job names, such as a forum.
        guild_id: its guild.
        post: the post.
        cares: whether the older ones stay noted, until they are `dropped`.
    """
    if current_run().job_id is None:
        return []
    async with turn(_key(place_id)):
        others = [item for item in await _noted(bot, place_id) if item.message_id != post.message_id]
        older = [item for item in others if item.message_id < post.message_id]
        newer = [item for item in others if item.message_id > post.message_id]
        await _save(bot, place_id, guild_id, [*(older if cares else []), post, *newer])
    return older


async def change_post(bot: object, place_id: int, guild_id: int, before: Post, after: Post | None) -> None:
    """Replace a noted post by another state of it, or drop it; nothing if it isn't noted any more."""
    if current_run().job_id is None:
        return
    async with turn(_key(place_id)):
        posts = await _noted(bot, place_id)
        if all(item.message_id != before.message_id for item in posts):
            return
        kept = [item for item in posts if item.message_id != before.message_id]
        await _save(bot, place_id, guild_id, [*kept, *([after] if after is not None else [])])


async def _noted(bot: object, place_id: int) -> list[Post]:
    if current_run().job_id is None:
        return []
    note = await host_of(bot).memory.kept(LAST_POSTS, _key(place_id))
    return [Post.from_json(item) for item in note["posts"]] if note is not None else []


async def _save(bot: object, place_id: int, guild_id: int, posts: list[Post]) -> None:
    kept = sorted(posts, key=lambda post: post.message_id)[-_MOST_KEPT:]
    value = {
        "guild_id": str(guild_id),
        "job_id": current_run().job_id,
        "posts": [item.to_json() for item in kept],
    }
    await host_of(bot).memory.put(LAST_POSTS, _key(place_id), value)


def _key(place_id: int) -> str:
    """Return the note's key, which is short even for another server's long job id."""
    job_id = current_run().job_id or ""
    if len(job_id) > _LONGEST_JOB_ID:
        job_id = hashlib.sha256(job_id.encode()).hexdigest()[:40]
    part = current_run().part
    return f"{job_id}/{part}:{place_id}" if part is not None else f"{job_id}:{place_id}"
