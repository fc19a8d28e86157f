"""Leads the addresses that pages had before to those they have now, when the site is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MOVED = {
    "architecture": "explanation/architecture",
    "desk": "explanation/desk",
    "jobs": "reference/jobs",
    "operating": "reference/operations",
    "panels": "reference/panels",
    "rest": "reference/rest",
    "scale": "explanation/scale",
    "security": "explanation/security",
    "sprockets": "tutorials/first-sprocket",
    "when": "reference/when",
    "wire": "reference/wire",
}
"""The old page → the present one, both below the site's root."""


def on_post_build(config: Any, **_: Any) -> None:
    """Called by MkDocs when all pages are written (https://www.mkdocs.org/user-guide/configuration/#hooks)."""
    for old, new in MOVED.items():
        page = Path(config["site_dir"], old, "index.html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><title>Moved</title>'
            f'<meta http-equiv="refresh" content="0; url=../{new}/"><a href="../{new}/">Moved</a>\n',
            encoding="utf-8",
        )
