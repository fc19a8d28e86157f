"""Guilds of unequal size on a virtual clock: nobody waits much longer than the fair share says."""

from __future__ import annotations

import pytest

from benchmarks.rush import rush_of, shares
from benchmarks.soak import MOST_OF_FAIR
from benchmarks.taking_turns import (
    Post,
    an_hour,
    leave,
    leave_as_fluid,
    leave_in_order,
    worst_share,
    zipf_sizes,
)


def test_no_guilds_p99_is_more_than_three_times_its_fair_share() -> None:
    posts = an_hour(guilds=40, posts=2_000, seconds=60)
    fair = leave_as_fluid(posts)
    assert worst_share(posts, leave(posts), fair) <= MOST_OF_FAIR
    assert worst_share(posts, leave_in_order(posts), fair) > MOST_OF_FAIR  # it isn't so by itself


def test_in_a_rush_each_guilds_first_post_goes_before_anybodys_tenth() -> None:
    posts = rush_of(guilds=400, runs=1_000)
    ours, in_order = shares(posts, leave(posts)), shares(posts, leave_in_order(posts))
    assert ours.firsts_first and not in_order.firsts_first
    assert ours.single < in_order.single / 2


def test_the_fluid_shares_equally() -> None:
    posts = [Post(0, 0.0), Post(0, 0.0), Post(1, 0.0), Post(1, 10.0)]
    assert leave_as_fluid(posts, a_second=1.0) == pytest.approx([2.0, 3.0, 2.0, 11.0])


def test_sizes_are_inversely_proportional_to_ranks() -> None:
    sizes = zipf_sizes(guilds=1000, posts=5000)
    assert sum(sizes) == 5000 and min(sizes) == 1
    assert sizes[1] == pytest.approx(sizes[0] / 2, rel=0.05)
