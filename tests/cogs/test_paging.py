"""Which page of how many a list says it shows, and of how many items."""

from __future__ import annotations

import pytest

from cogs.desk.kit.paging import place


@pytest.mark.parametrize(
    ("number", "total", "more", "said"),
    [
        (1, 0, False, []),
        (1, 7, False, ["7 runs"]),
        (1, 8, True, ["page 1 of 2", "8 runs"]),
        (2, 14, False, ["page 2 of 2", "14 runs"]),
        (3, 14, False, ["page 3 of 3", "14 runs"]),  # some ended while somebody turned the pages
        (1, None, False, []),
        (1, None, True, ["page 1"]),
        (2, None, False, ["page 2"]),
    ],
)
def test_a_page_says_which_it_is(number: int, total: int | None, more: bool, said: list[str]) -> None:
    assert place(number, total, 7, f"{total} runs", more=more) == said
