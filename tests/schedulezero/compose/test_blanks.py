"""Blanks of templates: found, filled in, and never mistaken for variables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schedulezero.compose.blanks import Blank, blanks_in, filled_in
from schedulezero.methods.variables import Facts, escape, render

FACTS = Facts(now=datetime(2026, 11, 24, tzinfo=UTC), server="Home")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Hello {?name}", [Blank("name")]),
        ("{? guest of honour : Ann }", [Blank("guest of honour", "Ann")]),
        ("{?a} {?A: x} {?b}", [Blank("a", "x"), Blank("b")]),
        ("{date} {role:x} {? } {?} {?:x} { ?a} {{?a}", []),
        (
            {"text": "{?a}", "embeds": [{"fields": [{"name": "{?b}"}]}], "#kept": "{?c}"},
            [Blank("a"), Blank("b")],
        ),
        ({"number": 5, "yes": True, "none": None}, []),
        ("{?" + "x" * 41 + "}", []),
    ],
)
def test_blanks_are_found(value: Any, found: list[Blank]) -> None:
    assert blanks_in(value) == found


def test_they_are_filled_in_everywhere_at_once() -> None:
    value = {
        "text": "{?Name}, {{?name} {date}",
        "embeds": [{"title": "{?name: Ann} {?host}"}],
        "#x": "{?name}",
    }
    assert filled_in(value, {"name": "{?host}"}) == {
        "text": "{?host}, {{?name} {date}",
        "embeds": [{"title": "{?host} {?host}"}],
        "#x": "{?name}",
    }


def test_they_are_no_variables_and_can_be_written_as_text() -> None:
    assert render("{?name} {server}", FACTS) == "{?name} Home"
    assert render("{{?name}", FACTS) == "{?name}"
    assert blanks_in(escape("{?name}")) == []
