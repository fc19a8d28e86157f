"""The documentation's links lead somewhere, its pictures are there, and the REST reference is complete."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from schedulezero.server.api.openapi import DESCRIPTION

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    wanted = [link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link]
    absent = [link for link in wanted if link and not (page.parent / link).exists()]
    assert not absent


def test_the_rest_reference_has_every_operation() -> None:
    spec = importlib.util.spec_from_file_location("rest_reference", ROOT / "docs" / "rest_reference.py")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.reference()
    for path, operations in DESCRIPTION["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in text
    headings = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert headings == set(DESCRIPTION["components"]["schemas"])
