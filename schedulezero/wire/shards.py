"""Which share of Discord's guilds an instance of a handler serves. Pure.

A bot with many guilds has several connections to Discord, and a guild belongs to one of them: shard
``(guild_id >> 22) % count`` (https://discord.com/developers/docs/events/gateway#sharding-sharding-formula).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from schedulezero.model import JsonObject

_MOST_SHARDS = 100_000


@dataclass(frozen=True, slots=True)
class Shards:
    """Some of ``count`` shards."""

    ids: frozenset[int]
    count: int

    def hold(self, guild_id: str) -> bool:
        """Whether a guild is among them; a text that is no id belongs to none."""
        return guild_id.isascii() and guild_id.isdigit() and shard_of(int(guild_id), self.count) in self.ids

    def to_json(self) -> JsonObject:
        return {"ids": sorted(self.ids), "count": self.count}


def shard_of(guild_id: int, count: int) -> int:
    """The shard of a guild, when there are so many."""
    return (guild_id >> 22) % count


def read_shards(value: Any) -> Shards:
    """Shards as a registration declares them; ValueError says what is wrong."""
    data = cast(JsonObject, value) if isinstance(value, dict) else {}
    count = _number(data.get("count"))
    if count is None or not 0 < count <= _MOST_SHARDS:
        raise ValueError('"shards" needs "count", the number of all shards.')
    given = data.get("ids")
    ids = [_number(item) for item in cast("list[Any]", given)] if isinstance(given, list) else [None]
    if not all(item is not None and 0 <= item < count for item in ids):
        raise ValueError('"shards" needs "ids", a list of numbers below "count".')
    return Shards(frozenset(item for item in ids if item is not None), count)


def cluster_shards(cluster: int, clusters: int, count: int) -> Shards:
    """The shards of one of several processes: neighbours stay together, sizes differ by one at most.

    Parameters:
        cluster: which one, counted from 1.
        clusters: how many there are.
        count: how many shards all of them have together.
    """
    first, last = (cluster - 1) * count // clusters, cluster * count // clusters
    return Shards(frozenset(range(first, last)), count)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
