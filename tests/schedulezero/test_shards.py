"""Whose guild is whose: Discord's formula, and shares of shards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.wire.shards import Shards, cluster_shards, read_shards, shard_of


@given(st.integers(1, 64), st.integers(1, 500))
def test_clusters_share_all_shards_evenly(clusters: int, count: int) -> None:
    shares = [cluster_shards(number, clusters, count).ids for number in range(1, clusters + 1)]
    assert sorted(shard for share in shares for shard in share) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_guild_belongs_to_the_shard_of_discords_formula() -> None:
    guild = 197038439483310086  # (197038439483310086 >> 22) % 16, by hand: 46977624770 % 16 = 2
    assert shard_of(guild, 16) == (guild >> 22) % 16 == 2
    assert Shards(frozenset({2}), 16).hold(str(guild))
    assert not Shards(frozenset({3}), 16).hold(str(guild))
    assert not Shards(frozenset({0}), 1).hold("no id")


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"ids": [0]}, {"count": 4}, {"ids": [4], "count": 4}, {"ids": [-1], "count": 4},
     {"ids": "0", "count": 4}, {"ids": [True], "count": 4}, {"ids": [0], "count": 0},
     {"ids": [0], "count": "4"},
     {"ids": [0], "count": 10**9}, {"ids": [[0]], "count": 4}],
)  # fmt: skip
def test_malformed_shards_are_refused_in_words(value: object) -> None:
    with pytest.raises(ValueError, match='"shards" needs'):
        read_shards(value)


def test_shards_come_back_as_they_were_sent() -> None:
    shards = Shards(frozenset({1, 2}), 8)
    assert read_shards(shards.to_json()) == shards
