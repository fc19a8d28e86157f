"""Nine o'clock, simulated: so many posts that are all due at once, under the one limit of one bot.

    python -m benchmarks.rush

The limit is the bot's, not a shard's: more shards, clusters or nodes do not make the rush shorter
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit). What helps is another limit, which
Discord grants to large bots, and jitter, which spreads what is due over some minutes. Nothing here waits; the
arithmetic of `bot.pace.pace` is stepped through with a clock of its own: the earliest due first, evenly
spaced. `rows` has guilds of unequal size take turns (`benchmarks.taking_turns`), with that order as the
baseline.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Row
from benchmarks.taking_turns import Post, leave, leave_in_order, zipf_sizes
from bot.pace.pace import FOR_JOBS
from schedulezero.wire.shards import shard_of

RUNS = 100_000
SHARDS = 64
GUILDS = 40_000
_BUSY = 3_000


@dataclass(frozen=True, slots=True)
class Rush:
    """How a rush went.

    Attributes:
        drained: seconds from 9:00 until the last post.
        median, most: how late after 9:00 posts came, and 99 of 100 of them, in seconds.
        behind: how long after its own, spread instant 99 of 100 posts came.
        waiting: how many runs waited at most.
        busiest: the share of the busiest shard, as a multiple of an even one.
    """

    drained: float
    median: float
    most: float
    behind: float
    waiting: int
    busiest: float


def simulate(runs: int, shards: int, a_second: float, jitter: float, seed: int = 9) -> Rush:
    """Steps through a rush.

    Parameters:
        runs: how many are due at 9:00.
        shards: how many connections the bot's guilds are spread over.
        a_second: posts that leave within a second, from all processes together.
        jitter: over how many seconds after 9:00 what is due is spread, evenly at random.
        seed: makes it the same each time.
    """
    chance = random.Random(seed)
    guilds = [chance.getrandbits(42) << 22 for _ in range(GUILDS)]
    due = sorted(chance.uniform(0, jitter) for _ in range(runs)) if jitter else [0.0] * runs
    shares = Counter(shard_of(chance.choice(guilds), shards) for _ in range(runs))
    free_at, posted = 0.0, list[float]()
    for at in due:
        free_at = max(free_at, at) + 1 / a_second
        posted.append(free_at)
    waiting, begun = 0, 0
    for number, at in enumerate(due):
        while posted[begun] <= at:
            begun += 1
        waiting = max(waiting, number + 1 - begun)
    behind = sorted(left - at for left, at in zip(posted, due, strict=True))
    return Rush(
        drained=posted[-1],
        median=statistics.median(posted),
        most=posted[int(runs * 0.99)],
        behind=behind[int(runs * 0.99)],
        waiting=waiting,
        busiest=max(shares.values()) * shards / runs,
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """How late a rush was for whom.

    Attributes:
        single: how late the median guild with one post was, in seconds.
        firsts_first: whether each guild's first post left before anybody's tenth.
    """

    single: float
    firsts_first: bool


def shares(posts: Sequence[Post], left: Sequence[float]) -> Shares:
    """Return how late each guild's posts were."""
    times: dict[int, list[float]] = {}
    for post, at in sorted(zip(posts, left, strict=True), key=lambda item: item[1]):
        times.setdefault(post.guild, []).append(at - post.due)
    tenth = min((at[9] for at in times.values() if len(at) > 9), default=float("inf"))
    return Shares(
        single=statistics.median(at[0] for at in times.values() if len(at) == 1),
        firsts_first=max(at[0] for at in times.values()) < tenth,
    )


def rush_of(guilds: int, runs: int, seed: int = 9) -> list[Post]:
    """Return the posts of guilds of unequal size that are all due at once, in an order of chance."""
    sizes = zipf_sizes(guilds, runs)
    posts = [Post(guild, 0.0) for guild, size in enumerate(sizes) for _ in range(size)]
    random.Random(seed).shuffle(posts)
    return posts


def lateness_beside(busy: int) -> tuple[float, float]:
    """Return how late a post is, due a second after so many of another guild: in turns, and in order."""
    posts = [Post(0, 0.0)] * busy + [Post(1, 1.0)]
    return leave(posts)[-1] - 1.0, leave_in_order(posts)[-1] - 1.0


def rows() -> list[Row]:
    """The lines of the results; no time in them is measured."""
    late, in_order = lateness_beside(_BUSY)
    posts = rush_of(GUILDS, RUNS)
    ours, baseline = shares(posts, leave(posts)), shares(posts, leave_in_order(posts))
    order = "before" if ours.firsts_first else "not before"
    return [
        Row(
            f"a guild's post a second after {_BUSY:,} of another guild, simulated",
            f"{late:.2f} s late", f"the earliest due first: {in_order:.1f} s", f"{late / in_order:.3f}×",
            "≤ 2 s late", late <= 2,
            "in one channel, in as many, and with the other guild told to wait, the same on the whole "
            "way from the database to Discord: `tests/schedulezero/server/test_fair_all_the_way.py`",
        ),
        Row(
            f"a rush of {RUNS:,} posts from {GUILDS:,} guilds, simulated: guilds with one post",
            f"{ours.single / 60:.1f} min late (median)",
            f"the earliest due first: {baseline.single / 60:.1f} min",
            f"{ours.single / baseline.single:.2f}×, firsts {order} tenths",
            "≤ 7 min, each guild's first before anybody's tenth",
            ours.single <= 7 * 60 and ours.firsts_first,
            f"the {GUILDS:,} firsts alone take {GUILDS / FOR_JOBS / 60:.1f} min at the {FOR_JOBS} requests "
            "a second that jobs get; nothing in it is measured, but stepped through on a virtual clock",
        ),
    ]  # fmt: skip


def main() -> None:
    print(f"{RUNS:,} runs at 9:00 over {SHARDS} shards and {GUILDS:,} guilds")
    print("| posts a second | jitter | last at | median | p99 | behind its own, p99 | waiting at most |")
    print("|---|---|---|---|---|---|---|")
    busiest = 1.0
    for a_second in (45, 450):
        for jitter in (0.0, 300.0, 1800.0):
            rush = simulate(RUNS, SHARDS, a_second, jitter)
            busiest = rush.busiest
            times = " | ".join(_clock(value) for value in (rush.drained, rush.median, rush.most))
            spread = f"{jitter / 60:.0f} min" if jitter else "none"
            print(f"| {a_second} | {spread} | {times} | {_span(rush.behind)} | {rush.waiting:,} |")
    print(f"The busiest shard has {busiest:.2f} times an even share.")


def _clock(seconds: float) -> str:
    return f"9:{int(seconds // 60):02}:{int(seconds % 60):02}"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"


if __name__ == "__main__":
    main()
