"""Start-time fair queueing: a guild with much to do delays another by one at most."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schedulezero.fair_queue import FairQueue


def served(queue: FairQueue[Any], count: int | None = None) -> list[Any]:
    return [queue.pop() for _ in range(len(queue) if count is None else count)]


def test_a_post_that_comes_later_goes_after_one_of_the_many() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(1500):
        queue.push("a", number, f"a{number}")
    assert served(queue, 10) == [f"a{number}" for number in range(10)]
    queue.push("b", 99, "b0")
    assert "b0" in served(queue, 2)


def test_each_flows_first_goes_before_anybodys_tenth() -> None:
    queue: FairQueue[tuple[int, int]] = FairQueue()
    for flow in range(200):
        for number in range(1 + 5000 // (flow + 1)):  # Zipf
            queue.push(flow, number, (flow, number))
    order = served(queue)
    first = max(place for place, (_, number) in enumerate(order) if number == 0)
    tenth = min(place for place, (_, number) in enumerate(order) if number == 9)
    assert first < tenth


def test_within_a_flow_the_lowest_rank_goes_first() -> None:
    queue: FairQueue[str] = FairQueue()
    for rank, item in ((3, "c"), (1, "a"), (2, "b"), (1, "a2")):
        queue.push("x", rank, item)
    assert served(queue) == ["a", "a2", "b", "c"]


def test_a_flow_that_was_away_has_saved_nothing_up() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(100):
        queue.push("a", number, "a")
    served(queue, 50)
    for number in range(100):
        queue.push("b", number, "b")
    assert Counter(served(queue, 20)) == {"a": 10, "b": 10}


def test_what_may_not_go_stays_and_gets_no_more_than_its_turn_afterwards() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(100):
        queue.push("a", number, "a")
        queue.push("b", number, "b")
    assert [queue.pop(lambda flow: flow == "b") for _ in range(50)] == ["b"] * 50
    assert queue.pop(lambda flow: False) is None
    assert Counter(served(queue, 20)) == {"a": 10, "b": 10}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=200), st.data())
def test_nothing_is_lost_or_doubled_and_no_flow_is_ahead(pushes: list[Any], data: st.DataObject) -> None:
    queue: FairQueue[int] = FairQueue()
    for number, (flow, rank) in enumerate(pushes):
        queue.push(flow, rank, number)
    order = served(queue)
    assert sorted(order) == list(range(len(pushes)))
    left = Counter(flow for flow, _ in pushes)
    done: Counter[int] = Counter()
    for item in order:
        flow = pushes[item][0]
        done[flow] += 1
        left[flow] -= 1
        behind = [done[other] for other, count in left.items() if count]
        assert done[flow] <= min(behind, default=done[flow]) + 1


def test_numbers_of_idle_flows_are_dropped() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(20_000):
        queue.push(-1, 0, number)  # always waits
        queue.push(number, 0, number)
        queue.pop()
        queue.pop()
        queue.push(-1, 0, number)
    assert len(queue._flows) < 3000


class CountingQueue(FairQueue[int]):
    """Counts how many flows it looks at in order to forget some."""

    looked_at = 0

    def _forget(self) -> None:
        self.looked_at += len(self._flows)
        super()._forget()


def test_many_guilds_with_one_post_cost_each_other_little() -> None:
    queue = CountingQueue()
    queue.push("a", 0, -1)
    queue.push("a", 0, -2)
    for number in range(10_000):  # one of them waits at a time
        queue.push(number, 0, number)
        queue.pop()
    assert queue.looked_at <= 4 * 10_000
