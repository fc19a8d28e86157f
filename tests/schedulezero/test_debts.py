"""Pure decisions about debts: what has become of one, and when its job is run again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.instants import to_iso
from schedulezero.methods.debts import OVERDUE, PAUSES, Debt, Standing, Tried, job_for, standing
from schedulezero.model import Job, JobState, Run, RunState

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
DEBT = Debt("after-1", "7", "set_slowmode", {"seconds": 0}, "slowmode:5", to_iso(NOW), due=to_iso(NOW))
JOB = job_for(DEBT, "bot", NOW)


def run(state: RunState, **params: int) -> Run:
    return Run("after-1", "bot", "set_slowmode", params or {"seconds": 0}, NOW, state)


@pytest.mark.parametrize(
    ("job", "runs", "wanted"),
    [
        (replace(JOB, next_run_at=NOW), (), Standing.WAITS),
        (replace(JOB, state=JobState.FINISHED), (run(RunState.QUEUED), run(RunState.FAILED)), Standing.WAITS),
        (replace(JOB, state=JobState.FINISHED), (run(RunState.FAILED),), Standing.OPEN),
        (replace(JOB, state=JobState.FINISHED), (run(RunState.MISSED),), Standing.OPEN),
        (replace(JOB, state=JobState.FINISHED), (), Standing.OPEN),
        (replace(JOB, state=JobState.PAUSED), (run(RunState.FAILED),), Standing.OPEN),
        (replace(JOB, state=JobState.FINISHED), (run(RunState.SUCCEEDED),), Standing.SETTLED),
        (replace(JOB, state=JobState.FINISHED), (run(RunState.SUCCEEDED, seconds=9),), Standing.OPEN),
        (replace(JOB, state=JobState.CANCELLED), (run(RunState.FAILED),), Standing.CALLED_OFF),
        (replace(JOB, params={"seconds": 9}), (run(RunState.FAILED),), Standing.CALLED_OFF),
        (None, (run(RunState.FAILED),), Standing.LOST),
        (None, (), Standing.CALLED_OFF),
    ],
)
def test_what_has_become_of_a_debt(job: Job | None, runs: tuple[Run, ...], wanted: Standing) -> None:
    assert standing(DEBT, job, runs) is wanted


@pytest.mark.parametrize(("times", "pause"), [(1, 0), (2, 1), (6, 5), (7, 5), (1000, 5), (0, 0)])
def test_the_pauses_grow_up_to_a_day(times: int, pause: int) -> None:
    assert Tried(times, NOW).again_at == NOW + PAUSES[pause]
    assert list(PAUSES) == sorted(PAUSES) and PAUSES[-1] == timedelta(days=1)


def test_a_debt_is_overdue_when_its_run_should_be_over() -> None:
    assert not DEBT.is_overdue(NOW) and DEBT.is_overdue(NOW + OVERDUE)
    assert replace(DEBT, due=None).is_overdue(NOW), "an earlier version noted no time"
