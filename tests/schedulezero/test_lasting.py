"""How long something lasts, as people type it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.methods.lasting import end_of

NOW = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)  # a Friday; in Berlin it is 23:00


@pytest.mark.parametrize(
    "text",
    [
        "until 7", "till 7am", "bis 7", "bis morgen um 7", "jusqu'à 7h", "jusqu’à 7h", "hasta las 7",
        "até às 7", "fino alle 7", "fino a domani alle 7", "tot 7", "tot morgen om 7", "UNTIL 7",
    ],
)  # fmt: skip
def test_an_end_is_meant_in_the_zone(text: str) -> None:
    assert end_of(text, NOW, "Europe/Berlin") == datetime(2026, 11, 28, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["8 hours", "8 Stunden", "8 heures", "8 horas", "8 ore", "8 uur", "8h"])
def test_a_length_counts_from_the_beginning(text: str) -> None:
    assert end_of(text, NOW, "Europe/Berlin") == NOW + timedelta(hours=8)


@pytest.mark.parametrize("text", ["", "until", "7", "until every monday", "until whenever", "x" * 61])
def test_what_says_no_end(text: str) -> None:
    assert end_of(text, NOW, "Europe/Berlin") is None
