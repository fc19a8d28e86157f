"""Fills the page about saying when with its tables of examples, when the site is built."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_PLACE = "<!-- examples -->"
_EXAMPLES = Path(__file__).parent / "reference" / "when_examples.toml"
_LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "pt": "Portuguese", "it": "Italian",
    "nl": "Dutch",
}  # fmt: skip


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by MkDocs for each page (https://www.mkdocs.org/user-guide/configuration/#hooks)."""
    return markdown.replace(_PLACE, reference()) if page.file.src_uri == "reference/when.md" else markdown


def reference() -> str:
    """A table for each capability: a row for each meaning, a column for each language."""
    lines: list[str] = []
    for title, table in tomllib.loads(_EXAMPLES.read_text(encoding="utf-8")).items():
        lines += [
            f"### {title}",
            "",
            f"| {' | '.join(_LANGUAGES.values())} |",
            "|---" * len(_LANGUAGES) + "|",
        ]
        lines += [f"| {' | '.join(f'`{row[key]}`' for key in _LANGUAGES)} |" for row in table["rows"]]
        lines.append("")
    return "\n".join(lines)
