"""Packages point one way; `schedulezero` knows nothing of Discord."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Read as: modules below this path may not import anything below those.
FORBIDDEN = {
    "schedulezero": ("discord", "bot", "cogs", "sprockets"),
    "sprockets": ("bot", "cogs"),
    "cogs": ("bot",),
    "schedulezero/server": (
        "schedulezero.client.client",
        "schedulezero.handler.handler",
        "schedulezero.handler.registration",
    ),
    "schedulezero/client/client.py": ("schedulezero.server", "schedulezero.handler.handler"),
    "schedulezero/client/dialect.py": ("schedulezero.server", "schedulezero.handler.handler"),
    "schedulezero/handler/handler.py": ("schedulezero.server", "schedulezero.client.client"),
    "schedulezero/handler/thread.py": ("schedulezero.server", "schedulezero.client.client"),
    "schedulezero/when": (
        "schedulezero.server",
        "schedulezero.client.client",
        "schedulezero.handler.handler",
    ),
}


@pytest.mark.parametrize("path", FORBIDDEN)
def test_nothing_imports_what_it_may_not(path: str) -> None:
    place = ROOT / path
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in _imports(file)
        for forbidden in FORBIDDEN[path]
        if name == forbidden or name.startswith((f"{forbidden}.", f"{forbidden}_"))
    ]
    assert not wrong


def _imports(file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names
