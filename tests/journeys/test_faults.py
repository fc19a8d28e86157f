"""Each fault once, on real processes; `benchmarks.faults` tries each fifty times."""

from __future__ import annotations

import pytest

from benchmarks.faults import FAULTS, Fault, all_tries


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_and_nothing_comes_twice(fault: Fault) -> None:
    row = await all_tries(fault, 1, seed=3)
    assert (row.lost, row.twice, row.remarks) == (0, 0, [])
    runs = 1 if fault.follows else 5
    assert row.runs == runs and row.posts + row.missed + row.uncertain >= runs
    assert row.deaths == 1 or not fault.follows
