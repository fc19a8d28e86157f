"""Other programs' calendars against what their own tests expect, and against another library."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.schedulezero.exchange.corpus import Case, cases, expected, read, verdict

# Rules that libical and dateutil read differently; we say so.
DISPUTED = (
    "FREQ=YEARLY;BYMONTHDAY=",
    "FREQ=YEARLY;BYWEEKNO=53;",
    "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,TU;INTERVAL=3",
)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_an_event_takes_place_when_it_says(case: Case) -> None:
    disputed = case.name.startswith(DISPUTED) and verdict(case) == "told"
    assert disputed or verdict(case) == "right", read(case, 6)


TWO_YEARS = timedelta(days=700)
ORACLE = [case for case in cases() if case.oracle and case.told is None]


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case.title)
def test_an_event_takes_place_when_another_library_says(case: Case) -> None:
    wanted = expected(case, TWO_YEARS)[:60]
    found = [at for at in read(case)[0] if at < case.now + TWO_YEARS]
    assert found[: len(wanted)] == wanted
