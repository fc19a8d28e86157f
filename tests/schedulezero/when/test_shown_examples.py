"""The examples that the documentation shows for each capability and language."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from schedulezero.when.grammar.tables import languages
from tests.support.corpora import readings_of

DOCS = Path(__file__).parents[3] / "docs"
TABLES = tomllib.loads((DOCS / "reference" / "when_examples.toml").read_text(encoding="utf-8"))
ROWS = [(title, row) for title, table in TABLES.items() for row in table["rows"]]


@pytest.mark.parametrize(("title", "row"), ROWS, ids=lambda value: str(value)[:60])
def test_a_row_means_the_same_in_every_language(title: str, row: dict[str, str]) -> None:
    assert set(row) == set(languages())
    meant = {language: " | ".join(readings_of(language, text)) for language, text in row.items()}
    assert len(set(meant.values())) == 1 and meant["en"], meant
    assert " | " not in meant["en"]


def test_the_page_shows_each_example() -> None:
    where = DOCS / "when_reference.py"
    spec = importlib.util.spec_from_file_location("when_reference", where)
    assert spec is not None and spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    page = hook.reference()
    assert all(f"`{text}`" in page for _, row in ROWS for text in row.values())
    assert "<!-- examples -->" in (DOCS / "reference" / "when.md").read_text(encoding="utf-8")
