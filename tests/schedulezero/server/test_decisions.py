"""The pure decisions of the server, in tables: what is due, and what follows a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.model import Job, MissedPolicy, Trigger
from schedulezero.server.decisions.due import decide_due
from schedulezero.server.decisions.retry import Outcome, decide_retry, outcome_of
from schedulezero.when.calendar.schedules import Every, Once

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def job(missed: MissedPolicy = MissedPolicy.LATEST) -> Job:
    return Job(
        "j", "h", "m", {}, Trigger("interval", {"minutes": 1}), next_run_at=START + MINUTE, missed=missed
    )


EVERY_MINUTE = Every(MINUTE, START)


def test_the_one_instant_that_is_due_runs() -> None:
    due = decide_due(job(), EVERY_MINUTE, START + MINUTE + timedelta(milliseconds=20))
    assert (list(due.run), list(due.missed), due.next_run_at) == ([START + MINUTE], [], START + 2 * MINUTE)
    assert due.note is None


@pytest.mark.parametrize(
    ("policy", "runs", "missed"),
    [(MissedPolicy.LATEST, 1, 0), (MissedPolicy.ALL, 30, 0), (MissedPolicy.SKIP, 0, 1)],
)
def test_instants_that_passed_while_no_server_ran(policy: MissedPolicy, runs: int, missed: int) -> None:
    due = decide_due(job(policy), Once(START), START)  # nothing passed
    assert len(due.run) == 1
    now = START + 30 * MINUTE + timedelta(seconds=50)
    late = Job(**{**_fields(job(policy)), "grace": timedelta(seconds=30)})
    due = decide_due(late, EVERY_MINUTE, now)
    assert (len(due.run), len(due.missed)) == (runs, missed)
    assert due.next_run_at == START + 31 * MINUTE
    if runs:
        assert due.run[-1] == START + 30 * MINUTE


def test_a_long_absence_is_not_walked_instant_by_instant() -> None:
    now = START + timedelta(days=5000, seconds=30)
    due = decide_due(job(), EVERY_MINUTE, now)
    assert list(due.run) == [START + timedelta(days=5000)]
    assert due.note is not None and "More than" in due.note


def test_making_up_for_everything_has_a_bound() -> None:
    due = decide_due(job(MissedPolicy.ALL), EVERY_MINUTE, START + 500 * MINUTE)
    assert len(due.run) == 100 and due.run[-1] == START + 500 * MINUTE
    assert due.note == "400 earlier runs were skipped while the scheduler was not running."


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (1000, "900 earlier runs"),
        (1001, "More than 900 earlier runs"),
        (5000, "More than 900 earlier runs"),
    ],
)
def test_what_was_not_made_up_for_is_counted_as_far_as_it_is_known(minutes: int, said: str) -> None:
    due = decide_due(job(MissedPolicy.ALL), EVERY_MINUTE, START + minutes * MINUTE)
    assert due.note is not None and due.note.startswith(f"{said} were skipped")


def test_a_one_off_never_falls_due_again() -> None:
    assert decide_due(job(), Once(START + MINUTE), START + MINUTE).next_run_at is None


@pytest.mark.parametrize(
    ("attempts", "random", "seconds"),
    [(1, 0.0, 0.5), (1, 0.5, 1.0), (1, 0.999, 1.5), (2, 0.5, 2.0), (3, 0.5, None)],
)
def test_delays_double_with_jitter_and_end_after_three(
    attempts: int, random: float, seconds: float | None
) -> None:
    delay = decide_retry(attempts, Outcome(ok=False), lambda: random).delay
    assert (delay.total_seconds() if delay else None) == pytest.approx(seconds, abs=0.01)


def test_a_handler_may_say_that_trying_again_cannot_help() -> None:
    assert decide_retry(1, Outcome(ok=False, retry=False), lambda: 0).delay is None


def test_a_wait_that_the_handler_asks_for_is_not_counted() -> None:
    decision = decide_retry(3, Outcome(ok=False, retry_after=timedelta(seconds=7)), lambda: 0)
    assert (decision.delay, decision.counted) == (timedelta(seconds=7), False)


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        ({}, True),
        ({"success": True}, True),
        ({"success": None}, True),
        ({"error": "x"}, True),
        ({"status": "error"}, True),
        ({"success": False}, False),
        ({"success": False, "retry_after": "soon"}, False),
        ({"success": False, "retry_after": -1}, False),
        ({"success": False, "retry_after": True}, False),
    ],
    ids=str,
)
def test_only_success_false_is_a_failure(answer: dict[str, object], ok: bool) -> None:
    outcome = outcome_of(answer)
    assert outcome.ok is ok
    assert outcome.retry_after is None
    assert ok or outcome.error


def _fields(job: Job) -> dict[str, object]:
    return {name: getattr(job, name) for name in job.__dataclass_fields__}
