"""Quiet hours as people type them: read as they are meant, or refused with what is right."""

from __future__ import annotations

from datetime import time

import pytest

from cogs.desk.settings.limits import LIMIT_FIELDS, read_limits
from cogs.services import Refused
from schedulezero.model import GuildRules


def read(text: str) -> GuildRules:
    return read_limits({**dict.fromkeys(LIMIT_FIELDS, ""), "quiet": text}, "1", "UTC")


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("22-7", 22, 7),
        ("10pm-7am", 22, 7),
        ("10pm-7", 22, 7),
        ("9-5pm", 9, 17),
        ("7-7pm", 7, 19),
        ("22-7am", 22, 7),
        ("13-7am", 13, 7),
        ("11pm-12am", 23, 0),
        ("12am-12pm", 0, 12),
        ("9pm-12pm", 21, 12),
        ("22 Uhr bis 7 Uhr", 22, 7),
    ],
)
def test_hours_are_read(text: str, begin: int, end: int) -> None:
    rules = read(text)
    assert (rules.quiet_from, rules.quiet_to) == (time(begin), time(end))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12-7am", "00:00-07:00 or 12:00-07:00"),
        ("10-7am", "22:00-07:00 or 10:00-07:00"),
        ("11:30-6am", "23:30-06:00 or 11:30-06:00"),
        ("11pm-12", "23:00-00:00 or 23:00-12:00"),
        ("8pm-12", "20:00-00:00 or 20:00-12:00"),
        ("7-7", "begins and ends at the same time"),
        ("0-0", "begins and ends at the same time"),
        ("12am-0", "begins and ends at the same time"),
    ],
)
def test_hours_that_can_mean_two_things_or_nothing_are_refused(text: str, meant: str) -> None:
    with pytest.raises(Refused, match=meant):
        read(text)
