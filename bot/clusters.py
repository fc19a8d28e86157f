"""Clusters: run one bot as several processes, each with its share of the shards. Pure.

A cluster is written ``2/8``: the second of eight. Each cluster is one contiguous range of shards
(https://discord.com/developers/docs/events/gateway#sharding).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from schedulezero.wire.shards import Shards, cluster_shards

_MOST_CLUSTERS = 10_000


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of several processes of a bot, counted from 1."""

    number: int
    count: int

    @property
    def leads(self) -> bool:
        """Whether this cluster does the work that only one may do, such as syncing the commands."""
        return self.number == 1

    def shards(self, count: int) -> Shards:
        """Return this cluster's share of ``count`` shards."""
        return cluster_shards(self.number, self.count, count)

    def port(self, first: int) -> int:
        """Return this cluster's port, counting up from ``first``: several fit on one machine."""
        return first + self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def read_cluster(text: str) -> Cluster:
    """Parse a cluster such as ``2/8``. Raises ValueError with a message that says what is valid."""
    match = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text.strip())
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count <= _MOST_CLUSTERS:
        raise ValueError("a cluster is written as its number and how many there are, such as 2/8")
    return Cluster(number, count)
