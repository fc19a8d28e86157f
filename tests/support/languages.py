"""The languages that times are read and told in."""

from __future__ import annotations

from typing import Any

import pytest
from simcord import interactions

from schedulezero.when.grammar.tables import languages

LANGUAGES = languages()


def everybody_is(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """Let everybody in the simulated guild use Discord in a locale."""
    build: Any = interactions.base_payload
    monkeypatch.setattr(
        interactions, "base_payload", lambda *a, **k: ((p := build(*a, **k))[0], {**p[1], "locale": locale})
    )
