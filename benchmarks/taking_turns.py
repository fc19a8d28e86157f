"""Posts of many guilds on their way to Discord, on a virtual clock, through the bot's own queues.

Runs wait in a fair queue (`schedulezero.fair_queue`; the server keeps the same one in its tables), calls for
one of the handler's slots (`schedulezero.server.handlers.slots`), and requests in the limiter
(`bot.pace.pace`). A call takes no time of its own. Beside it stands what arithmetic gives: the same posts in
the order in which they fall due, and a fluid, of which every guild that waits gets an equal part.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bot.pace.pace import FOR_JOBS, Pace
from schedulezero.fair_queue import FairQueue
from schedulezero.handler.thread import CONCURRENCY
from schedulezero.server.handlers.slots import Slots
from tests.support.virtual_time import run_virtually

_MOST_HELD_UP = 1000  # as `schedulezero.server.engine.dispatcher` has it


@dataclass(frozen=True, slots=True)
class Post:
    """A post: whose it is, and at which second it falls due."""

    guild: int
    due: float


def zipf_sizes(guilds: int, posts: int) -> list[int]:
    """Return how many posts each guild has: inversely proportional to its rank, and at least one.

    Parameters:
        guilds: how many guilds there are.
        posts: how many posts they have together.
    """
    least, most = 1.0, float(posts)
    while most - least > 1e-6:
        middle = (least + most) / 2
        if sum(max(1, int(middle / rank)) for rank in range(1, guilds + 1)) > posts:
            most = middle
        else:
            least = middle
    sizes = [max(1, int(least / rank)) for rank in range(1, guilds + 1)]
    sizes[0] += posts - sum(sizes)
    return sizes


def leave(posts: Sequence[Post]) -> list[float]:
    """Return at which second each of the posts, which are in the order of their due times, leaves."""
    return run_virtually(_Way(posts).go())


class _Way:
    """The way of some posts, each known by its number."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._posts = posts
        self._queue: FairQueue[int] = FairQueue()
        self._slots = Slots(CONCURRENCY)
        self._pace = Pace()
        self._held_up: set[int] = set()
        self._left = [-1.0] * len(posts)
        self._changed = asyncio.Event()

    async def go(self) -> list[float]:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fall_due())
            for _ in self._posts:
                number = await self._next()
                guild = self._posts[number].guild
                if self._slots.take_now(guild):
                    group.create_task(self._call(number))
                else:
                    self._held_up.add(guild)
                    group.create_task(self._in_turn(number))
        return self._left

    async def _fall_due(self) -> None:
        clock = asyncio.get_running_loop().time
        for number, post in enumerate(self._posts):
            if (wait := post.due - clock()) > 0:
                await asyncio.sleep(wait)
            self._queue.push(post.guild, post.due, number)
            self._changed.set()

    async def _next(self) -> int:
        while True:
            self._changed.clear()
            if len(self._held_up) < _MOST_HELD_UP:
                number = self._queue.pop(lambda guild: guild not in self._held_up)
                if number is not None:
                    return number
            await self._changed.wait()

    async def _in_turn(self, number: int) -> None:
        guild = self._posts[number].guild
        await self._slots.take(guild, self._posts[number].due)
        self._held_up.discard(guild)
        self._changed.set()
        await self._call(number)

    async def _call(self, number: int) -> None:
        post = self._posts[number]
        await self._pace.turn(post.due, str(post.guild))
        self._left[number] = asyncio.get_running_loop().time()
        self._slots.give(post.guild)


def leave_in_order(posts: Sequence[Post], a_second: float = FOR_JOBS) -> list[float]:
    """Return when they leave if the earliest due goes first, whoever's it is."""
    free_at, left = 0.0, list[float]()
    for post in posts:
        free_at = max(free_at, post.due) + 1 / a_second
        left.append(free_at)
    return left


def leave_as_fluid(posts: Sequence[Post], a_second: float = FOR_JOBS) -> list[float]:
    """Return when they are through if all guilds that wait share the limit equally at every instant.

    This is generalized processor sharing with equal weights, the fluid that fair queueing follows: A. Parekh
    and R. Gallager, *A Generalized Processor Sharing Approach to Flow Control*, IEEE/ACM Transactions on
    Networking 1(3), 1993. A post is through when the virtual time reaches its finish tag.
    """
    left = [0.0] * len(posts)
    finish: dict[int, float] = defaultdict(float)
    waiting: list[tuple[float, int]] = []
    unfinished: dict[int, int] = defaultdict(int)
    now = virtual = 0.0

    def flow_until(until: float) -> None:
        nonlocal now, virtual
        while waiting:
            tag, number = waiting[0]
            at = now + max(tag - virtual, 0.0) * len(unfinished) / a_second
            if at > until:
                virtual += (until - now) * a_second / len(unfinished)
                break
            now, virtual = at, max(virtual, tag)
            heapq.heappop(waiting)
            left[number] = at
            guild = posts[number].guild
            unfinished[guild] -= 1
            if not unfinished[guild]:
                del unfinished[guild]
        now = max(now, until) if until != float("inf") else now

    for number, post in enumerate(posts):
        flow_until(post.due)
        finish[post.guild] = max(virtual, finish[post.guild]) + 1
        unfinished[post.guild] += 1
        heapq.heappush(waiting, (finish[post.guild], number))
    flow_until(float("inf"))
    return left


def an_hour(guilds: int, posts: int, seconds: float = 3600.0, seed: int = 7) -> list[Post]:
    """Return the posts of guilds of unequal size over some time, half of them at the quarters of it.

    Parameters:
        guilds: how many guilds there are; their sizes go by Zipf's law.
        posts: how many posts they have together.
        seconds: how long it lasts.
        seed: makes it the same each time.
    """
    chance = random.Random(seed)
    owners = [guild for guild, size in enumerate(zipf_sizes(guilds, posts)) for _ in range(size)]
    found = [
        Post(
            guild, chance.randrange(4) * seconds / 4 if chance.random() < 0.5 else chance.uniform(0, seconds)
        )
        for guild in owners
    ]
    chance.shuffle(found)
    return sorted(found, key=lambda post: post.due)


def worst_share(posts: Sequence[Post], left: Sequence[float], fair: Sequence[float]) -> float:
    """Return the greatest ratio, over all guilds, of the 99th percentile of lateness to the fair one."""
    ours, fluid = _p99(posts, left), _p99(posts, fair)
    return max(ours[guild] / fluid[guild] for guild in fluid)


def _p99(posts: Sequence[Post], left: Sequence[float]) -> dict[int, float]:
    late: dict[int, list[float]] = defaultdict(list)
    for post, at in zip(posts, left, strict=True):
        late[post.guild].append(at - post.due)
    return {guild: sorted(each)[int((len(each) - 1) * 0.99)] for guild, each in late.items()}
