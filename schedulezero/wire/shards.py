"""Which share of Discord's guilds a handler instance serves. Pure.

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
        """Return whether a guild is on these shards; an invalid id is on none."""
        return guild_id.isascii() and guild_id.isdigit() and shard_of(int(guild_id), self.count) in self.ids

    def to_json(self) -> JsonObject:
        return {"ids": sorted(self.ids), "count": self.count}


def shard_of(guild_id: int, count: int) -> int:
    """Return a guild's shard, out of ``count``."""
    return (guild_id >> 22) % count


def read_shards(value: Any) -> Shards:
    """Read the shards in a registration; raises ValueError with the reason if they are invalid."""
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
    """Return the shards of one of several processes: contiguous, in sizes that differ by one at most.

    Parameters:
        cluster: the process's number, counted from 1.
        clusters: number of processes.
        count: total number of shards.
    """
    first, last = (cluster - 1) * count // clusters, cluster * count // clusters
    return Shards(frozenset(range(first, last)), count)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
