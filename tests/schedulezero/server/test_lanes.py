"""The runs that wait in a lane: taken by place, past the flows that are held up."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from schedulezero.model import Run
from schedulezero.server.engine.waiting_runs import WaitingRuns, place_of

NOW = datetime(2027, 1, 1, 9, tzinfo=UTC)


def a_run(flow: str, tag: int, sequence: int) -> Run:
    return Run("j", "h", "m", {}, NOW, guild_id=flow, start_tag=tag, sequence=sequence)


def some_runs(seed: int, count: int) -> list[Run]:
    chance = random.Random(seed)
    return [a_run(chance.choice("abcde"), chance.randrange(20), number) for number in range(count)]


def test_the_first_run_of_those_that_may_go_is_taken() -> None:
    for seed in range(20):
        runs, waiting = some_runs(seed, 60), WaitingRuns()
        for run in runs:
            waiting.add(run)
        expected = [run for run in sorted(runs, key=place_of) if run.guild_id not in ("a", "c")]
        taken = [waiting.next(lambda flow: flow not in ("a", "c")) for _ in expected]
        assert taken == expected
        assert waiting.next(lambda flow: flow not in ("a", "c")) is None
        assert set(waiting.flows) <= {"a", "c"}
        assert len(waiting) == len(runs) - len(expected) == len(list(waiting))


def test_runs_come_and_go_at_both_ends() -> None:
    for seed in range(20):
        chance, left, waiting = random.Random(seed), list[Run](), WaitingRuns()
        for run in some_runs(seed, 200):
            waiting.add(run)
            left.append(run)
            left.sort(key=place_of)
            assert waiting.last == place_of(left[-1])
            if chance.random() < 0.4:
                assert waiting.next(lambda _: True) == left.pop(0)
            if left and chance.random() < 0.4:
                assert waiting.take_last() == left.pop()
        waiting.keep(lambda run: run.start_tag < 10)
        kept = [run for run in left if run.start_tag < 10]
        assert [waiting.next(lambda _: True) for _ in kept] == kept
        assert len(waiting) == 0


def test_a_flow_that_is_held_up_is_asked_for_once_however_many_runs_it_has() -> None:
    waiting, asked = WaitingRuns(), list[str]()
    for number in range(1000):
        waiting.add(a_run("a", number, number))
    waiting.add(a_run("b", 2000, 2000))
    taken = waiting.next(lambda flow: asked.append(flow) or flow == "b")
    assert taken is not None and taken.guild_id == "b"
    assert asked == ["a", "b"]
