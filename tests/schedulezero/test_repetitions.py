"""When a call without a run id is taken for a repetition: tables of times, with a moved clock."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero.handler import repetitions
from schedulezero.handler.repetitions import PUBLISHED, Asked, Repetitions, asked
from schedulezero.wire.protocol import Call, encode

DONE: dict[str, Any] = {"success": True, "number": 1}
FAILED: dict[str, Any] = {"success": False, "error": "not yet"}
FINAL: dict[str, Any] = {"success": False, "error": "never", "retry": False}

# Read as: what happens, in order, at which second: an equal call arrives and what it is given, or the run
# ends. "runs" is a run of its own, "again" the next attempt of the last run, "joins" the one under way, and
# "answer" the last answer.
STORIES: dict[str, list[tuple[float, Any]]] = {
    "12 s, and then the next one of an interval of 15 s": [
        (0, "runs"), (11, "joins"), (12, DONE), (15, "runs"), (26.2, "joins"), (27, DONE), (30, "runs"),
    ],
    "24 s, three attempts": [(0, "runs"), (10.5, "joins"), (23.5, "joins"), (24, DONE), (30, "runs")],
    "ended between the server's time-out and its second attempt": [
        (0, "runs"), (10.2, DONE), (11.5, "answer"), (12.5, "runs"),
    ],
    "a repetition that arrives as late as it can": [(0, "runs"), (10.2, DONE), (14, "answer")],
    "a call after the window is a run of its own": [(0, "runs"), (10.2, DONE), (14.1, "runs")],
    "a call before the window is a run of its own": [(0, "runs"), (9.2, DONE), (9.4, "runs")],
    "two quick runs of an interval": [(0, "runs"), (0.3, DONE), (2, "runs"), (2.3, DONE), (4, "runs")],
    "the next run right after a success in time": [(0, "runs"), (8.9, DONE), (10.5, "runs")],
    "two people press Run now while it runs, and the server repeats both": [
        (0, "runs"), (2, "joins"), (11, "joins"), (12, DONE), (13, "answer"), (13.1, "runs"),
    ],
    "a failure in time is tried again, three times in all": [
        (0, "runs"), (0.1, FAILED), (1.1, "again"), (1.2, FAILED), (3.3, "again"), (3.4, FAILED), (5, "runs"),
    ],
    "a failure that came too late is given to the repetition, then tried again": [
        (0, "runs"), (10.2, FAILED), (11.2, "answer"), (13.2, "again"), (13.3, DONE), (14, "runs"),
    ],
    "a failure after 12 s was told to the second attempt": [
        (0, "runs"), (11, "joins"), (12, FAILED), (14, "again"), (14.5, DONE), (15, "runs"),
    ],
    "a failure that no attempt helps is not done again": [
        (0, "runs"), (0.1, FINAL), (1.1, "answer"), (3.1, "answer"), (4, "runs"),
    ],
    "sooner than the server tries again": [(0, "runs"), (0.1, FINAL), (0.5, "runs")],
    "two failed, the first repetition does it, the second gets its answer": [
        (0, "runs"), (0.1, "joins"), (0.2, FAILED), (1, "again"), (1.1, DONE), (1.3, "answer"), (1.4, "runs"),
    ],
    "a run of several minutes ends after the last attempt": [
        (0, "runs"), (11, "joins"), (23, "joins"), (120, DONE), (121, "runs"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_becomes_of_equal_calls(story: list[tuple[float, Any]]) -> None:
    known = Repetitions()
    ids: list[str] = []
    run = None
    for at, what in story:
        if isinstance(what, dict):
            assert run is not None
            known.ended(run, what, at)
            answer = what
            continue
        found = known.arrive(Asked("key", at))
        given = "answer" if found.answer is not None else "joins"
        if found.begins:
            given = "again" if ids and found.run.run_id == ids[-1] else "runs"
            ids.append(found.run.run_id)
        assert given == what, at
        if given == "answer":
            assert found.answer == answer  # pyright: ignore[reportPossiblyUnboundVariable]
        run = found.run


# Read as the table above, with jobs by name: the server makes one call at a time, so a repetition waits.
ONE_AT_A_TIME: dict[str, list[tuple[float, str, Any]]] = {
    "two of 12 s": [
        (0, "a", "runs"), (10, "b", "runs"), (12, "a", DONE), (20, "a", "answer"), (20.1, "b", "joins"),
        (22, "b", DONE), (23, "a", "runs"), (23.5, "b", "runs"),
    ],
    "three of 12 s, repeated in another order": [
        (0, "a", "runs"), (10, "b", "runs"), (12, "a", DONE), (20, "c", "runs"), (22, "b", DONE),
        (30, "b", "answer"), (30.1, "a", "answer"), (30.2, "c", "joins"), (32, "c", DONE),
    ],
    "a failure in time whose repetition waits": [
        (0, "a", "runs"), (0.1, "a", FAILED), (0.2, "b", "runs"), (10.2, "c", "runs"), (12.2, "b", DONE),
        (20.2, "a", "again"), (20.3, "a", DONE), (20.4, "b", "answer"),
    ],
    "calls that overlap come from a server that doesn't wait": [
        (0, "a", "runs"), (0, "b", "runs"), (5, "c", "runs"), (10.2, "a", DONE), (10.3, "b", DONE),
        (10.4, "c", DONE), (14.1, "a", "runs"),
    ],
    "one whose repetition never comes": [
        (0, "a", "runs"), (12, "a", DONE), (13, "b", "runs"), (14, "b", DONE), (15.1, "a", "runs"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", ONE_AT_A_TIME.values(), ids=ONE_AT_A_TIME)
def test_a_repetition_may_wait_for_other_calls(story: list[tuple[float, str, Any]]) -> None:
    known = Repetitions()
    runs: dict[str, Any] = {}
    for at, key, what in story:
        if isinstance(what, dict):
            known.ended(runs[key], what, at)
            continue
        found = known.arrive(Asked(key, at))
        given = "answer" if found.answer is not None else "joins"
        if found.begins:
            given = "again" if runs.get(key) is found.run else "runs"
        assert given == what, (at, key)
        runs[key] = found.run


def test_how_long_a_repetition_may_wait_is_bounded() -> None:
    known = Repetitions()
    known.ended(known.arrive(Asked("slow", 0.0)).run, DONE, 12.0)
    at = 12.0
    while at < 14 + repetitions.LONGEST_WAIT:
        known.ended(known.arrive(Asked("other", at)).run, DONE, at + 8)
        at += 8
    assert known.arrive(Asked("slow", at)).begins
    known.ended(known.arrive(Asked("other", at + 100)).run, DONE, at + 101)
    assert len(known) == 1  # the one under way


def test_the_windows_follow_from_the_published_servers_times() -> None:
    assert (PUBLISHED.shortest_delay, PUBLISHED.longest_delay) == (0.5, 3.0)
    assert (PUBLISHED.after_timeout(0).earliest, PUBLISHED.after_timeout(0).latest) == (9.5, 14.0)
    assert (PUBLISHED.after_failure(0).earliest, PUBLISHED.after_failure(0).latest) == (0.5, 4.0)
    assert PUBLISHED.longest_chain == 27.0


def test_equal_calls_have_the_same_method_params_and_peer() -> None:
    call = Call("post", {"a": 1, "b": {"x": [1, 2], "y": None}})
    key = asked(call, None).key
    assert asked(Call("post", {"b": {"y": None, "x": [1, 2]}, "a": 1}), None).key == key
    others = [
        asked(Call("past", call.params), None), asked(call, "a key"), asked(Call("post", {"a": 1}), None),
        asked(Call("post", {**call.params, "_meta": {"creator_id": "2"}}), None),
        asked(Call("post", {**call.params, "a": "1"}), None),
    ]  # fmt: skip
    assert key not in {other.key for other in others}


def test_what_it_keeps_is_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repetitions, "MOST_KEPT", 100)
    known = Repetitions()
    for number in range(1000):
        run = known.arrive(Asked(str(number), 0.0)).run
        known.ended(run, FAILED, 0.1)
    assert len(known) == 100
    known.arrive(Asked("other", 60.0))
    assert len(known) == 1


def test_what_it_keeps_is_bounded_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    large = {"success": True, "text": "x" * 1000}
    monkeypatch.setattr(repetitions, "LARGEST_KEPT", 3 * len(encode(large)))
    known = Repetitions()
    for number in range(6):
        known.ended(known.arrive(Asked(str(number), 0.0)).run, large, 10.2)
    answers = [known.arrive(Asked(str(number), 11.0)).answer for number in range(6)]
    assert answers == [large] * 3 + [{"success": True}] * 3  # an outcome is kept for each
    known.ended(known.arrive(Asked("later", 12.0)).run, large, 22.2)
    assert known.arrive(Asked("later", 23.0)).answer == large  # there is room again


def test_nothing_stays_of_calls_that_were_answered_in_time() -> None:
    known = Repetitions()
    for number in range(100):
        known.ended(known.arrive(Asked(str(number), 0.0)).run, DONE, 1.0)
    assert len(known) == 0
